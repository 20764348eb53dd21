"""The page listens: how often the script runs, what comes over the wire, and what may go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.servers.app_server import AppServer, await_health, free_port
from tests.support.servers.lab_server import ROOT
from tests.support.windows import PATIENCE_MS, Visitor, watch

Enter = Callable[..., Any]
LEXICAL = "/?first=bm25&reranker=bm25"
MODEL = "/?first=bm25&reranker=minilm-l12&candidates=40"
SHORT = MODEL.replace("=40", "=20")


def ended(visitor: Visitor) -> None:
    visitor.page.locator(".st-key-verdict, .st-key-downloads").first.wait_for()
    visitor.idle()


def test_a_search_runs_the_script_seldom_and_sends_little(enter: Enter) -> None:
    visitor = enter(LEXICAL)
    ended(visitor)
    for query in ("guest accounts", "delete a workspace"):
        runs, received, charts = visitor.begun, visitor.received, len(visitor.charts)
        visitor.search(query)
        visitor.quiet()
        assert visitor.begun - runs <= 3
        assert visitor.received - received < 150_000
        sent = visitor.charts[charts:]
        assert len(sent) == len(set(sent)) <= 2, "each open figure comes once"


def test_a_model_runs_the_script_at_its_beginning_and_its_end(enter: Enter) -> None:
    visitor = enter(MODEL)
    ended(visitor)
    runs = visitor.begun
    visitor.search("how do I reset my password")
    assert visitor.begun - runs <= 3


def test_choosing_a_document_runs_no_more_than_its_fragment(enter: Enter) -> None:
    visitor = enter(LEXICAL)
    ended(visitor)
    visitor.search("guest accounts")
    received = visitor.received
    visitor.after(visitor.page.locator(".column[data-letter=A] .card").first.click)
    visitor.page.locator(".st-key-detail").wait_for()
    assert visitor.received - received < 150_000


def test_leaving_the_page_is_no_end(enter: Enter) -> None:
    visitor = enter(LEXICAL)
    ended(visitor)
    visitor.page.goto(visitor.page.url.split("?")[0] + MODEL.removeprefix("/"))
    visitor.page.locator(".st-key-progress").wait_for()
    visitor.go("Rerankers")
    visitor.go("Compare")
    visitor.page.locator(".st-key-verdict, .st-key-downloads").first.wait_for()
    visitor.idle()
    assert set(visitor.states().values()) == {"done"}


HIDEABLE = """
window.nobodyLooks = false;
Object.defineProperty(document, 'hidden', { get: () => window.nobodyLooks });
window.look = (yes) => {
  window.nobodyLooks = !yes;
  document.dispatchEvent(new Event('visibilitychange'));
};
window.openSources = new Set();
const Real = window.EventSource;
window.EventSource = class extends Real {
  constructor(url) { super(url); window.openSources.add(this); }
  close() { super.close(); window.openSources.delete(this); }
};
"""


def test_eight_tabs_of_one_browser_all_come_to_their_end(enter: Enter) -> None:
    """A tab that nobody looks at holds no connection, and shows all of it once it is looked at."""
    first = enter(LEXICAL)
    ended(first)
    context = first.page.context
    context.add_init_script(HIDEABLE)
    url = first.page.url.split("?")[0] + SHORT.removeprefix("/")
    pages = []
    for _ in range(8):
        page = context.new_page()
        page.goto(url)
        page.locator(".board .column").first.wait_for()
        page.evaluate("look(false)")
        assert page.evaluate("openSources.size") == 0
        pages.append(page)
    for page in pages:
        page.evaluate("look(true)")
        page.locator(".st-key-downloads").wait_for()
        expect(page.locator('.column[data-state="done"]')).to_have_count(2)
        expect(page.locator('.column:not([data-state="done"])')).to_have_count(0)
        page.wait_for_function("openSources.size === 0")  # what has ended needs no connection
        page.close()


def test_where_nothing_comes_through_the_page_asks_slowly(enter: Enter) -> None:
    visitor = enter(LEXICAL)
    ended(visitor)
    visitor.page.route("**/lab/events/**", lambda route: None)
    visitor.search("notification sound")
    visitor.page.goto(visitor.page.url.replace("reranker=bm25", "reranker=minilm-l12"))
    visitor.page.locator(".st-key-downloads").wait_for()
    visitor.idle()
    assert set(visitor.states().values()) == {"done"}


# ---------------------------------------------------------------- servers of their own


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[AppServer]:
    log = folder / "log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
    server = AppServer(f"http://127.0.0.1:{port}", process, log)
    try:
        await_health(server)
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def window(browser: Any) -> Iterator[Visitor]:  # noqa: ANN401
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    visitor = Visitor(context.new_page())
    watch(visitor)
    yield visitor
    context.close()


def test_without_a_route_the_page_asks_at_most_once_a_second(
    window: Visitor, tmp_path: Path
) -> None:
    port = free_port()
    options = [f"--server.port={port}", "--server.headless=true"]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
    with running(command, port, tmp_path) as server:
        window.page.goto(server.url + LEXICAL)
        ended(window)
        window.page.goto(server.url + MODEL)
        begun = time.monotonic()
        ended(window)
        runs = window.begun
        window.search("how do I reset my password")
        assert window.begun - runs <= 5 + (time.monotonic() - begun)
        assert set(window.states().values()) == {"done"}
        assert server.process.poll() is None


def test_a_server_that_ends_in_the_middle_is_seen_and_comes_back(
    window: Visitor, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "components.cli", "serve", "--port", str(port)]
    with running(command, port, tmp_path) as server:
        window.page.goto(server.url + MODEL)
        window.page.locator(".board .column").first.wait_for()
    window.page.get_by_text("Connection error").first.wait_for()
    with running(command, port, tmp_path):
        window.page.locator(".st-key-downloads").wait_for()
        assert set(window.states().values()) == {"done"}


def test_a_server_that_is_told_to_end_does_not_wait_for_listeners(
    window: Visitor, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "components.cli", "serve", "--port", str(port)]
    with running(command, port, tmp_path) as server:
        window.page.goto(server.url + MODEL)
        window.page.locator(".st-key-progress").wait_for()
        server.process.terminate()
        begun = time.monotonic()
        server.process.wait(30)
        assert time.monotonic() - begun < 20
