"""The board in a real browser: cards that are clicked, pointed at and walked by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.support.browsing import HARBOUR, LETTERS, LOGGING, TRACEBACK, overflow

Enter = Callable[..., Any]
expect.set_options(timeout=60_000)


def inside(visitor: Any) -> dict[str, float]:  # noqa: ANN401
    """Return the panel's rectangle, which must lie inside the window."""
    box, window = visitor.page.locator(".st-key-detail").bounding_box(), visitor.page.viewport_size
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= window["width"]
    assert box["y"] + box["height"] <= window["height"]
    return dict(box)


def test_a_click_opens_the_panel_in_view_and_not_over_its_column(enter: Enter) -> None:
    visitor = enter(
        f"/?corpus=exceptions&first=bm25&reranker=minilm-l12&reranker=bm25&q={TRACEBACK}"
    )
    visitor.page.locator(".st-key-verdict").wait_for()
    visitor.idle()
    for width, height in ((1440, 900), (1920, 1080), (390, 844)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        visitor.idle()
        card = visitor.page.locator(".column[data-letter=D] .card").nth(2)
        card.scroll_into_view_if_needed()
        runs = visitor.begun
        visitor.after(card.click)
        assert visitor.begun == runs + 1, "one run of the fragment"
        panel, box = inside(visitor), card.bounding_box()
        beside = box["x"] + box["width"] <= panel["x"]
        above = box["y"] + box["height"] <= panel["y"]
        assert beside if width > 1000 else above
        assert box["x"] >= 0
        assert box["y"] >= 0
        expect(visitor.page.locator(".panel-head h2")).to_have_text("bm25")
        expect(visitor.page.locator(".panel-head .tag")).to_have_text("D")
        expect(visitor.page.locator(".panel-text mark").first).to_be_visible()
        expect(visitor.page.locator(".card.opened")).to_have_count(1)
        assert max(overflow(visitor)) <= 1
        visitor.after(visitor.page.get_by_label("Close the document").click)
        expect(visitor.page.locator(".st-key-detail")).to_have_count(0)
        assert focused(visitor)[0] == "D", "the focus goes back to the card"


def test_a_card_opens_the_whole_document_and_closes_it(guest: Any) -> None:  # noqa: ANN401
    detail = guest.page.locator(".st-key-detail")
    heading = guest.page.locator(".panel-head h2")
    expect(detail).to_have_count(0)
    guest.after(guest.card("B", LOGGING).click)
    expect(detail).to_contain_text("id logging-exception · grade")
    expect(detail).to_contain_text("call logging.exception with a short message of your own.")
    expect(detail.locator("mark").filter(has_text="traceback").first).to_be_visible()
    for letter in LETTERS:
        expect(guest.card(letter, LOGGING)).to_have_attribute("aria-pressed", "true")
    label = heading.text_content()
    guest.after(guest.card("D", LOGGING).click)
    expect(heading).not_to_have_text(label)
    guest.after(detail.get_by_role("button", name=label).click)
    expect(heading).to_have_text(label)
    guest.after(guest.card("B", LOGGING).click)
    expect(detail).to_have_count(0)


def test_hover_lights_the_document_everywhere_without_the_server(guest: Any) -> None:  # noqa: ANN401
    page = guest.page
    before = guest.sent
    guest.card("A", LOGGING).hover()
    for letter in LETTERS:
        expect(guest.card(letter, LOGGING)).to_have_class("card lit")
        where = page.locator(f".system[data-letter={letter}] .where")
        expect(where).to_have_text(f"rank {guest.titles(letter).index(LOGGING) + 1}")
    expect(page.locator(".card.lit")).to_have_count(4)
    guest.card("C", HARBOUR).hover()
    expect(guest.card("A", HARBOUR)).to_have_class("card lit")
    expect(guest.card("A", LOGGING)).to_have_class("card")
    page.mouse.move(5, 5)
    expect(page.locator(".card.lit")).to_have_count(0)
    assert guest.sent == before


def focused(visitor: Any) -> list[str]:  # noqa: ANN401
    """Return column, rank and title of the card that has the focus."""
    found = visitor.page.locator(".board").evaluate(
        """(board) => {
          const card = board.getRootNode().activeElement;
          const column = card.closest('.column').dataset.letter;
          const text = (name) => card.querySelector(name).textContent;
          return [column, text('.rank'), text('.title')];
        }"""
    )
    return list(found)


def test_the_board_can_be_walked_by_keyboard(small: Any) -> None:  # noqa: ANN401
    keys = small.page.keyboard
    ranks = {letter: small.titles(letter) for letter in LETTERS}
    small.page.locator(".st-key-_view input").focus()
    keys.press("Tab")
    assert focused(small) == ["A", "1", ranks["A"][0]], "the board is one stop of the Tab key"
    keys.press("ArrowDown")
    assert focused(small) == ["A", "2", ranks["A"][1]]
    keys.press("ArrowRight")
    same = ranks["A"][1]
    assert focused(small) == ["B", str(ranks["B"].index(same) + 1), same]
    keys.press("End")
    assert focused(small) == ["B", "9", ranks["B"][8]]
    keys.press("Home")
    keys.press("ArrowLeft")
    assert focused(small)[0] == "A"
    assert focused(small)[2] == ranks["B"][0]
    small.after(lambda: keys.press("Enter"))
    detail = small.page.locator(".st-key-detail")
    expect(detail).to_contain_text(ranks["B"][0])
    assert focused(small)[2] == ranks["B"][0], "the focus stays on the card"
    letter, rank, title = focused(small)
    small.after(lambda: keys.press("ArrowDown" if rank == "1" else "ArrowUp"))
    assert focused(small)[0] == letter
    assert focused(small)[2] != title
    expect(detail).to_contain_text(focused(small)[2])
    small.after(lambda: keys.press("Escape"))
    expect(detail).to_have_count(0)


def test_fewer_shown_changes_the_columns_at_once(small: Any) -> None:  # noqa: ANN401
    before = small.rankings()
    small.page.get_by_role("button", name="Systems and depth").click()
    shown = small.page.locator(".st-key-_final_k input")
    shown.fill("3")
    small.after(lambda: shown.press("Enter"))
    expect(small.page.locator(".column[data-letter=B] .card")).to_have_count(3)
    assert small.rankings() == {letter: cards[:3] for letter, cards in before.items()}
