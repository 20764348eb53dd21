"""The command line: the same capabilities without a browser."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from components import catalog, evaluation, pipeline, report
from components.config import Settings, read_settings
from components.corpus import coverage, open_corpus, read_candidates, read_qrels, read_texts
from components.domain import (
    Comparison,
    Corpus,
    Failure,
    InputError,
    Judgments,
    LabError,
    Ranking,
)
from components.encoders import minilm
from components.lab import LATE_LIMIT, Lab
from components.prices import dollars, price_of

ROOT = Path(__file__).resolve().parent.parent
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

CorpusOption = Annotated[
    str, typer.Option("--corpus", help="A sample's name or a BEIR folder.", metavar="NAME|DIR")
]
FirstStage = Annotated[str, typer.Option("--first-stage", help="The first stage's key.")]
Rerankers = Annotated[
    list[str] | None, typer.Option("--reranker", help="A reranker's key; may be repeated.")
]
InitialK = Annotated[int, typer.Option("--initial-k", help="Candidates of the first stage.")]
Instruction = Annotated[
    str, typer.Option(help="What the reranker should look for; few models take one.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def main() -> None:
    """Run a command; 0 on success, 2 for a user's mistake, 1 when a requested system failed."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    try:
        app(standalone_mode=True)
    except InputError as exc:
        _complain(exc)
        sys.exit(2)
    except LabError as exc:
        _complain(exc)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Stopped.")
        sys.exit(130)


def _complain(exc: LabError) -> None:
    err.print(Text(" ".join(str(exc).split())), soft_wrap=True)


def _emit(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def _lab() -> Lab:
    return Lab(read_settings())


def _open(name: str) -> Corpus:
    return open_corpus(name, keep_blank=True)


# ---------------------------------------------------------------- progress


class _Bars:
    """Shows steps as bars on standard error; a pipeline's watcher."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Show how far a system is."""
        if total:
            name = f"{system}: {state}"
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name)
            self._bars.update(self._tasks[name], completed=done, total=total)

    def ranked(self, result: Ranking | Failure) -> None:
        """Show nothing: results are printed at the end."""


@contextmanager
def _bars() -> Iterator[_Bars]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}"))
    bars = Progress(*columns, TimeRemainingColumn(), console=err, transient=True)
    if err.is_terminal:
        with bars:
            yield _Bars(bars)
    else:  # in a log or a pipe, rich would leave nothing but an empty line
        yield _Bars(bars)


def _report_to(bars: _Bars, name: str) -> Callable[[str, int, int], None]:
    return lambda step, done, total: bars.step(name, step, done, total)


