"""Judgments as a table: which of them are looked at, and what is changed of many at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from components.domain import Document, InputError
from components.judging.records import Draw, Entry, Judgment, Kind, Place, digest_of
from components.judging.store import JudgingStore
from components.judging.use import by_pair


class Which(StrEnum):
    """Which judgments are looked at, beside those of a judge or a grade."""

    ALL = "all"
    DISPUTED = "disputed"
    CANNOT_SAY = "cannot say"
    OUTDATED = "of edited documents"
    NOTED = "with a note"


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked at: empty and None mean anything; `phrase` stands in the query's text."""

    which: Which = Which.ALL
    judge: str = ""
    grade: int | None = None
    phrase: str = ""
    days: int = 0

    def of(
        self,
        judgments: Iterable[Judgment],
        documents: Mapping[str, Document],
        now: datetime | None = None,
    ) -> list[Judgment]:
        """Return the judgments that are looked at, by query, document and judge.

        With `days`, only those that are older.
        """
        judgments = list(judgments)
        disputed = {
            pair for pair, votes in by_pair(judgments).items() if len({v.grade for v in votes}) > 1
        }
        before = (now or datetime.now(UTC)) - timedelta(days=self.days)
        tests: Mapping[Which, Callable[[Judgment], bool]] = {
            Which.ALL: lambda j: True,
            Which.DISPUTED: lambda j: j.pair in disputed,
            Which.CANNOT_SAY: lambda j: j.grade is None,
            Which.OUTDATED: lambda j: j.is_outdated(documents),
            Which.NOTED: lambda j: bool(j.note),
        }
        passing = [
            j
            for j in judgments
            if tests[self.which](j)
            and self.judge in ("", j.judge)
            and (self.grade is None or j.grade == self.grade)
            and self.phrase.casefold() in j.query.casefold()
            and (not self.days or j.at < before)
        ]
        return sorted(passing, key=lambda j: (j.query, j.document, j.judge))


def change(
    store: JudgingStore,
    place: Place,
    judgments: Sequence[Judgment],
    documents: Mapping[str, Document],
    kind: Kind,
    by: str,
    grade: int | None = None,
) -> int:
    """Change judgments to a grade or to "cannot say", or take them back into the queue.

    All or none; a row each, which tells by whom. Returns how many rows there are. Raises
    InputError for a grade that is not on a judgment's scale, and where a document is gone: nobody
    can read any more what would be judged.
    """
    if not by:
        raise InputError("A change is somebody's.", "Write who makes it.")
    gone = [j.document for j in judgments if j.document not in documents]
    if gone and kind is not Kind.REOPEN:
        raise InputError(f"The corpus no longer has {gone[0]!r}.", "Leave that judgment as it is.")
    entries = [
        Entry(
            *(j.judge, j.query, j.document),
            digest_of(documents[j.document]) if j.document in documents else j.digest,
            kind,
            j.highest,
            grade,
            j.note,
            draw=Draw(pool="changed"),
            by=by,
        )
        for j in judgments
    ]
    return store.record_all(place, ((entry, secrets.token_hex(16)) for entry in entries))
