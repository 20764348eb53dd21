"""Judge in a real browser: by key alone, on no other page and not while one types, and blind."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from components.judging.records import Place, in_force
from components.judging.store import JudgingStore
from tests.support.browsing import fits

Enter = Callable[..., Any]
NAMES = ("bm25", "bge-small", "minilm-l12", "hybrid", "rrf")
ONE_SYSTEM = "/?corpus=exceptions&first=bm25&reranker=bm25"


def judged() -> list[tuple[int | None, str]]:
    store = JudgingStore(Path(os.environ["RERANK_LAB_DATA"]))
    return [(j.grade, j.note) for j in in_force(store.rows(Place("exceptions")))]


def test_a_queue_is_judged_by_key_and_blind(enter: Enter) -> None:
    visitor = enter(ONE_SYSTEM)
    page = visitor.page
    page.locator(".board .card").first.wait_for()
    visitor.idle()
    visitor.go("Judge")
    page.locator(".st-key-judge_now button").click()
    last, done = page.locator(".desk .last"), page.locator(".desk .progress")
    query = page.locator(".desk .query")
    query.wait_for()
    fits(visitor, (390, 844), (1440, 900))

    page.keyboard.press("2")
    expect(last).to_have_text("Kept: 2 relevant")
    page.keyboard.press("Tab")
    page.keyboard.type("3 is not a grade here: <b>u</b>")
    page.keyboard.press("Enter")
    expect(page.locator(".desk .note")).to_have_value("")
    keypad = {"key": "1", "code": "Numpad1", "bubbles": True}
    page.locator("body").dispatch_event("keydown", keypad)
    for key in ("?", "s", "0"):
        page.keyboard.press(key)
    expect(done).to_contain_text("4 of ")
    expect(last).to_have_text("Kept: 0 not relevant")
    page.keyboard.press("u")
    expect(done).to_contain_text("3 of ")
    expect(last).to_have_text("Kept: cannot say")
    assert judged() == [(2, "3 is not a grade here: <b>u</b>"), (1, ""), (None, "")]

    page.keyboard.press("Control+1")
    page.locator(".st-key-desk-head + * summary, [data-testid=stExpander] summary").first.click()
    page.get_by_role("button", name="Change them").click()
    field = page.locator(".st-key-_guidelines textarea")
    field.click()
    page.keyboard.type("1 and 2")
    page.keyboard.press("Escape")
    visitor.go("Corpus")
    page.keyboard.press("1")
    visitor.go("Judge")
    query.wait_for()
    assert len(judged()) == 3

    frames: list[bytes] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda f: frames.append(_bytes(f))))
    page.reload()  # the address has the queue
    query.wait_for()
    expect(done).to_contain_text("3 of ")
    page.keyboard.press("1")
    expect(done).to_contain_text("4 of ")
    told = b"".join(frames).decode("utf-8", "replace") + page.locator("body").inner_text()
    assert "not relevant" in told
    for word in (*NAMES, "rank", "ranks", "score", "scores", "duel"):
        assert not re.search(rf"\b{word}\b", told), word


def _bytes(frame: bytes | str) -> bytes:
    return frame if isinstance(frame, bytes) else frame.encode()
