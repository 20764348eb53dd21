"""A real server for all modules, and a real browser for each.

A browser lives for one test module: Playwright keeps an event loop in this thread while it is
open, and later tests need the thread for loops of their own.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.support.servers.app_server import AppServer, serve_app


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


ROOT = Path(__file__).resolve().parents[2]
PATIENCE_MS = 120_000.0
"""Milliseconds after which a wait in the browser fails; a cold, busy machine is slow."""


@pytest.fixture(scope="package")
def served() -> Iterator[AppServer]:
    """Serve the app as `rerank-lab serve` does, with the tests' own cache, for all modules."""
    with serve_app([sys.executable, "-m", "components.cli"], ROOT) as running:
        yield running


@pytest.fixture(scope="module")
def server(served: AppServer) -> Iterator[AppServer]:
    """Return the running app; fail where it ended or wrote a traceback during the module."""
    begun = served.written()
    yield served
    served.check(begun)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Debian's Chromium; without one the tests are skipped, or fail where it is required."""
    path = shutil.which("chromium")
    if path is None:
        reason = "there is no chromium on this machine"
        if os.environ.get("RERANK_LAB_REQUIRE_BROWSER"):
            pytest.fail(f"{reason}, and RERANK_LAB_REQUIRE_BROWSER is set")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


IDLE = """() =>
  document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
  && !document.querySelector('.st-key-progress')
  && !document.querySelector('[data-testid=stSkeleton]')
"""
# The frames have come; give the page its own time to draw them.
DRAW = "() => new Promise((done) => setTimeout(() => setTimeout(done, 150), 150))"
RANKINGS = """(board) => Object.fromEntries([...board.querySelectorAll('.column')].map((column) => [
  column.dataset.letter,
  [...column.querySelectorAll('.card')].map((card) => [
    card.querySelector('.title, .text').textContent, card.querySelector('.score').textContent,
  ]),
]))"""
STATES = """(board) => Object.fromEntries([...board.querySelectorAll('.column')].map(
  (column) => [column.dataset.letter, column.dataset.state]))"""


@dataclass
class Visitor:
    """One browser tab: its page, what it complained about, how often it asked and was answered."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    sent: int = 0
    begun: int = 0
    answered: bool = False
    """Whether the server has ended the run that it began last."""
    received: int = 0
    """Bytes that came over the web socket."""
    charts: list[str] = field(default_factory=list)
    """The figures that came, in the order in which they did, as JSON."""

    def ended(self) -> bool:
        """Return whether the page shows the end of the comparison; do not wait for it."""
        if not (self.answered and self.page.evaluate(f"!!({IDLE})()")):
            return False
        self.page.evaluate(DRAW)
        return self.answered and bool(self.page.evaluate(f"!!({IDLE})()"))

    def idle(self) -> None:
        """Wait until the script and the comparison have ended."""
        self.until(self.ended)

    def after(self, act: Callable[[], object]) -> None:
        """Do something that makes the script run, and wait until all of it has ended."""
        begun = self.begun
        act()
        self.until(lambda: self.begun > begun)
        self.idle()

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something that the page or the web socket tells."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not reached():
            assert time.monotonic() < deadline, "the server did not answer"
            self.page.wait_for_timeout(20)

    def quiet(self) -> None:
        """Wait until the page no longer asks the server for news."""
        sent = -1
        while sent != self.sent:
            sent = self.sent
            self.page.wait_for_timeout(700)
        self.idle()

    @property
    def query(self) -> Any:  # noqa: ANN401
        """Return the query field."""
        return self.page.locator(".st-key-ask input")

    def type(self, query: str) -> None:
        """Type a query and press Enter; do not wait."""
        self.query.fill(query)
        self.query.press("Enter")

    def search(self, query: str) -> None:
        """Type a query, press Enter and wait for the end of the comparison."""
        self.after(lambda: self.type(query))
        self.page.locator(".board .card").first.wait_for()

    def choose(self, field_key: str, option: str) -> None:
        """Choose an option of a select box."""
        box = self.page.locator(f".st-key-{field_key} input")
        box.click()
        listed = self.page.get_by_role("option", name=option)
        self.after(listed.first.click)

    def states(self) -> dict[str, str]:
        """Return each column's state by its letter."""
        return dict(self.page.locator(".board").evaluate(STATES))

    def rankings(self) -> dict[str, list[list[str]]]:
        """Return each column's cards, as title and score, by its letter."""
        return dict(self.page.locator(".board").evaluate(RANKINGS))

    def titles(self, letter: str) -> list[str]:
        """Return the titles of one column's cards."""
        return [title for title, _ in self.rankings()[letter]]

    def card(self, letter: str, title: str) -> Any:  # noqa: ANN401
        """Return a document's card in one column."""
        return self.page.locator(f".column[data-letter={letter}] .card").filter(has_text=title)

    def open(self, view: str) -> None:
        """Open one of a page's views, unless it is open."""
        button = self.page.get_by_role("radio", name=view, exact=True)
        if button.get_attribute("aria-checked") != "true":
            self.after(button.click)

    def go(self, name: str) -> None:
        """Go to a page by the navigation."""
        self.after(self.page.get_by_test_id("stPageLink").get_by_text(name, exact=True).click)


