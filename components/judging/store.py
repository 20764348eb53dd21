"""The judgments of a lab, in one SQLite file: rows are added, never changed and never deleted.

A row is on the disk before `record` returns. Each carries the token of what the judge did, so that
what is sent twice is kept once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from components.domain import InputError
from components.judging.records import Draw, Entry, Kind, Place, Row
from components.storage.sqlite import Database

FILE = "judgments.sqlite"
MAX_GUIDELINES = 20_000
"""Characters of guidelines."""
_METADATA = sa.MetaData()
_PLACE = ("owner", "corpus")
_ROWS = sa.Table(
    "judgments",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("token", sa.String, nullable=False, unique=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("corpus", sa.String, nullable=False),
    sa.Column("judge", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("query", sa.String, nullable=False),
    sa.Column("document", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("grade", sa.Integer),
    sa.Column("highest", sa.Integer, nullable=False),
    sa.Column("note", sa.String, nullable=False),
    sa.Column("blind", sa.Boolean, nullable=False),
    sa.Column("repeat", sa.Boolean, nullable=False),
    sa.Column("queue", sa.String, nullable=False),
    sa.Column("pool", sa.String, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("chance", sa.Double, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("before", sa.Integer, nullable=False),
    sa.Column("undone", sa.Integer, nullable=False),
    sa.Index("judgments_of_corpus", *_PLACE),
    sqlite_autoincrement=True,
)
_QUEUES = sa.Table(
    "queues",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("corpus", sa.String, nullable=False),
    sa.Column("judge", sa.String, nullable=False),
    sa.Column("plan", sa.String, nullable=False),
)
_PREFERENCES = sa.Table(
    "preferences",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("corpus", sa.String, nullable=False),
    sa.Column("judge", sa.String, nullable=False),
    sa.Column("queue", sa.String, nullable=False, index=True),
    sa.Column("query", sa.String, nullable=False),
    sa.Column("side", sa.String, nullable=False),
)
_GUIDELINES = sa.Table(
    "guidelines",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("corpus", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("text", sa.String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class KeptQueue:
    """A queue as it is kept: whose it is, its moment, and its plan as it was given."""

    id: str
    at: datetime
    judge: str
    plan: Mapping[str, Any]


class JudgingStore:
    """The file of judgments. Raises StoreError where it cannot be used.

    `now` returns the moment, for the rows that are written.
    """

    def __init__(
        self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = Database(
            folder / FILE, _METADATA, "judgments", "RERANK_LAB_DATA", precious=True
        )
        self._now = now

    # ------------------------------------------------------------ judgments

    def record(self, place: Place, entry: Entry, token: str) -> int:
        """Keep an entry and return its number; a token that was used before keeps nothing new."""
        with self._database.begin() as connection:
            self._add(connection, place, entry, token)
            return _number(connection, token)

    def record_all(self, place: Place, entries: Iterable[tuple[Entry, str]]) -> int:
        """Keep entries with their tokens, all or none; return how many of them were new."""
        with self._database.begin() as connection:
            return sum(self._add(connection, place, entry, token) for entry, token in entries)

    def undo(self, place: Place, row: Row, by: str, token: str) -> int:
        """Take a row back, and return the number of the row that does; a second time does nothing.

        Raises InputError where somebody else's row would be taken back.
        """
        if by not in (row.entry.judge, row.entry.by):
            raise InputError("Only whose judgment it is can take it back.")
        entry = row.entry
        undo = Entry(
            *(entry.judge, entry.query, entry.document, entry.digest, Kind.UNDO, entry.highest),
            repeat=entry.repeat,
            draw=entry.draw,
            by=by,
        )
        with self._database.begin() as connection:
            self._add(connection, place, undo, token, undone=row.id)
            return _number(connection, token)

    def _add(
        self, connection: sa.Connection, place: Place, entry: Entry, token: str, undone: int = 0
    ) -> bool:
        """Write a row, and return whether it is new.

        In one statement: what comes before the row is read under the writer's lock.
        """
        row = _cells(place, entry) | {"token": token, "undone": undone}
        row["at"] = self._now().astimezone(UTC).isoformat()
        of_pair = (_ROWS.c[n] == row[n] for n in (*_PLACE, "judge", "query", "document", "repeat"))
        newest = sa.select(sa.func.coalesce(sa.func.max(_ROWS.c.id), 0)).where(*of_pair)
        statement = insert(_ROWS).values(row | {"before": newest.scalar_subquery()})
        result = connection.execute(statement.on_conflict_do_nothing(index_elements=["token"]))
        return result.rowcount > 0

    def rows(self, place: Place, after: int = 0) -> list[Row]:
        """Return the rows of a corpus with higher numbers than one, in their order."""
        wanted = sa.select(_ROWS).where(*_conditions(_ROWS, place), _ROWS.c.id > after)
        with self._database.begin() as connection:
            return [_row(row) for row in connection.execute(wanted.order_by(_ROWS.c.id))]

    def places(self, owner: str) -> list[Place]:
        """Return an owner's corpora with judgments, by name."""
        wanted = sa.select(_ROWS.c.corpus).where(_ROWS.c.owner == owner).distinct()
        with self._database.begin() as connection:
            names = connection.execute(wanted.order_by(_ROWS.c.corpus)).scalars()
            return [Place(name, owner) for name in names]

    # ------------------------------------------------------------ queues and guidelines

    def save_queue(self, place: Place, id: str, judge: str, plan: Mapping[str, Any]) -> None:
        """Keep the plan of a judge's queue."""
        row = {"id": id, "at": self._now().astimezone(UTC).isoformat(), "judge": judge}
        row |= {"owner": place.owner, "corpus": place.corpus, "plan": json.dumps(plan)}
        with self._database.begin() as connection:
            connection.execute(sa.insert(_QUEUES), row)

    def queues(self, place: Place) -> list[KeptQueue]:
        """Return the queues of a corpus, the newest first."""
        wanted = sa.select(_QUEUES).where(*_conditions(_QUEUES, place))
        with self._database.begin() as connection:
            rows = connection.execute(wanted.order_by(_QUEUES.c.at.desc())).all()
        return [
            KeptQueue(row.id, datetime.fromisoformat(row.at), row.judge, json.loads(row.plan))
            for row in rows
        ]

    def prefer(self, place: Place, queue: str, judge: str, query: str, side: str) -> None:
        """Keep which of two rankings of a query is better; what was said before stays."""
        row = {"at": self._now().astimezone(UTC).isoformat(), "judge": judge, "queue": queue}
        row |= {"owner": place.owner, "corpus": place.corpus, "query": query, "side": side}
        with self._database.begin() as connection:
            connection.execute(sa.insert(_PREFERENCES), row)

    def preferences(self, place: Place, queue: str) -> list[tuple[str, str]]:
        """Return what was said in a queue, in order: the query's text and the side."""
        table = _PREFERENCES
        own = (*_conditions(table, place), table.c.queue == queue)
        wanted = sa.select(table.c.query, table.c.side).where(*own).order_by(table.c.id)
        with self._database.begin() as connection:
            return [(row.query, row.side) for row in connection.execute(wanted)]

    def write_guidelines(self, place: Place, text: str, by: str) -> None:
        """Keep guidelines; earlier ones stay in the file."""
        if len(text) > MAX_GUIDELINES:
            raise InputError(f"Guidelines have at most {MAX_GUIDELINES:,} characters.", "Shorten.")
        row = {"at": self._now().astimezone(UTC).isoformat(), "by": by, "text": text}
        row |= {"owner": place.owner, "corpus": place.corpus}
        with self._database.begin() as connection:
            connection.execute(sa.insert(_GUIDELINES), row)

    def guidelines(self, place: Place) -> str:
        """Return the guidelines of a corpus as they were written last; empty where none were."""
        wanted = sa.select(_GUIDELINES.c.text).where(*_conditions(_GUIDELINES, place))
        with self._database.begin() as connection:
            newest = wanted.order_by(_GUIDELINES.c.id.desc()).limit(1)
            return str(connection.execute(newest).scalar() or "")


