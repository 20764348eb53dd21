"""`rerank-lab evaluate`: a judged query set through any number of systems, headless."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from components import evaluation, pipeline
from components.cli.shared import (
    CorpusOption,
    FirstStage,
    InitialK,
    Json,
    Rerankers,
    emit,
    err,
    new_lab,
    opened,
    out,
    progress_bars,
)
from components.corpora import coverage, read_candidates, read_qrels
from components.domain import Corpus, InputError, Judgments, LabError
from components.evaluation import Plan, Subset, significance
from components.evaluation import summary as evidence
from components.evaluation.cautions import cautions
from components.evaluation.store import EvaluationStore, saved_evaluation
from components.exports.as_json import failure_json
from components.exports.evaluation import write
from components.exports.evaluation_report import EvaluationReport
from components.lab import Lab, catalog
from components.measures import Metrics
from components.pipeline import Pipelines
from components.wording import queries


@dataclass(frozen=True, slots=True)
class Limit:
    """The least value that a system's measure must reach."""

    system: str
    measure: str
    least: float


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
    depth: Annotated[
        list[int] | None,
        typer.Option(help="Also measure with so few candidates; may be repeated."),
    ] = None,
    tag: Annotated[str, typer.Option(help="Only queries with this tag.")] = "",
    sample: Annotated[int | None, typer.Option(help="Only N queries, drawn at random.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of --sample.")] = 0,
    max_queries: Annotated[int | None, typer.Option(help="Only the first N queries.")] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="A further measure such as nDCG@5; the first one is judged by."),
    ] = None,
    baseline: Annotated[
        str, typer.Option(help="Whom to compare with; the first stage by default.")
    ] = "",
    fail_under: Annotated[
        list[str] | None,
        typer.Option(help="SYSTEM:MEASURE=VALUE; exit 1 below it.", metavar="TEXT"),
    ] = None,
    reuse: Annotated[bool, typer.Option(help="Take scores kept from earlier runs.")] = True,
    save: Annotated[bool, typer.Option(help="Keep the evaluation, for the app to show.")] = True,
    as_json: Json = False,
) -> None:
    """Run a judged query set; write runs, metrics, tables and report.html."""
    lab = new_lab()
    limits = [_limit(text) for text in fail_under or ()]
    own = [evaluation.check_measure(name) for name in measure or ()]
    pipelines = Pipelines(first_stage, tuple(reranker or ()), initial_k, reuse=reuse)
    pipeline.check_pipelines(pipelines, lab)
    for name, value in (("max_queries", max_queries), ("sample", sample)):
        pipeline.check_depth(name, 1 if value is None else value)
    for value in depth or ():
        pipeline.check_depth("depth", value, initial_k)
    found = opened(corpus, split)
    judgments = read_qrels(qrels) if qrels else None
    if judgments is not None:
        _mention_coverage(judgments, found)
    chosen = evaluation.plan(
        found,
        pipelines,
        judgments,
        read_candidates(candidates) if candidates else None,
        Subset(tag, sample, seed, max_queries),
        qrels.name if qrels else split,
    )
    _check_named("--fail-under", [limit.system for limit in limits], chosen)
    _check_named("--baseline", [baseline] if baseline else [], chosen)
    result = _run(lab, found, chosen)
    names = list(dict.fromkeys([*own, *evaluation.usual_measures(), *(x.measure for x in limits)]))
    metrics = result.metrics(chosen.judgments, names)
    one = saved_evaluation(chosen, result, lab.settings)
    report = EvaluationReport(one, metrics, lab.settings, found, baseline, names[0])
    write(out_dir, report)
    kept = one.id if save and _save(lab, report) else ""
    told = _told(report, out_dir, kept, _by_depth(lab, report, depth or ()))
    emit(told) if as_json else _show(report, told)
    if _under(limits, metrics) or result.failures:
        raise typer.Exit(1)


def _run(lab: Lab, corpus: Corpus, chosen: Plan) -> evaluation.Evaluation:
    try:
        with progress_bars() as bars:
            return evaluation.evaluate(
                lab, corpus, chosen, lambda system, done, total: bars.step(system, "", done, total)
            )
    except KeyboardInterrupt:
        err.print("What was scored is kept: the same command goes on from there.")
        raise


def _save(lab: Lab, report: EvaluationReport) -> bool:
    """Keep the evaluation; a disk that cannot be used must not cost the result."""
    try:
        EvaluationStore(lab.settings.data_dir).save(report.saved, report.metrics)
    except LabError as exc:
        err.print(Text(f"The evaluation was not kept. {exc}"), soft_wrap=True)
        return False
    return True


# ---------------------------------------------------------------- checks


