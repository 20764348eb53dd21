"""Work in threads that a page waits for: progress, Stop, errors and results."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import streamlit as st

from components.advice.estimates import Estimate
from components.lab import PAID_PATIENCE_S, BackgroundTask, StepReport, Worker
from components.ui.shared import live, page, spending, state
from components.ui.shared.progress import Line, progress

T = TypeVar("T")
POLL_SECONDS = 1.0
"""How often a page without live updates looks for news, at most."""
POLL_SHARE = 8
"""How many times longer than a drawing took it then waits."""
NOTHING = Estimate()


class Computation(BackgroundTask, Generic[T]):
    """A background task with a result, which is None until it has ended well."""

    def __init__(self, compute: Callable[[StepReport], T], patience_s: float = math.inf) -> None:
        super().__init__(self._take, patience_s)
        self._compute = compute
        self.result: T | None = None

    def _take(self, report: StepReport) -> None:
        self.result = self._compute(report)


def patience(estimate: Estimate) -> float:
    """Return the patience of work, in seconds: without end unless it costs something."""
    return PAID_PATIENCE_S if estimate.systems else math.inf


def watch(task: BackgroundTask, name: str) -> bool:
    """Show a task's progress, a Stop button and its error; return whether it has ended.

    The page runs once more when the task ends. `name` is part of the elements' keys.
    """
    number, at_work = task.news.number, not task.finished  # before drawing: nothing is missed
    st.fragment(_watch)(task, name, at_work=at_work)
    if at_work:
        poll(task, number)
    return not at_work


def follow(task: BackgroundTask, name: str) -> bool:
    """Watch a task inside of a fragment, which alone runs once more when the task ends.

    What the rest of the page says stays as it is; return whether the task has ended.
    """
    number, at_work = task.news.number, not task.finished  # before drawing: nothing is missed
    task.ask()
    _draw(task, name)
    if at_work:
        poll(task, number)
    return not at_work


def _watch(task: BackgroundTask, name: str, *, at_work: bool) -> None:
    task.ask()
    if task.finished and at_work:
        st.rerun()
    _draw(task, name)


def _draw(task: BackgroundTask, name: str) -> None:
    """Show how far a task is and a button that stops it, or its error."""
    if task.finished:
        if task.error:
            page.complain(task.error, key=f"complaint-{name}")
        return
    followed = live.carried(name, task, lambda topic: _line(task).as_change())
    progress([_line(task)], key=f"progress_{name}", live=followed)
    if st.button("Stop", key=f"stop_{name}", icon=":material/stop:"):
        task.stop()


def _line(task: BackgroundTask) -> Line:
    step = task.step
    share = step.done / step.total if step.total else 0.0
    amount = f": {step.done:,} of {step.total:,}" if step.total else " …"  # of nobody knows what
    return Line("step", f"{step.state}{amount}", share)


def poll(worker: Worker, drawn: int) -> None:
    """Without a route of the lab's own, look for news now and then, and draw the page where it is.

    An answer without news since the number `drawn` draws nothing. The slower a drawing is, the less
    often it is looked.
    """
    if not live.address():
        drawing_s = time.monotonic() - float(state.get(state.DRAWING) or time.monotonic())
        every = max(POLL_SECONDS, POLL_SHARE * drawing_s)
        st.fragment(_look, run_every=every)(worker, drawn)


def _look(worker: Worker, drawn: int) -> None:
    worker.ask()
    if worker.news.number != drawn:
        st.rerun()


def result_of(key: Hashable) -> object | None:
    """Return the result of a computation that was begun on demand, once it has ended."""
    computation: Computation[object] | None = state.mapping(state.COMPUTATIONS).get(key)
    return computation.result if computation and computation.finished else None


def on_demand(
    key: Hashable,
    label: str,
    name: str,
    compute: Callable[[StepReport], T],
    icon: str | None = None,
    estimate: Estimate = NOTHING,
) -> T | None:
    """Offer a computation with progress and Stop; return its result once it has ended.

    The result belongs to `key` and stays until the computation is begun again; `name` is part of
    the elements' keys, and `estimate` is what it costs.
    """
    computations = state.mapping(state.COMPUTATIONS)
    computation: Computation[T] | None = computations.get(key)
    busy = computation is not None and not computation.finished
    pressed = st.button(label, key=f"{name}_now", disabled=busy, icon=icon)
    if spending.confirmed(pressed, estimate, name):
        computation = computations[key] = Computation(compute, patience(estimate)).start()
    if computation is None:
        return None
    return computation.result if watch(computation, name) else None
