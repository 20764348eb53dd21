"""Numbers in recordings and TREC runs that would become a size: refused, with the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from components.analysis.quality import quality
from components.domain import Comparison, Corpus, CorpusError, Document, Hit, Ranking
from components.exports import trec
from components.exports.recordings import Recording, Saved, bundle, read_bundle
from components.exports.trec import read_run
from components.measures import measure

MADE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
Change = Callable[[Any], object]


def recorded(change: Change, old: str = "", new: str = "") -> Recording:
    """Read a recording of one document after a change of its data, then of its text."""
    a = Document("a", "Title", "Text")
    ranking = Ranking("bm25", (Hit(a, 1, 2.0, 1, 2.0),))
    one = Saved(Comparison("q", ranking, (Ranking("cohere", ranking.hits),)), 7, "", {}, {}, {})
    value = json.loads(bundle([one], Corpus("c", (a,), fingerprint="f" * 64), MADE))
    change(value)
    return read_bundle(json.dumps(value).replace(old, new).encode(), "x.json")


def query(value: Any) -> Any:  # noqa: ANN401
    return value["queries"][0]


def graded(grade: object) -> Change:
    return lambda value: query(value).update(grades={"a": grade})


@pytest.mark.parametrize("grade", [101, -101, 10**9, 10**30, 10**1000, 1.5, 1.0, "1", True, None])
def test_a_grade_that_is_none_is_refused(grade: object) -> None:
    with pytest.raises(CorpusError) as caught:
        recorded(graded(grade))
    assert caught.value.reason.startswith("x.json is not a recording: queries[0].grades.a: ")
    assert len(caught.value.reason) < 200
    if type(grade) is int:
        expected = f"A grade is a whole number from -100 to 100, not {str(grade)[:39]}"
        assert expected in caught.value.reason


@pytest.mark.parametrize("text", ["1e9", "NaN", "1e400", "9" * 5000, "0x10"])
def test_a_grade_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(CorpusError) as caught:
        recorded(graded("grade"), '"grade"', text)
    assert caught.value.reason.startswith("x.json is not a recording: ")
    assert len(caught.value.reason) < 250


@pytest.mark.parametrize("grade", [100, -100])
def test_the_largest_grades_are_read_and_measured(grade: int) -> None:
    recording = recorded(graded(grade))
    (found,) = recording.queries
    assert found.grades == {"a": grade}
    judgments = recording.corpus().judgments
    value = measure({"q1": {"a": 1.0}}, judgments, ("nDCG@10",)).mean["nDCG@10"]
    assert value == float(grade > 0)
    hits = (Hit(recording.documents[0], 1, 2.0, 1, 2.0),)
    expected = 1.0 if grade > 0 else None
    assert quality(Ranking("bm25", hits), found.grades, "nDCG@10") == expected


HUGE: dict[str, Change] = {
    "initial_k": lambda v: query(v).update(initial_k=10**30),
    "initial_k 0": lambda v: query(v).update(initial_k=0),
    "documents": lambda v: v["corpus"].update(documents=10**30),
    "tokens": lambda v: query(v)["first_stage"]["usage"].update(tokens=10**30),
    "searches": lambda v: query(v)["first_stage"]["usage"].update(searches=1e308),
    "usd": lambda v: query(v)["first_stage"]["usage"].update(usd=1e308),
    "rerank_ms": lambda v: query(v)["first_stage"]["timing"].update(rerank_ms=1e308),
    "wait_ms": lambda v: query(v)["first_stage"]["timing"].update(wait_ms=float("inf")),
    "hits": lambda v: query(v)["first_stage"].update(hits=[["a", float("inf")]]),
    "hits int": lambda v: query(v)["first_stage"].update(hits=[["a", 10**400]]),
    "version": lambda v: v.update(version=10**30),
    "date": lambda v: v.update(date="99999-01-01T00:00:00Z"),
    "date number": lambda v: v.update(date=10**30),
    "text": lambda v: query(v).update(text="x" * 100_001),
    "instruction": lambda v: query(v).update(instruction="x" * 2_000_001),
    "id": lambda v: v["documents"][0].update(id="x" * 513),
}


@pytest.mark.parametrize("name", HUGE)
def test_other_numbers_and_lengths_are_bounded(name: str) -> None:
    with pytest.raises(CorpusError) as caught:
        recorded(HUGE[name])
    assert caught.value.reason.startswith("x.json is not a recording: ")
    assert name.split()[0] in caught.value.reason
    assert len(caught.value.reason) < 300


MANY = 200_000
FLOODS: dict[str, Change] = {
    "no field": lambda v: v.update({f"k{i}": 0 for i in range(MANY)}),
    "documents": lambda v: v.update(documents=[0] * MANY),
    "no field 'k0'": lambda v: v["corpus"].update({f"k{i}": 0 for i in range(MANY)}),
    "grades": lambda v: query(v).update(grades={f"k{i}": 101 for i in range(MANY)}),
    "hits": lambda v: query(v)["first_stage"].update(hits=[0] * MANY),
    "queries": lambda v: v.update(queries=[{}] * MANY),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_thousand_faults_take_the_memory_of_one(name: str) -> None:
    with pytest.raises(CorpusError) as caught:
        recorded(FLOODS[name])
    assert name in caught.value.reason
    cause = caught.value.__cause__
    assert isinstance(cause, ValidationError)
    assert cause.error_count() < 20  # each takes about a kilobyte


@pytest.mark.parametrize(
    "data", [b'{"documents":[' + b"0," * 1_200_000, b"[" * 1_200_001, b'{"":0,' * 1_200_001]
)
def test_more_values_than_memory_holds_are_not_parsed(data: bytes) -> None:
    with pytest.raises(CorpusError, match="holds more than 1,200,000 commas and lists"):
        read_bundle(data, "x.json")


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_the_ends_of_the_calendar_are_dates(date: str) -> None:
    recording = recorded(lambda v: query(v)["first_stage"].update(date=date))
    assert recording.queries[0].first_stage.date.split()[1] in {"January", "December"}


# ---------------------------------------------------------------- TREC runs


@pytest.mark.parametrize(
    ("rank", "score"),
    [
        ("1" * 10, "1"),
        ("9" * 5000, "1"),
        ("1e9", "1"),
        ("1", "1e400"),
        ("1", "-1e309"),
        ("1", "1" * 400),
        ("1", "1" * 2_000_000 + "x"),  # a backtracking pattern would take hours
        ("1", "1e" + "9" * 5000),
        ("1", "NaN"),
        ("1", "inf"),
        ("1", "0x1"),
        ("1", "1_0"),
        ("1", "\u0661"),
    ],
    ids=lambda text: text[:12],
)
def test_a_rank_or_score_that_is_none_is_refused(rank: str, score: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read_run(f"q Q0 d 1 1 t\nq Q0 e {rank} {score} t\n".encode(), "x.run")
    assert caught.value.reason.startswith("x.run:2: ")
    assert len(caught.value.reason) < 250


@pytest.mark.parametrize("score", ["1e308", "-1e308", "+.5", "5.", "1E-400", "-0.0", "12345678901"])
def test_other_scores_are_read(score: str) -> None:
    column = read_run(f"q Q0 d 1 {score} t\n".encode(), "x.run")["q"]
    assert column.documents == (("d", float(score)),)


def test_a_run_of_too_many_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trec, "MAX_LINES", 2)
    data = b"q Q0 d 1 1 t\n\nq Q0 e 2 0 t\n"
    assert list(read_run(data, "x.run")) == ["q"]
    with pytest.raises(CorpusError, match=r"^x\.run:4: more than 2 lines"):
        read_run(data + b"p Q0 e 2 0 t\n", "x.run")