Enter = Callable[..., Visitor]


@contextmanager
def _visits(server: AppServer, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
    contexts: list[Any] = []
    visitors: list[Visitor] = []

    def visit(path: str = "/", beside: Visitor | None = None, **options: object) -> Visitor:
        if beside is None:
            settings = {"viewport": {"width": 1440, "height": 900}} | options
            contexts.append(browser.new_context(**settings))
            contexts[-1].set_default_timeout(PATIENCE_MS)
        page = (beside.page.context if beside else contexts[-1]).new_page()
        visitors.append(Visitor(page))
        watch(visitors[-1])
        page.goto(server.url + path)
        return visitors[-1]

    yield visit
    for context in contexts:
        context.close()
    assert [said for visitor in visitors for said in visitor.complaints] == []


@pytest.fixture
def enter(server: AppServer, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
    """Return a function that opens the app in a window of its own; check its console at the end."""
    with _visits(server, browser) as visit:
        yield visit


@pytest.fixture(scope="module")
def long_stay(server: AppServer, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
    """Return the same function for windows that several tests share."""
    with _visits(server, browser) as visit:
        yield visit


def watch(visitor: Visitor) -> None:
    """Note what the console calls an error, faults of the page's scripts and failed requests."""

    def console(message: Any) -> None:  # noqa: ANN401
        if message.type == "error" and not _probe(message.location.get("url", "")):
            visitor.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def sent(_frame: bytes | str) -> None:
        visitor.sent += 1

    def received(frame: bytes | str) -> None:
        message = ForwardMsg.FromString(frame) if isinstance(frame, bytes) else ForwardMsg()
        visitor.received += len(frame)
        element = message.delta.new_element
        if element.HasField("plotly_chart"):
            visitor.charts.append(element.plotly_chart.spec)
        if message.HasField("new_session"):
            visitor.begun += 1
            visitor.answered = False
        elif message.HasField("script_finished"):
            visitor.answered = message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def listen(socket: Any) -> None:  # noqa: ANN401
        visitor.answered = False
        socket.on("framesent", sent)
        socket.on("framereceived", received)

    visitor.page.on("console", console)
    visitor.page.on("websocket", listen)
    visitor.page.on("pageerror", lambda fault: visitor.complaints.append(f"fault: {fault}"))


def _probe(url: str) -> bool:
    """Tell whether an error is Streamlit's search for its own base path.

    On /corpus the frontend cannot know whether the app lives at / or at /corpus/: it asks both for
    _stcore/health and _stcore/host-config, and the console shows the one that is not there.
    """
    return "/_stcore/" in url and not url.split("/", 3)[3].startswith("_stcore/")
