"""SQLite files that several threads and processes write at once."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

_log = logging.getLogger(__name__)
BUSY_MS = 10_000
"""How long a writer waits for another one."""


_engines: dict[tuple[Path, sa.MetaData], sa.Engine] = {}
_lock = threading.Lock()


def engine(path: Path, metadata: sa.MetaData) -> sa.Engine:
    """Return the process's engine for a file, with its tables; a damaged file is set aside.

    Raises OSError or sqlalchemy.exc.SQLAlchemyError where the file can be neither read nor made.
    """
    with _lock:  # two threads may begin a file at once
        if (path, metadata) not in _engines:
            _engines[path, metadata] = _made(path, metadata)
        return _engines[path, metadata]


def _made(path: Path, metadata: sa.MetaData) -> sa.Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path, metadata)
    except sa.exc.DatabaseError as exc:
        if "malformed" not in str(exc) and "not a database" not in str(exc):
            raise
        aside = path.with_suffix(f"{path.suffix}.damaged")
        _log.warning("%s is damaged; it was renamed to %s and begun anew", path.name, aside.name)
        path.replace(aside)
        for ending in ("-wal", "-shm"):  # they belong to the damaged file
            path.with_name(path.name + ending).unlink(missing_ok=True)
        return _open(path, metadata)


def _set_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite itself does not wait here for another process."""
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _open(path: Path, metadata: sa.MetaData) -> sa.Engine:
    found = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_MS / 1000})

    @sa.event.listens_for(found, "connect")
    def _prepare(connection: Any, record: object) -> None:  # noqa: ANN401
        # Readers go on beside a writer, and a commit does not wait for the disk: after a power
        # cut the last queries are scored again, no more.
        _set_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    try:
        with found.begin() as connection:  # another process may be making them right now
            for table in metadata.sorted_tables:
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    except BaseException:
        found.dispose()
        raise
    return found
