"""`rerank-lab evaluate`: a judged query set through any number of systems, headless."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from components import evaluation, pipeline
from components.advice.costs import tokens_of_corpus
from components.advice.estimates import Estimate, estimate_first_stage, estimate_queries
from components.cli.evaluate_report import by_depth, print_report, report_fields
from components.cli.imports import import_fields, tell_import
from components.cli.shared import (
    CorpusOption,
    FilterOption,
    FirstStage,
    IdOption,
    InitialK,
    Json,
    Rerankers,
    TextOption,
    TitleOption,
    Yes,
    check_spending,
    emit,
    err,
    new_lab,
    opened_corpus,
    progress_bars,
)
from components.corpora import (
    coverage,
    printable,
    quoted,
    read_candidates,
    read_qrels,
)
from components.domain import Corpus, Filter, InputError, Judgments, LabError
from components.evaluation import Plan, Rules, Subset
from components.evaluation.saved import saved_evaluation
from components.evaluation.store import EvaluationStore
from components.exports import evaluation as exported
from components.exports.evaluation_report import EvaluationReport
from components.exports.folders import leftovers
from components.lab import Lab, catalog
from components.measures import Metrics
from components.pipeline import Pipelines
from components.pipeline.limits import INITIAL_K
from components.wording import count, listed


@dataclass(frozen=True, slots=True)
class Limit:
    """The least value that a system's measure must reach."""

    system: str
    measure: str
    least: float


def evaluate(
    out_dir: Annotated[Path, typer.Option("--out", help="The folder for runs and metrics.")],
    corpus: CorpusOption = "helpdesk",
    text_column: TextOption = None,
    title_column: TitleOption = None,
    id_column: IdOption = None,
    split: Annotated[str, typer.Option(help="Judgments: qrels/SPLIT.tsv.")] = "test",
    qrels: Annotated[Path | None, typer.Option(help="Judgments from another file.")] = None,
    identical: Annotated[
        bool, typer.Option(help="Keep a document that is the query itself, by id and text.")
    ] = False,
    zero_only: Annotated[
        bool, typer.Option(help="Count judged queries without a relevant document as 0.")
    ] = False,
    dangling: Annotated[
        bool, typer.Option(help="Judged documents that the corpus lacks count in ideal rankings.")
    ] = False,
    candidates: Annotated[
        Path | None,
        typer.Option(help="A TREC run, or a TSV of query, document, rank: no first stage."),
    ] = None,
    first_stage: FirstStage = catalog.DEFAULT_FIRST_STAGE,
    reranker: Rerankers = None,
    initial_k: InitialK = INITIAL_K,
    filter: FilterOption = None,
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
    yes: Yes = False,
    save: Annotated[bool, typer.Option(help="Keep the evaluation, for the app to show.")] = True,
    as_json: Json = False,
) -> None:
    """Run a judged query set; write runs, metrics, tables and report.html."""
    lab = new_lab()
    limits = [_limit(text) for text in fail_under or ()]
    own = [evaluation.check_measure(name) for name in measure or ()]
    pipelines = Pipelines(
        *(first_stage, tuple(reranker or ()), initial_k),
        reuse=reuse,
        filter=Filter.parse(filter or ()),
    )
    pipeline.check_pipelines(pipelines, lab)
    for name, value in (("max_queries", max_queries), ("sample", sample)):
        pipeline.check_depth(name, 1 if value is None else value)
    for value in depth or ():
        pipeline.check_depth("depth", value, initial_k)
    exported.check(out_dir, (first_stage, *pipelines.rerankers))
    _mention_leftovers(out_dir)
    columns = (text_column, title_column, id_column)
    opened = opened_corpus(corpus, lab, columns, split)
    rules = Rules(identical, zero_only, dangling)
    judgments = _judgments(opened, qrels, split, dangling=dangling)
    plan = evaluation.plan(
        opened,
        pipelines,
        judgments,
        read_candidates(candidates, opened) if candidates else None,
        Subset(tag, sample, seed, max_queries),
        qrels.name if qrels else split,
        rules,
    )
    _check_named("--fail-under", [limit.system for limit in limits], plan)
    _check_named("--baseline", [baseline] if baseline else [], plan)
    check_spending(_estimate(plan, opened, lab), lab.settings, yes=yes)
    tell_import(opened)
    result = _run(lab, opened, plan)
    names = list(dict.fromkeys([*own, *evaluation.usual_measures(), *(x.measure for x in limits)]))
    metrics = result.metrics(plan.judgments, names)
    saved = saved_evaluation(plan, result, lab.settings)
    report = EvaluationReport(saved, metrics, lab.settings, opened, baseline, names[0])
    saved_id = saved.id if save and _save(lab, report) else ""
    exported.write(out_dir, report)
    fields = report_fields(report, out_dir, saved_id, by_depth(lab, report, depth or ()))
    fields["import"] = import_fields(opened)
    emit(fields) if as_json else print_report(report, fields)
    if _under(limits, metrics) or result.failures:
        raise typer.Exit(1)


