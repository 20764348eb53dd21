"""Measures by hand, by name, and of runs whose scores fall strictly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.domain import Document, InputError, Ranking
from components.measures import check_measure, measure, run_scores, usual_measures
from components.pipeline import first_stage_ranking

LOG2 = math.log2


def ranking(ids: Sequence[str], scores: Sequence[float] = ()) -> Ranking:
    documents = [Document(i, "", i) for i in ids]
    return first_stage_ranking("s", documents, scores or [-float(i) for i in range(len(ids))])


def measured(ids: Sequence[str], grades: dict[str, int]) -> dict[str, float]:
    four = ("nDCG@10", "RR@10", "P@10", "R@100")
    return dict(measure({"q": run_scores(ranking(ids))}, {"q": grades}, four).mean)


# ---------------------------------------------------------------- by hand


def test_a_graded_ranking() -> None:
    grades = {"a": 3, "b": 1, "c": 2, "z": 0}
    ideal = 3 + 2 / LOG2(3) + 1 / LOG2(4)
    found = measured(["x", "b", "z", "a", "y"], grades)
    assert found == pytest.approx(
        {
            "nDCG@10": (1 / LOG2(3) + 3 / LOG2(5)) / ideal,
            "RR@10": 1 / 2,
            "P@10": 2 / 10,
            "R@100": 2 / 3,
        },
        abs=1e-9,
    )
    run = run_scores(ranking(["x", "b", "z", "a", "y"]))
    other = dict(measure({"q": run}, {"q": grades}, ("AP", "Judged@5", "nDCG@3", "R@4")).mean)
    assert other == pytest.approx(
        {
            "AP": (1 / 2 + 2 / 4) / 3,
            "Judged@5": 3 / 5,
            "nDCG@3": (1 / LOG2(3)) / ideal,
            "R@4": 2 / 3,
        }
    )
    assert tuple(measure({"q": run}, {"q": grades}).mean) == usual_measures()


@pytest.mark.parametrize(
    ("given", "name"), [("nDCG@5", "nDCG@5"), (" AP ", "AP"), ("R@0100", "R@100")]
)
def test_measures_by_name(given: str, name: str) -> None:
    assert check_measure(given) == name


@pytest.mark.parametrize(
    "given", ["", "nDCG", "ndcg@5", "P@0", "P@-1", "AP@3", "R@x", "R@²", "MAP"]
)
def test_other_names_are_refused(given: str) -> None:
    with pytest.raises(InputError, match="There is no measure") as caught:
        check_measure(given)
    assert "nDCG@k" in caught.value.remedy


def test_the_ideal_ranking_and_the_worst() -> None:
    grades = {"a": 3, "b": 1}
    assert measured(["a", "b", "x"], grades) == pytest.approx(
        {"nDCG@10": 1.0, "RR@10": 1.0, "P@10": 0.2, "R@100": 1.0}, abs=1e-9
    )
    assert set(measured(["x", "y"], grades).values()) == {0.0}
    assert set(measured([], grades).values()) == {0.0}  # an empty ranking counts


def test_the_cut_offs_are_ten_and_a_hundred() -> None:
    filler = [f"x{i}" for i in range(200)]
    at_10 = measured([*filler[:9], "a"], {"a": 1})
    assert at_10 == pytest.approx(
        {"nDCG@10": 1 / LOG2(11), "RR@10": 0.1, "P@10": 0.1, "R@100": 1.0}, abs=1e-9
    )
    at_11 = measured([*filler[:10], "a"], {"a": 1})
    assert at_11 == {"nDCG@10": 0.0, "RR@10": 0.0, "P@10": 0.0, "R@100": 1.0}
    assert measured([*filler[:99], "a"], {"a": 1})["R@100"] == 1.0
    assert measured([*filler[:100], "a"], {"a": 1})["R@100"] == 0.0


def test_means_are_over_the_runs_queries() -> None:
    judged = {"q1": {"a": 1}, "q2": {"a": 1}, "q3": {"a": 1}}
    run = {"q1": {"a": 2.0, "b": 1.0}, "q2": {"b": 2.0, "a": 1.0}}
    found = measure(run, judged, ("RR@10", "P@10"))
    assert found.per_query == {
        "q1": {"RR@10": 1.0, "P@10": pytest.approx(0.1)},
        "q2": {"RR@10": 0.5, "P@10": pytest.approx(0.1)},
    }
    assert found.mean == pytest.approx({"RR@10": 0.75, "P@10": 0.1})
    assert measure({}, judged).mean == {}


# ---------------------------------------------------------------- runs


def falls(scores: Sequence[float]) -> bool:
    narrow = np.array(scores, np.float32)
    return bool(np.isfinite(narrow).all() and (narrow[:-1] > narrow[1:]).all())


@pytest.mark.parametrize(
    "scores",
    [
        [0.0] * 1000,
        [1.0] * 1000,
        [-1.0] * 1000,
        [5.0, 0.0, 0.0, -0.0, 0.0, -3.0],
        [1e-45, 1e-46, 0.0, -1e-46, -1e-45],
        [1e-320, 1e-320],
        [16777217.0, 16777216.0],
        [1.0 + 1e-12, 1.0],
        [1e300, 1e300, 1.0, 1.0],
        [3.4028235e38, 3.4028235e38],
        [0.0, -1e300, -1e300],
        [-3.4028235e38, -3.4028235e38],
        [],
        [7.0],
    ],
    ids=lambda scores: f"{len(scores)} from {scores[0] if scores else 'nothing'}",
)
def test_run_scores_fall_strictly_in_32_bits(scores: list[float]) -> None:
    ids = [f"{-i + 5000}" for i in range(len(scores))]  # by id, ties would come out reversed
    run = run_scores(ranking(ids, scores))
    assert list(run) == ids
    assert falls(list(run.values()))
    assert all(float(np.float32(s)) == s for s in run.values())


def test_scores_that_differ_are_kept() -> None:
    run = run_scores(ranking(["a", "b", "c"], [1.5, 0.25, -8.0]))
    assert run == {"a": 1.5, "b": 0.25, "c": -8.0}
    tied = run_scores(ranking(["a", "b", "c"], [1.5, 1.5, 1.0]))
    assert tied == {"a": 1.5, "b": float(np.nextafter(np.float32(1.5), np.float32(0))), "c": 1.0}


finite = st.floats(allow_nan=False, allow_infinity=False)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(finite, st.sampled_from([0.0, -0.0, 1.0, -1.0])), min_size=1, max_size=40),
    st.dictionaries(st.integers(0, 45), st.integers(0, 3), min_size=1),
)
@example([0.0] * 30, {3: 1, 29: 2})
def test_metrics_are_of_the_order_whatever_the_scores(
    scores: list[float], grades: dict[int, int]
) -> None:
    scores.sort(reverse=True)
    ids = [f"d{99 - i}" for i in range(len(scores))]
    judged = {"q": {f"d{99 - i}": g for i, g in grades.items()}}
    run = run_scores(ranking(ids, scores))
    assert falls(list(run.values()))
    by_rank = {i: -float(n) for n, i in enumerate(ids)}
    assert measure({"q": run}, judged).mean == measure({"q": by_rank}, judged).mean


# ---------------------------------------------------------------- what is not computed again


def test_what_is_computed_already_is_not_measured_again() -> None:
    run = {"a": {"x": 2.0, "y": 1.0}, "b": {"y": 2.0, "x": 1.0}}
    judgments = {"a": {"x": 1}, "b": {"x": 1}}
    whole = measure(run, judgments, ("RR@10", "AP"))
    assert whole.per_query == {"a": {"RR@10": 1, "AP": 1}, "b": {"RR@10": 0.5, "AP": 0.5}}
    assert measure(run, judgments, ("RR@10", "AP"), {"a": whole.per_query["a"]}) == whole
    marked = {"a": {"RR@10": 0.25, "AP": 0.75}, "gone": {"RR@10": 9.0, "AP": 9.0}}
    found = measure(run, judgments, ("RR@10", "AP"), marked)
    assert found.per_query == {"a": marked["a"], "b": whole.per_query["b"]}
    assert found.mean == {"RR@10": 0.375, "AP": 0.625}
