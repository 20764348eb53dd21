"""Running a plan: query after query, one system at a time, so that each is measured alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from components import pipeline
from components.domain import (
    Cancelled,
    Corpus,
    Document,
    Failure,
    InputError,
    Judgments,
    LabError,
    Query,
    Ranking,
    Timing,
    Usage,
)
from components.evaluation.planning import CANDIDATES, Plan, plan
from components.lab import Lab, StepReport, catalog, no_report
from components.measures import Metrics, measure, run_scores
from components.models.gate import QUEUE
from components.pipeline import PipelineRun, Pipelines


@dataclass(frozen=True, slots=True)
class Ranked:
    """One system's ranking of one query: documents with their run scores, best first.

    `tied` documents of a first stage have the score at the cut, where the cut parts them.
    """

    documents: tuple[str, ...]
    scores: tuple[float, ...]
    timing: Timing
    usage: Usage
    tied: int = 0

    @property
    def run(self) -> dict[str, float]:
        """Return the scores by document."""
        return dict(zip(self.documents, self.scores, strict=True))


def ranked(ranking: Ranking) -> Ranked:
    """Return a ranking in the form that an evaluation keeps."""
    scores = run_scores(ranking)
    return Ranked(
        tuple(scores), tuple(scores.values()), ranking.timing, ranking.usage, ranking.tied
    )


@dataclass(slots=True)
class Evaluation:
    """The rankings of every system by query, and what failed. It is filled while it runs.

    `remarks` are sentences about how the corpus was searched that belong to the figures.
    """

    systems: tuple[str, ...]
    rankings: dict[str, dict[str, Ranked]] = field(default_factory=dict)
    failures: dict[str, list[tuple[str, Failure]]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def complete(self) -> list[str]:
        """Return the queries that can be compared: those that every system ranked.

        A system that ranked none at all is not counted: it must not cost the others their result.
        """
        ranked = [self.rankings[s] for s in self.systems if s in self.rankings]
        return [q for q in self.rankings.get(self.systems[0], {}) if all(q in r for r in ranked)]

    def run(self, system: str) -> dict[str, dict[str, float]]:
        """Return the run of a system over the complete queries; empty if it ranked none."""
        ranked = self.rankings.get(system, {})
        return {q: ranked[q].run for q in self.complete if q in ranked}

    def ties(self, system: str) -> dict[str, int]:
        """Return the complete queries in which a first stage's cut parts equal scores: how many."""
        ranked = self.rankings.get(system, {})
        return {q: ranked[q].tied for q in self.complete if q in ranked and ranked[q].tied}

    def metrics(
        self,
        judgments: Judgments,
        names: Sequence[str] | None = None,
        computed: Mapping[str, Metrics] | None = None,
    ) -> dict[str, Metrics]:
        """Return each system's metrics, all over the same queries; the usual ones without `names`.

        What is `computed` already of some of these queries, by the same measures, is not measured
        again.
        """
        old = {s: m.per_query for s, m in (computed or {}).items()}
        return {s: measure(self.run(s), judgments, names, old.get(s)) for s in self.systems}

    def note(self, query: str, result: Ranking | Failure, system: str = "") -> None:
        """Keep a result; `system` where it is kept under another name than its own."""
        name = system or result.system
        if isinstance(result, Ranking):
            self.rankings.setdefault(name, {})[query] = ranked(result)
        else:
            self.failures.setdefault(name, []).append((query, result))

    def forget_failures(self) -> None:
        """Forget what failed, so that it is tried again."""
        self.failures.clear()

    def ended(self, system: str) -> int:
        """Return how many queries a system has ended, well or not."""
        return len(self.rankings.get(system, {})) + len(self.failures.get(system, ()))


