"""A watcher that several threads share: once one of them was stopped, nobody is told anything."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from components.domain import Cancelled, Comparison, Corpus, Failure, Ranking
from components.lab import Lab
from components.pipeline import NullWatcher, PipelineRun, Pipelines, QueryInput
from components.pipeline.comparison import SharedWatcher, compare_candidates
from components.pipeline.stages import first_stage_ranking

PATIENCE = 30
NONE = Comparison("q", Ranking("bm25", ()))


class Stopping(NullWatcher):
    """Waits until it is released and stops whom it is told by; notes each call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.reached, self.released = threading.Event(), threading.Event()

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Raise Cancelled."""
        self._stop(system)

    def ranked(self, result: Ranking | Failure, comparison: Comparison) -> None:
        """Raise Cancelled."""
        self._stop(result.system)

    def _stop(self, system: str) -> None:
        self.calls.append(system)
        self.reached.set()
        assert self.released.wait(PATIENCE)
        raise Cancelled


def step(shared: SharedWatcher) -> None:
    shared.step("b", "run", 1, 2)


def ranked(shared: SharedWatcher) -> None:
    shared.ranked(Ranking("b", ()))


@pytest.mark.parametrize("first", [step, ranked])
@pytest.mark.parametrize("second", [step, ranked])
def test_who_comes_while_another_is_stopped_is_stopped_too(
    first: Callable[[SharedWatcher], None], second: Callable[[SharedWatcher], None]
) -> None:
    watcher, begun = Stopping(), threading.Barrier(2)
    shared, stopped = SharedWatcher(watcher, NONE, ("a", "b")), []

    def late() -> None:
        begun.wait(PATIENCE)
        try:
            second(shared)
        except Cancelled:
            stopped.append("late")

    def early() -> None:
        try:
            first(shared)
        except Cancelled:
            stopped.append("early")

    threads = [threading.Thread(target=work) for work in (early, late)]
    for thread in threads:
        thread.start()
    assert watcher.reached.wait(PATIENCE)  # the early one is inside
    begun.wait(PATIENCE)
    watcher.released.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(stopped) == ["early", "late"]
    assert watcher.calls == ["b"]
    with pytest.raises(Cancelled):
        shared.step("a", "run", 0, 1)
    assert watcher.calls == ["b"]


def test_of_many_at_once_one_is_told() -> None:
    watcher, many = Stopping(), 16
    watcher.released.set()
    begun, shared = threading.Barrier(many), SharedWatcher(watcher, NONE, ("b",))

    def tell() -> None:
        begun.wait(PATIENCE)
        with suppress(Cancelled):
            step(shared)

    threads = [threading.Thread(target=tell) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert watcher.calls == ["b"]


class Slow(NullWatcher):
    """Takes its time with the first step; notes when each begins and ends."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.reached, self.released = threading.Event(), threading.Event()

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Wait to be released."""
        self.notes.append("begins")
        self.reached.set()
        assert self.released.wait(PATIENCE)
        self.notes.append("ends")


def test_a_caller_that_has_gone_is_told_nothing(lab: Lab, exceptions: Corpus) -> None:
    watcher = Slow()
    run = PipelineRun(lab, exceptions, Pipelines("bm25", ("bm25",)), watcher)
    first = first_stage_ranking("bm25", exceptions.documents, [1.0] * len(exceptions.documents))
    loop, gone = asyncio.new_event_loop(), threading.Event()
    task = loop.create_task(compare_candidates(run, QueryInput("raise"), first))

    def work() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        watcher.notes.append("gone")
        gone.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert watcher.reached.wait(PATIENCE)
    loop.call_soon_threadsafe(task.cancel)
    assert not gone.wait(0.2)  # the step is still being passed on
    watcher.released.set()
    assert gone.wait(PATIENCE)
    thread.join(PATIENCE)
    for pipeline_thread in threading.enumerate():
        if pipeline_thread.name == "pipeline":
            pipeline_thread.join(PATIENCE)
    loop.close()
    *told, last = watcher.notes  # on a busy machine further steps may come before the stop
    assert last == "gone"
    assert told == ["begins", "ends"] * (len(told) // 2)
