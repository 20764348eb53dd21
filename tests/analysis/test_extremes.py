"""Extremes over the grades of unjudged documents, against every assignment gone through."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.analysis.extremes import Hole, span
from components.measures import cutoff_of, measure

DOCUMENTS = "abcdefgh"


def value(ranking: str, grades: dict[str, int], name: str) -> float:
    run = {document: -float(rank) for rank, document in enumerate(ranking)}
    return measure({"q": run}, {"q": grades}, (name,)).per_query["q"][name]


def every(hole: Hole, name: str) -> list[float]:
    """Return the difference under every assignment of grades, by the measures themselves."""
    result = []
    for grades in product(range(hole.highest + 1), repeat=len(hole.unjudged)):
        judged = {**hole.grades, **dict(zip(hole.unjudged, grades, strict=True))}
        before, after = (value("".join(r), judged, name) for r in (hole.before, hole.after))
        result.append(after - before)
    return result


@st.composite
def holes(draw: st.DrawFn, name: str, most: int = 5) -> Hole:
    """Return two rankings of overlapping documents with few unjudged ones in the first k."""
    before = draw(st.permutations(DOCUMENTS))[: draw(st.integers(1, 8))]
    after = draw(st.permutations(DOCUMENTS))[: draw(st.integers(1, 8))]
    highest = draw(st.integers(1, 3))
    ids = draw(st.lists(st.sampled_from([*DOCUMENTS, "x", "y"]), unique=True, min_size=3))
    grades = {d: draw(st.integers(-1, 3)) for d in ids}
    k = cutoff_of(name)
    unjudged = Hole(before, after, grades, highest, k).unjudged
    for document in unjudged[most:]:
        grades[document] = draw(st.integers(0, highest))
    return Hole(before, after, grades, highest, k)


@pytest.mark.parametrize("name", ["nDCG@4", "nDCG@10", "RR@3", "P@3", "R@4", "AP"])
@settings(deadline=None, max_examples=25, derandomize=True)
@given(data=st.data())
def test_extremes_are_those_of_every_assignment(name: str, data: st.DataObject) -> None:
    hole = data.draw(holes(name, most=4 if name.startswith("nDCG") else 5))
    found, values = span(hole, name), every(hole, name)
    assert found is not None
    assert found.exact
    assert (found.least.value, found.greatest.value) == pytest.approx((min(values), max(values)))
    for end in (found.least, found.greatest):  # and its grades reach it
        judged = {**dict.fromkeys(hole.unjudged, 0), **end.grades}
        before, after = (
            value("".join(r), {**hole.grades, **judged}, name) for r in (hole.before, hole.after)
        )
        assert after - before == pytest.approx(end.value)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.permutations("abcdefghijklmn"), st.permutations("abcdefghijklmn"), st.integers(0, 3))
def test_the_bound_of_ap_is_sound(before: list[str], after: list[str], judged: int) -> None:
    """Eleven to fourteen unjudged documents: a bound, and grades that come close to it."""
    hole = Hole(before, after, {d: d != "a" for d in "abc"[:judged]}, 1, None)
    found = span(hole, "AP")
    assert found is not None
    assert not found.exact
    some = [{d: int(bits >> i & 1) for i, d in enumerate(hole.unjudged)} for bits in range(1, 97)]
    values = []
    for grades in (*some, found.least.grades, found.greatest.grades):
        judged_all = {**hole.grades, **grades}
        a, b = (value("".join(r), judged_all, "AP") for r in (before, after))
        values.append(b - a)
    assert found.least.bound - 1e-9 <= min(values)
    assert max(values) <= found.greatest.bound + 1e-9
    assert [found.least.value, found.greatest.value] == pytest.approx(values[-2:])


def test_an_unjudged_document_changes_the_ideal_too() -> None:
    """By hand: x first and a second, against a first; with x relevant both have the ideal 1.63."""
    hole = Hole("a", "xa", {"a": 1}, 1, 10)
    found = span(hole, "nDCG@10")
    assert found is not None
    ideal = 1 + 0.6309297535714575
    assert found.greatest.value == pytest.approx(1 - 1 / ideal)
    assert found.greatest.grades == {"x": 1}
    assert found.least.value == pytest.approx(0.6309297535714575 - 1)
    assert found.least.grades == {}


def test_many_unjudged_documents_take_no_time() -> None:
    """A hundred each, ten grades: counts of grades are gone through, not assignments."""
    before, after = [f"d{i}" for i in range(100)], [f"d{i}" for i in range(50, 150)]
    found = span(Hole(before, after, {"z": 10}, 10, 100), "nDCG@100")
    assert found is not None
    assert len(found.unjudged) == 150
    assert found.least.value == pytest.approx(-found.greatest.value, abs=0.5)
    assert 0 < found.greatest.value <= 1
