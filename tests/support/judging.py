"""Judges at work: entries of a small corpus, and a process that keeps grades until it is killed.

    python -m tests.support.judging FOLDER JUDGE GRADES

writes a line for each grade once it is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

from components.domain import Document
from components.judging.records import Draw, Entry, Kind, Place, digest_of
from components.judging.store import JudgingStore

PLACE = Place("harbour")
UNDRAWN = Draw()


def graded(
    judge: str,
    query: str,
    document: str,
    grade: int | None,
    *,
    highest: int = 2,
    note: str = "",
    repeat: bool = False,
    text: str = "",
    draw: Draw = UNDRAWN,
) -> Entry:
    """Return a grade, or without one that the judge cannot say."""
    kind = Kind.CANNOT_SAY if grade is None else Kind.GRADE
    digest = digest_of(Document(document, "", text))
    return Entry(
        *(judge, query, document, digest, kind, highest, grade, note), repeat=repeat, draw=draw
    )


def main() -> None:
    """Keep grades of one judge, and say so of each."""
    folder, judge, grades = sys.argv[1:]
    store = JudgingStore(Path(folder))
    for i in range(int(grades)):
        store.record(PLACE, graded(judge, f"q{i % 7}", f"d{i}", i % 3), f"{judge}-{i}")
        sys.stdout.write(f"{i}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
