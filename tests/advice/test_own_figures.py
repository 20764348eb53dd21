"""Figures of kept evaluations, by hand: twelve queries, one relevant document each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from components.advice.costs import Measured
from components.advice.own_figures import MOST, own_figures, telling_evaluations
from components.domain import Query, Timing, Usage
from components.evaluation import Evaluation, Plan, Ranked
from components.evaluation.saved import EvaluationSummary, SavedEvaluation
from components.pipeline import Pipelines

QUERIES = tuple(Query(f"q{i}", f"query {i}") for i in range(12))
MADE = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SECOND = 1 / math.log2(3)
"""nDCG of one relevant document at rank 2; at rank 3 it is one half."""
FIRST = "str", "srt"
"""The first stage's rankings, in turn; r is the relevant document."""


def ranked(letters: str, ms: float, usd: float | None = None) -> Ranked:
    scores = tuple(float(-i) for i in range(len(letters)))
    return Ranked(tuple(letters), scores, Timing(1.0, 2.0, ms), Usage(pairs=3, usd=usd))


def saved(
    systems: Mapping[str, tuple[str, ...]], id: str = "one", usd: float | None = None
) -> SavedEvaluation:
    """Return an evaluation in which each system's rankings are taken in turn."""
    names = ("bm25", *systems)
    rankings = {
        name: {
            q.id: ranked(turns[i % len(turns)], 0.0 if name == "bm25" else 30.0, usd)
            for i, q in enumerate(QUERIES)
        }
        for name, turns in {"bm25": FIRST, **systems}.items()
    }
    judgments = {q.id: {"r": 1} for q in QUERIES}
    plan = Plan(Pipelines("bm25", names[1:], 3), QUERIES, judgments, fingerprint="mine")
    return SavedEvaluation(id, MADE, plan, Evaluation(names, rankings), {})


def test_a_reranker_has_its_mean_its_gain_and_its_time() -> None:
    one = saved({"minilm-l12": ("rst",), "late-bge": ("rst",) * 11 + ("srt",)})
    figures = own_figures([one])
    assert list(figures) == ["minilm-l12", "late-bge"], "the best first"
    best = figures["minilm-l12"]
    assert (best.measure, best.mean.value, best.mean.n) == ("nDCG@10", 1.0, 12)
    assert best.gain.mean == pytest.approx(1 - (0.5 + SECOND) / 2)
    assert best.gain.distinguishable
    assert not best.harms
    assert best.alike == ("late-bge",), "they differ on one query of twelve"
    assert (best.first_stage, best.candidates, best.made) == ("bm25", 3, MADE)
    assert best.measured == Measured(12, 0.03, None)
    other = figures["late-bge"]
    assert other.mean.value == pytest.approx((11 + SECOND) / 12)
    assert other.alike == ()


def test_what_the_first_stage_beats_harms() -> None:
    figures = own_figures([saved({"biencoder-minilm": ("stur",)})])
    assert figures["biencoder-minilm"].harms


def test_a_price_is_what_was_billed() -> None:
    billed = own_figures([saved({"cohere": ("rst",)}, usd=0.002)])
    assert billed["cohere"].measured.usd == pytest.approx(0.002)


def test_the_first_evaluation_that_has_a_reranker_speaks_for_it() -> None:
    one, other = saved({"minilm-l12": ("srt",)}), saved({"minilm-l12": ("rst",), "rrf": ("rst",)})
    figures = own_figures([one, other])
    assert list(figures) == ["minilm-l12", "rrf"], "means of two evaluations are not compared"
    assert figures["minilm-l12"].mean.value == pytest.approx(SECOND)


def test_one_query_or_a_failed_first_stage_is_no_evidence() -> None:
    one = saved({"minilm-l12": ("rst",)})
    rankings = {s: {"q0": r["q0"]} for s, r in one.evaluation.rankings.items()}
    single = replace(one, evaluation=Evaluation(one.plan.systems, rankings))
    failed = {"minilm-l12": one.evaluation.rankings["minilm-l12"]}
    without = replace(one, evaluation=Evaluation(one.plan.systems, failed))
    assert own_figures([single, without]) == {}


def summary(
    id: str, n: int, *systems: str, minutes: int = 0, of: str = "mine"
) -> EvaluationSummary:
    means = {system: {"nDCG@10": 0.5} for system in systems}
    made = MADE + timedelta(minutes=minutes)
    names = ("bm25", *systems)
    return EvaluationSummary(id, made, "c", of, n, "all", "test", names, 100, means)


def test_evaluations_of_most_queries_are_read_if_they_add_a_system() -> None:
    kept = [
        summary("newest", 20, "a", minutes=9),
        summary("whole", 90, "a", "b", minutes=1),
        summary("older", 90, "a", "b"),
        summary("another", 50, "c"),
        summary("elsewhere", 900, "a", "d", of="other"),
        summary("anecdote", 1, "d"),
    ]
    read = telling_evaluations(kept, "mine", ("a", "b", "c", "d"))
    assert [one.id for one in read] == ["whole", "another"]
    many = [summary(f"e{i}", 50, f"s{i}", minutes=-i) for i in range(MOST + 2)]
    assert len(telling_evaluations(many, "mine", [f"s{i}" for i in range(MOST + 2)])) == MOST
