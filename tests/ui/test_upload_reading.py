"""Larger uploads on the Corpus page: progress, Stop, other files, and a window that has gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from streamlit.testing.v1 import AppTest

from components.corpora import Columns, Upload, read_uploads
from components.domain import Corpus, Progress
from components.lab import StepReport
from components.lab.work import BackgroundTask
from components.ui.corpus import reading
from components.ui.shared import state
from tests.support.visits import PATIENCE, Visit, has, lines, said, texts

LINE = b'{"_id": "a", "text": "A lamp of zorblax."}\n'


@dataclass
class Readings:
    """Readings that report row 1 of 4 until they are let on."""

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    may_end: threading.Event = field(default_factory=threading.Event)

    def read(
        self, uploads: Sequence[Upload], *, columns: Columns | None, progress: Progress
    ) -> Corpus:
        """Read an upload as the page does."""
        progress(1, 4)
        self.begun.release()
        while not self.may_end.wait(0.01):
            progress(1, 4)
        return read_uploads(uploads, columns=columns, progress=progress)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Readings]:
    """Make every upload a large one whose reading waits."""
    waiting = Readings()
    monkeypatch.setattr(reading, "READ_AT_ONCE", 0)
    monkeypatch.setattr(reading, "read_uploads", waiting.read)
    yield waiting
    waiting.may_end.set()


def give(at: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Give the Corpus page files in place of those it had."""
    at.file_uploader[0].set_value([(*file, "application/octet-stream") for file in files])
    return at.run()


def begun(at: AppTest, readings: Readings) -> reading.UploadReading:
    """Return the visitor's reading once it has reported, and show what it reported."""
    assert readings.begun.acquire(timeout=PATIENCE)
    task = at.session_state[state.READING]
    assert isinstance(task, reading.UploadReading)
    at.run()
    assert not at.exception
    return task


def test_a_large_upload_shows_progress_and_then_its_corpus(
    visit: Visit, readings: Readings
) -> None:
    at = give(visit("pages/corpus.py"), ("towers.jsonl", LINE))
    task = begun(at, readings)
    assert task.step.done == 1
    assert has(at, "stop_reading")
    assert lines(at, "progress_reading") == [("reading: 1 of 4", 0.25)]
    assert not has(at, "use_upload")
    assert has(at, "index_now"), "the rest of the page is there"
    readings.may_end.set()
    task.join(PATIENCE)
    at.run()
    assert "towers: 1 passage, 0 queries, 0 judgments." in texts(at)
    assert not has(at, "stop_reading")
    assert state.READING not in at.session_state or at.session_state[state.READING] is None
    at.run()
    assert has(at, "use_upload"), "it is not read again"


def test_stop_ends_the_reading_and_it_can_be_begun_again(visit: Visit, readings: Readings) -> None:
    at = give(visit("pages/corpus.py"), ("towers.jsonl", LINE))
    task = begun(at, readings)
    at.button(key="stop_reading").click().run()
    task.join(PATIENCE)
    assert task.finished
    assert task.result is None
    at.run()
    assert [info.value for info in at.info] == ["Stopped. Nothing was read."]
    assert not has(at, "use_upload")
    at.button(key="read_again").click().run()
    again = begun(at, readings)
    readings.may_end.set()
    again.join(PATIENCE)
    at.run()
    assert has(at, "use_upload")
    assert not at.info


@pytest.mark.parametrize("others", [[("ships.jsonl", LINE)], [("a.csv", b"")], []])
def test_other_files_or_none_abandon_a_reading(
    visit: Visit, readings: Readings, others: list[tuple[str, bytes]]
) -> None:
    at = give(visit("pages/corpus.py"), ("towers.jsonl", LINE))
    task = begun(at, readings)
    give(at, *others)
    task.join(PATIENCE)
    assert task.finished
    assert task.result is None
    assert at.session_state[state.READING] is not task


def test_an_error_in_the_background_names_file_and_line(visit: Visit, readings: Readings) -> None:
    at = give(visit("pages/corpus.py"), ("towers.jsonl", LINE + b"{nonsense"))
    task = begun(at, readings)
    readings.may_end.set()
    task.join(PATIENCE)
    at.run()
    assert "⚠ towers.jsonl:2" in said(at, "complaint-reading")
    assert not at.info
    assert not has(at, "use_upload")


def test_a_small_upload_is_read_at_once(visit: Visit) -> None:
    """A zip counts as what it may unpack to."""
    at = give(visit("pages/corpus.py"), ("towers.jsonl", LINE))
    assert has(at, "use_upload")
    assert state.READING not in at.session_state
    sizes = [("a.jsonl", 1 << 18), ("a.jsonl", 1 + (1 << 18)), ("a.ZIP", 1_300), ("a.zip", 1_400)]
    assert [reading.is_small(*size) for size in sizes] == [True, False, True, False]


def test_work_that_nothing_asks_about_ends() -> None:
    """The window has gone: nobody calls `ask`, and the next step is the last."""
    now, steps = [0.0], []

    def work(report: StepReport) -> None:
        for second in range(100):
            now[0] = second
            if second == 5:
                task.ask()
            report("read", second, 100)
            steps.append(second)

    task = BackgroundTask(work, patience_s=10, clock=lambda: now[0])
    task.start().join(PATIENCE)
    assert (task.finished, task.stopped, task.step.state) == (True, True, "stopped")
    assert steps == list(range(16))


def test_work_without_patience_goes_on_alone() -> None:
    now = iter(range(0, 10**9, 10**6))
    task = BackgroundTask(lambda report: report("read", 1, 1), clock=lambda: float(next(now)))
    task.start().join(PATIENCE)
    assert task.step.state == "done"


@pytest.mark.usefixtures("readings")
def test_the_page_asks_about_its_reading(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drawing of its progress does; without any, the reading ends."""
    monkeypatch.setattr(reading, "PATIENCE_S", 0.05)
    at = give(visit("pages/corpus.py"), ("towers.jsonl", LINE))
    task = at.session_state[state.READING]
    task.join(PATIENCE)
    assert task.finished
    at.run()
    assert [info.value for info in at.info] == ["Stopped. Nothing was read."]
    asked: list[BackgroundTask] = []
    monkeypatch.setattr(reading, "PATIENCE_S", PATIENCE)
    monkeypatch.setattr(BackgroundTask, "ask", lambda task: asked.append(task))
    at.button(key="read_again").click().run()
    assert set(asked) == {at.session_state[state.READING]}