def evaluate(
    lab: Lab,
    corpus: Corpus,
    plan: Plan,
    report: StepReport = no_report,
    evaluation: Evaluation | None = None,
) -> Evaluation:
    """Run every query through the first stage and the rerankers.

    A query on which a system fails is listed, never counted as a zero: means are taken over the
    queries that all systems ranked. `report(system, done, total)` counts queries and may raise
    Cancelled; what had ended is then in the `evaluation` that was given, and a later call with it
    goes on from there.
    """
    evaluation = evaluation or Evaluation(plan.systems)
    evaluation.forget_failures()
    if corpus.remote:
        lab.collections.check_unchanged(corpus)
    if plan.candidates is None:
        lab.index(corpus, plan.pipelines.first_stage, report)
    watcher = QueryWatcher(report, evaluation, len(plan.queries))
    run = PipelineRun(lab, corpus, plan.pipelines, watcher)
    for query in plan.queries:
        if all(query.id in evaluation.rankings.get(s, {}) for s in plan.systems):
            continue
        with _turn(run, watcher):
            results = list(_results(run, corpus, plan, query))
        for result in results:  # all of a query, or none
            evaluation.note(query.id, result)
        for system in plan.systems:
            report(system, evaluation.ended(system), len(plan.queries))
    if corpus.remote:
        evaluation.remarks = list(lab.collections.remarks(corpus))
    return evaluation


def _turn(run: PipelineRun, watcher: QueryWatcher) -> AbstractContextManager[None]:
    """Return a turn of this machine's models for one query; comparisons go before it."""
    specs = [catalog.reranker_spec(s, run.lab.settings) for s in run.pipelines.rerankers]
    if all(spec.runtime == "none" for spec in specs):
        return nullcontext()
    return QUEUE.turn(
        background=True, check=lambda place: watcher.step("waiting for searches", "wait", 0, 0)
    )


def evaluate_corpus(
    lab: Lab, corpus: Corpus, pipelines: Pipelines, report: StepReport = no_report
) -> tuple[Plan, Evaluation]:
    """Run all judged queries of a corpus; return the plan with its evaluation."""
    whole = plan(corpus, pipelines)
    return whole, evaluate(lab, corpus, whole, report)


@dataclass
class QueryWatcher(pipeline.NullWatcher):
    """Watches pipelines within one query, so that a stop need not wait for the query's end."""

    report: StepReport
    evaluation: Evaluation
    total: int

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Report loading as such, anything else as queries done."""
        if state in {"load", "download"} and total:
            self.report(f"{system}: {state}", done, total)
        else:
            self.report(system, self.evaluation.ended(system), self.total)


def _results(
    run: PipelineRun, corpus: Corpus, plan: Plan, query: Query
) -> Iterator[Ranking | Failure]:
    """Yield the first stage's result of a query, then those of the rerankers."""
    itself = None if plan.rules.identical else corpus.itself(query)
    try:
        first = (
            _retrieved(run, corpus, query, itself)
            if plan.candidates is None
            else _given(corpus, plan.candidates, run.pipelines.initial_k, query, itself)
        )
    except Cancelled:
        raise
    except LabError as exc:
        yield Failure(plan.first_stage, exc.reason, exc.remedy)
        return
    yield first
    others = pipeline.rerank_in_turn(run, query.text, first)
    yield from (r for r in others if r.system != plan.first_stage)  # bm25 after bm25 is one


def _retrieved(run: PipelineRun, corpus: Corpus, query: Query, itself: Document | None) -> Ranking:
    """Return the first stage's candidates, as many as are asked for beside the query itself."""
    if itself is None:
        return pipeline.retrieve(run, corpus, query.text)
    limit = run.pipelines.initial_k
    deeper = replace(run, pipelines=replace(run.pipelines, initial_k=limit + 1))
    ranking = pipeline.retrieve(deeper, corpus, query.text)
    hits = [hit for hit in ranking.hits if hit.document.id != itself.id][:limit]
    shorter = pipeline.first_stage_ranking(
        ranking.system,
        [hit.document for hit in hits],
        [hit.score for hit in hits],
        ranking.timing,
    )
    return replace(shorter, usage=ranking.usage)


def _given(
    corpus: Corpus,
    candidates: Mapping[str, Sequence[str]],
    limit: int,
    query: Query,
    itself: Document | None,
) -> Ranking:
    """Return candidates from a file as a first stage; their score is their negated rank."""
    own = itself.id if itself else None
    ids = [i for i in candidates[query.id] if i != own][:limit]
    by_id = corpus.some(ids)
    unknown = [i for i in ids if i not in by_id]
    if unknown:
        raise InputError(
            f"The candidates of query {query.id} name {unknown[0]!r}, which {corpus.name} lacks.",
            "The candidates file must name documents of this corpus.",
        )
    documents = [by_id[i] for i in ids]
    ranks = [-float(rank) for rank in range(1, len(ids) + 1)]
    return pipeline.first_stage_ranking(CANDIDATES, documents, ranks)
