"""Running a plan: query after query, one system at a time, so that each is measured alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from components import pipeline
from components.domain import (
    Cancelled,
    Corpus,
    Failure,
    InputError,
    Judgments,
    LabError,
    Query,
    Ranking,
    Timing,
    Usage,
)
from components.evaluation.planning import CANDIDATES, Plan
from components.lab import Lab, Report, no_report
from components.measures import MEASURES, Metrics, measure, run_scores


@dataclass(frozen=True, slots=True)
class Ranked:
    """One system's ranking of one query: documents with their run scores, best first."""

    documents: tuple[str, ...]
    scores: tuple[float, ...]
    timing: Timing
    usage: Usage

    @property
    def run(self) -> dict[str, float]:
        """Return the scores by document."""
        return dict(zip(self.documents, self.scores, strict=True))


def ranked(ranking: Ranking) -> Ranked:
    """Return a ranking in the form that an evaluation keeps."""
    scores = run_scores(ranking)
    return Ranked(tuple(scores), tuple(scores.values()), ranking.timing, ranking.usage)


@dataclass(slots=True)
class Evaluation:
    """The rankings of every system by query, and what failed. It is filled while it runs."""

    systems: tuple[str, ...]
    rankings: dict[str, dict[str, Ranked]] = field(default_factory=dict)
    failures: dict[str, list[tuple[str, Failure]]] = field(default_factory=dict)

    @property
    def complete(self) -> list[str]:
        """Return the queries that can be compared: those that every system ranked.

        A system that ranked none at all is not counted: it must not cost the others their result.
        """
        found = [self.rankings[s] for s in self.systems if s in self.rankings]
        return [q for q in self.rankings.get(self.systems[0], {}) if all(q in r for r in found)]

    def run(self, system: str) -> dict[str, dict[str, float]]:
        """Return the run of a system over the complete queries; empty if it ranked none."""
        found = self.rankings.get(system, {})
        return {q: found[q].run for q in self.complete if q in found}

    def metrics(
        self,
        judgments: Judgments,
        names: Sequence[str] = MEASURES,
        known: Mapping[str, Metrics] | None = None,
    ) -> dict[str, Metrics]:
        """Return each system's metrics, all over the same queries.

        What is `known` of some of these queries, by the same measures, is not measured again.
        """
        old = {s: m.per_query for s, m in (known or {}).items()}
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
    chosen: Plan,
    report: Report = no_report,
    result: Evaluation | None = None,
) -> Evaluation:
    """Run every query through the first stage and the rerankers.

    A query on which a system fails is listed, never counted as a zero: means are taken over the
    queries that all systems ranked. `report(system, done, total)` counts queries and may raise
    Cancelled; what had ended is then in the `result` that was given, and a later call with it
    goes on from there.
    """
    found = result or Evaluation(chosen.systems)
    found.forget_failures()
    if chosen.candidates is None:
        lab.index(corpus, chosen.request.first_stage, report)
    for query in chosen.queries:
        if all(query.id in found.rankings.get(s, {}) for s in chosen.systems):
            continue
        _one_query(lab, corpus, chosen, query, found, report)
    return found


def time_depths(
    lab: Lab,
    corpus: Corpus,
    chosen: Plan,
    depths: Sequence[int],
    queries: int,
    report: Report = no_report,
) -> dict[str, dict[int, list[float]]]:
    """Score the first so many queries anew at each depth; return milliseconds by system and depth.

    Nothing is taken from kept scores, and systems run one at a time. A failure leaves its place
    empty.
    """
    found: dict[str, dict[int, list[float]]] = {}
    total = len(depths) * min(queries, len(chosen.queries))
    for done, (depth, query) in enumerate(
        (depth, query) for depth in depths for query in chosen.queries[:queries]
    ):
        report("measuring", done, total)
        request = replace(chosen.request, reuse=False, initial_k=depth)
        watch = _Inside(lambda *_, at=done: report("measuring", at, total), Evaluation(()), total)
        for result in _results(lab, corpus, replace(chosen, request=request), query, watch):
            if isinstance(result, Ranking) and result.system != chosen.first_stage:
                times = found.setdefault(result.system, {}).setdefault(depth, [])
                times.append(result.timing.rerank_ms)
    return found


@dataclass
class _Inside:
    """Watches the pipeline within one query, so that a stop need not wait for the query's end."""

    report: Report
    found: Evaluation
    total: int

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Report loading as such, anything else as queries done."""
        if state in {"load", "download"} and total:
            self.report(f"{system}: {state}", done, total)
        else:
            self.report(system, self.found.ended(system), self.total)

    def ranked(self, result: Ranking | Failure) -> None:
        """Ignore a result: it is kept by whoever asked for it."""


def _one_query(
    lab: Lab, corpus: Corpus, chosen: Plan, query: Query, found: Evaluation, report: Report
) -> None:
    """Run what a query still lacks; all results of the query are kept together at its end."""
    total = len(chosen.queries)
    watch = _Inside(report, found, total)
    results = list(_results(lab, corpus, chosen, query, watch))
    for result in results:
        found.note(query.id, result)
    for system in chosen.systems:
        report(system, found.ended(system), total)


def _results(
    lab: Lab, corpus: Corpus, chosen: Plan, query: Query, watch: _Inside
) -> Iterator[Ranking | Failure]:
    request = pipeline.with_query(chosen.request, query.text)
    try:
        first = (
            pipeline.retrieve(lab, corpus, request, watch)
            if chosen.candidates is None
            else _given(corpus, chosen.candidates, request.initial_k, query)
        )
    except Cancelled:
        raise
    except LabError as exc:
        yield Failure(chosen.first_stage, exc.reason, exc.remedy)
        return
    yield first
    others = pipeline.rerank_in_turn(lab, corpus, request, first, watch)
    yield from (r for r in others if r.system != chosen.first_stage)  # bm25 after bm25 is one


def _given(
    corpus: Corpus, candidates: Mapping[str, Sequence[str]], limit: int, query: Query
) -> Ranking:
    """Return candidates from a file as a first stage; their score is their negated rank."""
    documents, ids = corpus.by_id, candidates[query.id][:limit]
    unknown = [i for i in ids if i not in documents]
    if unknown:
        raise InputError(
            f"The candidates of query {query.id} name {unknown[0]!r}, which {corpus.name} lacks.",
            "The candidates file must name documents of this corpus.",
        )
    found = [documents[i] for i in ids]
    ranks = [-float(rank) for rank in range(1, len(ids) + 1)]
    return pipeline.first_stage_ranking(CANDIDATES, found, ranks)