# ---------------------------------------------------------------- commands


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8501,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Start the app in the browser."""
    read_settings()  # a mistake in the configuration is said here, not in the browser
    config = os.environ.get("RERANK_LAB_CONFIG")
    if config:
        os.environ["RERANK_LAB_CONFIG"] = str(Path(config).resolve())
    os.chdir(ROOT)  # Streamlit takes its theme from the folder it starts in
    err.print(f"Rerank Lab: http://{host}:{port}", soft_wrap=True)
    command = ["streamlit", "run", "app.py", f"--server.port={port}", f"--server.address={host}"]
    os.execv(sys.executable, [sys.executable, "-m", *command])


@app.command()
def models(as_json: Json = False) -> None:
    """List every first stage and reranker, and whether it can run here."""
    settings = read_settings()
    entries = catalog.entries(settings)
    if as_json:
        _emit({"models": [_entry_json(entry, settings) for entry in entries]})
        return
    for entry in entries:
        spec = entry.spec
        here = "ready" if entry.available else "not here"
        line = f"{spec.key:26}{entry.stage:13}{spec.family:18}{here:10}{spec.license}"
        out.print(Text(line), soft_wrap=True)
        out.print(Text(f"    {spec.model}, {spec.authors}", style="dim"), soft_wrap=True)
        if not entry.available:
            out.print(Text(f"    {entry.reason} {entry.remedy}"), soft_wrap=True)


def _entry_json(entry: catalog.Entry, settings: Settings) -> dict[str, Any]:
    spec = entry.spec
    return {
        "key": spec.key,
        "label": spec.label,
        "family": spec.family,
        "stage": entry.stage,
        "available": entry.available,
        "reason": entry.reason,
        "remedy": entry.remedy,
        "license": spec.license,
        "source": spec.source,
        "model": spec.model,
        "authors": spec.authors,
        "scale": spec.scale,
        "instructions": spec.instructions,
        "listwise": spec.listwise,
        "languages": spec.languages,
        "price": price.words if (price := price_of(spec, settings)) else "",
        "price_source": price.origin if price else "",
    }


@app.command()
def index(
    corpus: CorpusOption = "helpdesk",
    first_stage: FirstStage = catalog.DEFAULT_FIRST_STAGE,
    tokens: Annotated[bool, typer.Option(help="Also keep token vectors, for late-minilm.")] = True,
    as_json: Json = False,
) -> None:
    """Compute a corpus's vectors ahead; embedded Qdrant is filled from them at every start."""
    catalog.require(first_stage, catalog.first_stages(), "first stage")
    lab, found = _lab(), _open(corpus)
    if tokens and len(found.documents) <= LATE_LIMIT:
        # torch takes seconds to import, on one core: begin while the first vectors are computed
        threading.Thread(target=minilm().warm_up, name="warm-up", daemon=True).start()
    with _bars() as bars:
        report_to = _report_to(bars, "index")
        late = lab.index_all(found, first_stage, tokens=tokens, report=report_to)
    if as_json:
        _emit(
            {
                "corpus": {
                    "name": found.name,
                    "documents": len(found.documents),
                    "fingerprint": found.fingerprint,
                },
                "first_stage": first_stage,
                "token_vectors": late,
                "store": lab.store.where,
                "collections": {s.alias: s.points for s in lab.store.status()},
            }
        )
    else:
        out.print(Text(f"{found.name}: {len(found.documents):,} documents in {lab.store.where}"))


@app.command()
def search(
    query: str,
    corpus: CorpusOption = "helpdesk",
    first_stage: FirstStage = catalog.DEFAULT_FIRST_STAGE,
    reranker: Rerankers = None,
    initial_k: InitialK = 100,
    final_k: Annotated[int, typer.Option("--final-k", help="Hits shown of each.")] = 10,
    instruction: Instruction = "",
    as_json: Json = False,
) -> None:
    """Search a corpus and show what each reranker makes of the same candidates."""
    keys = tuple(reranker or ())
    request = pipeline.Request(query, first_stage, keys, initial_k, instruction)
    pipeline.check_depth("final_k", final_k, initial_k)
    lab = _lab()
    pipeline.check_request(request, lab)
    _check_instruction(lab, keys, instruction)
    found = _open(corpus)
    with _bars() as bars:
        comparison = asyncio.run(pipeline.compare(lab, found, request, bars))
    if as_json:
        _emit(report.comparison_json(comparison, found, final_k))
    else:
        _print_comparison(comparison, final_k)
    if comparison.failures:
        raise typer.Exit(1)


def _check_instruction(lab: Lab, keys: Sequence[str], instruction: str) -> None:
    """Raise InputError if nobody follows an instruction; mention those who do not."""
    if not instruction.strip():
        return
    specs = {key: catalog.reranker_spec(key, lab.settings) for key in keys}
    deaf = [k for k, s in specs.items() if not s.instructions and k == catalog.base(k)]
    if len(deaf) == len(keys):
        raise InputError(
            f"None of the chosen rerankers takes an instruction: {', '.join(keys) or 'none'}.",
            "Leave --instruction out.",
        )
    if deaf:
        err.print(Text(f"Asked without the instruction, which they do not take: {', '.join(deaf)}"))


def _print_comparison(comparison: Comparison, final_k: int) -> None:
    for ranking in (comparison.first_stage, *comparison.rankings):
        ms = ranking.timing.rerank_ms or ranking.timing.total_ms
        table = Table("", "from", "score", "id", "title", box=None, title_justify="left")
        table.title = Text(" · ".join([ranking.system, f"{ms:,.0f} ms", *_cost(ranking)]))
        for hit in ranking.hits[:final_k]:
            title = hit.document.title or hit.document.text[:80]
            row = (str(hit.rank), str(hit.first_stage_rank), f"{hit.score:.4f}", hit.document.id)
            table.add_row(*map(Text, (*row, title)))
        out.print(table)
    for failure in comparison.failures:
        err.print(Text(f"{failure.system}: {failure.reason} {failure.remedy}"), soft_wrap=True)


