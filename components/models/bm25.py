"""BM25: the statistics of a corpus, sparse vectors, and what each word adds to a score."""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from components.domain import Corpus, Spec
from components.models.terms import TermCounts, TermStatistics, terms

BM25 = Spec(
    key="bm25",
    label="bm25",
    family="lexical",
    summary="Counts exact words, weighted by how rare they are in the corpus. Knows codes, names "
    "and numbers; knows nothing of meaning.",
    scale="BM25",
    model="BM25 (k1 = 1.2, b = 0.75), English Snowball stems",
    revision="1",
    source="https://doi.org/10.1561/1500000019",
    authors="Robertson and Zaragoza (2009); the code is the lab's own",
    license="Apache-2.0",
)
K1 = 1.2
B = 0.75
CORPORA_REMEMBERED = 8
"""Corpora whose statistics stay in memory; the least recently used makes room."""
SAMPLE = 1_000
"""Documents whose words are counted where the others are not read."""
Number = TypeVar("Number", float, npt.NDArray[np.float64])


def saturated(frequency: Number, length: Number, mean_length: float) -> Number:
    """Return the weight of a term that occurs so often in a text of so many words."""
    norm = K1 * (1 - B + B * length / mean_length)
    return frequency * (K1 + 1) / (frequency + norm)


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Term numbers and their weights, in matching order."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


class Bm25:
    """BM25 statistics of a collection of texts.

    A document's sparse vector holds its saturated term frequencies; multiplied by the inverse
    document frequency, log(1 + (N - n + 0.5) / (n + 0.5)), which a query's vector holds, and summed
    over the query's terms, they give the BM25 score. Where texts are `sampled` from more, a term
    that none of them has is a rare one; otherwise it is none of the collection's.
    """

    def __init__(self, texts: Iterable[str] | TermStatistics, *, sampled: bool = False) -> None:
        if not isinstance(texts, TermStatistics):
            counts = TermCounts()
            counts.add(texts)
            texts = counts.statistics()
        self.vocabulary = {term: i for i, term in enumerate(texts.terms)}
        self.documents = texts.documents
        self.mean_length = texts.mean_length
        self.sampled = sampled
        self._document_counts = texts.document_counts

    def idf(self, term: str) -> float:
        """Return the weight of a term by its rarity; 0 for one that no document has."""
        place = self.vocabulary.get(term)
        if place is None and not self.sampled:
            return 0.0
        n = 0 if place is None else int(self._document_counts[place])
        return math.log(1 + (self.documents - n + 0.5) / (n + 0.5))

    def weights(self, text: str) -> dict[str, float]:
        """Return the saturated term frequencies of a document."""
        count = Counter(terms(text))
        length = count.total()
        return {term: saturated(tf, length, self.mean_length) for term, tf in count.items()}

    def document_vector(self, text: str) -> SparseVector:
        """Return a document's sparse vector, without the inverse document frequency."""
        pairs = sorted((self.vocabulary[t], w) for t, w in self.weights(text).items())
        return SparseVector(tuple(i for i, _ in pairs), tuple(w for _, w in pairs))

    def query_vector(self, query: str) -> SparseVector:
        """Return a query's sparse vector: its terms' inverse document frequency times their count.

        Its product with a document's vector is the BM25 score; terms that no document has are left
        out.
        """
        counts = Counter(t for t in terms(query) if t in self.vocabulary)
        pairs = sorted((self.vocabulary[t], n * self.idf(t)) for t, n in counts.items())
        return SparseVector(tuple(i for i, _ in pairs), tuple(v for _, v in pairs))

    def contributions(self, query: str, text: str) -> dict[str, float]:
        """Return what each query term adds to the score of a text."""
        weights = self.weights(text)
        counts = Counter(terms(query))
        return {t: n * self.idf(t) * weights[t] for t, n in counts.items() if t in weights}


_remembered: OrderedDict[Hashable, Bm25] = OrderedDict()
_remembered_lock, _computing = threading.Lock(), threading.Lock()


def corpus_key(corpus: Corpus) -> Hashable:
    """Return what work done for a corpus's documents is kept under, whatever its judgments."""
    return (corpus.fingerprint, len(corpus.documents)) if corpus.fingerprint else corpus


def remember(corpus: Corpus, bm25: Bm25) -> None:
    """Let `statistics` return these from now on, which were read or computed elsewhere."""
    with _remembered_lock:
        _remembered[corpus_key(corpus)] = bm25
        _remembered.move_to_end(corpus_key(corpus))
        while len(_remembered) > CORPORA_REMEMBERED:
            _remembered.popitem(last=False)


def forget(fingerprint: str) -> None:
    """Let go of the statistics of a corpus."""
    with _remembered_lock:
        for key in [key for key in _remembered if isinstance(key, tuple) and fingerprint in key]:
            del _remembered[key]


def _recall(corpus: Corpus) -> Bm25 | None:
    with _remembered_lock:
        bm25 = _remembered.get(corpus_key(corpus))
        if bm25:
            _remembered.move_to_end(corpus_key(corpus))
        return bm25


def statistics(corpus: Corpus) -> Bm25:
    """Return the corpus's statistics: those that are remembered, or else computed once.

    Of documents that are never all read, those of a sample.
    """
    bm25 = _recall(corpus)
    if bm25 is None:
        with _computing:  # who waited for another thread finds what it computed
            bm25 = _recall(corpus)
            if bm25 is None:
                documents = corpus.sample(SAMPLE) if corpus.remote else corpus.documents
                part = len(documents) < len(corpus.documents)
                bm25 = Bm25((document.passage for document in documents), sampled=part)
                remember(corpus, bm25)
    return bm25
