"""A real server and a real browser.

Everything here lives for one test module: Playwright keeps an event loop in this thread while it
is open, and later tests need the thread for loops of their own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0
PATIENCE_MS = 120_000.0
"""Milliseconds after which a wait in the browser fails; a cold, busy machine is slow."""


@dataclass(frozen=True)
class Server:
    """A running app: its address and the process that serves it."""

    url: str
    process: subprocess.Popen[bytes]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await(server: Server, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{server.url}/_stcore/health", timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not answer:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve the app as `rerank-lab serve` does, with the tests' own cache."""
    port = _free_port()
    folder = Path(tempfile.mkdtemp(prefix="rerank-lab-server-"))
    command = [sys.executable, "-m", "components.cli", "serve", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    running = Server(f"http://127.0.0.1:{port}", process)
    try:
        _await(running, folder / "log")
        yield running
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        assert "Traceback" not in (folder / "log").read_text(), (folder / "log").read_text()
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        shutil.rmtree(folder, ignore_errors=True)


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


# Counts the runs of the script that the page has shown to their end.
COUNT_RUNS = """
window.__shown = 0;
new MutationObserver((changes) => {
  window.__shown += changes.filter(({ oldValue }) => oldValue === "running").length;
}).observe(document, {
  subtree: true, attributes: true, attributeOldValue: true,
  attributeFilter: ["data-test-script-state"],
});
"""
# A run may be over before the page shows that it began; a second is plenty to draw it.
SHOWN = """([shown, since]) => window.__shown > shown || Date.now() - since > 1000"""
IDLE = """() =>
  document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
  && !document.querySelector('.st-key-progress')
  && !document.querySelector('[data-testid=stSkeleton]')
"""
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
    finished: int = 0

    def idle(self) -> None:
        """Wait until the script and the comparison have ended."""
        self.page.wait_for_function(IDLE)

    def after(self, act: Callable[[], object]) -> None:
        """Do something that makes the script run, and wait until all of it has ended."""
        sent, finished = self.sent, self.finished
        shown = self.page.evaluate("window.__shown")
        act()
        self.until(lambda: self.sent > sent and self.finished > finished)
        since = self.page.evaluate("Date.now()")
        self.page.wait_for_function(SHOWN, arg=[shown, since])
        self.idle()

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something that the web socket tells."""
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

    def ended(self, shown: int, since: float) -> bool:
        """Return whether the page shows the end of a run and of its comparison, without waiting."""
        page = self.page
        return bool(page.evaluate(SHOWN, [shown, since]) and page.evaluate(f"!!({IDLE})()"))

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

    def go(self, name: str) -> None:
        """Go to a page by the navigation."""
        self.after(self.page.get_by_test_id("stPageLink").get_by_text(name, exact=True).click)


Enter = Callable[..., Visitor]


@contextmanager
def _visits(server: Server, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
    contexts: list[Any] = []
    visitors: list[Visitor] = []

    def visit(path: str = "/", beside: Visitor | None = None, **options: object) -> Visitor:
        if beside is None:
            settings = {"viewport": {"width": 1440, "height": 900}} | options
            contexts.append(browser.new_context(**settings))
            contexts[-1].set_default_timeout(PATIENCE_MS)
            contexts[-1].add_init_script(COUNT_RUNS)
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
def enter(server: Server, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
    """Return a function that opens the app in a window of its own; check its console at the end."""
    with _visits(server, browser) as visit:
        yield visit


@pytest.fixture(scope="module")
def long_stay(server: Server, browser: Any) -> Iterator[Enter]:  # noqa: ANN401
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
        if isinstance(frame, bytes):
            visitor.finished += ForwardMsg.FromString(frame).HasField("script_finished")

    def listen(socket: Any) -> None:  # noqa: ANN401
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
