"""What lies beside the documents of a corpus: its manifest, its queries, judgments and report."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from components.corpora import first_fault
from components.domain import Corpus, Count, Fields, ImportReport, Judgments, Query, StoreError
from components.storage.documents import StoredDocuments

MANIFEST, CONTENTS = "manifest.json", "corpus.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A corpus in the library, as its manifest tells without opening it.

    `id` is the name of its folder; `owner` is empty for the lab's own. `token` is the part of its
    link that cannot be guessed; `shared` lets everybody at the lab find it. `bytes` are those of
    its folder, `replaces` is the id of the corpus whose place it took.
    """

    id: str
    name: str
    owner: str
    token: str
    shared: bool
    fingerprint: str
    documents: int
    queries: int
    judgments: int
    word_count: int
    bytes: int
    made: datetime
    contents: str
    replaces: str = ""

    def __repr__(self) -> str:
        """Return what may stand in a log: no token."""
        return f"Entry(id={self.id!r}, name={self.name!r}, documents={self.documents})"


class Manifest(BaseModel):
    """An entry as it lies on disk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    entry: Entry


class Contents(BaseModel):
    """All of a corpus but its name and its documents.

    `split` is the one whose judgments were looked at; `others` are judgments of no split.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    card: str
    queries: tuple[Query, ...]
    split: str
    splits: dict[str, dict[str, dict[str, int]]]
    others: dict[str, dict[str, int]]
    dangling: dict[str, dict[str, dict[str, int]]]
    unasked: dict[str, Count]
    report: ImportReport
    fields: Fields | None = None

    @classmethod
    def of(cls, corpus: Corpus) -> Self:
        """Return what a corpus holds beside its documents."""
        split = next((n for n, judged in corpus.splits.items() if judged is corpus.judgments), "")
        return cls(
            card=corpus.card,
            queries=corpus.queries,
            split=split,
            splits={name: _plain(judged) for name, judged in corpus.splits.items()},
            others={} if split else _plain(corpus.judgments),
            dangling={name: _plain(judged) for name, judged in corpus.dangling.items()},
            unasked=dict(corpus.unasked),
            report=corpus.report,
            fields=corpus.fields,
        )

    def corpus(self, entry: Entry, documents: StoredDocuments) -> Corpus:
        """Return the corpus."""
        return Corpus(
            name=entry.name,
            documents=documents,
            queries=self.queries,
            judgments=self.splits[self.split] if self.split else self.others,
            fingerprint=entry.fingerprint,
            card=self.card,
            splits=self.splits,
            dangling=self.dangling,
            unasked=self.unasked,
            report=self.report,
            scanned=self.fields,
        )


def _plain(judgments: Judgments) -> dict[str, dict[str, int]]:
    return {query: dict(grades) for query, grades in judgments.items()}


def write_contents(folder: Path, corpus: Corpus) -> str:
    """Write what lies beside a corpus's documents and return its digest."""
    content = Contents.of(corpus).model_dump_json().encode()
    write_safely(folder / CONTENTS, content)
    return _digest(content)


def read_corpus(folder: Path, entry: Entry) -> Corpus:
    """Return a corpus, whose documents stay on disk; StoreError where it is damaged."""
    try:
        content = (folder / CONTENTS).read_bytes()
        if _digest(content) != entry.contents:
            raise ValueError("it is not what was written")
        contents = Contents.model_validate_json(content)
    except (OSError, ValueError) as exc:
        why = first_fault(exc) if isinstance(exc, ValidationError) else str(exc)
        raise StoreError(
            f"{folder / CONTENTS} cannot be read: {why}.", "Delete the corpus and add it again."
        ) from exc
    return contents.corpus(entry, StoredDocuments(folder))


def write_manifest(folder: Path, entry: Entry) -> None:
    """Write a folder's manifest at once: readers see the old one or the new one."""
    write_safely(folder / MANIFEST, Manifest(entry=entry).model_dump_json().encode())


def read_manifest(folder: Path) -> Entry:
    """Return what a folder's manifest says; OSError or ValueError where it says nothing."""
    entry = Manifest.model_validate_json((folder / MANIFEST).read_bytes()).entry
    if entry.id != folder.name.partition(".")[0]:
        raise ValueError("it is of another folder")
    return entry


def write_safely(path: Path, content: bytes) -> None:
    """Write a file aside and move it into place, on the disk before its name is."""
    aside = path.with_name(f"{path.name}.part")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Bring a folder's entries to the disk; Windows cannot."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
