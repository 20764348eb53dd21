"""The terms of texts, stems of words, and how often they occur in a collection of texts."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
import Stemmer

Integers = npt.NDArray[np.int64]
PIECE = 1_000
"""Texts that are counted at once."""
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


@dataclass(frozen=True, slots=True, eq=False)
class TermStatistics:
    """The terms of a collection of texts, sorted, and in how many texts each occurs.

    `mean_length` is in words without stop words, and 1 where there are none.
    """

    terms: Sequence[str]
    document_counts: Integers
    documents: int
    mean_length: float


@dataclass(frozen=True, slots=True, eq=False)
class CountedTexts:
    """Some texts' terms: the number and the frequency of each distinct term, text after text.

    `distinct` has for each text how many of these are its own, `lengths` how many words it has.
    """

    numbers: npt.NDArray[np.int32]
    frequencies: npt.NDArray[np.int32]
    distinct: Integers
    lengths: Integers


class _WordNumbers(dict[str, int]):
    """The number of each word's stem, in the order in which the stems appear; -1 for stop words."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(_STOP, -1))
        self.stems: dict[str, int] = {}
        self._stemmer = Stemmer.Stemmer("english", 0)

    def __missing__(self, word: str) -> int:
        stem = self._stemmer.stemWord(word)
        number = self[word] = self.stems.setdefault(stem, len(self.stems))
        return number


class TermCounts:
    """Counts the terms of texts in one pass; each distinct word is stemmed once.

    With `keep` it remembers what each text counts, 8 bytes for each of its distinct terms.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self._keep = keep
        self._numbers = _WordNumbers()
        self._document_counts = np.zeros(0, np.int64)
        self._documents = self._length = 0
        self._pieces: list[CountedTexts] = []

    def add(self, texts: Iterable[str]) -> None:
        """Count texts."""
        rest = iter(texts)
        while word_lists := [_WORD.findall(text.casefold()) for text in islice(rest, PIECE)]:
            piece = self._counted(word_lists)
            counts = np.bincount(piece.numbers, minlength=len(self._numbers.stems))
            counts[: len(self._document_counts)] += self._document_counts
            self._document_counts = counts
            self._documents += len(word_lists)
            self._length += int(piece.lengths.sum())
            if self._keep:
                self._pieces.append(piece)

    def _counted(self, word_lists: Sequence[Sequence[str]]) -> CountedTexts:
        numbers = np.fromiter(map(self._numbers.__getitem__, chain(*word_lists)), np.int64)
        texts = np.repeat(np.arange(len(word_lists)), [len(text) for text in word_lists])
        texts, numbers = texts[numbers >= 0], numbers[numbers >= 0]
        lengths = np.bincount(texts, minlength=len(word_lists))
        terms = max(len(self._numbers.stems), 1)
        pairs, frequencies = np.unique(texts * terms + numbers, return_counts=True)
        texts, numbers = np.divmod(pairs, terms)
        distinct = np.bincount(texts, minlength=len(word_lists))
        return CountedTexts(
            numbers.astype(np.int32), frequencies.astype(np.int32), distinct, lengths
        )

    def statistics(self) -> TermStatistics:
        """Return what was counted so far."""
        stems = self._numbers.stems
        terms = sorted(stems)
        counts = self._document_counts[[stems[term] for term in terms]]
        mean_length = self._length / max(self._documents, 1) or 1.0
        return TermStatistics(terms, counts, self._documents, mean_length)

    def take(self, statistics: TermStatistics) -> Iterator[CountedTexts]:
        """Yield what was kept of the texts, which it keeps no longer, a piece after another.

        A number is now a term's place in `statistics`; those of a text ascend.
        """
        stems = self._numbers.stems
        places = np.zeros(len(stems), np.int32)
        places[[stems[term] for term in statistics.terms]] = np.arange(len(stems), dtype=np.int32)
        pieces, self._pieces = self._pieces[::-1], []
        while pieces:
            piece = pieces.pop()
            numbers = places[piece.numbers]
            order = np.lexsort((numbers, np.repeat(np.arange(len(piece.lengths)), piece.distinct)))
            yield CountedTexts(
                numbers[order], piece.frequencies[order], piece.distinct, piece.lengths
            )
