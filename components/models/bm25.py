"""BM25: the statistics of a corpus, sparse vectors, and what each word adds to a score."""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

from components.domain import Corpus, Spec

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
_WORD = re.compile(r"\w+")
# Function words that say little; "no" and "not" stay, since they change a query's meaning.
_STOP = frozenset(
    "a an and are as at be but by for if in into is it of on or such that the their then there "
    "these they this to was will with".split()
)
_stemmer = Stemmer.Stemmer("english")
_stemmer_lock = threading.Lock()  # a stemmer object must not be shared between threads at work


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    with _stemmer_lock:
        return str(_stemmer.stemWord(word))


def terms(text: str) -> list[str]:
    """Return the stems of a text's words, lower case, without stop words."""
    return [_stem(w) for w in _WORD.findall(text.casefold()) if w not in _STOP]


def terms_at(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """Return where each word of a text begins and ends, and its stems: none for a stop word.

    A word has more than one stem only where folding its case splits it.
    """
    return [(*match.span(), tuple(terms(match.group()))) for match in _WORD.finditer(text)]


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Term numbers and their weights, in matching order."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


class Bm25:
    """BM25 statistics of a collection of texts.

    A document's sparse vector holds its saturated term frequencies; multiplied by the inverse
    document frequency, log(1 + (N - n + 0.5) / (n + 0.5)), which Qdrant applies at search time,
    and summed over the query's terms, they give the BM25 score.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        document_counts = Counter(term for count in counts for term in count)
        self.vocabulary = {term: i for i, term in enumerate(sorted(document_counts))}
        self.documents = len(texts)
        self.mean_length = sum(map(Counter.total, counts)) / max(len(texts), 1) or 1.0
        self._document_counts = document_counts

    def idf(self, term: str) -> float:
        """Return the weight of a term by its rarity; 0 for one that no document has."""
        n = self._document_counts.get(term, 0)
        return math.log(1 + (self.documents - n + 0.5) / (n + 0.5)) if n else 0.0

    def weights(self, text: str) -> dict[str, float]:
        """Return the saturated term frequencies of a document."""
        count = Counter(terms(text))
        norm = K1 * (1 - B + B * count.total() / self.mean_length)
        return {term: tf * (K1 + 1) / (tf + norm) for term, tf in count.items()}

    def document_vector(self, text: str) -> SparseVector:
        """Return a document's sparse vector, without the inverse document frequency."""
        pairs = sorted((self.vocabulary[t], w) for t, w in self.weights(text).items())
        return SparseVector(tuple(i for i, _ in pairs), tuple(w for _, w in pairs))

    def query_vector(self, query: str) -> SparseVector:
        """Return a query's sparse vector: count times inverse document frequency of each term."""
        counts = Counter(t for t in terms(query) if t in self.vocabulary)
        pairs = sorted((self.vocabulary[t], n * self.idf(t)) for t, n in counts.items())
        return SparseVector(tuple(i for i, _ in pairs), tuple(v for _, v in pairs))

    def contributions(self, query: str, text: str) -> dict[str, float]:
        """Return what each query term adds to the score of a text."""
        weights = self.weights(text)
        counts = Counter(terms(query))
        return {t: n * self.idf(t) * weights[t] for t, n in counts.items() if t in weights}


@lru_cache(maxsize=8)
def statistics(corpus: Corpus) -> Bm25:
    """Return the corpus's statistics, computed once."""
    return Bm25([document.passage for document in corpus.documents])
