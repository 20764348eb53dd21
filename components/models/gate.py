"""The gate: local models work one at a time, so that a latency is of that model alone.

The queue: whole comparisons take turns, so that eight that begin together end one after another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Gate:
    """Lets one local model run at a time.

    First come, first served, except that urgent work (a query's embedding, a few milliseconds)
    goes before work that takes seconds, and may run while a model is being loaded.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: list[tuple[bool, int]] = []
        self._inside: list[bool] = []  # for each holder: is it only loading?
        self._turn = 0

    @contextmanager
    def hold(
        self,
        *,
        urgent: bool = False,
        loading: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> Iterator[float]:
        """Hold the gate; yield the milliseconds waited. `check` is called while waiting."""
        begun = time.perf_counter()
        self._enter(urgent, loading, check)
        try:
            yield (time.perf_counter() - begun) * 1000
        finally:
            with self._condition:
                self._inside.remove(loading)
                self._condition.notify_all()

    def _enter(self, urgent: bool, loading: bool, check: Callable[[], None]) -> None:
        def blocked() -> bool:
            return not all(self._inside) if urgent else bool(self._inside)

        with self._condition:
            self._turn += 1
            ticket = (not urgent, self._turn)
            self._waiting.append(ticket)
            try:
                while min(self._waiting) != ticket or blocked():
                    check()
                    self._condition.wait(timeout=0.05)
                self._inside.append(loading)
            finally:
                self._waiting.remove(ticket)
                self._condition.notify_all()


class Queue:
    """Lets one comparison's models work at a time, so that the first to come is the first to end.

    Background work, such as one query of an evaluation, gives way to all comparisons that wait.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: list[tuple[bool, int]] = []
        self._busy = False
        self._turn = 0

    @contextmanager
    def turn(
        self, *, background: bool = False, check: Callable[[int], None] = lambda place: None
    ) -> Iterator[None]:
        """Wait for a turn and hold it; `check` is called while waiting, with how many go before."""
        self._enter(background, check)
        try:
            yield
        finally:
            with self._condition:
                self._busy = False
                self._condition.notify_all()

    def _enter(self, background: bool, check: Callable[[int], None]) -> None:
        with self._condition:
            self._turn += 1
            ticket = (background, self._turn)
            self._waiting.append(ticket)
            try:
                while self._busy or min(self._waiting) != ticket:
                    check(sum(other < ticket for other in self._waiting) + self._busy)
                    self._condition.wait(timeout=0.05)
                self._busy = True
            finally:
                self._waiting.remove(ticket)
                self._condition.notify_all()


GATE = Gate()
"""The one gate of this process."""
QUEUE = Queue()
"""The one queue of this process."""
