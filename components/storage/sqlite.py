"""SQLite files that several threads and processes write at once."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from components.domain import StoreError

_log = logging.getLogger(__name__)
WHOLE_LAB = ""
"""The owner of what is kept by a lab that is bound to its machine: all who use it share it."""
BUSY_MS = 10_000
"""How long a writer waits for another one."""

_engines: dict[tuple[Path, sa.MetaData], sa.Engine] = {}
_lock = threading.RLock()


def owned(column: sa.Column[Any], owner: str) -> sa.ColumnElement[bool]:
    """Return the condition that a row is an owner's; the whole lab's are those without one, too."""
    own = column == owner
    return sa.or_(own, column.is_(None)) if owner == WHOLE_LAB else own


class Database:
    """A SQLite file with its tables, made when it is first used.

    `contents` says in errors what the file holds, such as "evaluations"; `variable` is the
    environment variable that puts it into another folder. A damaged file is set aside and begun
    anew; damage that shows only when a page is read is an error once, and the next use begins
    anew. One that is `precious` stays, which is an error each time, and its commits wait for the
    disk.
    """

    def __init__(
        self,
        path: Path,
        metadata: sa.MetaData,
        contents: str,
        variable: str,
        *,
        precious: bool = False,
    ) -> None:
        self.path = path
        self._metadata = metadata
        self._contents = contents
        self._variable = variable
        self._precious = precious

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Yield a connection whose changes are saved when the block ends, all of them or none.

        Raises StoreError where the file can be neither read nor made, inside the block too.
        """
        used: sa.Engine | None = None
        try:
            used = engine(self.path, self._metadata, self._precious)
            with used.begin() as connection:
                yield connection
        except (OSError, sa.exc.SQLAlchemyError) as exc:
            if used is not None and not self._precious and _is_damaged(exc):
                with suppress(OSError):  # Windows renames no file that is still read
                    _set_aside(self.path, self._metadata, used)
            reason = str(exc).partition("\n")[0]  # after it: statement, parameters
            raise StoreError(
                f"The {self._contents} in {self.path} cannot be used: {reason}",
                f"Check the disk and the rights, or set {self._variable} to another folder.",
            ) from exc


def engine(path: Path, metadata: sa.MetaData, precious: bool = False) -> sa.Engine:
    """Return the process's engine for a file, with its tables.

    A damaged file is set aside, unless it is `precious`.

    Raises OSError or sqlalchemy.exc.SQLAlchemyError where the file can be neither read nor made.
    """
    with _lock:  # two threads may begin a file at once
        if (path, metadata) not in _engines:
            _engines[path, metadata] = _make(path, metadata, precious)
        return _engines[path, metadata]


def _make(path: Path, metadata: sa.MetaData, precious: bool) -> sa.Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path, metadata, precious)
    except sa.exc.DatabaseError as exc:
        if precious or not _is_damaged(exc):
            raise
        _set_aside(path, metadata)
        return _open(path, metadata)


def _is_damaged(exc: Exception) -> bool:
    return "malformed" in str(exc) or "not a database" in str(exc)


def _set_aside(path: Path, metadata: sa.MetaData, used: sa.Engine | None = None) -> None:
    """Rename a damaged file, unless another thread has done so since its engine was `used`."""
    with _lock:
        if _engines.get((path, metadata)) is not used:
            return
        if used is not None:
            del _engines[path, metadata]
            used.dispose()
        aside = path.with_suffix(f"{path.suffix}.damaged")
        _log.warning("%s is damaged; it was renamed to %s and begun anew", path.name, aside.name)
        path.replace(aside)
        for ending in ("-wal", "-shm"):  # they belong to the damaged file
            path.with_name(path.name + ending).unlink(missing_ok=True)


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


def _add_new_columns(connection: sa.Connection, table: sa.Table) -> None:
    """Add the columns that a file of an earlier version lacks; each may be null."""
    present = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.nullable and column.name not in present:
            kind = column.type.compile(connection.dialect)
            try:
                connection.exec_driver_sql(
                    f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"
                )
            except sa.exc.OperationalError as exc:
                if "duplicate column" not in str(exc):  # another process has just added it
                    raise


def _open(path: Path, metadata: sa.MetaData, precious: bool = False) -> sa.Engine:
    opened = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_MS / 1000})

    @sa.event.listens_for(opened, "connect")
    def _prepare(connection: Any, record: object) -> None:  # noqa: ANN401
        # Readers go on beside a writer, and a commit does not wait for the disk: a power cut
        # loses the last commits, never the file. What is precious waits.
        _set_wal(connection)
        connection.execute(f"PRAGMA synchronous={'FULL' if precious else 'NORMAL'}")

    try:
        with opened.begin() as connection:  # another process may be making them right now
            for table in metadata.sorted_tables:
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
                _add_new_columns(connection, table)
                for index in table.indexes:
                    connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    except BaseException:
        opened.dispose()
        raise
    return opened
