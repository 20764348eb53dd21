"""What the candidates' order and chance change in a ranking: shuffles, and an identical repeat."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from components.analysis.agreement import order
from components.analysis.quality import DEPTH, quality
from components.domain import Cancelled, Failure, LabError, Ranking, Spec
from components.lab import StepReport, no_report
from components.pipeline import NullWatcher, PipelineRun, rerank_candidates
from components.wording import agree, count

SHUFFLES = 5
PASSES = SHUFFLES + 1
"""Scoring passes in all: one over the candidates as they were, the others shuffled."""


def is_affected(spec: Spec) -> bool:
    """Return whether a reranker's order may hang on the candidates' order or on chance."""
    return spec.family == "llm" or (spec.listwise and spec.family != "fusion")


@dataclass(frozen=True, slots=True)
class Trial:
    """One more pass: how much of its first ten the ranking shares, and what it is worth.

    `same` says that all documents have the same ranks; `quality` is None without judgments.
    """

    shuffled: bool
    shared: int
    same: bool
    quality: float | None

    @classmethod
    def of(cls, ranking: Ranking, again: Ranking, value: float | None, *, shuffled: bool) -> Self:
        """Compare a ranking with one of the same candidates, which is worth `value`."""
        before, after = order(ranking), order(again)
        shared = len({*before[:DEPTH]} & {*after[:DEPTH]})
        return cls(shuffled, shared, before == after, value)


@dataclass(frozen=True, slots=True)
class OrderEffects:
    """What more passes of one reranker over the same candidates gave, beside its ranking.

    `top` is how many documents the first ten are, `quality` the ranking's own by `measure`; `usd`,
    `requests` and `tokens` are what all passes were billed for. A `failure` ended them early.
    """

    system: str
    top: int
    measure: str
    quality: float | None
    trials: tuple[Trial, ...]
    requests: int
    tokens: int
    usd: float | None
    failure: Failure | None = None

    @property
    def repeats(self) -> tuple[Trial, ...]:
        """Return the passes over the candidates as they were."""
        return tuple(trial for trial in self.trials if not trial.shuffled)

    @property
    def shuffles(self) -> tuple[Trial, ...]:
        """Return the passes over shuffled candidates."""
        return tuple(trial for trial in self.trials if trial.shuffled)


def measure_order_effects(
    run: PipelineRun,
    query: str,
    first: Ranking,
    ranking: Ranking,
    grades: Mapping[str, int],
    measure: str,
    report: StepReport = no_report,
) -> OrderEffects:
    """Score a ranking's candidates once more as they were, and then shuffled; reuse no score.

    The shuffles are the same each time. A pass that fails is the last.
    """
    done: list[Ranking] = []
    failure = None
    try:
        for again in _rank_again(run, query, first, ranking.system, report):
            done.append(again)
    except Cancelled:
        raise
    except LabError as exc:
        failure = Failure(ranking.system, exc.reason, exc.remedy)
    trials = [
        Trial.of(ranking, again, quality(again, grades, measure), shuffled=number > 0)
        for number, again in enumerate(done)
    ]
    prices = [r.usage.usd for r in done if r.usage.usd is not None]
    return OrderEffects(
        ranking.system,
        min(DEPTH, len(first.hits)),
        measure,
        quality(ranking, grades, measure),
        tuple(trials),
        sum(r.usage.requests for r in done),
        sum(r.usage.billed_tokens for r in done),
        sum(prices) if prices else None,
        failure,
    )


def _rank_again(
    run: PipelineRun, query: str, first: Ranking, system: str, report: StepReport
) -> Iterator[Ranking]:
    """Yield a reranker's rankings of the candidates as they were, and of each shuffle."""
    run = replace(run, pipelines=replace(run.pipelines, reuse=False))
    places, n = list(range(len(first.hits))), len(first.hits)
    shuffles = (random.Random(seed).sample(places, n) for seed in range(SHUFFLES))
    for number, order_of_places in enumerate([places, *shuffles]):
        watched = replace(run, watcher=_Passes(report, number, n))
        candidates = replace(first, hits=tuple(first.hits[place] for place in order_of_places))
        yield rerank_candidates(watched, query, candidates, system)


class _Passes(NullWatcher):
    """Passes the steps of one pass on as those of all."""

    def __init__(self, report: StepReport, number: int, candidates: int) -> None:
        self._report, self._candidates = report, candidates
        self._doing = "as they were" if number == 0 else f"shuffle {number} of {SHUFFLES}"
        self._number = number

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Report a step; raise Cancelled where the report does."""
        n = self._candidates
        done = done if state == "run" else 0  # else it counts no candidates
        self._report(self._doing, self._number * n + done, PASSES * n)


def describe_order_effects(effects: OrderEffects) -> tuple[str, ...]:
    """Say in sentences what repeats and shuffles changed."""
    lines = []
    for repeat in effects.repeats:
        how = "the same order" if repeat.same else "another order"
        lines.append(
            f"The same candidates once more: {how}, with {_of_top([repeat], effects.top)}."
        )
    if effects.shuffles:
        passes = count(len(effects.shuffles), "shuffle")
        lines.append(f"{passes} of the candidates: {_of_top(effects.shuffles, effects.top)}.")
    values = [trial.quality for trial in effects.trials if trial.quality is not None]
    if values and effects.quality is not None:
        lines.append(
            f"{effects.measure} was {effects.quality:.2f} in its column, and is from "
            f"{min(values):.2f} to {max(values):.2f} in {agree(len(values), 'this', 'these')} "
            f"{count(len(values), 'pass')}. One query is an anecdote."
        )
    if effects.failure:
        lines.append(f"Then it failed. {effects.failure.reason} {effects.failure.remedy}")
    return tuple(lines)


def _of_top(trials: Sequence[Trial], top: int) -> str:
    """Return how many of the first documents passes share with the ranking."""
    low, high = min(t.shared for t in trials), max(t.shared for t in trials)
    shared = str(low) if low == high else f"{low} to {high}"
    return f"{shared} of its first {count(top, 'document')} among the first {top} again"
