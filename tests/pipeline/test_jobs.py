"""Comparisons and tasks at work: their states, stopping them, and how they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from components.domain import Comparison, Corpus, Document, Failure, InputError, LabError, Ranking
from components.lab import Lab
from components.lab.work import BackgroundTask, Step
from components.pipeline import Request
from components.pipeline.job import FIRST, ComparisonJob
from tests.support.asking import asked, results

WORDS = "raise exception traceback"
Report = Callable[[str, int, int], None]


class Diary(dict[str, Step]):
    """A job's stages that also notes every change."""

    def __init__(self, stages: dict[str, Step]) -> None:
        super().__init__(stages)
        self.notes: list[tuple[str, Step]] = []

    def __setitem__(self, key: str, stage: Step) -> None:
        self.notes.append((key, stage))
        super().__setitem__(key, stage)

    def of(self, key: str) -> list[str]:
        """Return the states a system went through, without repeats in a row."""
        states = [stage.state for k, stage in self.notes if k == key]
        return [s for i, s in enumerate(states) if i == 0 or states[i - 1] != s]


def started(lab: Lab, corpus: Corpus, request: Request) -> tuple[ComparisonJob, Diary]:
    job = ComparisonJob(lab, corpus, request)
    diary = Diary(job.steps)
    job.steps = diary
    assert not job.finished
    return job.start(), diary


def ended(job: ComparisonJob | BackgroundTask) -> None:
    job.join(30)
    assert job.finished


def states(job: ComparisonJob) -> dict[str, str]:
    return {key: stage.state for key, stage in job.steps.items()}


# ---------------------------------------------------------------- jobs


def test_a_job_waits_before_it_starts(lab: Lab, exceptions: Corpus) -> None:
    job = ComparisonJob(lab, exceptions, asked(WORDS, rerankers=("minilm-l12", "bm25")))
    assert list(job.steps) == [FIRST, "minilm-l12", "bm25"]
    assert set(job.steps.values()) == {Step("wait", 0, 0)}
    assert (job.first_stage, results(job), job.error) == (None, {}, None)
    assert (job.finished, job.stopped) == (False, False)


@pytest.mark.models
@pytest.mark.usefixtures("probes")
def test_a_job_goes_through_its_states(lab: Lab) -> None:
    documents = tuple(Document(str(i), "", f"a brand new sentence {i}") for i in range(20))
    fresh = Corpus("fresh", documents, fingerprint="a" * 64)
    request = asked("sentence 7", rerankers=("minilm-l12", "probe-length"))
    job, diary = started(lab, fresh, request)
    ended(job)
    assert diary.of(FIRST) == ["count words", "encode with bge-small", "store", "load", "done"]
    assert diary.of("probe-length") == ["load", "run", "done"]
    own = [s for s in diary.of("minilm-l12") if s != "wait"]
    assert own == ["load", "run", "done"]
    assert ("probe-length", Step("run", 20, 20)) in diary.notes
    assert ("minilm-l12", Step("run", 20, 20)) in diary.notes
    assert states(job) == {FIRST: "done", "minilm-l12": "done", "probe-length": "done"}
    assert isinstance(job.first_stage, Ranking)
    assert job.first_stage.system == "bge-small"
    assert set(results(job)) == {"minilm-l12", "probe-length"}
    assert (job.error, job.stopped) == (None, False)


def test_a_first_stage_result_is_there_before_the_rest(
    lab: Lab, exceptions: Corpus, probes: ModuleType
) -> None:
    job, _ = started(lab, exceptions, asked(WORDS, "bm25", ("probe-slow", "probe-length")))
    assert probes.running.wait(10)
    assert job.first_stage is not None
    assert job.first_stage.hits
    assert job.steps[FIRST].state == "done"
    assert job.steps["probe-slow"].state == "run"
    assert not job.finished
    probes.proceed.set()
    ended(job)
    assert states(job) == {FIRST: "done", "probe-slow": "done", "probe-length": "done"}


