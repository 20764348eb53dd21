"""What is kept of judging: entries that are added and never changed, and the judgments in force."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from components.domain import MAX_GRADE, Document, InputError
from components.storage.sqlite import WHOLE_LAB

MAX_NOTE = 2_000
"""Characters of a note."""
MAX_JUDGE = 80
"""Characters of a judge's name."""


class Kind(StrEnum):
    """What an entry does to the judgment of a pair."""

    GRADE = "grade"
    CANNOT_SAY = "cannot say"
    NOTE = "note"
    REOPEN = "back to the queue"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Place:
    """To which corpus judgments belong: its name, and the owner under whom it is kept."""

    corpus: str
    owner: str = WHOLE_LAB


@dataclass(frozen=True, slots=True)
class Draw:
    """How a pair came to be judged: from which pool, and by which draw.

    `number` counts the draws of a queue from 1. `chance` is that of this pair among all that were
    left at that draw, 0 where pairs are not drawn by chance. `seed` settles the order.
    """

    queue: str = ""
    pool: str = ""
    number: int = 0
    chance: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One act of judging a pair of a query's text and a document.

    `judge` is whose judgment it is, `by` who wrote the entry: the same, or somebody who settles
    it. `highest` is the highest grade of the scale, whose lowest is 0. `digest` is of the text
    that was judged. A `repeat` asks a judge again and leaves the first judgment in force.
    """

    judge: str
    query: str
    document: str
    digest: str
    kind: Kind
    highest: int
    grade: int | None = None
    note: str = ""
    blind: bool = False
    repeat: bool = False
    draw: Draw = Draw()
    by: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """Return the query's text and the document's id."""
        return self.query, self.document

    def __post_init__(self) -> None:
        """Raise InputError for what is no entry."""
        if not 1 <= len(self.judge.strip()) <= MAX_JUDGE:
            raise InputError(f"A judge's name has 1 to {MAX_JUDGE} characters.", "Write one.")
        if len(self.note) > MAX_NOTE:
            raise InputError(f"A note has at most {MAX_NOTE:,} characters.", "Shorten it.")
        if not 1 <= self.highest <= MAX_GRADE:
            raise InputError(f"The highest grade is from 1 to {MAX_GRADE}.", "Choose another one.")
        if (self.kind is Kind.GRADE) != (self.grade is not None):
            raise InputError("A grade belongs to an entry that grades, and to no other.")
        if self.grade is not None and not 0 <= self.grade <= self.highest:
            raise InputError(f"The grade {self.grade} is not from 0 to {self.highest}.")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is kept: its number, its moment (UTC), and the numbers of other rows.

    `before` is the judge's row of the pair that stood until then, 0 where there was none. `undone`
    is the row that an UNDO takes back.
    """

    id: int
    at: datetime
    before: int
    undone: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Judgment:
    """A judge's judgment of a pair that is in force; no `grade` means that he could not say."""

    row: int
    at: datetime
    judge: str
    query: str
    document: str
    digest: str
    grade: int | None
    highest: int
    note: str
    blind: bool
    draw: Draw

    @property
    def pair(self) -> tuple[str, str]:
        """Return the query's text and the document's id."""
        return self.query, self.document

    def is_outdated(self, documents: Mapping[str, Document]) -> bool:
        """Return whether the document has another text now, or is gone."""
        document = documents.get(self.document)
        return document is None or digest_of(document) != self.digest


def digest_of(document: Document) -> str:
    """Return a digest of what a judge reads of a document: its title and its text."""
    title, text = (
        part.encode("utf-8", "surrogatepass") for part in (document.title, document.text)
    )
    return hashlib.sha256(len(title).to_bytes(8, "big") + title + text).hexdigest()


def standing(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that nobody has taken back, in their order, without what takes back."""
    rows = list(rows)
    undone = {row.undone for row in rows if row.entry.kind is Kind.UNDO}
    return [row for row in rows if row.id not in undone and row.entry.kind is not Kind.UNDO]


def in_force(rows: Iterable[Row], *, repeats: bool = False) -> list[Judgment]:
    """Return the judgments in force, one a judge and pair, in the order of their rows.

    With `repeats`, return instead what judges said when they were asked again.
    """
    current: dict[tuple[str, str, str], Judgment] = {}
    for row in standing(rows):
        entry = row.entry
        key = (entry.judge, entry.query, entry.document)
        if entry.repeat != repeats:
            continue
        old = current.pop(key, None)
        if entry.kind is Kind.NOTE and old is not None:
            current[key] = _judged(row, old.grade, old.highest)
        elif entry.kind in (Kind.GRADE, Kind.CANNOT_SAY):
            current[key] = _judged(row, entry.grade, entry.highest)
    return list(current.values())


def _judged(row: Row, grade: int | None, highest: int) -> Judgment:
    entry = row.entry
    return Judgment(
        row.id,
        row.at,
        entry.judge,
        entry.query,
        entry.document,
        entry.digest,
        grade,
        highest,
        entry.note,
        entry.blind,
        entry.draw,
    )


def scale_of(judgments: Iterable[Judgment]) -> int:
    """Return the highest grade of judgments on one scale, 0 of none.

    Raises InputError where they are on several: a 2 of 2 is not a 2 of 4.
    """
    scales = sorted({judgment.highest for judgment in judgments})
    if len(scales) > 1:
        listed = " and ".join(f"0 to {highest}" for highest in scales)
        raise InputError(
            f"These judgments are on different scales: {listed}.",
            "Choose the judgments of one scale; scales are never merged.",
        )
    return scales[0] if scales else 0
