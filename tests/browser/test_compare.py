"""The app in a real browser: what only the browser can show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.support.browsing import HARBOUR, LETTERS, LOGGING

Enter = Callable[..., Any]
DONE = dict.fromkeys(LETTERS, "done")
expect.set_options(timeout=60_000)


def test_a_first_visit_fills_column_by_column_and_ends_with_a_verdict(enter: Enter) -> None:
    visitor = enter()
    page = visitor.page
    page.locator(".column[data-letter=A] .card").first.wait_for()
    states = visitor.states()
    assert states["A"] == "done"
    assert list(states) == list(LETTERS)
    assert set(states.values()) != {"done"}, "the first stage does not wait for the others"
    page.locator(".st-key-progress").wait_for()
    page.locator(".st-key-verdict").wait_for()
    visitor.idle()
    assert visitor.states() == DONE
    assert {letter: len(cards) for letter, cards in visitor.rankings().items()} == dict.fromkeys(
        LETTERS, 10
    )
    expect(page.locator(".st-key-verdict")).to_contain_text("nDCG@10")
    expect(page.locator(".bump svg .way").first).to_be_visible()
    for view, charts in {
        "Headroom and time": ("headroom", "latency"),
        "Harm and agreement": ("agreement",),
        "Depth and scores": ("depth", "scores"),
    }.items():
        visitor.open(view)
        for chart in charts:
            drawn = page.locator(f".st-key-{chart} .main-svg, .st-key-picture-{chart} svg.bars")
            expect(drawn.first).to_be_visible()


def test_enter_searches_and_the_columns_follow(guest: Any) -> None:  # noqa: ANN401
    assert guest.titles("D")[0] == LOGGING
    guest.search("weather in the harbour city")
    assert {letter: guest.titles(letter)[0] for letter in LETTERS} == dict.fromkeys(
        LETTERS, HARBOUR
    )
    expect(guest.query).to_have_value("weather in the harbour city")


def test_the_button_searches_too(guest: Any) -> None:  # noqa: ANN401
    guest.query.fill("weather in the harbour city")
    guest.after(guest.page.get_by_role("button", name="Compare").click)
    assert guest.titles("D")[0] == HARBOUR


def test_a_query_typed_during_a_comparison_is_kept_and_wins(enter: Enter) -> None:
    visitor = enter("/?candidates=50")
    visitor.idle()
    visitor.type("guest accounts")
    visitor.page.locator(".st-key-progress").wait_for()
    visitor.query.fill("PW-119")
    visitor.idle()
    expect(visitor.query).to_have_value("PW-119")
    visitor.type("message history")
    visitor.page.locator(".st-key-progress").wait_for()
    visitor.search("PW-119")
    expect(visitor.query).to_have_value("PW-119")
    assert "PW-119" in visitor.titles("D")[0]


def test_a_blank_query_is_refused_and_the_next_one_works(guest: Any) -> None:  # noqa: ANN401
    guest.after(lambda: guest.type("   "))
    expect(guest.page.locator(".st-key-complaint")).to_contain_text("The query is empty.")
    guest.search("weather in the harbour city")
    assert guest.titles("D")[0] == HARBOUR
    expect(guest.page.locator(".st-key-complaint")).to_have_count(0)


def test_stop_ends_a_comparison(enter: Enter) -> None:
    visitor = enter()
    page = visitor.page
    page.get_by_role("button", name="Systems and depth").click()
    page.locator(".st-key-_initial_k input").fill("1000")
    page.locator(".st-key-_initial_k input").press("Enter")
    page.keyboard.press("Escape")
    page.locator(".column[data-letter=A] .card").first.wait_for()
    page.locator(".st-key-stop button").click()
    page.get_by_text("Stopped. What had finished is shown.").wait_for()
    visitor.idle()
    states = visitor.states()
    assert states["A"] == "done"
    assert "stopped" in states.values()
    page.locator(".note.stopped").first.wait_for()


def test_reload_brings_the_view_of_the_address_back_and_works(small: Any) -> None:  # noqa: ANN401
    before = small.rankings()
    small.page.reload()
    small.page.locator(".st-key-verdict").wait_for()
    small.idle()
    assert small.rankings() == before
    small.search("weather in the harbour city")
    assert small.titles("B")[0] == HARBOUR


def test_two_tabs_have_results_of_their_own(small: Any, enter: Enter) -> None:  # noqa: ANN401
    other = enter("/?candidates=20", beside=small)
    other.page.locator(".board").wait_for()
    other.choose("_corpus", "exceptions")
    other.idle()
    small.type("weather in the harbour city")
    other.type("putting a list in order")
    for visitor, title in ((small, HARBOUR), (other, "Putting a list in order")):
        visitor.page.bring_to_front()
        for letter in ("B", "D"):
            first = visitor.page.locator(f".column[data-letter={letter}] .card").first
            expect(first).to_contain_text(title)
        visitor.idle()
    assert small.titles("D")[0] == HARBOUR