def test_stop_ends_a_job_and_keeps_what_was_done(
    lab: Lab, exceptions: Corpus, probes: ModuleType
) -> None:
    job, _ = started(lab, exceptions, asked(WORDS, "bm25", ("probe-slow", "bm25", "rrf")))
    assert probes.running.wait(10)
    while job.steps["bm25"].state != "done":
        assert not job.finished
    job.stop()
    ended(job)
    assert (job.stopped, job.error) == (True, None)
    assert states(job) == {FIRST: "done", "probe-slow": "stopped", "bm25": "done", "rrf": "stopped"}
    assert set(results(job)) == {"bm25"}
    assert job.steps["probe-slow"].done == 1  # how far it came stays to be seen


def test_a_job_that_nobody_asks_about_ends(
    lab: Lab, exceptions: Corpus, probes: ModuleType
) -> None:
    job = ComparisonJob(lab, exceptions, asked(WORDS, "bm25", ("probe-slow",)), patience_s=0.3)
    job.start()
    assert probes.running.wait(10)
    for _ in range(10):
        job.ask()
        time.sleep(0.1)
    assert not job.finished, "somebody asked"
    ended(job)
    assert (job.stopped, job.forgotten) == (True, True)
    assert states(job) == {FIRST: "done", "probe-slow": "stopped"}


@pytest.mark.models
def test_stop_before_the_first_step(lab: Lab, exceptions: Corpus) -> None:
    job = ComparisonJob(lab, exceptions, asked(WORDS, rerankers=("bm25",)))
    job.stop()
    ended(job.start())
    assert states(job) == {FIRST: "stopped", "bm25": "stopped"}
    assert (job.first_stage, results(job), job.error, job.stopped) == (None, {}, None, True)


@pytest.mark.models
def test_a_newer_job_takes_over(lab: Lab, exceptions: Corpus, probes: ModuleType) -> None:
    old, _ = started(lab, exceptions, asked(WORDS, "bm25", ("probe-slow",)))
    assert probes.running.wait(10)
    old.stop()
    new, _ = started(lab, exceptions, asked(WORDS, rerankers=("minilm-l12",)))
    ended(new)
    ended(old)
    assert states(new) == {FIRST: "done", "minilm-l12": "done"}
    assert results(old) == {}


@pytest.mark.usefixtures("probes")
def test_a_failed_reranker_is_a_result(lab: Lab, exceptions: Corpus) -> None:
    job, diary = started(lab, exceptions, asked(WORDS, "bm25", ("probe-crash", "bm25")))
    ended(job)
    assert states(job) == {FIRST: "done", "probe-crash": "failed", "bm25": "done"}
    assert isinstance(results(job)["probe-crash"], Failure)
    assert diary.of("probe-crash") == ["load", "failed"]
    assert job.error is None


@pytest.mark.models
def test_an_error_of_the_first_stage_ends_the_job(lab: Lab, exceptions: Corpus) -> None:
    for request in (asked(" "), asked("long " * 1000), asked(WORDS, rerankers=("ghost",))):
        job, _ = started(lab, exceptions, request)
        ended(job)
        assert isinstance(job.error, InputError)
        assert set(states(job).values()) == {"stopped"}
        assert (job.first_stage, results(job), job.stopped) == (None, {}, False)


@pytest.mark.models
def test_a_fault_of_the_lab_ends_the_job_and_says_so(lab: Lab) -> None:
    broken: Any = None  # in the place of a document
    job, _ = started(lab, Corpus("broken", (broken,), fingerprint="0" * 64), asked(WORDS))
    ended(job)
    assert type(job.error) is LabError
    assert job.error.reason.startswith("AttributeError: ")
    assert job.error.remedy == "See the lab's log."


