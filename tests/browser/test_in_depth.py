"""Compare in depth, in a real browser: what no other test can see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

Enter = Callable[..., Any]
QUERY = "how do I write a log entry with the traceback"
expect.set_options(timeout=60_000)


@pytest.fixture(
    scope="module", params=[("light", 1440), ("dark", 390)], ids=["light-1440", "dark-390"]
)
def stayer(long_stay: Enter, request: pytest.FixtureRequest) -> Any:  # noqa: ANN401
    """Open nine passages with two local rerankers, by an address; the tests share the window."""
    scheme, width = request.param
    visitor = long_stay(
        f"/?corpus=exceptions&first=bge-small&reranker=minilm-l12&reranker=bm25&q={QUERY}",
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        accept_downloads=True,
    )
    visitor.page.locator(".st-key-verdict").wait_for()
    visitor.idle()
    return visitor


@pytest.fixture
def guest(stayer: Any) -> Any:  # noqa: ANN401
    """Return the shared visitor with no document chosen; the last test asks another query."""
    if stayer.page.locator(".st-key-detail").count():
        stayer.after(stayer.page.get_by_label("Close the document").click)
    return stayer


def test_everything_of_a_comparison_is_there_and_fits(guest: Any) -> None:  # noqa: ANN401
    page = guest.page
    for title in ("Take it away", "Rank movement"):
        expect(page.get_by_text(title, exact=True).first).to_be_visible()
    for view, titles, charts in (
        ("Harm and agreement", ("Agreement",), ("agreement",)),
        ("Depth and scores", ("Depth", "Score by rank"), ("scores",)),
        ("Headroom and time", ("Where the time went",), ("latency",)),
    ):
        guest.open(view)
        for key in charts:
            drawn = page.locator(f".st-key-{key} .main-svg, .st-key-picture-{key} svg.bars")
            expect(drawn.first).to_be_visible()
        for title in titles:
            expect(page.get_by_text(title, exact=True).first).to_be_visible()
    expect(page.locator(".st-key-soft-needs")).to_contain_text("Headroom")  # nothing is judged
    wide = page.evaluate(
        "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
    )
    assert wide <= 1


def test_pointing_in_the_movement_chart_lights_the_cards_without_the_server(guest: Any) -> None:  # noqa: ANN401
    guest.quiet()
    sent = guest.sent
    way = guest.page.locator(".bump .way").first
    way.locator("circle").first.hover()
    expect(guest.page.locator(".bump .way.lit")).to_have_count(1)
    expect(guest.page.locator(".card.lit")).to_have_count(3)
    assert guest.sent == sent


def test_a_chosen_document_is_explained_and_the_address_brings_it_back(guest: Any) -> None:  # noqa: ANN401
    page = guest.page
    first = page.locator(".column[data-letter=B] .card").first
    title = first.locator(".title").text_content()
    guest.after(first.click)
    detail = page.locator(".st-key-detail")
    expect(detail).to_contain_text(title)
    detail.get_by_role("button", name="Explain").click()
    expect(detail.locator(".shaded span").first).to_be_visible()
    expect(detail.locator(".shaded")).to_contain_text(title)
    page.wait_for_url("**document=**")
    page.reload()
    page.locator(".st-key-detail").wait_for()
    expect(page.locator(".st-key-detail")).to_contain_text(title)
    expect(page.locator(".card.chosen")).to_have_count(3)
    guest.idle()


def test_the_report_opens_without_a_network(guest: Any, tmp_path: Path) -> None:  # noqa: ANN401
    page = guest.page
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    asked: list[str] = []
    tab = page.context.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    expect(tab.locator("h1")).to_have_text(QUERY)
    expect(tab.locator(".columns section")).to_have_count(3)
    expect(tab.locator("svg g")).to_have_count(9)
    assert asked == [file.as_uri()]


def test_presenter_view_has_large_type_and_no_controls(guest: Any) -> None:  # noqa: ANN401
    page = guest.page
    page.goto(f"{page.url}&view=presenter")
    page.locator(".st-key-presented").wait_for()
    page.locator(".st-key-verdict").wait_for()
    page.locator(".card").first.wait_for()  # the board listens to the keys
    guest.idle()
    expect(page.locator(".st-key-settings")).to_have_count(0)
    expect(page.locator(".st-key-nav")).to_be_hidden()
    expect(page.locator(".st-key-presented")).to_contain_text(QUERY)
    if page.viewport_size["width"] > 1000:
        last = page.locator(".column[data-letter=D] .card").last.bounding_box()
        assert last["y"] + last["height"] <= page.viewport_size["height"], "every rank is in view"
    guest.after(lambda: page.keyboard.press("ArrowRight"))
    expect(page.locator(".st-key-presented")).not_to_contain_text(QUERY)
    guest.after(page.locator(".card").first.click)
    expect(page.locator(".st-key-detail")).to_have_count(1)
    guest.after(lambda: page.keyboard.press("Escape"))
    expect(page.locator(".st-key-detail")).to_have_count(0)
    guest.after(lambda: page.keyboard.press("Escape"))
    expect(page.locator(".st-key-settings")).to_have_count(1)
