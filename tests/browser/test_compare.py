"""The app in a real browser: what only the browser can show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browsing import jsonl, overflow, upload

Enter = Callable[..., Any]
LETTERS = ("A", "B", "C", "D")
DONE = dict.fromkeys(LETTERS, "done")
LOGGING = "Recording a failure with logging.exception"
TRACEBACK = "how do I get the traceback into my log file"
HARBOUR = "Weather in the harbour city"
HOSTILE = (
    '<img src="x" onerror="window.__hacked=1"><script>window.__hacked=1</script>'
    "![pwned](https://evil.example/pwned.png) <b>bold</b>"
)
expect.set_options(timeout=60_000)


def among_exceptions(enter: Enter) -> Any:  # noqa: ANN401
    """Return a visitor who compares over the nine passages of "exceptions"."""
    visitor = enter("/corpus")
    visitor.page.locator(".st-key-index_now").wait_for()
    visitor.choose("_corpus_page", "exceptions")
    visitor.go("Compare")
    visitor.page.locator(".board .card").first.wait_for()
    visitor.idle()
    return visitor


@pytest.fixture
def small(enter: Enter) -> Any:  # noqa: ANN401
    """Return a new visitor of "exceptions"."""
    return among_exceptions(enter)


@pytest.fixture(scope="module")
def stayer(long_stay: Enter) -> Any:  # noqa: ANN401
    """Return a visitor of "exceptions" whom tests share."""
    return among_exceptions(long_stay)


@pytest.fixture
def guest(stayer: Any) -> Any:  # noqa: ANN401
    """Return the shared visitor, before a judged query and with no document chosen."""
    chosen = stayer.page.locator(".card.chosen")
    if chosen.count():
        stayer.after(chosen.first.click)
    stayer.search(TRACEBACK)
    stayer.page.mouse.move(5, 5)
    return stayer


# ---------------------------------------------------------------- searching


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
            expect(page.locator(f".st-key-{chart} .main-svg").first).to_be_visible()


def test_enter_searches_and_the_columns_follow(guest: Any) -> None:  # noqa: ANN401
    assert guest.titles("D")[0] == LOGGING
    guest.search("weather in the harbour city")
    assert {letter: guest.titles(letter)[0] for letter in LETTERS} == dict.fromkeys(
        LETTERS, HARBOUR
    )
    assert guest.query.input_value() == "weather in the harbour city"


def test_the_button_searches_too(guest: Any) -> None:  # noqa: ANN401
    guest.query.fill("weather in the harbour city")
    guest.after(guest.page.get_by_role("button", name="Compare").click)
    assert guest.titles("D")[0] == HARBOUR


def test_a_query_typed_during_a_comparison_is_kept_and_wins(enter: Enter) -> None:
    visitor = enter()
    visitor.idle()
    visitor.type("guest accounts")
    visitor.page.locator(".st-key-progress").wait_for()
    visitor.query.fill("PW-119")
    visitor.idle()
    assert visitor.query.input_value() == "PW-119"
    visitor.type("message history")
    visitor.page.locator(".st-key-progress").wait_for()
    visitor.search("PW-119")
    assert visitor.query.input_value() == "PW-119"
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
    other = enter(beside=small)
    other.page.locator(".board").wait_for()
    other.choose("_corpus", "exceptions")
    small.type("weather in the harbour city")
    other.type("putting a list in order")
    for visitor, title in ((small, HARBOUR), (other, "Putting a list in order")):
        visitor.page.bring_to_front()
        for letter in ("B", "D"):
            first = visitor.page.locator(f".column[data-letter={letter}] .card").first
            expect(first).to_contain_text(title)
        visitor.idle()
    assert small.titles("D")[0] == HARBOUR


# ---------------------------------------------------------------- the board


def inside(visitor: Any) -> dict[str, float]:  # noqa: ANN401
    """Return the panel's rectangle, which must lie inside the window."""
    box, window = visitor.page.locator(".st-key-detail").bounding_box(), visitor.page.viewport_size
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= window["width"]
    assert box["y"] + box["height"] <= window["height"]
    return dict(box)


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080), (390, 844)])
def test_a_click_opens_the_panel_in_view_and_not_over_its_column(
    enter: Enter, size: tuple[int, int]
) -> None:
    visitor = enter(
        f"/?corpus=exceptions&first=bm25&reranker=minilm-l12&reranker=bm25&q={TRACEBACK}",
        viewport={"width": size[0], "height": size[1]},
    )
    visitor.page.locator(".st-key-verdict").wait_for()
    visitor.idle()
    card = visitor.page.locator(".column[data-letter=D] .card").nth(2)
    card.scroll_into_view_if_needed()
    runs = visitor.begun
    visitor.after(card.click)
    assert visitor.begun == runs + 1, "one run of the fragment"
    panel, box = inside(visitor), card.bounding_box()
    beside = box["x"] + box["width"] <= panel["x"]
    above = box["y"] + box["height"] <= panel["y"]
    assert beside if size[0] > 1000 else above
    assert box["x"] >= 0
    assert box["y"] >= 0
    expect(visitor.page.locator(".panel-head h2")).to_have_text("bm25")
    expect(visitor.page.locator(".panel-head .tag")).to_have_text("D")
    expect(visitor.page.locator(".panel-text mark").first).to_be_visible()
    expect(visitor.page.locator(".card.opened")).to_have_count(1)
    assert max(overflow(visitor)) <= 1
    visitor.after(lambda: visitor.page.get_by_label("Close the document").click())
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


