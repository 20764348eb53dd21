"""Several visitors at once: four for 10 seconds, or eight for a minute with RERANK_LAB_SOAK=1."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

Rankings = dict[str, list[list[str]]]
LONG = os.environ.get("RERANK_LAB_SOAK") == "1"
SECONDS, WINDOWS = (60.0, 8) if LONG else (10.0, 4)
CANDIDATES = 20
"""Few, so that searches follow each other closely: many of them meet in the seconds there are."""
SETTLE_SECONDS = 90.0
"""Seconds after which a search that was begun in time must have ended."""
POOLED = min(32, (os.cpu_count() or 1) + 4)
"""Threads of asyncio's executor, which come as they are needed and then stay for the next work.

Every search has at least three threads of its own: if they stayed, there would be more.
"""
QUERIES = {
    "helpdesk": ("PW-119", "guest accounts", "message history limit", "delete a workspace"),
    "exceptions": (
        "weather in the harbour city",
        "how do I get the traceback into my log file",
        "putting a list in order",
        "clean up whatever happens",
    ),
}


@dataclass
class Turn:
    """One visitor's round of queries: which one is asked, since what, and how many are done."""

    visitor: Any
    queries: Sequence[str]
    at: int
    done: int = 0
    begun: int = 0

    @property
    def query(self) -> str:
        """Return the query that was asked last."""
        return self.queries[self.at % len(self.queries)]

    def ask(self) -> None:
        """Ask the next query, and do not wait."""
        self.at += 1
        self.begun = self.visitor.begun
        self.visitor.type(self.query)

    def ended(self) -> bool:
        """Return whether the page shows the end of the comparison."""
        self.visitor.page.wait_for_timeout(20)
        return self.visitor.begun > self.begun and bool(self.visitor.ended())


def open_at(enter: Callable[..., Any], corpus: str) -> Any:  # noqa: ANN401
    """Return a visitor who compares over a corpus."""
    visitor = enter(f"/?corpus={corpus}&candidates={CANDIDATES}")
    visitor.page.locator(".st-key-verdict").wait_for()
    visitor.idle()
    return visitor


def check(turn: Turn, alone: Rankings) -> None:
    """Compare what a visitor sees with what the same search showed alone."""
    page = turn.visitor.page
    assert page.locator(".st-key-complaint, [data-testid=stException]").count() == 0
    assert page.locator(".note.failed").count() == 0
    assert turn.visitor.rankings() == alone, turn.query


def threads(pid: int, limit: int) -> int:
    """Return how many threads the server has, once they are few enough or time is up."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (count := psutil.Process(pid).num_threads()) > limit and time.monotonic() < deadline:
        time.sleep(0.5)
    return count


def search_alone(enter: Callable[..., Any]) -> dict[str, Rankings]:
    """Return what each query shows when nobody else searches."""
    alone = {}
    for corpus, queries in QUERIES.items():
        visitor = open_at(enter, corpus)
        for query in queries:
            visitor.search(query)
            alone[query] = visitor.rankings()
        visitor.page.close()
    return alone


def test_visitors_at_once_see_what_each_alone_would(
    server: Any,  # noqa: ANN401
    enter: Callable[..., Any],
) -> None:
    alone = search_alone(enter)
    before = psutil.Process(server.process.pid).num_threads()
    turns = [
        Turn(open_at(enter, corpus), queries, first)
        for first in range(WINDOWS // 2)
        for corpus, queries in QUERIES.items()
    ]
    for turn in turns:
        turn.ask()
    deadline, waiting = time.monotonic() + SECONDS, list(turns)
    while waiting:
        assert time.monotonic() < deadline + SETTLE_SECONDS, "somebody waits for ever"
        for turn in [turn for turn in waiting if turn.ended()]:
            check(turn, alone[turn.query])
            turn.done += 1
            if time.monotonic() < deadline:
                turn.ask()
            else:
                waiting.remove(turn)
    for turn in turns:
        turn.visitor.page.close()
    after = threads(server.process.pid, before + POOLED)
    counts = [turn.done for turn in turns]
    summary = f"{sum(counts)} searches {counts}; {before} threads before, {after} after"
    assert min(counts) >= 1, summary
    assert after <= before + POOLED < before + 3 * sum(counts), summary
    warnings.warn(summary, stacklevel=1)
