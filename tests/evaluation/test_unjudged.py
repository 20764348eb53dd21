"""Whether unjudged documents could turn a verdict over, against every assignment gone through."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.domain import Judgments, Query, Timing, Usage
from components.evaluation import Evaluation, Plan, Ranked
from components.evaluation.resampling import p_alone
from components.evaluation.significance import Difference, differences, verdict
from components.evaluation.unjudged import Outcome, Standing, standings
from components.pipeline import Pipelines

OPPOSITE = {"better": "worse", "worse": "better"}


def evaluated(
    runs: dict[str, list[str]], judgments: Judgments, name: str
) -> tuple[tuple[Difference, ...], tuple[Standing, ...]]:
    """Return verdicts and standings of rankings written as letters; the first is the baseline."""
    systems = tuple(runs)
    rankings = {
        system: {
            f"q{i}": Ranked(tuple(r), tuple(-float(x) for x in range(len(r))), Timing(), Usage())
            for i, r in enumerate(letters)
        }
        for system, letters in runs.items()
    }
    queries = tuple(Query(q, q) for q in rankings[systems[0]])
    plan = Plan(Pipelines(systems[0], systems[1:]), queries, judgments)
    evaluation = Evaluation(systems, rankings)
    metrics = evaluation.metrics(judgments, (name,))
    found = differences(metrics, systems[0], name)
    return found, standings(plan, evaluation, metrics, systems[0], found)


def every(
    runs: dict[str, list[str]], judgments: Judgments, name: str, k: int
) -> list[list[Difference]]:
    """Return the verdicts under every assignment of grades 0 and 1 to what is unjudged."""
    holes = sorted(
        {
            (f"q{i}", d)
            for letters in runs.values()
            for i, r in enumerate(letters)
            for d in r[:k]
            if d not in judgments.get(f"q{i}", {})
        }
    )
    result = []
    for grades in product((0, 1), repeat=len(holes)):
        judged = {q: dict(g) for q, g in judgments.items()}
        for (query, document), grade in zip(holes, grades, strict=True):
            judged.setdefault(query, {})[document] = grade
        result.append(list(evaluated(runs, judged, name)[0]))
    return result


@settings(deadline=None, max_examples=12, derandomize=True)
@given(st.data())
def test_what_is_said_is_true_of_every_assignment(data: st.DataObject) -> None:
    """Seven or eight queries, at most five holes; one or two systems beside the baseline."""
    systems, n = data.draw(st.integers(1, 2)), data.draw(st.integers(7, 8))
    better = data.draw(st.sampled_from(["abc", "cab", "cba"]))
    orders = st.sampled_from(["abc", "acb", "bac", "cab", "cba"])
    runs = {"base": ["cba"] * n, "x": [better] * (n - 2) + [data.draw(orders), data.draw(orders)]}
    if systems == 2:
        runs["y"] = [data.draw(orders) for _ in range(n)]
    judgments = {f"q{i}": {"a": 1, "b": 0, "c": 0} for i in range(n)}
    places = [(q, d) for q in judgments for d in "abc"]
    for query, document in data.draw(st.lists(st.sampled_from(places), max_size=5, unique=True)):
        del judgments[query][document]
    name = data.draw(st.sampled_from(["nDCG@2", "RR@3", "AP"]))
    seen, said = evaluated(runs, judgments, name)
    cases = every(runs, judgments, name, 2 if name == "nDCG@2" else 3)
    for i, (d, standing) in enumerate(zip(seen, said, strict=True)):
        words = {verdict(case[i]) for case in cases}
        means = [case[i].mean for case in cases]
        assert standing.low == pytest.approx(min(means), abs=1e-9)
        assert standing.high == pytest.approx(max(means), abs=1e-9)
        if standing.outcome in {Outcome.HOLDS, Outcome.STAYS, Outcome.ALL_JUDGED}:
            assert words == {verdict(d)}
        elif standing.outcome is Outcome.TURNS:
            graded = {q: dict(g) for q, g in judgments.items()}
            for query, document in standing.turning:
                graded[query][document] = 1
            assert evaluated(runs, graded, name)[0][i].mean * d.mean < 0
        elif standing.outcome is Outcome.FADES:
            assert all(mean * d.mean >= -1e-9 for mean in means)
        assert standing.outcome is not Outcome.UNKNOWN
        if min(m * math.copysign(1, d.mean) for m in means) < -1e-9 and d.distinguishable:
            assert standing.outcome is Outcome.TURNS


RUNS = {"a": ["yx"] * 8, "b": ["xy"] * 8}


def test_all_judged_needs_no_words() -> None:
    _, [standing] = evaluated(RUNS, {f"q{i}": {"x": 1, "y": 0} for i in range(8)}, "RR@10")
    assert (standing.outcome, standing.unjudged, standing.sentence) == (Outcome.ALL_JUDGED, 0, "")


def test_one_hole_in_eight_queries_changes_nothing() -> None:
    """With y relevant on one query nothing is gained there; seven of seven still are clear."""
    judgments = {f"q{i}": {"x": 1, "y": 0} for i in range(1, 8)} | {"q0": {"x": 1}}
    [d], [standing] = evaluated(RUNS, judgments, "RR@10")
    assert (d.p, d.distinguishable) == (2 / 256, True)
    assert (standing.outcome, standing.low) == (Outcome.HOLDS, 7 * 0.5 / 8)
    assert standing.sentence == ("It holds whatever the unjudged document among the first 10 is.")


def test_holes_that_make_it_unclear_do_not_reverse_it() -> None:
    judgments = {f"q{i}": {"x": 1} for i in range(8)}
    _, [standing] = evaluated(RUNS, judgments, "RR@10")
    assert (standing.outcome, standing.low, standing.unjudged) == (Outcome.FADES, 0, 8)
    assert standing.sentence == (
        "The 8 unjudged documents among the first 10 may make it unclear, but cannot reverse it."
    )


def test_judgments_that_one_system_found_alone_could_reverse_a_verdict() -> None:
    """b finds y, which nobody judged, where a has x: with y relevant at grade 3 b is better."""
    runs = {"a": ["x"] * 8, "b": ["yx"] * 8}
    judgments = {f"q{i}": {"x": 1, "other": 3} for i in range(8)}
    [d], [standing] = evaluated(runs, judgments, "nDCG@10")
    assert verdict(d) == "worse"
    assert standing.outcome is Outcome.TURNS
    assert len(standing.turning) == 2
    assert standing.sentence == (
        "2 of the 8 unjudged documents among the first 10 could reverse it."
    )


def test_no_clear_difference_may_become_clear_or_not() -> None:
    judged = {f"q{i}": {"x": 1, "y": i % 2} for i in range(8)}
    runs = {"a": ["yx"] * 8, "b": ["xy"] * 8}
    [d], [standing] = evaluated(runs, judged | {"q0": {"x": 1}}, "RR@10")
    assert verdict(d) == "no clear difference"
    assert standing.outcome is Outcome.STAYS
    assert standing.sentence == (
        "That stays so whatever the unjudged document among the first 10 is."
    )
    open_ = {f"q{i}": {"z": 1} for i in range(8)}
    [d], [standing] = evaluated({"a": ["z"] * 8, "b": ["zx"] * 8}, open_, "P@2")
    assert standing.outcome is Outcome.CLEARS
    assert standing.sentence == (
        "The 8 unjudged documents among the first 2 may make a difference clear."
    )


def test_of_one_query_its_own_documents_are_spoken_of() -> None:
    [d], [standing] = evaluated({"a": ["x"], "b": ["yx"]}, {"q0": {"x": 1}}, "RR@10")
    assert (standing.outcome, standing.turning) == (Outcome.FADES, ())
    assert d.n == 1
    assert standing.sentence == (
        "The unjudged document among the first 2 could at most level it, not reverse it."
    )


def test_measures_that_judge_nothing_have_no_standing() -> None:
    assert evaluated(RUNS, {f"q{i}": {"x": 1} for i in range(8)}, "Judged@10")[1] == ()


def test_p_alone_falls_with_every_value() -> None:
    chance = np.random.default_rng(4)
    for n in (6, 30):
        low = chance.normal(0.3, 0.5, (n, 40))
        high = low + chance.random((n, 40)) * (chance.random((n, 40)) < 0.3)
        positive = low.sum(axis=0) > 0
        p = p_alone(low, 499), p_alone(high, 499)
        assert (p[1] <= p[0])[positive].all()
    assert p_alone(np.array([[1.0], [2.0], [3.0]])).tolist() == [2 / 8]
