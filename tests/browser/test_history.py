"""Back and forward lead through queries and corpora, not through what is pointed at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

Enter = Callable[..., Any]
START = "/?corpus=exceptions&first=bm25&reranker=bm25&reranker=minilm-l12"
ODD = "harbour weather + 100 % & don't täglich?\u00a0日本"


def test_back_returns_to_the_previous_query_with_its_columns(enter: Enter) -> None:
    visitor = enter(START)
    page = visitor.page
    visitor.idle()
    entries = page.evaluate("history.length")
    first, query = visitor.rankings(), visitor.query.input_value()
    visitor.search("weather in the harbour city")
    visitor.until(lambda: page.evaluate("history.length") == entries + 1)
    second = visitor.rankings()
    assert second != first

    # pointing, other columns and another depth are no entries
    visitor.after(page.locator(".column[data-letter=B] .card").first.click)
    page.wait_for_url("**document=**")
    visitor.after(page.locator(".column[data-letter=B] .card").first.click)
    visitor.search("weather in the harbour city")
    assert page.evaluate("history.length") == entries + 1
    visitor.search(ODD)
    assert page.evaluate("history.length") == entries + 2

    calls = []
    page.on("request", lambda request: calls.append(request.url))
    visitor.after(page.go_back)
    expect(visitor.query).to_have_value("weather in the harbour city")
    assert visitor.rankings() == second
    visitor.after(page.go_back)
    expect(visitor.query).to_have_value(query)
    assert visitor.rankings() == first
    assert not any("/lab/events/" in url for url in calls)  # nothing was computed anew
    visitor.after(page.go_forward)
    visitor.after(page.go_forward)
    expect(visitor.query).to_have_value(ODD)
    assert page.evaluate("history.length") == entries + 2

    # another page, and back: the same comparison
    visitor.go("Rerankers")
    visitor.after(page.go_back)
    expect(page.locator(".board .card").first).to_be_visible()
    expect(visitor.query).to_have_value(ODD)
