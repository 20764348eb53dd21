"""The corpora that stay: whole or not at all, whoever is killed while adding or deleting one.

A corpus is a folder with a manifest. It is written as `ID.part` and renamed into place; a deleted
one is renamed to `ID.gone`, and what it left elsewhere goes before the folder does. Who is killed
in between leaves such a folder, which the next change sweeps away. One process at a time changes
the library; reading it takes no lock.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from components.config import LibrarySettings
from components.corpora import quoted
from components.domain import (
    Corpus,
    DocumentSink,
    InputError,
    Progress,
    StoreError,
    no_progress,
)
from components.lab.library.drafts import PART, Draft, is_abandoned
from components.lab.library.entries import Entry, read_manifest, write_manifest
from components.lab.library.finding import KeptCorpora
from components.lab.library.names import check_name, folded, suggested
from components.storage.locks import exclusive
from components.storage.sqlite import WHOLE_LAB

Erase = Callable[["Library", Entry, Path], None]
"""Removes what a deleted corpus left outside of its folder; StoreError where that must wait."""
GONE: Final = ".gone"
"""Ends the name of a deleted corpus's folder."""
_log = logging.getLogger(__name__)


class Library(KeptCorpora):
    """The corpora in a folder, of all owners, and who may change them.

    Safe to share between threads and processes. What cannot be read or written is a StoreError; a
    name or a size that cannot be is an InputError, and then nothing has changed.
    """

    def __init__(
        self, folder: Path, limits: LibrarySettings, erase: Erase, taken: Collection[str] = ()
    ) -> None:
        super().__init__(folder)
        self._limits, self._erase, self._taken = limits, erase, taken

    # ------------------------------------------------------------ adding

    def add(
        self,
        corpus: Corpus,
        owner: str = WHOLE_LAB,
        *,
        shared: bool = False,
        replaces: bool = False,
        progress: Progress = no_progress,
    ) -> Entry:
        """Keep a corpus under its name; with `replaces` it may take the place of the owner's own.

        `progress` is told of the documents written and may raise to end the work; then, and where
        there is no room, nothing has changed.
        """
        return self.read(
            lambda sink: corpus,
            check_name(corpus.name, self._taken),
            owner,
            shared=shared,
            replaces=replaces,
            progress=progress,
        )

    def read(
        self,
        read: Callable[[DocumentSink], Corpus],
        name: str = "",
        owner: str = WHOLE_LAB,
        *,
        shared: bool = False,
        replaces: bool = False,
        progress: Progress = no_progress,
    ) -> Entry:
        """Keep the corpus that `read` returns, as `add` does, under a name or after its own.

        `read` may hand the documents to the sink as it goes, so that they are never in memory.
        """
        with self.draft(name, owner, replaces=replaces) as draft:
            corpus = read(draft)
            corpus = replace(
                corpus, name=check_name(name or suggested(corpus.name, self._taken), self._taken)
            )
            total = 0 if draft.complete else len(corpus.documents)
            for number, document in enumerate(corpus.documents if total else ()):
                if number % 1_000 == 0:
                    progress(number, total)
                draft.add(document)
            return self._publish(draft, corpus, owner, shared=shared, replaces=replaces)

    @contextmanager
    def draft(
        self, name: str, owner: str = WHOLE_LAB, *, replaces: bool = False
    ) -> Iterator[Draft]:
        """Yield the place where a corpus is written; one that is not published leaves nothing."""
        with self._storing():
            with self._changing():
                self._sweep()
                # without a name it is checked once it has one
                before = (
                    self._before(check_name(name, self._taken), owner, replaces=replaces)
                    if name
                    else None
                )
                draft = Draft(self.folder, lambda size: self._check_room(name, size, owner, before))
            try:
                yield draft
            finally:
                draft.drop()

    def _publish(
        self, draft: Draft, corpus: Corpus, owner: str, *, shared: bool, replaces: bool
    ) -> Entry:
        """Bring a corpus, whose documents are in a draft, into the library at once."""
        name = check_name(corpus.name, self._taken)
        entry = draft.finish(corpus, name, owner, shared=shared)
        with self._changing():
            before = self._before(name, owner, replaces=replaces)
            self._check_room(name, entry.bytes, owner, before)
            entry = draft.publish(entry, before)
        if before:
            self._remove(before)
        return entry

    def _before(self, name: str, owner: str, *, replaces: bool) -> Entry | None:
        """Return the owner's corpus of a name; InputError where its place must not be taken."""
        same = [e for e in self.entries() if e.owner == owner and folded(e.name) == folded(name)]
        if same and not replaces:
            raise InputError(
                f"There is a corpus called {quoted(same[0].name)} already.",
                "Give another name, or delete that one first.",
            )
        return same[0] if same else None

    def _check_room(self, name: str, size: int, owner: str, before: Entry | None) -> None:
        """Raise InputError where a corpus of so many bytes is more than may be kept."""
        freed = before.bytes if before else 0
        own, whole = self._limits.visitor_mb, self._limits.limit_mb
        visitors = [("what you keep here", owner, own)] if owner != WHOLE_LAB else []
        for what, whose, most_mb in (("the library", None, whole), *visitors):
            used = self.bytes_of(whose) - freed
            if used + size > most_mb * 1_000_000:
                which = quoted(name) if name else "The corpus"
                raise InputError(
                    f"{which} does not fit: {what} takes {used / 1e6:,.1f} of at most "
                    f"{most_mb:,} MB, and it needs {size / 1e6:,.1f} MB or more. It was not kept.",
                    "Delete a corpus, or let who runs the lab raise the limit ([library]).",
                )

    # ------------------------------------------------------------ changing

    def rename(self, entry: Entry, name: str) -> Entry:
        """Give a corpus another name; InputError where its owner has one of that name."""
        name = check_name(name, self._taken)
        with self._storing(), self._changing():
            current = self._current(entry)
            if folded(name) != folded(current.name):
                self._before(name, current.owner, replaces=False)
            return self._write(replace(current, name=name))

    def share(self, entry: Entry, *, shared: bool) -> Entry:
        """Let everybody at a shared lab find a corpus, or its owner alone."""
        with self._storing(), self._changing():
            return self._write(replace(self._current(entry), shared=shared))

    def remove(self, entry: Entry) -> str:
        """Delete a corpus and what it left elsewhere; say what of that must wait, if anything."""
        with self._storing():
            with self._changing():
                self._current(entry)
                self._sweep()
            self._clear_all()
            return self._remove(entry)

    def sweep(self) -> None:
        """Remove what those left behind who were killed; what cannot be removed yet stays."""
        try:
            if self.folder.is_dir():
                with self._storing(), self._changing():
                    self._sweep()
                self._clear_all()
        except StoreError as exc:
            _log.warning("%s", exc)

    def _current(self, entry: Entry) -> Entry:
        """Return an entry as it is now; InputError where it is gone."""
        current = next((e for e in self.entries() if e.id == entry.id), None)
        if current is None:
            raise InputError(f"The corpus {quoted(entry.name)} is not here any more.")
        return current

    def _write(self, entry: Entry) -> Entry:
        write_manifest(self.folder / entry.id, entry)
        os.utime(self.folder)  # so that everybody looks again
        return entry

    def _remove(self, entry: Entry) -> str:
        """Take a corpus out of sight, then remove what it left; return what must wait."""
        folder, gone = self.folder / entry.id, self.folder / f"{entry.id}{GONE}"
        with self._lock:
            self._opened.pop(entry.id, None)
        if folder.is_dir():
            folder.rename(gone)
        return self._clear(entry, gone)

    def _clear(self, entry: Entry, gone: Path) -> str:
        try:
            self._erase(self, entry, gone)
        except StoreError as exc:
            _log.warning("what %s left goes later: %s", entry.id, exc)
            return exc.reason
        shutil.rmtree(gone, ignore_errors=True)
        return ""

    def _sweep(self) -> None:
        """Remove abandoned drafts, and take replaced corpora out of sight."""
        replaced = {entry.replaces for entry in self.entries()} - {""}
        for folder in list(self.folder.iterdir()):
            if folder.suffix == PART and folder.is_dir() and is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
            if folder.name in replaced:
                folder.rename(folder.with_name(f"{folder.name}{GONE}"))

    def _clear_all(self) -> None:
        """Remove what is left of deleted corpora; a server that is gone is waited for without."""
        for folder in self.folder.glob(f"*{GONE}"):
            try:
                entry = read_manifest(folder)
            except (OSError, ValueError):  # only its own files are left
                shutil.rmtree(folder, ignore_errors=True)
            else:
                self._clear(entry, folder)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Let nobody else change the library."""
        with exclusive(self.folder / "library", lambda: None):
            yield

    @contextmanager
    def _storing(self) -> Iterator[None]:
        """Raise a StoreError for each error of the disk."""
        try:
            yield
        except OSError as exc:
            raise StoreError(
                f"The library in {self.folder} cannot be changed: {exc.strerror or exc}.",
                "Look whether the disk is full or the folder cannot be written; nothing was lost.",
            ) from exc
