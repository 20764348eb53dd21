"""A document, and the documents of a corpus where they are not all in memory."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, overload


@dataclass(frozen=True, slots=True)
class Document:
    """One passage of a corpus."""

    id: str
    title: str
    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def passage(self) -> str:
        """Return what every model reads: title, a space, text."""
        return f"{self.title} {self.text}".strip()

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """Return what else its file says of the document: name and value, in the file's order."""
        return tuple(self.metadata.items())


class DocumentSink(Protocol):
    """Takes the documents of a corpus that is read, one by one, so that no list holds them all."""

    def add(self, document: Document) -> None:
        """Take the next document."""

    def documents(self) -> LazyDocuments:
        """Return all that were added; there will be no more."""


class LazyDocuments(Sequence[Document]):
    """Documents that are read as they are needed: from a disk, or from a server.

    A place is a document's position, from 0. Whoever needs several documents asks for them at once
    with `at`, and whoever needs no texts asks for `ids`: each may be one request. Iterating takes
    bounded memory. Two of them are equal where their documents are, which is told without reading
    all of them. Every method raises a `LabError` where a document cannot be read. Safe to share
    between threads. `remote` documents belong to somebody else's server, and are never all read.
    """

    remote = False

    @abstractmethod
    def at(self, places: Sequence[int]) -> list[Document]:
        """Return the documents at these places, in their order."""

    @abstractmethod
    def ids(self, places: Sequence[int]) -> list[str]:
        """Return the ids of the documents at these places, in their order."""

    @property
    @abstractmethod
    def by_id(self) -> Mapping[str, Document]:
        """Return the documents by id; only a look-up reads a text."""

    @overload
    def __getitem__(self, place: int) -> Document: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Document, ...]: ...
    def __getitem__(self, place: int | slice) -> Document | tuple[Document, ...]:
        """Return one document, or those of a slice, which are read at once."""
        places = range(len(self))[place]
        if isinstance(places, int):
            return self.at([places])[0]
        return tuple(self.at(places))

    @abstractmethod
    def __iter__(self) -> Iterator[Document]:
        """Yield all documents in order."""

    def sample(self, n: int) -> Sequence[Document]:
        """Return up to so many documents that stand for all, evenly spread."""
        return self.at(range(len(self))[:: math.ceil(len(self) / n) or 1])

    def present(self, ids: Collection[str]) -> set[str]:
        """Return those of these ids that there are."""
        return {id for id in ids if id in self.by_id}

    def some(self, ids: Collection[str]) -> dict[str, Document]:
        """Return those of the documents with these ids that there are, by id."""
        return {id: self.by_id[id] for id in self.present(ids)}
