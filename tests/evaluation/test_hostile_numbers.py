"""Numbers in saved evaluations that would become a size: refused in words."""

from __future__ import annotations

import copy
import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.domain import StoreError
from components.evaluation.saved import SavedEvaluation
from components.evaluation.store import FILE, EvaluationStore
from components.measures import measure

MADE = "2026-11-22T10:00:00+00:00"
HEAD: dict[str, Any] = {
    "corpus": "old",
    "documents": 3,
    "split": "test",
    "subset": "all",
    "queries": 1,
    "systems": ["bm25"],
    "first_stage": "bm25",
    "rerankers": [],
    "initial_k": 2,
    "models": {"bm25": "BM25 1"},
    "means": {"bm25": {"nDCG@10": 0.5}},
}
BODY: dict[str, Any] = {
    "queries": [["q1", "snow", ["hard"]]],
    "judgments": {"q1": {"b": 1, "a": 0}},
    "documents": ["a", "b"],
    "runs": {"bm25": {"q1": [[0, 1], [2.5, 1.5], [0.0, 0.25, 0.0, 0.0, 0.0], {"pairs": 2}]}},
    "failures": [],
}
Change = Callable[[Any], object]


def opened(
    folder: Path, change: Change, change_head: Change = bool, text: str = "0"
) -> SavedEvaluation:
    """Open an evaluation as version 0.1.0 saved it, after a change; "grade" becomes `text`."""
    head, body = copy.deepcopy(HEAD), copy.deepcopy(BODY)
    change(body)
    change_head(head)
    EvaluationStore(folder).summaries()  # makes the file
    packed = gzip.compress(json.dumps(body).replace('"grade"', text).encode())
    with sqlite3.connect(folder / FILE) as connection:
        connection.execute(
            "INSERT INTO evaluations (id, made, fingerprint, head, body) VALUES (?, ?, ?, ?, ?)",
            ("old", MADE, "f", json.dumps(head), packed),
        )
    connection.close()
    return EvaluationStore(folder).load("old")


def graded(grade: object) -> Change:
    return lambda body: body["judgments"]["q1"].update(b=grade)


@pytest.mark.parametrize("grade", [101, -101, 10**9, 10**30, 10**1000, 1.5, None])
def test_a_grade_that_is_none_is_refused(tmp_path: Path, grade: object) -> None:
    with pytest.raises(StoreError) as caught:
        opened(tmp_path, graded(grade))
    assert caught.value.reason.startswith(f"The evaluation of {MADE} is damaged: judgments.q1.b: ")
    assert caught.value.remedy == "Delete it."
    assert len(caught.value.reason) < 200
    if grade == 101:
        assert caught.value.reason.endswith("whole number from -100 to 100, not 101.")


@pytest.mark.parametrize("text", ["NaN", "1e400", "1e9", "9" * 5000])
def test_a_grade_that_is_no_whole_number_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(StoreError, match="is damaged") as caught:
        opened(tmp_path, graded("grade"), text=text)
    assert len(caught.value.reason) < 250


@pytest.mark.parametrize("grade", [100, -100])
def test_the_largest_grades_are_read_and_measured(tmp_path: Path, grade: int) -> None:
    saved = opened(tmp_path, graded(grade))
    assert saved.plan.judgments == {"q1": {"b": grade, "a": 0}}
    means = saved.evaluation.metrics(saved.plan.judgments, ("RR@10",))["bm25"].mean
    assert means == measure({"q1": {"a": 2.0, "b": 1.0}}, {"q1": {"b": grade}}, ("RR@10",)).mean
    assert means == {"RR@10": 0.5 if grade > 0 else 0.0}


def run(body: Any) -> Any:  # noqa: ANN401
    return body["runs"]["bm25"]["q1"]


@pytest.mark.parametrize(
    "change",
    [
        lambda body: run(body)[0].__setitem__(0, 2),
        lambda body: run(body)[0].__setitem__(0, 10**30),
        lambda body: run(body)[0].__setitem__(0, -1),
        lambda body: run(body)[0].append(1),
        lambda body: run(body)[1].__setitem__(0, float("inf")),
        lambda body: run(body)[1].__setitem__(0, float("nan")),
        lambda body: run(body)[1].__setitem__(0, 10**400),
        lambda body: run(body)[2].__setitem__(0, 1e308),
        lambda body: run(body)[2].__setitem__(0, float("nan")),
        lambda body: run(body)[2].append(1.0),
        lambda body: run(body)[3].update(tokens=10**400),
        lambda body: run(body)[3].update(usd=1e308),
        lambda body: run(body)[3].update(searches=float("nan")),
    ],
)
def test_other_numbers_are_bounded(tmp_path: Path, change: Change) -> None:
    with pytest.raises(StoreError, match="is damaged"):
        opened(tmp_path, change)


@pytest.mark.parametrize("name", ["documents", "queries", "initial_k", "version"])
@pytest.mark.parametrize("value", [10**30, -1, 1.5])
def test_numbers_of_the_head_are_bounded(tmp_path: Path, name: str, value: float) -> None:
    newer = (name, value) == ("version", 10**30)
    with pytest.raises(StoreError, match="newer version" if newer else "is damaged"):
        opened(tmp_path, bool, lambda head: head.update({name: value}))
    assert EvaluationStore(tmp_path).summaries() == []
    (reason,) = EvaluationStore(tmp_path).unreadable()
    assert len(reason) < 200
