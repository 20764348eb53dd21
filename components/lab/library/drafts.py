"""A corpus on its way into the library: written in a folder of its own, then moved into place."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from components.domain import Corpus, Document
from components.lab.library.entries import Entry, sync, write_contents, write_manifest
from components.storage.documents import DocumentWriter, StoredDocuments

PART = ".part"
"""Ends the name of a folder that is being written."""
LOCK = "writing.lock"
"""The file whose lock says that somebody is writing a folder."""


class Draft:
    """The folder of a corpus that is being written, a sink for its documents.

    `check_room` is called with the bytes so far, now and then and at the end, and raises where
    there is no room for them. The caller holds the library's lock while a draft is made and while
    it is published; nobody sees it in between.
    """

    def __init__(self, library: Path, check_room: Callable[[int], None]) -> None:
        self.id = secrets.token_hex(8)
        self.folder = library / f"{self.id}{PART}"
        self._check_room = check_room
        self.folder.mkdir(parents=True)
        self._lock = FileLock(self.folder / LOCK)
        self._lock.acquire()
        self._writer = DocumentWriter(self.folder)
        self._stored: StoredDocuments | None = None

    @property
    def complete(self) -> bool:
        """Return whether whoever read the corpus has handed over all of its documents."""
        return self._stored is not None

    def documents(self) -> StoredDocuments:
        """Return all documents that were added, from the disk; there will be no more."""
        if self._stored is None:
            self._writer.close()
            self._stored = StoredDocuments(self.folder)
        return self._stored

    def add(self, document: Document) -> None:
        """Write the next document."""
        self._writer.add(document)
        if len(self._writer) % 1_000 == 0:
            self._check_room(self._writer.bytes_written)

    def finish(self, corpus: Corpus, name: str, owner: str, *, shared: bool) -> Entry:
        """Write what lies beside the documents, which are all here; return the entry to publish."""
        digest = write_contents(self.folder, corpus)
        self.documents().close()
        size = sum(path.stat().st_size for path in self.folder.iterdir())
        self._check_room(size)
        return Entry(
            id=self.id,
            name=name,
            owner=owner,
            token=secrets.token_urlsafe(24),
            shared=shared,
            fingerprint=corpus.fingerprint,
            documents=len(self._writer),
            queries=len(corpus.queries),
            judgments=sum(map(len, corpus.judgments.values())),
            word_count=self._writer.word_count,
            bytes=size,
            made=datetime.now(UTC),
            contents=digest,
        )

    def publish(self, entry: Entry, replaced: Entry | None) -> Entry:
        """Move the folder into place: from now on the corpus is there, in place of another one."""
        entry = replace(entry, replaces=replaced.id if replaced else "")
        write_manifest(self.folder, entry)
        self._lock.release()
        (self.folder / LOCK).unlink(missing_ok=True)
        self.folder.rename(self.folder.with_name(self.id))
        sync(self.folder.parent)
        return entry

    def drop(self) -> None:
        """Leave nothing behind, unless it was published."""
        if self.folder.is_dir():
            self._writer.abandon()
            self._lock.release()
            shutil.rmtree(self.folder, ignore_errors=True)


def is_abandoned(folder: Path) -> bool:
    """Return whether nobody writes a folder any more: who did has ended without publishing it."""
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True
