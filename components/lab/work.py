"""Work in threads: it reports how far it is, and ends at its next step once it was asked to."""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from components.domain import Cancelled, LabError
from components.lab.news import News

_serials = itertools.count(1)
_log = logging.getLogger(__name__)
StepReport = Callable[[str, int, int], None]
"""`report(step, done, total)`; it may raise `Cancelled`."""


def no_report(step: str, done: int, total: int) -> None:
    """Ignore progress."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a system is: a state such as wait, load, run, done, failed, stopped, and how far."""

    state: str = "wait"
    done: int = 0
    total: int = 0


ENDED, PROGRESS = "ended", "progress"
"""Topics of a worker's news."""
PAID_PATIENCE_S = 120.0
"""Seconds after which a comparison, or work that costs money, ends: nothing asks about it."""


class Worker(ABC):
    """A thread with an end that can be asked for: the work stops at its next step.

    `serial` tells it from all other work of the process.
    With `patience_s` it also ends once nothing has asked about it for so many seconds.
    """

    def __init__(
        self,
        name: str,
        patience_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop, self._finished = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)
        self.error: LabError | None = None
        self.serial = next(_serials)
        self.news = News()
        self._patience_s, self._clock = patience_s, clock
        self._asked_s = clock()

    def ask(self) -> None:
        """Say that the work is still wanted."""
        self._asked_s = self._clock()

    def start(self) -> Self:
        """Begin, and return at once."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask the work to end at its next step."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        self._thread.join(timeout)

    @property
    def stopped(self) -> bool:
        """Return whether the work was asked to end."""
        return self._stop.is_set()

    @property
    def finished(self) -> bool:
        """Return whether the work has ended, well or not."""
        return self._finished.is_set()

    @property
    def impatient(self) -> bool:
        """Return whether the work ends once nothing asks about it."""
        return math.isfinite(self._patience_s)

    @property
    def forgotten(self) -> bool:
        """Return whether nothing has asked about the work for longer than its patience."""
        return self._clock() - self._asked_s > self._patience_s

    def check(self) -> None:
        """Raise Cancelled once the work was asked to end."""
        if self._stop.is_set():
            raise Cancelled

    @abstractmethod
    def _work(self) -> None:
        """Do the work; `_end` follows, whatever happens."""

    @abstractmethod
    def _end(self) -> None:
        """Bring what is shown into its final state."""

    def _guarded(self) -> None:
        try:
            self._work()
        except Cancelled:
            self._stop.set()
        except LabError as exc:
            self.error = exc
        except Exception as exc:  # the page must say so instead of waiting for ever
            _log.exception("%s failed", self._thread.name)
            self.error = LabError(f"{type(exc).__name__}: {exc}", "See the lab's log.")
        try:
            self._end()
        finally:
            self._finished.set()
            self.news.tell(ENDED, pressing=True)


class BackgroundTask(Worker):
    """Work with progress, such as indexing a corpus; it ends at its next step once forgotten."""

    def __init__(
        self,
        work: Callable[[StepReport], None],
        patience_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("task", patience_s, clock)
        self.step = Step()
        self._work_on = work

    def check(self) -> None:
        """Raise Cancelled once the work was asked to end, or was forgotten."""
        if self.forgotten:
            self.stop()
        super().check()

    def _report(self, step: str, done: int, total: int) -> None:
        self.check()
        self.step = Step(step, done, total)
        self.news.tell(PROGRESS)

    def _work(self) -> None:
        self._work_on(self._report)
        self.step = Step("done")

    def _end(self) -> None:
        if self.step.state != "done":
            self.step = Step("failed" if self.error else "stopped")
