"""A comparison at work: ordinary threads fill it, a page shows whatever it holds so far."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from components import pipeline
from components.domain import Cancelled, Corpus, Failure, LabError, Ranking
from components.lab import Lab
from components.pipeline import Request

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a system is: a state such as wait, load, run, done, failed, stopped, and how far."""

    state: str = "wait"
    done: int = 0
    total: int = 0


@dataclass
class Job:
    """One comparison, and the thread that works on it. It watches its own pipeline."""

    lab: Lab
    corpus: Corpus
    request: Request
    stages: dict[str, Stage] = field(default_factory=dict)
    results: dict[str, Ranking | Failure] = field(default_factory=dict)
    first_stage: Ranking | None = None
    error: LabError | None = None

    def __post_init__(self) -> None:
        """Prepare the systems' stages."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="comparison", daemon=True)
        # Every key from the start: a page may go through them while the work goes on.
        self.stages = dict.fromkeys((FIRST, *self.request.rerankers), Stage())

    def start(self) -> Job:
        """Begin, and return at once."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask the work to end at its next step."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Return whether somebody asked the work to end."""
        return self._stop.is_set()

    @property
    def finished(self) -> bool:
        """Return whether the work has ended, well or not."""
        return not self._thread.is_alive() and self._thread.ident is not None

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        self._thread.join(timeout)

    # ------------------------------------------------------------ watching

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Note how far a system is; raise Cancelled once the work was stopped."""
        if self._stop.is_set():
            raise Cancelled
        self.stages[self._place(system)] = Stage(state, done, total)

    def ranked(self, result: Ranking | Failure) -> None:
        """Keep a result."""
        state = "failed" if isinstance(result, Failure) else "done"
        if self.first_stage is None and isinstance(result, Ranking):
            self.first_stage = result
            self.stages[FIRST] = Stage(state)
        else:
            self.results[result.system] = result
            self.stages[result.system] = Stage(state)

    def _place(self, system: str) -> str:
        """Return where a step belongs: bm25 can be the first stage and a reranker at once."""
        return FIRST if self.first_stage is None else system

    def _work(self) -> None:
        try:
            asyncio.run(pipeline.compare(self.lab, self.corpus, self.request, self))
        except Cancelled:
            self._stop.set()
        except LabError as exc:
            self.error = exc
        except Exception as exc:  # the page must say so instead of waiting for ever
            _log.exception("a comparison failed")
            self.error = LabError(f"{type(exc).__name__}: {exc}", "See the lab's log.")
        for system, stage in self.stages.items():
            if stage.state not in {"done", "failed"}:
                self.stages[system] = replace(stage, state="stopped")


FIRST = "first stage"
"""The key of the first stage among a job's stages."""


@dataclass
class Task:
    """Work with progress and an end, such as indexing a corpus, in a thread of its own."""

    work: Callable[[Callable[[str, int, int], None]], None]
    stage: Stage = field(default_factory=Stage)
    error: LabError | None = None

    def __post_init__(self) -> None:
        """Prepare the thread."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="task", daemon=True)

    def start(self) -> Task:
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
    def finished(self) -> bool:
        """Return whether the work has ended, well or not."""
        return not self._thread.is_alive() and self._thread.ident is not None

    def _report(self, step: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Cancelled
        self.stage = Stage(step, done, total)

    def _run(self) -> None:
        try:
            self.work(self._report)
            self.stage = Stage("done")
        except Cancelled:
            self.stage = Stage("stopped")
        except LabError as exc:
            self.error, self.stage = exc, Stage("failed")
        except Exception as exc:  # the page must say so instead of waiting for ever
            _log.exception("a task failed")
            self.error = LabError(f"{type(exc).__name__}: {exc}", "See the lab's log.")
            self.stage = Stage("failed")
