"""The documents that are read, batch after batch, in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from typing import Final, Protocol

import numpy as np

from components.analysis.anatomy.records import EXAMPLES, Group
from components.domain import Corpus, Document

BATCH: Final = 256
"""Documents that are in memory at once."""
SEED: Final = 18
REMOTE: Final = 2_000
"""Documents that are read of a corpus which is never all read."""
MOST: Final = 250_000
"""Documents that are read at most; of more so many are drawn, about 100 MB of figures."""
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
    def folded(self) -> list[list[str]]:
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
    """The documents of a corpus that are read: all of them, or `most`, or MOST, drawn at random.

    A row is the number of such a document, from 0 in the corpus's order. A draw depends on the
    numbers alone: who looks again sees the same documents. Of a corpus that is never all read, its
    server draws, REMOTE documents where `most` is None, and they stay in memory.
    """

    def __init__(self, corpus: Corpus, most: int | None = None) -> None:
        if corpus.remote:
            corpus = replace(corpus, documents=tuple(corpus.sample(most or REMOTE)))
        self._corpus = corpus
        self.places: Sequence[int] = range(len(corpus.documents))
        most = MOST if most is None else min(max(most, 1), MOST)
        if most < len(self.places):
            drawn = np.random.default_rng(SEED).permutation(len(self.places))[:most]
            self.places = sorted(map(int, drawn))

    def __len__(self) -> int:
        """Return how many documents are read."""
        return len(self.places)

    def batches(self) -> Iterator[Batch]:
        """Yield the documents in their order, BATCH at once."""
        for start in range(0, len(self), BATCH):
            yield Batch(start, self._corpus.at(self.places[start : start + BATCH]))

    def documents(self, rows: Iterable[int]) -> list[Document]:
        """Return the documents of rows, which are read at once."""
        return self._corpus.at([self.places[row] for row in rows])

    def ids(self, rows: Iterable[int]) -> list[str]:
        """Return the ids of the documents of rows."""
        return self._corpus.ids([self.places[row] for row in rows])

    def group(self, rows: Iterable[int], number: int) -> Group:
        """Return so many documents, with the ids of the first rows as examples."""
        return Group(number, tuple(self.ids(islice(rows, EXAMPLES))))
