"""The command line: the same capabilities without a browser."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text
from typer.exceptions import TyperException

from components import pipeline
from components.cli.evaluate import evaluate
from components.cli.shared import (
    CorpusOption,
    FirstStage,
    InitialK,
    Instruction,
    Json,
    Rerankers,
    app,
    complain,
    emit,
    err,
    mistake,
    new_lab,
    opened,
    out,
    progress_bars,
    steps_of,
)
from components.config import Settings
from components.corpora import read_texts
from components.domain import Comparison, InputError, LabError, Ranking
from components.encoders import minilm
from components.exports.as_json import comparison_json, ranking_json
from components.lab import LATE_LIMIT, Lab, catalog, read_settings
from components.pipeline import PipelineRun, Pipelines, QueryInput, Request
from components.rerankers.hosted.prices import price_of
from components.wording import dollars

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    """Run a command; 0 on success, 2 for a user's mistake, 1 when a requested system failed."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except TyperException as exc:  # an option that is missing, misspelt or no number
        mistake(exc)
        sys.exit(exc.exit_code)
    except InputError as exc:
        complain(exc)
        sys.exit(2)
    except LabError as exc:
        complain(exc)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Stopped.")
        sys.exit(130)


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
        emit({"models": [_entry_json(entry, settings) for entry in entries]})
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
        "price": str(price) if (price := price_of(spec, settings)) else "",
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
    catalog.first_stage(first_stage)
    lab, found = new_lab(), opened(corpus)
    if tokens and len(found.documents) <= LATE_LIMIT:
        # torch takes seconds to import, on one core: begin while the first vectors are computed
        threading.Thread(target=minilm().warm_up, name="warm-up", daemon=True).start()
    with progress_bars() as bars:
        report_to = steps_of(bars, "index")
        late = lab.index_all(found, first_stage, tokens=tokens, report=report_to)
    if as_json:
        emit(
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
    pipelines = Pipelines(first_stage, keys, initial_k, instruction)
    asked = QueryInput(query)
    pipeline.check_depth("final_k", final_k, initial_k)
    lab = new_lab()
    pipeline.check_request(Request(pipelines, asked), lab)
    _check_instruction(lab, keys, instruction)
    found = opened(corpus)
    with progress_bars() as bars:
        run = PipelineRun(lab, found, pipelines, bars)
        comparison = asyncio.run(pipeline.compare(run, asked))
    if as_json:
        emit(comparison_json(comparison, found, final_k))
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
    lab = new_lab()
    catalog.require(reranker, catalog.reranker_specs(lab.settings), "reranker")
    _check_instruction(lab, [reranker], instruction)
    texts = read_texts(documents)
    with progress_bars() as bars:
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
        told = ranking_json(ranking, 0)
        kept = {name: told[name] for name in ("timing", "truncated", "usage")}
        emit({"results": results} | kept)
        return
    for result in results:
        line = f"{result['relevance_score']:.4f}  [{result['original_index']}]  {result['text']}"
        out.print(Text(line), soft_wrap=True)


app.command()(evaluate)


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

    with progress_bars() as bars:
        result = benchmark.run(
            tuple(peer) if peer else benchmark.PEERS, repeats, steps_of(bars, "bench")
        )
    if as_json:
        emit(benchmark.result_json(result))
        return
    for line in benchmark.result_lines(result):
        out.print(Text(line), soft_wrap=True)
