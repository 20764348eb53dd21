"""Whole comparisons take turns: first come, first served; evaluations give way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from components.domain import Cancelled
from components.models.gate import Queue


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.002)


class Line:
    """Threads that queue one after another, each holding its turn until it is let go."""

    def __init__(self) -> None:
        self.queue = Queue()
        self.order: list[str] = []
        self.places: dict[str, list[int]] = {}
        self._may_end: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []

    def join(self, name: str, *, background: bool = False) -> None:
        """Let somebody queue, and wait until they hold their turn or wait for it."""
        self.places[name], self._may_end[name] = [], threading.Event()

        def work() -> None:
            with self.queue.turn(background=background, check=self.places[name].append):
                self.order.append(name)
                assert self._may_end[name].wait(10)

        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()
        until(lambda: name in self.order or bool(self.places[name]))

    def end(self, *names: str) -> None:
        """Let them end in turn."""
        for name in names:
            until(lambda name=name: name in self.order)  # type: ignore[misc]
            self._may_end[name].set()
        if len(self.order) == len(self._threads):
            for thread in self._threads:
                thread.join(10)


def test_the_first_to_come_is_the_first_served() -> None:
    line = Line()
    for name in "abcd":
        line.join(name)
    assert line.order == ["a"]
    line.end(*"abcd")
    assert line.order == list("abcd")


def test_who_waits_learns_how_many_go_before() -> None:
    line = Line()
    for name in "abc":
        line.join(name)
    assert (line.places["a"], line.places["b"][0], line.places["c"][0]) == ([], 1, 2)
    line.end("a")
    until(lambda: line.places["c"][-1] == 1)
    line.end("b", "c")


def test_background_work_gives_way_to_all_that_wait() -> None:
    line = Line()
    line.join("a")
    line.join("evaluation", background=True)
    for name in "bc":
        line.join(name)
    assert line.places["evaluation"][0] == 1
    line.end("a", "b", "c", "evaluation")
    assert line.order == ["a", "b", "c", "evaluation"]


def test_who_gives_up_leaves_the_line() -> None:
    line = Line()
    line.join("a")

    def give_up(place: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled), line.queue.turn(check=give_up):
        pytest.fail("it had no turn")
    line.join("b")
    assert line.places["b"][0] == 1
    line.end("a", "b")


def test_a_failure_ends_the_turn() -> None:
    queue = Queue()
    with pytest.raises(ZeroDivisionError), queue.turn():
        raise ZeroDivisionError
    with queue.turn(check=lambda place: pytest.fail("nobody is before it")):
        pass
