"""The documents that are read, batch after batch, in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final, Protocol

import numpy as np

from components.analysis.anatomy.records import EXAMPLES, Group
from components.domain import Document

BATCH: Final = 256
"""Documents that are in memory at once."""
SEED: Final = 18
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese letters, between whose words is no space."""
_WORDS: Final = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


def words_of(text: str) -> list[str]:
    """Return a text's words, folded; letters of scripts without spaces one by one."""
    return _WORDS.findall(text.casefold())


def same(text: str) -> bytes:
    """Return a digest that two texts share if they differ in white space and case alone."""
    return blake2b(
        " ".join(text.casefold().split()).encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()


@dataclass(frozen=True)
class Batch:
    """Some documents, the first of which is row `start` of those that are read."""

    start: int
    documents: Sequence[Document]

    @cached_property
    def passages(self) -> list[str]:
        """Return what every model reads of the documents."""
        return [document.passage for document in self.documents]

    @cached_property
    def words(self) -> list[list[str]]:
        """Return the words of each passage."""
        return [words_of(passage) for passage in self.passages]

    @cached_property
    def digests(self) -> list[bytes]:
        """Return for each passage what `same` makes of it."""
        return [same(passage) for passage in self.passages]


class Part(Protocol):
    """Gathers one kind of figure from batches."""

    def add(self, batch: Batch) -> None:
        """Take note of the next documents."""
        ...


class Rows:
    """The documents of a corpus that are read: all of them, or `most` drawn at random.

    A row is the number of such a document, from 0 in the corpus's order. A draw depends on the
    numbers alone: who looks again sees the same documents.
    """

    def __init__(self, documents: Sequence[Document], most: int | None = None) -> None:
        self.documents = documents
        self.places: Sequence[int] = range(len(documents))
        if most is not None and most < len(documents):
            drawn = np.random.default_rng(SEED).choice(len(documents), max(most, 1), replace=False)
            self.places = sorted(map(int, drawn))

    def __len__(self) -> int:
        """Return how many documents are read."""
        return len(self.places)

    def batches(self) -> Iterator[Batch]:
        """Yield the documents in their order, BATCH at once."""
        for start in range(0, len(self), BATCH):
            places = self.places[start : start + BATCH]
            if isinstance(places, range):
                yield Batch(start, self.documents[places.start : places.stop])
            else:
                yield Batch(start, [self.documents[place] for place in places])

    def document(self, row: int) -> Document:
        """Return the document of a row."""
        return self.documents[self.places[row]]

    def group(self, rows: Iterable[int], number: int) -> Group:
        """Return so many documents, with the ids of the first rows as examples."""
        first = [row for _, row in zip(range(EXAMPLES), rows, strict=False)]
        return Group(number, tuple(self.document(row).id for row in first))
