"""The plain answer: yes, no or no clear difference, with what is gained, lost, paid and known."""

from __future__ import annotations

import pytest

from components import glossary
from components.exports.answer import answer, price
from components.exports.evaluation_html import evaluation_html
from components.exports.evaluation_report import EvaluationReport
from tests.support.reports import EIGHT, FIRST, MIXED, ODD, SECOND, nasty, read, simple

# nDCG of the relevant document at rank 2 is 1 / log2(3) = 0.631
GAIN = "0.631 → 1.000 (+0.369)"


def points(report: EvaluationReport) -> dict[str, str]:
    return dict(answer(report).points)


def test_a_clear_gain_is_a_yes() -> None:
    given = answer(simple({"a": SECOND, "b": FIRST, "c": MIXED}, EIGHT))
    assert given.outcome == "better"
    assert given.headline == "Yes: reranking with b gives better rankings than a alone."
    assert given.system == "b"
    said = dict(given.points)
    assert said["What is gained"] == f"Mean nDCG@10 {GAIN}."
    assert said["What is lost"] == "0 of 8 queries score lower than with a, 8 higher, 0 the same."
    assert said["How sure this is"].startswith("More than chance explains. b ")
    assert given.gain is not None
    assert (given.gain.query.id, given.loss) == ("q0", None)


def test_a_clear_loss_is_a_no_even_where_one_comes_closest() -> None:
    report = simple({"a": FIRST, "b": SECOND}, EIGHT)
    given = answer(report)
    assert given.outcome == "worse"
    assert given.headline == "No: reranking with b gives worse rankings than a alone."
    assert points(report)["What is gained"] == "Nothing on average: mean nDCG@10 1.000 → 0.631 " + (
        "(−0.369)."
    )
    assert points(report)["What is lost"] == (
        "8 of 8 queries score lower than with a, 0 higher, 0 the same; the greatest loss is "
        "−0.369. Clearly worse than a: b."
    )
    third = dict.fromkeys(EIGHT, "yzx")
    several = answer(simple({"a": FIRST, "b": third, "c": SECOND}, EIGHT))
    assert several.headline == "No: all give worse rankings than a alone, even c, which comes " + (
        "closest."
    )


def test_what_may_be_chance_is_no_clear_difference() -> None:
    report = simple({"a": FIRST, "b": MIXED}, EIGHT)
    few = simple({"a": {"q0": "xy", "q1": "yx"}, "b": {"q0": "yx", "q1": "xy"}}, _first(2))
    assert answer(few).outcome == "unclear"
    assert answer(few).headline == (
        "No clear difference: 2 queries do not show that reranking with b gives better or worse "
        "rankings than a alone."
    )
    assert answer(report).outcome == "unclear"  # four losses of eight: p = 2 / 16
    assert points(report)["What is gained"].startswith("Nothing that these queries could show")
    assert points(report)["How sure this is"].startswith("This may be chance. b ")


def _first(n: int) -> dict[str, dict[str, int]]:
    return dict(list(EIGHT.items())[:n])


def test_against_another_baseline_the_first_stage_is_not_spoken_of() -> None:
    given = answer(simple({"a": SECOND, "b": FIRST}, EIGHT, baseline="b"))
    assert given.headline == "No: a gives worse rankings than b."


def test_prices_are_those_that_were_measured() -> None:
    assert price(nasty(), nasty().others[0]) == (
        "A query takes 1,234 ms, in the median, both stages. Nobody bills for it: it costs the "
        "machine that it runs on."
    )
    assert price(simple({"a": SECOND, "b": FIRST}, EIGHT), "b").startswith(
        "Its time was not measured."
    )


def test_one_query_is_no_answer() -> None:
    given = answer(ODD["one query"])
    assert given.outcome == "none"
    assert given.headline.startswith("No answer: one judged query is an anecdote")
    assert answer(ODD["alone"]).headline.startswith("a was evaluated alone")
    assert answer(ODD["alone"]).points == ()


@pytest.mark.parametrize("report", ODD.values(), ids=ODD)
def test_the_report_begins_with_the_answer_and_ends_with_its_terms(
    report: EvaluationReport,
) -> None:
    text = read(evaluation_html(report)).text
    headline = answer(report).headline
    places = [text.index(part) for part in (headline, "Statistics", "Models", "Terms")]
    assert places == sorted(places)
    assert glossary.explain("nDCG") in text


def test_pictures_and_examples_come_before_statistics() -> None:
    text = read(evaluation_html(simple({"a": SECOND, "b": FIRST, "c": MIXED}, EIGHT))).text
    order = ("How well each system ranks", "b against a, query by query", "Where b gained most")
    order += ("Statistics", "Differences from a", "c against a, query by query")
    places = [text.index(part) for part in order]
    assert places == sorted(places)
