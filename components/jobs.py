"""A comparison at work: ordinary threads fill it, a page shows whatever it holds so far."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Self

from components import pipeline
from components.domain import Cancelled, Corpus, Failure, LabError, Ranking
from components.evaluation import Evaluation, Metrics, Plan, evaluate
from components.lab import Lab, Report
from components.pipeline import Request
from components.snapshots import Snapshot, SnapshotStore, snapshot

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a system is: a state such as wait, load, run, done, failed, stopped, and how far."""

    state: str = "wait"
    done: int = 0
    total: int = 0


FIRST = "first stage"
"""The key of the first stage among a job's stages."""


class Worker(ABC):
    """A thread with an end that can be asked for: the work stops at its next step."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)
        self.error: LabError | None = None

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
        """Return whether somebody asked the work to end."""
        return self._stop.is_set()

    @property
    def finished(self) -> bool:
        """Return whether the work has ended, well or not."""
        return not self._thread.is_alive() and self._thread.ident is not None

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
        self._end()


class Job(Worker):
    """One comparison at work. It watches its own pipeline."""

    def __init__(
        self,
        lab: Lab,
        corpus: Corpus,
        request: Request,
        held: Mapping[str, Ranking] | None = None,
    ) -> None:
        super().__init__("comparison")
        self.lab = lab
        self.corpus = corpus
        self.request = request
        self.held = held or {}
        # Every key from the start: a page may go through them while the work goes on.
        self.stages = dict.fromkeys((FIRST, *request.systems), Stage())
        self.results: dict[str, Ranking | Failure] = {}
        self.first_stage: Ranking | None = None

    def await_first_stage(self, seconds: float) -> Self:
        """Wait a moment for the first stage, so that a page can show it in its first drawing."""
        until = time.monotonic() + seconds
        while self.first_stage is None and not self.finished and time.monotonic() < until:
            time.sleep(0.005)
        return self

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Note how far a system is; raise Cancelled once the work was stopped."""
        self.check()
        # bm25 can be the first stage and a reranker at once
        self.stages[FIRST if self.first_stage is None else system] = Stage(state, done, total)

    def ranked(self, result: Ranking | Failure) -> None:
        """Keep a result."""
        place = result.system
        if self.first_stage is None and isinstance(result, Ranking):
            self.first_stage, place = result, FIRST
        else:
            self.results[result.system] = result
        self.stages[place] = Stage("failed" if isinstance(result, Failure) else "done")

    def _work(self) -> None:
        asyncio.run(pipeline.compare(self.lab, self.corpus, self.request, self, self.held))

    def _end(self) -> None:
        for system, stage in self.stages.items():
            if stage.state not in {"done", "failed"}:
                self.stages[system] = replace(stage, state="stopped")


MEASURED_AT_ONCE = 200
"""Queries after which an evaluation at work measures what it has."""
_AT_WORK: list[Evaluating] = []


def at_work(fingerprints: Collection[str]) -> tuple[Evaluating, ...]:
    """Return the evaluations of these corpora that this process works on, whoever began them.

    A window that is closed or reloaded loses sight of its evaluation; the work goes on.
    """
    return tuple(e for e in list(_AT_WORK) if e.chosen.fingerprint in fingerprints)


class Evaluating(Worker):
    """One evaluation at work; when it ends, with what it has, it is measured and kept."""

    def __init__(
        self, lab: Lab, corpus: Corpus, chosen: Plan, before: Snapshot | None = None
    ) -> None:
        super().__init__("evaluation")
        self.lab, self.corpus, self.chosen = lab, corpus, chosen
        self.found = before.evaluation if before else Evaluation(chosen.systems)
        self.step = Stage()
        self.snapshot: Snapshot | None = None
        self.metrics: Mapping[str, Metrics] = {}
        self.not_kept: LabError | None = None
        self._id = before.id if before else ""
        self._next = MEASURED_AT_ONCE

    @property
    def shown(self) -> bool:
        """Return whether there is a result to show; keeping it may still go on."""
        return self.snapshot is not None or self.finished

    def seconds_left(self, system: str) -> float | None:
        """Return about how long a system still needs; None before it has ended a query."""
        ended = list(self.found.rankings.get(system, {}).values())
        if not ended:
            return None
        first = system == self.chosen.first_stage
        spent = [
            0.0
            if r.usage.reused == r.usage.pairs > 0
            else r.timing.total_ms
            if first
            else r.timing.rerank_ms
            for r in ended
        ]
        return sum(spent) / 1000 / len(ended) * (len(self.chosen.queries) - len(ended))

    def _report(self, system: str, done: int, total: int) -> None:
        self.check()
        self.step = Stage(system, done, total)
        if done >= self._next:  # measured on the way, so that nobody waits for it at the end
            self._next = done + MEASURED_AT_ONCE
            self.metrics = self.found.metrics(self.chosen.judgments, known=self.metrics)

    def _work(self) -> None:
        _AT_WORK.append(self)
        try:
            evaluate(self.lab, self.corpus, self.chosen, self._report, self.found)
        finally:
            _AT_WORK.remove(self)

    def _end(self) -> None:
        self.step = Stage("stopped" if self.stopped else "failed" if self.error else "done")
        if not self.found.rankings and not self.found.failures:
            return
        one = snapshot(self.chosen, self.found, self.lab.settings, self._id)
        self.metrics = self.found.metrics(self.chosen.judgments, known=self.metrics)
        self.snapshot = one
        if self.found.complete:
            try:
                SnapshotStore(self.lab.settings.data_dir).save(one, self.metrics)
            except LabError as exc:
                self.not_kept = exc


class Task(Worker):
    """Work with progress, such as indexing a corpus."""

    def __init__(self, work: Callable[[Report], None]) -> None:
        super().__init__("task")
        self.stage = Stage()
        self._given = work

    def _report(self, step: str, done: int, total: int) -> None:
        self.check()
        self.stage = Stage(step, done, total)

    def _work(self) -> None:
        self._given(self._report)
        self.stage = Stage("done")

    def _end(self) -> None:
        if self.stage.state != "done":
            self.stage = Stage("failed" if self.error else "stopped")