def _cost(ranking: Ranking) -> list[str]:
    if ranking.usage.usd is None:
        return []
    return [f"{dollars(ranking.usage.usd)}{' (estimated)' if ranking.usage.estimated else ''}"]


@app.command()
def rerank(
    query: str,
    documents: Annotated[
        Path, typer.Option(help="JSONL with a field text, or one document a line.")
    ],
    reranker: Annotated[
        str, typer.Option("--reranker", help="A reranker's key.")
    ] = catalog.DEFAULT_RERANKER,
    top_k: Annotated[int | None, typer.Option("--top-k", help="Results shown.")] = None,
    instruction: Instruction = "",
    as_json: Json = False,
) -> None:
    """Rerank the documents of a file, without any index."""
    pipeline.check_query(query)
    pipeline.check_depth("top_k", 1 if top_k is None else top_k)
    lab = _lab()
    catalog.require(reranker, catalog.reranker_specs(lab.settings), "reranker")
    _check_instruction(lab, [reranker], instruction)
    texts = read_texts(documents)
    with _bars() as bars:
        ranking = pipeline.rerank_texts(
            query, texts, reranker=reranker, instruction=instruction, lab=lab, watcher=bars
        )
    results = [
        {
            "text": hit.document.text,
            "relevance_score": hit.score,
            "original_index": hit.original_index,
        }
        for hit in ranking.hits[:top_k]
    ]
    if as_json:
        told = report.ranking_json(ranking, 0)
        kept = {name: told[name] for name in ("timing", "truncated", "usage")}
        _emit({"results": results} | kept)
        return
    for result in results:
        line = f"{result['relevance_score']:.4f}  [{result['original_index']}]  {result['text']}"
        out.print(Text(line), soft_wrap=True)


