"""The table: which judgments are looked at, and what a change of many keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.domain import Document, InputError
from components.judging.records import Judgment, Kind, in_force
from components.judging.store import JudgingStore
from components.judging.table import Filter, Which, change
from tests.support.judging import PLACE, graded

DOCUMENTS = {f"d{i}": Document(f"d{i}", "", "") for i in range(3)}
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> JudgingStore:
    """Return a store in which a day passes between the rows."""
    days = iter(range(100))
    store = JudgingStore(tmp_path, lambda: BEGIN + timedelta(days=next(days)))
    for i, (judge, query, document, grade, text) in enumerate(
        (
            ("Ada", "low tide", "d0", 2, ""),
            ("Bea", "low tide", "d0", 1, ""),
            ("Ada", "low tide", "d1", 0, "another text"),
            ("Ada", "Pilot", "d2", None, ""),
        )
    ):
        note = "why?" if i == 2 else ""
        store.record(PLACE, graded(judge, query, document, grade, note=note, text=text), f"t{i}")
    return store


def rows(judgments: list[Judgment]) -> list[tuple[str, str, int | None]]:
    return [(j.judge, j.document, j.grade) for j in judgments]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), ["d2", "d0", "d0", "d1"]),
        (Filter(Which.DISPUTED), ["d0", "d0"]),
        (Filter(Which.CANNOT_SAY), ["d2"]),
        (Filter(Which.OUTDATED), ["d1"]),
        (Filter(Which.NOTED), ["d1"]),
        (Filter(judge="Bea"), ["d0"]),
        (Filter(grade=0), ["d1"]),
        (Filter(phrase="TIDE"), ["d0", "d0", "d1"]),
        (Filter(days=2), ["d0", "d0"]),
    ],
)
def test_filters(store: JudgingStore, wanted: Filter, expected: list[str]) -> None:
    judgments = in_force(store.rows(PLACE))
    now = BEGIN + timedelta(days=3, hours=12)
    assert [j.document for j in wanted.of(judgments, DOCUMENTS, now)] == expected


def test_many_are_changed_and_each_keeps_who_and_what_was_before(store: JudgingStore) -> None:
    disputed = Filter(Which.DISPUTED).of(in_force(store.rows(PLACE)), DOCUMENTS)
    assert change(store, PLACE, disputed, DOCUMENTS, Kind.GRADE, "Cleo", 0) == 2
    settled = in_force(store.rows(PLACE))
    assert rows(settled)[-2:] == [("Ada", "d0", 0), ("Bea", "d0", 0)]
    new = store.rows(PLACE)[-2:]
    assert [(r.entry.by, r.before, r.entry.draw.pool) for r in new] == [
        ("Cleo", 1, "changed"),
        ("Cleo", 2, "changed"),
    ]
    assert change(store, PLACE, settled, DOCUMENTS, Kind.REOPEN, "Cleo") == 4
    assert in_force(store.rows(PLACE)) == []
    assert len(store.rows(PLACE)) == 10


def test_a_change_is_somebodys_and_on_the_scale_and_all_or_none(store: JudgingStore) -> None:
    judgments = in_force(store.rows(PLACE))
    with pytest.raises(InputError, match="not from 0 to 2"):
        change(store, PLACE, judgments, DOCUMENTS, Kind.GRADE, "Cleo", 3)
    with pytest.raises(InputError, match="somebody"):
        change(store, PLACE, judgments, DOCUMENTS, Kind.GRADE, "", 1)
    with pytest.raises(InputError, match="no longer has 'd2'"):
        fewer = {name: DOCUMENTS[name] for name in ("d0", "d1")}
        change(store, PLACE, judgments, fewer, Kind.GRADE, "Cleo", 1)
    assert in_force(store.rows(PLACE)) == judgments
