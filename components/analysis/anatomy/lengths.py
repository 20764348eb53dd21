"""How long texts are, and how much of them models read."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from components.analysis.anatomy.records import (
    EXAMPLES,
    SHORT,
    Bar,
    Group,
    Lengths,
    Reading,
    Refusal,
)
from components.analysis.anatomy.rows import Batch, Rows
from components.analysis.anatomy.windows import Window, tokens_of
from components.domain import Query

Counts = npt.NDArray[np.int64]
BARS: Final = 32
"""Bars of a histogram, about."""
OF_A_BAR: Final = 10
"""Ids that a bar names at most."""
UNASKED_TOKENS: Final = 12
"""Tokens of the query that is assumed beside a document where a corpus has no queries."""


class Sizes:
    """Counts words and tokens, and documents without words or text."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._tokenizers = list(dict.fromkeys(window.tokenizer for window in windows))
        self._n_words = array("L")
        self._spaced = array("L")
        self._untexted: list[int] = []
        self._n_untexted = 0
        self._tokens = [array("L") for _ in self._tokenizers]

    def add(self, batch: Batch) -> None:
        """Count the words and tokens of documents."""
        self._n_words.extend(map(len, batch.folded))
        self._spaced.extend(len(passage.split()) for passage in batch.passages)
        for row, document in enumerate(batch.documents, batch.start):
            if document.title.strip() and not document.text.strip():
                self._n_untexted += 1
                self._untexted += [row][: EXAMPLES - len(self._untexted)]
        for tokenizer, counts in zip(self._tokenizers, self._tokens, strict=True):
            counts.extend(tokens_of(tokenizer, batch.passages))

    def in_words(self, rows: Rows) -> Lengths:
        """Return how many words the documents have, as white space separates them."""
        return lengths_of(np.asarray(self._spaced, np.int64), rows)

    def empty(self, rows: Rows) -> Group:
        """Return the documents that have neither title nor text."""
        return _where(np.asarray(self._spaced, np.int64) == 0, rows)

    def short(self, rows: Rows) -> Group:
        """Return the documents of fewer than SHORT words that are not empty."""
        spaced = np.asarray(self._spaced, np.int64)
        return _where((np.asarray(self._n_words, np.int64) < SHORT) & (spaced > 0), rows)

    def untexted(self, rows: Rows) -> Group:
        """Return the documents with a title alone."""
        return rows.group(self._untexted, self._n_untexted)

    def in_tokens(self, rows: Rows) -> Lengths:
        """Return how many tokens the documents have by the first tokenizer."""
        return lengths_of(np.asarray(self._tokens[0] if self._tokens else (), np.int64), rows)

    def readings(
        self, windows: Sequence[Window], queries: Sequence[Query], rows: Rows
    ) -> tuple[tuple[Reading, ...], tuple[Refusal, ...]]:
        """Return what models read of the documents, and the queries that they refuse."""
        counted = dict(zip(self._tokenizers, self._tokens, strict=True))
        texts = [query.text for query in queries]
        readings, refusals = [], []
        for window in windows:
            asked = np.array(tokens_of(window.tokenizer, texts), np.int64)
            tokens = np.asarray(counted[window.tokenizer], np.int64)
            readings.append(_reading(window, tokens, asked, rows))
            for system, most in zip(window.systems, window.longest, strict=True):
                long = np.flatnonzero(asked > most)
                ids = tuple(queries[place].id for place in long[:EXAMPLES])
                refusals += [Refusal(system, most, Group(len(long), ids))] if ids else []
        return tuple(readings), tuple(refusals)


def _where(mask: npt.NDArray[np.bool_], rows: Rows) -> Group:
    return rows.group(map(int, np.flatnonzero(mask)), int(mask.sum()))


def _reading(window: Window, tokens: Counts, asked: Counts, rows: Rows) -> Reading:
    """Return what models read of documents of so many tokens, beside a query of median length."""
    beside = 0
    if window.pair:
        median = math.ceil(np.median(asked)) if len(asked) else UNASKED_TOKENS
        beside = min(median, *window.longest)
    unread = np.maximum(tokens - (window.room - beside), 0)
    n_cut = int((unread > 0).sum())
    longest = np.argsort(-unread, kind="stable")[: min(EXAMPLES, n_cut)]
    return Reading(
        window.systems,
        window.tokenizer.name,
        window.room - beside,
        beside,
        int(tokens.sum()),
        int(unread.sum()),
        rows.group(map(int, longest), n_cut),
    )


def lengths_of(counts: Counts, rows: Rows | None = None) -> Lengths:
    """Return the extremes, the middle and a histogram; with `rows`, bars name documents."""
    if not len(counts):
        return Lengths()
    usual = int(np.percentile(counts, 95, method="inverted_cdf"))
    most = int(counts.max())
    tail = int(np.percentile(counts, 99, method="inverted_cdf"))
    # a few very long texts must not press all others into one bar: they share the last
    end = most if most <= 1.5 * tail else tail
    least = (end + 1) / BARS
    power = 10 ** max(0, math.floor(math.log10(max(least, 1))))
    step = next(n for n in (power, 2 * power, 5 * power, 10 * power) if n >= least)
    edges = list(range(0, end + 1, step))
    bins = np.minimum(counts // step, len(edges) - 1)
    numbers = np.bincount(bins, minlength=len(edges))
    order = np.argsort(bins, kind="stable")
    starts = np.concatenate([[0], np.cumsum(numbers)])
    bars = []
    for place, low in enumerate(edges):
        members = order[starts[place] : starts[place + 1]][:OF_A_BAR] if rows else ()
        ids = tuple(rows.ids(map(int, members))) if rows else ()
        high = low + step - 1 if place < len(edges) - 1 else max(low + step - 1, most)
        bars.append(Bar(low, high, int(numbers[place]), ids))
    middle = float(np.median(counts))
    return Lengths(int(counts.min()), middle, usual, most, int(counts.sum()), tuple(bars))