@app.command()
def evaluate(
    out_dir: Annotated[Path, typer.Option("--out", help="The folder for runs and metrics.")],
    corpus: CorpusOption = "helpdesk",
    split: Annotated[str, typer.Option(help="Judgments: qrels/SPLIT.tsv.")] = "test",
    qrels: Annotated[Path | None, typer.Option(help="Judgments from another file.")] = None,
    candidates: Annotated[
        Path | None, typer.Option(help="A TSV of query, document, rank instead of a first stage.")
    ] = None,
    first_stage: FirstStage = catalog.DEFAULT_FIRST_STAGE,
    reranker: Rerankers = None,
    initial_k: InitialK = 100,
    max_queries: Annotated[int | None, typer.Option(help="Only the first N queries.")] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(help="SYSTEM:MEASURE=VALUE; exit 1 below it.", metavar="TEXT"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a judged query set; write TREC runs, metrics.json and report.html."""
    lab = _lab()
    limits = [_limit(text) for text in fail_under or ()]
    request = pipeline.Request("-", first_stage, tuple(reranker or ()), initial_k)
    pipeline.check_request(request, lab)
    pipeline.check_depth("max_queries", 1 if max_queries is None else max_queries)
    found = _open_split(corpus, split)
    judgments = read_qrels(qrels) if qrels else None
    if judgments is not None:
        _mention_coverage(judgments, found)
    chosen = evaluation.plan(
        found, request, judgments, read_candidates(candidates) if candidates else None, max_queries
    )
    systems = (chosen.first_stage, *chosen.request.rerankers)
    for system, _, _ in limits:
        if system not in systems:
            raise InputError(
                f"--fail-under names {system}, which is not evaluated.",
                f"Evaluated are: {', '.join(systems)}.",
            )
    with _bars() as bars:
        result = evaluation.evaluate(
            lab, found, chosen, lambda done, total: bars.step("queries", "done", done, total)
        )
    metrics = report.write_evaluation(out_dir, found, chosen, result)
    said = report.verdicts(chosen, metrics)
    _show_metrics(out_dir, result, metrics, said, as_json=as_json)
    if _under(limits, metrics) or result.failures:
        raise typer.Exit(1)


def _limit(text: str) -> tuple[str, str, float]:
    """Return system, measure and least value of `minilm-l12:nDCG@10=0.60`."""
    found = re.fullmatch(r"(.+):([^:=]+)=(\d*\.?\d+)", text.strip())
    if not found or found[2] not in evaluation.MEASURES:
        raise InputError(
            f"--fail-under {text!r} is not SYSTEM:MEASURE=VALUE.",
            f"For example minilm-l12:nDCG@10=0.60; measures: {', '.join(evaluation.MEASURES)}.",
        )
    return found[1], found[2], float(found[3])


def _under(
    limits: Sequence[tuple[str, str, float]], metrics: Mapping[str, evaluation.Metrics]
) -> bool:
    """Say which limits were not reached; return whether there is any."""
    missed = False
    for system, measure, least in limits:
        mean = metrics[system].mean
        if not mean or mean[measure] < least:
            value = f"{mean[measure]:.4f}" if mean else "unknown"
            err.print(Text(f"{system} {measure} {value} is under {least:.4f}."), soft_wrap=True)
            missed = True
    return missed


def _open_split(name: str, split: str) -> Corpus:
    return open_corpus(name, split=split, keep_blank=True)


def _mention_coverage(judgments: Judgments, corpus: Corpus) -> None:
    """Say what judgments from another file name beyond the corpus; raise if they share no query."""
    found = coverage(judgments, corpus)
    if found.unknown_documents or found.unknown_queries:
        said = (
            f"Of {found.queries:,} judged queries {found.unknown_queries:,} and of "
            f"{found.documents:,} judged documents {found.unknown_documents:,} are not in "
            f"{corpus.name}; ideal rankings still count them."
        )
        err.print(Text(said), soft_wrap=True)


def _show_metrics(
    folder: Path,
    result: evaluation.Evaluation,
    metrics: dict[str, evaluation.Metrics],
    verdicts: Sequence[str],
    *,
    as_json: bool,
) -> None:
    failures = [
        report.failure_json(failure) | {"query": query}
        for group in result.failures.values()
        for query, failure in group
    ]
    if as_json:
        means = {system: dict(m.mean) for system, m in metrics.items()}
        _emit(
            {
                "queries": len(result.complete),
                "metrics": means,
                "verdicts": list(verdicts),
                "failures": failures,
                "out": str(folder),
            }
        )
        return
    table = Table("System", *evaluation.MEASURES, box=None)
    for system, found in metrics.items():
        cells = [f"{found.mean[m]:.4f}" if found.mean else "-" for m in evaluation.MEASURES]
        table.add_row(Text(system), *cells)
    table.title = Text(f"{len(result.complete):,} queries · {folder / 'report.html'}")
    out.print(table)
    for line in verdicts:
        out.print(Text(line), soft_wrap=True)
    for failure in failures[:10]:
        line = f"{failure['system']}, query {failure['query']}: {failure['reason']}"
        err.print(Text(f"{line} {failure['remedy']}"), soft_wrap=True)
    if len(failures) > 10:
        err.print(f"… and {len(failures) - 10:,} more failures.")


@app.command()
def bench(
    peer: Annotated[
        list[str] | None, typer.Option("--peer", help="flashrank, fastembed or st; default all.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Rounds; systems take turns in each.")] = 3,
    as_json: Json = False,
) -> None:
    """Time the local cross-encoder beside its peers: same pairs, same weights, one run."""
    pipeline.check_depth("repeats", repeats)
    from components import bench as benchmark  # its peers are an optional extra

    with _bars() as bars:
        result = benchmark.run(
            tuple(peer) if peer else benchmark.PEERS, repeats, _report_to(bars, "bench")
        )
    if as_json:
        _emit(benchmark.result_json(result))
        return
    for line in benchmark.result_lines(result):
        out.print(Text(line), soft_wrap=True)


if __name__ == "__main__":
    main()