# ---------------------------------------------------------------- uploads


def test_an_uploaded_corpus_is_searched(small: Any) -> None:  # noqa: ANN401
    small.go("Corpus")
    rows = (
        {"_id": "a", "title": "The lighthouse", "text": "A lamp of zorblax stands on the cliff."},
        {"_id": "b", "title": "The mill", "text": "Two stones grind the corn."},
    )
    upload(small, "towers.jsonl", jsonl(*rows))
    chosen = small.page.locator(".st-key-_corpus_page input")
    expect(chosen).to_have_value("towers (uploaded)")
    expect(small.page.locator(".st-key-figures")).to_contain_text("Passages2")
    small.go("Compare")
    expect(small.page.locator(".st-key-where")).to_contain_text("towers · 2 passages")
    small.search("who has a zorblax lamp")
    assert {letter: small.titles(letter)[0] for letter in LETTERS} == dict.fromkeys(
        LETTERS, "The lighthouse"
    )
    small.go("Corpus")
    expect(chosen).to_have_value("towers (uploaded)")
    small.choose("_corpus_page", "exceptions")
    expect(small.page.locator(".st-key-figures")).to_contain_text("Passages9")


def test_hostile_documents_are_text(small: Any) -> None:  # noqa: ANN401
    page = small.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    small.go("Corpus")
    rows = [
        {"_id": f"{n}{HOSTILE}", "title": f"{n} {HOSTILE}", "text": f"harbour {HOSTILE}"}
        for n in range(3)
    ]
    upload(small, "hostile.jsonl", jsonl(*rows))
    small.go("Compare")
    small.search(f"harbour {HOSTILE}")
    for letter in LETTERS:
        first = page.locator(f".column[data-letter={letter}] .card .title").first
        assert first.text_content()[2:] == HOSTILE
    small.after(page.locator(".column[data-letter=B] .card").first.click)
    expect(page.locator(".st-key-detail")).to_contain_text(f"harbour {HOSTILE}")
    expect(page.locator(".bump .names li").first).to_contain_text("<script")
    page.locator(".bump .way circle").first.hover(force=True)
    expect(page.locator("img[src='x'], img[src*='evil'], [onerror]")).to_have_count(0)
    expect(page.locator(".board b b, .board script")).to_have_count(0)
    assert page.evaluate("window.__hacked") is None
    assert not [url for url in asked if "evil.example" in url or url.endswith("/x")]


# ---------------------------------------------------------------- looks


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_its_window(enter: Enter, scheme: str, width: int, tmp_path: Any) -> None:  # noqa: ANN401
    visitor = enter("/rerankers", color_scheme=scheme, viewport={"width": width, "height": 900})
    page = visitor.page
    page.get_by_text("biencoder-minilm").first.wait_for()
    visitor.idle()
    assert max(overflow(visitor)) <= 1
    page.screenshot(path=tmp_path / "rerankers.png")
    visitor.go("Corpus")
    page.locator(".st-key-index_now").wait_for()
    assert max(overflow(visitor)) <= 1
    page.screenshot(path=tmp_path / "corpus.png")
    visitor.choose("_corpus_page", "exceptions")
    visitor.go("Compare")
    page.locator(".st-key-latency .main-svg").first.wait_for()
    visitor.idle()
    assert max(overflow(visitor)) <= 1
    assert page.locator(".board").get_attribute("data-tone") == scheme
    visitor.after(visitor.card("A", LOGGING).click)
    page.locator(".st-key-detail").wait_for()
    assert max(overflow(visitor)) <= 1
    page.screenshot(path=tmp_path / "compare.png")


@pytest.mark.parametrize("path", ["/corpus", "/rerankers"])
def test_a_page_can_be_opened_by_its_address(enter: Enter, path: str) -> None:
    visitor = enter(path)
    expect(visitor.page.locator(".st-key-where")).to_contain_text("helpdesk · ")
    expect(visitor.page).to_have_title(f"{path[1:].title()} · Rerank Lab")
