"""The documents of a corpus: rows of its files, checked, with ids that none of them shares."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from types import MappingProxyType

import numpy as np

from components.corpora.columns import SAMPLE_ROWS, Roles, roles_of
from components.corpora.formats import Columns
from components.corpora.limits import Meter
from components.corpora.records import (
    identity_of,
    metadata_of,
    text_of,
    title_of,
    unique,
    within,
)
from components.corpora.text import Row, quoted
from components.domain import CorpusError, Document, DocumentSink

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class Tally:
    """What became of a file's fields: their roles, the rows that fill each, the ids made.

    `no_id` says why the field `not_id` that could have been an id is none; `notes` are remarks on
    rows, and `unkept` is where metadata no longer fits into an upload.
    """

    file: str
    roles: Roles
    rows: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    invented: int = 0
    no_id: str = ""
    not_id: str = ""
    notes: list[str] = field(default_factory=list)
    unkept: str = ""


class DocumentReader:
    """Reads a corpus file by file; `tallies` says what became of each.

    With a `sink` no document stays in memory. Then a field that is not called an id is none, since
    ids that were given out could not be taken back.
    """

    def __init__(self, meter: Meter | None = None, sink: DocumentSink | None = None) -> None:
        self.tallies: list[Tally] = []
        self.documents: list[Document] = []
        self._meter = meter or Meter()
        self._places: dict[str, str] = {}
        self._sink, self._hashes = sink, array("q")

    def __len__(self) -> int:
        """Return how many documents were read."""
        return len(self._hashes) if self._sink else len(self.documents)

    def all(self) -> Sequence[Document]:
        """Return all documents; CorpusError where a sink has two with one id."""
        if self._sink is None:
            return tuple(self.documents)
        documents = self._sink.documents()
        hashes = np.array(self._hashes)
        order = np.argsort(hashes, kind="stable")
        for at in np.flatnonzero(hashes[order][1:] == hashes[order][:-1]).tolist():
            first, second = order[at : at + 2].tolist()
            one, other = documents.ids([first, second])
            if one == other:
                raise CorpusError(
                    f"{self.tallies[-1].file}: documents {first + 1:,} and {second + 1:,} have the "
                    f"same id {quoted(one)}.",
                    "Give every line an id of its own.",
                )
        return documents

    def read(self, file: str, rows: Iterable[Row], columns: Columns | None = None) -> None:
        """Read a file's rows; one without an id gets `doc-` and its number.

        A field that could be an id but is not called one is given up where it tells rows not
        apart.
        """
        counted = iter(self._meter.counted(rows))
        sample = list(islice(counted, SAMPLE_ROWS))
        roles = roles_of(file, sample, columns)
        if self._sink:
            roles = replace(roles, ids=tuple(key for key in roles.ids if key in roles.strict))
        tally = Tally(file, roles)
        self.tallies.append(tally)
        possible: list[tuple[int, str]] = []  # documents whose id is of such a field, and it
        for row in chain(sample, counted):
            key = next((key for key in tally.roles.ids if key in row.fields), "")
            try:
                identity = self._identity(row, key)
            except CorpusError as exc:
                if not possible and (not key or key in tally.roles.strict):
                    raise
                self._give_up(tally, possible, str(exc.reason))
                key = next((key for key in tally.roles.ids if key in row.fields), "")
                identity = self._identity(row, key)
            if key and key not in tally.roles.strict:
                possible.append((len(self), key))
            if row.note:
                tally.notes.append(f"{row.where}: {row.note}")
            tally.rows += 1
            tally.invented += not key
            document = self._document(row, identity, key, tally)
            if self._sink:
                self._hashes.append(hash(identity))
                self._sink.add(document)
            else:
                self.documents.append(document)

    def forget(self, file: str, documents: int) -> None:
        """Drop what was read of the latest file, before which there were so many documents."""
        self.tallies = [tally for tally in self.tallies if tally.file != file]
        del self.documents[documents:]
        for identity in list(self._places)[documents:]:
            del self._places[identity]

    def _identity(self, row: Row, key: str) -> str:
        """Return a row's id, or make one of its number."""
        identity = identity_of(row, key) if key else f"doc-{len(self) + 1}"
        return identity if self._sink else unique(identity, row.where, self._places)

    def _give_up(self, tally: Tally, possible: list[tuple[int, str]], why: str) -> None:
        """Give numbers to the documents whose ids come from a field that is no id, but metadata."""
        wheres = list(self._places.values())
        for at, key in possible:
            document = self.documents[at]
            extra = MappingProxyType({key: document.id, **document.metadata})
            self.documents[at] = replace(document, id=f"doc-{at + 1}", metadata=extra)
        self._places.clear()
        for document, where in zip(self.documents, wheres, strict=True):
            unique(document.id, where, self._places)
        tally.invented += len(possible)
        tally.no_id, tally.not_id = why, next((key for _, key in possible), "")
        strict = tuple(key for key in tally.roles.ids if key in tally.roles.strict)
        tally.roles = replace(tally.roles, ids=strict)
        possible.clear()

    def _document(self, row: Row, identity: str, id_key: str, tally: Tally) -> Document:
        """Check one row into a document with this id."""
        roles, limits = tally.roles, self._meter.limits
        title_key, title = title_of(row, roles)
        text_key = next((key for key in roles.texts if key in row.fields), "")
        text = text_of(row, roles)
        if len(text) > limits.text:
            within(row, text_key, text, limits.text, "a document")
        tally.filled.update([k for k, v in row.fields.items() if v is not None and v != ""])
        used = (id_key, title_key, text_key)
        if all(key in used for key in row.fields):
            return Document(identity, title, text, _NOTHING)
        own = row.fields.get("metadata")
        if isinstance(own, dict):
            self._meter.count_values(row.where, len(own))
        extra: dict[str, str] = {}
        for key, value in metadata_of(row, used):
            extra.setdefault(key, value)
        n_own = len(own) if isinstance(own, dict) else 0
        if len(extra) > n_own and not self._meter.has_room(len(extra) - n_own):
            tally.unkept = tally.unkept or row.where
            extra = dict(islice(extra.items(), n_own))
        return Document(identity, title, text, MappingProxyType(extra) if extra else _NOTHING)
