"""Judgments are kept at once, once, and for good."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from components.domain import Document, InputError, StoreError
from components.judging.records import Draw, Judgment, Kind, Place, digest_of, in_force, scale_of
from components.judging.store import FILE, JudgingStore, KeptQueue
from tests.support.judging import PLACE, graded

BEGIN = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> JudgingStore:
    """Return a store whose clock goes a minute at each look."""
    minutes = count()
    return JudgingStore(tmp_path, lambda: BEGIN + timedelta(minutes=next(minutes)))


def grades(store: JudgingStore) -> dict[tuple[str, str, str], int | None]:
    return {(j.judge, *j.pair): j.grade for j in in_force(store.rows(PLACE))}


def test_an_entry_comes_back_as_it_was(store: JudgingStore) -> None:
    draw = Draw("queue-1", "duel", 3, 0.125, 7)
    text = "<b>ä</b>\n猫 'quoted' \u202e"
    entry = graded("Ada", text, text, 2, note=text, repeat=True, draw=draw)
    entry = replace(entry, blind=True, by="Bea")
    assert store.record(PLACE, entry, "t1") == 1
    [row] = store.rows(PLACE)
    assert (row.id, row.at, row.before, row.undone, row.entry) == (1, BEGIN, 0, 0, entry)


def test_what_is_sent_twice_is_kept_once(store: JudgingStore) -> None:
    assert store.record(PLACE, graded("Ada", "q", "d", 1), "t") == 1
    assert store.record(PLACE, graded("Ada", "q", "d", 2), "t") == 1
    assert grades(store) == {("Ada", "q", "d"): 1}


def test_a_change_keeps_who_when_and_what_it_was(store: JudgingStore) -> None:
    store.record(PLACE, graded("Ada", "q", "d", 1), "a")
    store.record(PLACE, graded("Bea", "q", "d", 2), "b")
    store.record(PLACE, replace(graded("Ada", "q", "d", 0), by="Bea"), "c")
    rows = store.rows(PLACE)
    assert [(r.id, r.before, r.entry.judge, r.entry.by, r.entry.grade) for r in rows] == [
        (1, 0, "Ada", "Ada", 1),
        (2, 0, "Bea", "Bea", 2),
        (3, 1, "Ada", "Bea", 0),
    ]
    assert [r.at for r in rows] == [BEGIN + timedelta(minutes=i) for i in range(3)]
    assert grades(store) == {("Ada", "q", "d"): 0, ("Bea", "q", "d"): 2}
    assert store.rows(PLACE, after=2) == rows[2:]


def test_undo_brings_back_what_was_before(store: JudgingStore) -> None:
    store.record(PLACE, graded("Ada", "q", "d", 1), "a")
    store.record(PLACE, graded("Ada", "q", "d", 2), "b")
    store.undo(PLACE, store.rows(PLACE)[-1], "Ada", "c")
    assert grades(store) == {("Ada", "q", "d"): 1}
    store.undo(PLACE, store.rows(PLACE)[0], "Ada", "d")
    assert grades(store) == {}
    kinds = [row.entry.kind for row in store.rows(PLACE)]
    assert kinds == [Kind.GRADE, Kind.GRADE, Kind.UNDO, Kind.UNDO]
    with pytest.raises(InputError, match="Only whose judgment"):
        store.undo(PLACE, store.rows(PLACE)[0], "Bea", "e")


def test_a_pair_goes_back_to_the_queue_and_a_note_keeps_its_grade(store: JudgingStore) -> None:
    first = graded("Ada", "q", "d", 2)
    store.record(PLACE, first, "a")
    store.record(PLACE, replace(first, kind=Kind.NOTE, grade=None, note="a duplicate"), "b")
    [judgment] = in_force(store.rows(PLACE))
    assert (judgment.grade, judgment.note, judgment.row) == (2, "a duplicate", 2)
    store.record(PLACE, replace(first, kind=Kind.REOPEN, grade=None), "c")
    assert in_force(store.rows(PLACE)) == []
    assert len(store.rows(PLACE)) == 3


def test_repeats_stand_beside_the_first_judgment(store: JudgingStore) -> None:
    store.record(PLACE, graded("Ada", "q", "d", 2), "a")
    store.record(PLACE, graded("Ada", "q", "d", None, repeat=True), "b")
    rows = store.rows(PLACE)
    assert [j.grade for j in in_force(rows)] == [2]
    assert [j.grade for j in in_force(rows, repeats=True)] == [None]


def test_corpora_and_owners_are_apart(store: JudgingStore) -> None:
    places = [Place("harbour", "somebody"), Place("another", "somebody"), PLACE]
    for i, place in enumerate(places):
        store.record(place, graded("Ada", "q", f"d{i}", i), f"t{i}")
    assert [row.entry.document for row in store.rows(PLACE)] == ["d2"]
    assert store.places("somebody") == [places[1], places[0]]


def test_an_edited_document_keeps_its_grades_and_is_marked(store: JudgingStore) -> None:
    store.record(PLACE, graded("Ada", "q", "d", 2, text="low tide"), "a")
    [judgment] = in_force(store.rows(PLACE))
    same, edited = Document("d", "", "low tide"), Document("d", "", "high tide")
    assert not judgment.is_outdated({"d": same})
    assert judgment.is_outdated({"d": edited})
    assert judgment.is_outdated({})
    assert digest_of(Document("d", "low", " tide")) != digest_of(Document("d", "low ", "tide"))


def test_scales_are_never_merged(store: JudgingStore) -> None:
    store.record(PLACE, graded("Ada", "q", "d", 2), "a")
    assert scale_of(in_force(store.rows(PLACE))) == 2
    store.record(PLACE, graded("Bea", "q", "d", 2, highest=4), "b")
    judgments: list[Judgment] = in_force(store.rows(PLACE))
    with pytest.raises(InputError, match="0 to 2 and 0 to 4"):
        scale_of(judgments)
    assert scale_of([]) == 0


@pytest.mark.parametrize("grade", [-1, 3])
def test_a_grade_is_on_its_scale(grade: int) -> None:
    with pytest.raises(InputError, match="from 0 to 2"):
        graded("Ada", "q", "d", grade)


def test_a_judge_has_a_name() -> None:
    for name in ("", "  ", "x" * 81):
        with pytest.raises(InputError, match="name"):
            graded(name, "q", "d", 1)


def test_queues_and_guidelines_are_kept(store: JudgingStore) -> None:
    store.save_queue(PLACE, "one", "Ada", {"seed": 1})
    store.save_queue(PLACE, "two", "Bea", {"seed": 2})
    first = KeptQueue("one", BEGIN, "Ada", {"seed": 1})
    assert [q.id for q in store.queues(PLACE)] == ["two", "one"]
    assert store.queues(PLACE)[1] == first
    assert store.guidelines(PLACE) == ""
    for text in ("2 answers it", "2 answers <i>all</i> of it"):
        store.write_guidelines(PLACE, text, "Ada")
    assert store.guidelines(PLACE) == "2 answers <i>all</i> of it"
    assert store.guidelines(Place("another")) == ""


def test_a_damaged_file_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but somebody's afternoon" * 20)
    with pytest.raises(StoreError, match="judgments"):
        JudgingStore(tmp_path).rows(PLACE)
    assert (tmp_path / FILE).read_bytes().startswith(b"no database")


def test_two_judges_at_once_and_a_kill_lose_and_double_nothing(tmp_path: Path) -> None:
    """Bea's process is killed in the middle of its work; what it said was kept, is."""
    module = [sys.executable, "-m", "tests.support.judging", str(tmp_path)]
    ada, bea = (
        subprocess.Popen([*module, judge, "120"], stdout=subprocess.PIPE, text=True)
        for judge in ("Ada", "Bea")
    )
    assert ada.stdout and bea.stdout
    said = [bea.stdout.readline() for _ in range(40)]
    bea.send_signal(signal.SIGKILL)
    said += bea.stdout.readlines()
    assert ada.stdout.readlines() == [f"{i}\n" for i in range(120)]
    ada.wait()
    bea.wait()
    again = JudgingStore(tmp_path)
    again.record(PLACE, graded("Bea", "q0", "d0", 0), "Bea-0")  # what it would send again
    kept = {judge: sum(j == judge for j, _, _ in grades(again)) for judge in ("Ada", "Bea")}
    rows = again.rows(PLACE)
    assert kept["Ada"] == 120
    assert len(said) <= kept["Bea"] <= len(said) + 1
    assert len(rows) == kept["Ada"] + kept["Bea"]
    with sqlite3.connect(tmp_path / FILE) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