def _limit(text: str) -> Limit:
    """Return the limit in `minilm-l12:nDCG@10=0.60`."""
    found = re.fullmatch(r"(.+):([^:=]+)=(\d*\.?\d+)", text.strip())
    if not found:
        raise InputError(
            f"--fail-under {text!r} is not SYSTEM:MEASURE=VALUE.",
            "For example minilm-l12:nDCG@10=0.60.",
        )
    return Limit(found[1], evaluation.check_measure(found[2]), float(found[3]))


def _check_named(option: str, systems: Sequence[str], chosen: Plan) -> None:
    for system in systems:
        if system not in chosen.systems:
            raise InputError(
                f"{option} names {system}, which is not evaluated.",
                f"Evaluated are: {', '.join(chosen.systems)}.",
            )


def _under(limits: Sequence[Limit], metrics: Mapping[str, Metrics]) -> bool:
    """Say which limits were not reached; return whether there is any."""
    missed = False
    for limit in limits:
        mean = metrics[limit.system].mean.get(limit.measure)
        if mean is None or mean < limit.least:
            value = "unknown" if mean is None else f"{mean:.4f}"
            line = f"{limit.system} {limit.measure} {value} is under {limit.least:.4f}."
            err.print(Text(line), soft_wrap=True)
            missed = True
    return missed


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


# ---------------------------------------------------------------- what is told


def _by_depth(
    lab: Lab, report: EvaluationReport, depths: Sequence[int]
) -> dict[str, dict[str, float]]:
    """Return the measure with fewer candidates, for systems whose scores depend on the pair."""
    if not depths:
        return {}
    plan = report.saved.plan
    specs = {key: catalog.reranker_spec(key, lab.settings) for key in plan.pipelines.rerankers}
    alone = [s for s in report.ranked if s in specs and not specs[s].listwise]
    skipped = [s for s in report.ranked if s in specs and specs[s].listwise]
    if skipped:
        said = f"{', '.join(skipped)}: scores depend on the other candidates; evaluate each depth."
        err.print(Text(said), soft_wrap=True)
    found = evidence.sweep(plan, report.saved.evaluation, alone, report.measure, depths)
    return {s: {str(depth): value for depth, value in curve} for s, curve in found.items()}


def _told(
    report: EvaluationReport, folder: Path, kept: str, by_depth: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    result, plan = report.saved.evaluation, report.saved.plan
    usage = [r.usage for found in result.rankings.values() for r in found.values()]
    return {
        "queries": len(result.complete),
        "metrics": {system: dict(m.mean) for system, m in report.metrics.items()},
        "intervals": {
            system: {name: [mean.low, mean.high] for name, mean in found.items()}
            for system, found in significance.means(report.ranked, report.names).items()
            if len(result.complete) > 1
        },
        "verdicts": report.verdicts(),
        "differences": [_numbers(d) for d in report.differences()],
        "cautions": list(cautions(plan, result, 10)),
        "depths": by_depth,
        "reused": sum(u.reused for u in usage),
        "failures": [
            failure_json(failure) | {"query": query}
            for group in result.failures.values()
            for query, failure in group
        ],
        "snapshot": kept,
        "out": str(folder),
    }


def _numbers(d: significance.Difference) -> dict[str, Any]:
    """Return a difference as JSON, which has no NaN: what is not known is null."""
    return {k: None if v != v else v for k, v in asdict(d).items()}


def _show(report: EvaluationReport, told: Mapping[str, Any]) -> None:
    table = Table("System", *report.names, box=None)
    for system, found in report.metrics.items():
        cells = [f"{found.mean[m]:.4f}" if found.mean else "-" for m in report.names]
        table.add_row(Text(system), *cells)
    table.title = Text(f"{queries(told['queries'])} · {Path(told['out']) / 'report.html'}")
    out.print(table)
    for system, curve in told["depths"].items():
        points = ", ".join(f"{depth}: {value:.4f}" for depth, value in curve.items())
        out.print(Text(f"{system} {report.measure} by depth: {points}"), soft_wrap=True)
    for line in told["verdicts"]:
        out.print(Text(line), soft_wrap=True)
    for line in told["cautions"]:
        out.print(Text(line, style="dim"), soft_wrap=True)
    if told["reused"]:
        out.print(f"{told['reused']:,} scores were kept from an earlier run; so are their times.")
    for failure in told["failures"][:10]:
        line = f"{failure['system']}, query {failure['query']}: {failure['reason']}"
        err.print(Text(f"{line} {failure['remedy']}"), soft_wrap=True)
    if len(told["failures"]) > 10:
        err.print(f"… and {len(told['failures']) - 10:,} more failures.")
