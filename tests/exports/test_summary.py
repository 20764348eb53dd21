"""The summary for those who decide: one page, an answer in plain words, hostile text as text."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest

from components.advice.monthly import Month
from components.exports.evaluation_report import EvaluationReport
from components.exports.summary import summary_html
from tests.support.reports import EIGHT, FIRST, MIXED, NASTY, ODD, SECOND, nasty, read, simple

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
MONTH = Month(1461.0, "12,000 queries a day")


def text_of(report: EvaluationReport, month: Month | None = MONTH) -> str:
    page = summary_html(report, month, NOW).partition("</style>")[2]
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())


def test_a_gain_is_told_with_its_price_and_examples() -> None:
    text = text_of(simple({"a": SECOND, "b": FIRST}, EIGHT))
    for part in (
        "Is reranking worth it? c 26 November 2026",
        "Yes: reranking with b gives better rankings than a alone.",
        "Quality +0.369 0.631 → 1.000",
        "Time a query not measured",
        "Money a month $1,461 12,000 queries a day",
        "A gain text of q0 (+0.369) Before: a y x After: b x y",
        "A loss None of the 8 queries lost.",
        "What is lost: 0 of 8 queries score lower than with a",
        "8 judged queries (all; judgments “test”)",
        "Measured on 23 November 2026",
    ):
        assert part in text


def test_a_loss_and_a_doubt_are_the_answer_where_they_are() -> None:
    worse = text_of(simple({"a": FIRST, "b": SECOND}, EIGHT))
    assert "No: reranking with b gives worse rankings than a alone." in worse
    assert "A gain None of the 8 queries gained. A loss text of q7 (−0.369)" in worse
    unclear = text_of(simple({"a": FIRST, "b": MIXED}, EIGHT))
    assert "No clear difference: 8 queries do not show" in unclear
    assert "which may be chance" in unclear


@pytest.mark.parametrize("report", ODD.values(), ids=ODD)
def test_odd_evaluations_have_a_page_too(report: EvaluationReport) -> None:
    text = text_of(report, None)
    assert "nan" not in text.lower()
    assert "Money a month not measured" in text or "Money" not in text


def test_hostile_text_stays_text_and_nothing_is_loaded() -> None:
    page = summary_html(nasty(), Month(None, NASTY), NOW)
    parsed = read(page)
    assert not {"script", "link", "img", "iframe", "object", "form", "a"} & set(parsed.tags)
    assert not {"src", "href", "onclick", "onload"} & {name for name, _ in parsed.attributes}
    assert "url(" not in page
    assert "default-src 'none'" in page
    for text in ("corpus ", "what is ", "first "):
        assert f"{text}{NASTY}" in parsed.text


def test_it_is_light_whatever_the_reader_has() -> None:
    page = summary_html(nasty(), None, NOW)
    assert "prefers-color-scheme" not in page
    assert "color-scheme: only light" in page
