"""Columns, sentences and views fill while systems are at work, and one depth holds for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

Enter = Callable[..., Any]
LONG = "/?corpus=helpdesk&first=bm25&reranker=bm25&reranker=minilm-l12&candidates=120"
expect.set_options(timeout=60_000)


def test_a_column_shows_its_order_so_far_and_the_sentences_do_not_wait_for_it(
    enter: Enter,
) -> None:
    visitor = enter(LONG + "&q=can guests read old messages")
    page = visitor.page
    column = page.locator(".column[data-letter=B][data-state=running]")
    column.locator(".card").first.wait_for()
    expect(page.locator(".board .system[data-letter=B]")).to_contain_text("provisional order")
    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_contain_text("D bm25")
    expect(verdict).to_contain_text("Still to come: minilm-l12.")
    expect(page.locator(".st-key-picture-latency svg.bars").first).to_be_visible()
    visitor.idle()
    expect(verdict).to_contain_text("B minilm-l12")
    expect(verdict).not_to_contain_text("Still to come")
    letters = [c.get_attribute("data-letter") for c in page.locator(".board .column").all()]
    assert letters == ["A", "B", "D"]


def test_one_depth_holds_for_columns_sentences_and_views(enter: Enter) -> None:
    visitor = enter("/?corpus=helpdesk&first=bm25&reranker=rrf&reranker=minilm-l12&candidates=40")
    page = visitor.page
    visitor.idle()
    before = visitor.rankings()
    entries = page.evaluate("history.length")
    handle = page.locator(".st-key-reranked input[type=range]")
    visitor.after(lambda: handle.press("Home"))
    expect(handle).to_have_value("10")
    after = visitor.rankings()
    assert after["A"] == before["A"]
    assert {title for title, _ in after["B"]} == {title for title, _ in before["A"]}
    assert after["B"] != before["B"]
    expect(page.locator(".st-key-heading-where-the-time-went")).to_contain_text("all 40 candidates")
    page.wait_for_url("**depth=10**")
    assert page.evaluate("history.length") == entries
