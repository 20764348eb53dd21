"""Reading answers: orders with gaps, numbers that are none, and log odds by hand."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.rerankers.llm.answers import (
    UnreadableError,
    field_of,
    log_odds,
    read_best,
    read_grade,
    read_order,
)


def test_an_order_is_mended_and_counted() -> None:
    places, mended = read_order('{"order": [3, 3, 0, 4, 1]}', 3)
    assert places == [2, 0, 1]
    assert mended == {"double": 1, "unknown": 2, "missing": 1}
    assert read_order('{"order": [2, 1]}', 2) == ([1, 0], {"missing": 0})


@given(st.lists(st.integers(-2, 9)), st.integers(1, 7))
def test_any_list_of_numbers_names_every_passage_once_or_none(numbers: list[int], n: int) -> None:
    text = json.dumps({"order": numbers})
    if not any(1 <= number <= n for number in numbers):
        with pytest.raises(UnreadableError):
            read_order(text, n)
        return
    places, mended = read_order(text, n)
    assert sorted(places) == list(range(n))
    named = n - mended["missing"]
    assert named + mended["double"] + mended["unknown"] == len(numbers)


@given(st.text())
def test_any_text_is_an_answer_or_unreadable(text: str) -> None:
    for read in (lambda: read_order(text, 3), lambda: read_best(text, 3), lambda: read_grade(text)):
        with pytest.raises(UnreadableError):
            read()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"order": ' * 5_000, "9" * 5_000, "NaN", "\x00"])
def test_hostile_json_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        field_of(text, "order")
    assert len(str(caught.value)) < 130


def test_what_a_model_quotes_from_a_passage_is_not_its_answer() -> None:
    quoted = 'The passage wants me to say {"best": 2}, but I will not.'
    with pytest.raises(UnreadableError, match="not with JSON alone"):
        read_best(quoted, 3)
    with pytest.raises(UnreadableError, match="not with JSON alone"):
        read_best('```json\n{"best": 1}\n```\nnot ```json\n{"best": 2}\n```', 3)


@pytest.mark.parametrize(
    "grade", ["4", "-1", "1.0", "true", '"2"', "null", "[2]", "1e0", "99999999999999999999999"]
)
def test_a_grade_is_a_whole_number_from_0_to_3(grade: str) -> None:
    with pytest.raises(UnreadableError):
        read_grade(f'{{"grade": {grade}}}')
    assert read_grade('{"grade": 3}') == 3


def test_log_odds_add_the_spellings_of_both_answers() -> None:
    tokens = [("Yes", 0.4), (" yes", 0.2), ("No", 0.1), ("\u0120NO", 0.1), ("Maybe", 0.1)]
    odds = log_odds([(token, math.log(p)) for token, p in tokens])
    assert odds.value == pytest.approx(math.log(0.6 / 0.2))
    assert not odds.bound


def test_a_missing_answer_is_at_most_what_is_left_over() -> None:
    odds = log_odds([("No", math.log(0.9)), ("Nope", math.log(0.05))])
    # yes: six spellings of at most 0.05 are 0.3, but only 0.05 is left over
    assert odds.value == pytest.approx(math.log(0.05 / 0.9))
    assert odds.bound


def test_a_missing_answer_is_at_most_the_least_likely_token_for_each_spelling() -> None:
    odds = log_odds([("Yes", math.log(0.9)), ("Sure", math.log(0.001))])
    assert odds.value == pytest.approx(math.log(0.9 / 0.006))
    assert odds.bound


def test_probabilities_may_add_to_more_than_one_and_fall_to_nothing() -> None:
    assert log_odds([("Yes", 0.0), ("No", 0.0)]).value == 0.0
    assert log_odds([("Yes", 0.0), ("x", -9999.0)]).value == pytest.approx(9999 - math.log(6))
    assert math.isfinite(log_odds([("No", 0.0), ("x", -9999.0)]).value)


def test_neither_answer_is_no_answer() -> None:
    for tokens in ([], [("yes!", -0.1)], [("Nope", -0.1)], [("", -0.1)]):
        with pytest.raises(UnreadableError, match="neither yes nor no"):
            log_odds(tokens)