def test_bm25_can_be_both_stages_at_once(lab: Lab, exceptions: Corpus) -> None:
    job, diary = started(lab, exceptions, asked(WORDS, "bm25", ("bm25", "rrf")))
    ended(job)
    assert job.first_stage is not None
    second = results(job)["bm25"]
    assert isinstance(second, Ranking)
    assert job.first_stage.system == second.system == "bm25"
    assert second is not job.first_stage
    assert job.first_stage.timing.rerank_ms == 0 < second.timing.rerank_ms
    assert states(job) == {FIRST: "done", "bm25": "done", "rrf": "done"}
    assert diary.of("bm25") == ["load", "run", "done"]
    assert diary.of(FIRST)[-2:] == ["load", "done"]


# ---------------------------------------------------------------- tasks


def test_a_task_reports_and_is_done() -> None:
    seen: list[Step] = []
    half, go_on = threading.Event(), threading.Event()

    def work(report: Report) -> None:
        report("reading", 1, 2)
        half.set()
        assert go_on.wait(10)

    task = BackgroundTask(work)
    assert (task.step, task.finished) == (Step(), False)
    assert task.start() is task
    assert half.wait(10)
    seen.append(task.step)
    assert not task.finished
    go_on.set()
    ended(task)
    assert seen == [Step("reading", 1, 2)]
    assert (task.step, task.error) == (Step("done"), None)


def test_a_task_is_stopped_at_its_next_step() -> None:
    begun, steps = threading.Event(), []

    def work(report: Report) -> None:
        for i in range(10_000):
            report("counting", i, 10_000)
            steps.append(i)
            begun.set()
            threading.Event().wait(0.005)

    task = BackgroundTask(work).start()
    assert begun.wait(10)
    task.stop()
    ended(task)
    assert (task.step, task.error) == (Step("stopped"), None)
    assert len(steps) < 10_000


def test_a_task_keeps_its_error() -> None:
    def refuse(report: Report) -> None:
        raise InputError("No.", "Ask again.")

    def crash(report: Report) -> None:
        raise ZeroDivisionError("a bug")

    refused, crashed = BackgroundTask(refuse).start(), BackgroundTask(crash).start()
    ended(refused)
    ended(crashed)
    assert refused.step == crashed.step == Step("failed")
    assert str(refused.error) == "No. Ask again."
    assert str(crashed.error) == "ZeroDivisionError: a bug See the lab's log."


@pytest.mark.models
def test_indexing_is_a_task(lab: Lab) -> None:
    documents = tuple(Document(str(i), "", f"yet another line {i}") for i in range(18))
    corpus = Corpus("task", documents, fingerprint="b" * 64)
    seen: list[tuple[str, int, int]] = []

    def work(report: Report) -> None:
        def noting(step: str, done: int, total: int) -> None:
            seen.append((step, done, total))
            report(step, done, total)

        lab.index(corpus, "bge-small", noting)

    stopped = BackgroundTask(work)
    stopped.stop()
    ended(stopped.start())
    assert stopped.step == Step("stopped")
    ended(BackgroundTask(work).start())
    assert [(s, d, t) for s, d, t in seen if s == "store"] == [("store", 0, 18), ("store", 18, 18)]
    assert ("encode with bge-small", 18, 18) in seen
    before = len(seen)
    ended(BackgroundTask(work).start())
    assert len(seen) == before  # it is there already


@pytest.mark.usefixtures("probes")
def test_a_job_keeps_the_comparison_of_its_pipelines(lab: Lab, exceptions: Corpus) -> None:
    seen: list[Comparison] = []

    class Keeping(ComparisonJob):
        def ranked(self, result: Ranking | Failure, comparison: Comparison) -> None:
            super().ranked(result, comparison)
            seen.append(comparison)

    request = asked(WORDS, "bm25", ("probe-refuse", "probe-length", "rrf"))
    job = Keeping(lab, exceptions, request).start()
    ended(job)
    assert job.comparison is seen[-1]
    assert [len(c.results) for c in seen] == [0, 1, 2, 3]
    assert [r.system for r in seen[-1].results] == ["probe-refuse", "probe-length", "rrf"]
    assert all(c.first_stage is seen[0].first_stage for c in seen)
    assert [f.system for f in seen[-1].failures] == ["probe-refuse", "rrf"]