def _estimate(plan: Plan, corpus: Corpus, lab: Lab) -> Estimate:
    queries, tokens = len(plan.queries), partial(tokens_of_corpus, corpus)
    reranking = estimate_queries(
        plan.pipelines.rerankers, queries, plan.depth, tokens, lab.settings
    )
    if plan.candidates is not None:
        return reranking
    return reranking + estimate_first_stage(plan.first_stage, corpus, queries, tokens, lab)


def _run(lab: Lab, corpus: Corpus, plan: Plan) -> evaluation.Evaluation:
    try:
        with progress_bars() as bars:
            return evaluation.evaluate(
                lab, corpus, plan, lambda system, done, total: bars.step(system, "", done, total)
            )
    except KeyboardInterrupt:
        err.print("What was scored is kept: the same command goes on from there.")
        raise


def _save(lab: Lab, report: EvaluationReport) -> bool:
    """Save the evaluation; return whether it was: a disk that fails must not cost the result."""
    try:
        EvaluationStore(lab.settings.data_dir).save(report.saved, report.metrics)
    except LabError as exc:
        err.print(Text(f"The evaluation was not kept. {exc}"), soft_wrap=True)
        return False
    return True


# ---------------------------------------------------------------- checks


def _limit(text: str) -> Limit:
    """Return the limit in `minilm-l12:nDCG@10=0.60`."""
    number = r"[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15}"
    parts = re.fullmatch(rf"(.+):([^:=]+)=({number})", text.strip())
    if not parts:
        raise InputError(
            f"--fail-under {quoted(text)} is not SYSTEM:MEASURE=VALUE.",
            "For example minilm-l12:nDCG@10=0.60.",
        )
    return Limit(parts[1], evaluation.check_measure(parts[2]), float(parts[3]))


def _check_named(option: str, systems: Sequence[str], plan: Plan) -> None:
    for system in systems:
        if system not in plan.systems:
            raise InputError(
                f"{option} names {system}, which is not evaluated.",
                f"Evaluated are: {', '.join(plan.systems)}.",
            )


def _under(limits: Sequence[Limit], metrics: Mapping[str, Metrics]) -> bool:
    """Print the limits that were not reached; return whether there is any."""
    missed = False
    for limit in limits:
        mean = metrics[limit.system].mean.get(limit.measure)
        if mean is None or mean < limit.least:
            value = "unknown" if mean is None else f"{mean:.4f}"
            line = f"{limit.system} {limit.measure} {value} is under {limit.least:.4f}."
            err.print(Text(line), soft_wrap=True)
            missed = True
    return missed


def _mention_leftovers(folder: Path) -> None:
    """Print the hidden files of an evaluation that was killed; another may still write them."""
    parts = leftovers(folder)
    if parts:
        note = (
            f"{folder} holds {count(len(parts), 'hidden file')} that a killed evaluation left, for "
            f"example {parts[0].relative_to(folder)}; delete them if no other is running."
        )
        err.print(Text(note), soft_wrap=True)


def _judgments(
    corpus: Corpus, qrels: Path | None, split: str, *, dangling: bool
) -> Judgments | None:
    """Return judgments from another file, or None for the corpus's own; print what is left out.

    Raises CorpusError where the file shares no query with the corpus, and InputError where the
    corpus has only other splits.
    """
    if qrels is None:
        if corpus.splits and split not in corpus.splits:
            raise InputError(
                f"The corpus {corpus.name} has no judgments called {printable(split)}; it has "
                f"{listed([printable(name) for name in corpus.splits])}.",
                f"Name a split, for example --split {printable(next(iter(corpus.splits)))}.",
            )
        return None
    judgments = read_qrels(qrels, corpus)
    covered = coverage(judgments, corpus)
    if covered.unknown_documents or covered.unknown_queries:
        note = (
            f"Of {count(covered.queries, 'judged query')} {covered.unknown_queries:,} and of "
            f"{count(covered.documents, 'judged document')} {covered.unknown_documents:,} are "
            f"not in {corpus.name}; their judgments are left out"
            f"{' where the query is not' if dangling else ''}."
        )
        err.print(Text(note), soft_wrap=True)
    return judgments