def _number(connection: sa.Connection, token: str) -> int:
    wanted = sa.select(_ROWS.c.id).where(_ROWS.c.token == token)
    return int(connection.execute(wanted).scalar_one())


def _conditions(table: sa.Table, place: Place) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.owner == place.owner, table.c.corpus == place.corpus


def _cells(place: Place, entry: Entry) -> dict[str, Any]:
    """Return an entry's columns."""
    return {
        "owner": place.owner,
        "corpus": place.corpus,
        "judge": entry.judge,
        "by": entry.by or entry.judge,
        "query": entry.query,
        "document": entry.document,
        "digest": entry.digest,
        "kind": entry.kind.value,
        "grade": entry.grade,
        "highest": entry.highest,
        "note": entry.note,
        "blind": entry.blind,
        "repeat": entry.repeat,
        "queue": entry.draw.queue,
        "pool": entry.draw.pool,
        "number": entry.draw.number,
        "chance": entry.draw.chance,
        "seed": entry.draw.seed,
    }


def _row(row: Any) -> Row:  # noqa: ANN401
    draw = Draw(row.queue, row.pool, row.number, row.chance, row.seed)
    entry = Entry(
        *(row.judge, row.query, row.document, row.digest, Kind(row.kind), row.highest),
        grade=row.grade,
        note=row.note,
        blind=row.blind,
        repeat=row.repeat,
        draw=draw,
        by=row.by,
    )
    return Row(row.id, datetime.fromisoformat(row.at), row.before, row.undone, entry)
