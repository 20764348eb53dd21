"""A window of a real browser: what is done in it, and what came over its web socket."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE_MS = 120_000.0
"""Milliseconds after which a wait in the browser fails; a cold, busy machine is slow."""
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
        elif re.search(r'"svg":\s*"<svg', element.bidi_component.json):
            visitor.charts.append(element.bidi_component.json)
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
