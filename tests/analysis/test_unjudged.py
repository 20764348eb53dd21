"""What the unjudged documents of one query could do, and how that is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from components import measures
from components.analysis.unjudged import unsettled
from components.measures import measure
from tests.support.added import FAKES, added


@pytest.fixture
def probe_measure() -> Iterator[None]:
    with added(measures, FAKES / "measures"):
        yield


def test_nothing_is_said_where_everything_is_judged() -> None:
    known = unsettled("ab", "ba", {"a": 1, "b": 0}, "nDCG@10")
    assert (known.unjudged, known.holds, known.sentence) == ((), True, "")


def test_what_only_one_system_finds_could_reverse_it() -> None:
    """nDCG of a is 1, of xya 1/2; x and y relevant bring it to 1 and a's to 1 / 2.131."""
    torn = unsettled("a", "xya", {"a": 1}, "nDCG@10")
    assert torn.difference == pytest.approx(-0.5)
    assert torn.low == pytest.approx(-0.5)
    assert torn.high == pytest.approx(1 - 1 / (1 + 0.6309297535714575 + 0.5))
    assert torn.turning == ("x",), "one is enough: 1.5 against 1, of 1.631"
    assert torn.sentence == ("1 of the 2 unjudged documents among the first 3 could reverse it.")


def test_it_holds_only_where_that_is_proven() -> None:
    """The second ranking has both relevant ones first and x last, the first has x first."""
    sure = unsettled("yxz", "abx", {"a": 1, "b": 1, "y": 0, "z": 0}, "nDCG@10")
    assert sure.holds
    assert sure.low > 0
    assert sure.sentence == "It holds whatever the unjudged document among the first 3 is."
    two = unsettled("ax", "ya", {"a": 3}, "nDCG@2")
    assert two.sentence == "1 of the 2 unjudged documents among the first 2 could reverse it."


def test_the_highest_grade_counts() -> None:
    """x at 1 does not outweigh a's grade of 3 at the top; at 9 it does."""
    grades = {"a": 3, "b": 0}
    assert unsettled("ab", "xa", grades, "nDCG@10", highest=1).holds
    assert unsettled("ab", "xa", grades, "nDCG@10", highest=9).turning == ("x",)


def test_it_may_be_levelled_or_made() -> None:
    level = unsettled("xa", "ax", {"a": 1}, "RR@10")
    assert (level.difference, level.low, level.turning) == (0.5, 0.0, ())
    assert level.sentence == (
        "The unjudged document among the first 2 could at most level it, not reverse it."
    )
    almost = unsettled("abx", "cxa", {"a": 1, "b": 0, "c": 0}, "P@2")
    assert (almost.difference, almost.high, almost.turning) == (-0.5, 0.0, ())
    none = unsettled("ab", "xb", {"a": 0, "b": 0}, "P@2")
    assert none.sentence == "The unjudged document among the first 2 could make a difference."


@pytest.mark.usefixtures("probe_measure")
def test_an_added_measure_is_gone_through_or_not_known() -> None:
    few = unsettled("ab", "xa", {"a": 1}, "First@1")
    assert (few.difference, few.low, few.high, few.turning) == (-1, -1, 0, ())
    many = unsettled("abcdefghijkl", "lkjihgfedcba", {}, "First@12")
    assert many.low != many.low
    assert many.sentence == (
        "That the 12 unjudged documents among the first 12 turn it over is not excluded: First@12 "
        "has no bounds here."
    )
    assert unsettled("ab", "xa", {"a": 1}, "Judged@2").sentence == ""


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.permutations("abcdefg"), st.permutations("uvwabcd"), st.data())
def test_taking_away_what_one_system_found_alone_is_never_the_last_word(
    before: list[str], after: list[str], data: st.DataObject
) -> None:
    """Wherever that makes it worse than it was, the sentence says that it could be reversed."""
    grades = {d: data.draw(st.integers(0, 2)) for d in sorted({*before, *after})}

    def difference(judged: dict[str, int]) -> float:
        a, b = (
            measure({"q": {d: -float(i) for i, d in enumerate(x)}}, {"q": judged}, ("nDCG@5",))
            for x in (before, after)
        )
        return b.mean["nDCG@5"] - a.mean["nDCG@5"]

    holes = {d: g for d, g in grades.items() if d not in after[:5] or d in before[:5]}
    assume(difference(grades) > 1e-9 > -1e-9 > difference(holes))
    torn = unsettled(before, after, holes, "nDCG@5", highest=2)
    assert torn.turning
    assert "could reverse it" in torn.sentence
