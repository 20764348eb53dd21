"""Documents that repeat an earlier one, exactly or nearly."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from components.analysis.anatomy.records import EXAMPLES, NEAR, Copies, Pair
from components.analysis.anatomy.rows import SEED, Batch, Rows, same, words_of
from components.domain import Progress, no_progress

BANDS, HASHES = 32, 4
"""MinHash values, in so many bands of so many: two documents are compared where a band is equal.

Of two documents that share 80% of their sequences one band at least is equal with a probability of
1 - (1 - 0.8^4)^32 > 0.9999999.
"""
SEQUENCE: Final = 3
"""Words of a sequence."""
COMPARED: Final = 8
"""Earlier documents of one band with which a document is compared: the first ones and the last."""
AT_ONCE: Final = 64
"""Documents that are compared with others before progress is told."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
Rowed = npt.NDArray[np.int64]


def sequences(folded: Sequence[str]) -> frozenset[str]:
    """Return the sequences of SEQUENCE words; a shorter text is one sequence, an empty one none."""
    if not folded:
        return frozenset()
    shorter = len(folded) < SEQUENCE
    parts = (folded[at:] for at in range(1 if shorter else SEQUENCE))
    return frozenset([" ".join(folded)] if shorter else map(" ".join, zip(*parts, strict=False)))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of all their sequences that both texts have (Jaccard)."""
    return len(one & other) / (len(one | other) or 1)


@dataclass(frozen=True, slots=True)
class Twins:
    """Rows that repeat an earlier one: `exact` rows with the first of their kind, and near ones."""

    exact: dict[int, int]
    near: dict[int, tuple[int, float]]


class CopyFinder:
    """Keeps a digest and MinHash bands of each document: 272 bytes, whatever its length."""

    def __init__(self) -> None:
        self._digests = array("Q")
        self._bands: list[npt.NDArray[np.uint64]] = []
        self._wordless: set[int] = set()

    def add(self, batch: Batch) -> None:
        """Take note of documents."""
        for digest in batch.digests:
            self._digests.frombytes(digest)
        sets = [sequences(folded) for folded in batch.folded]
        self._wordless |= {row for row, own in enumerate(sets, batch.start) if not own}
        values = RMinHash.digests_from_token_sets(sets, BANDS * HASHES, SEED)
        parts = np.array(values, np.uint64).reshape(len(sets), BANDS, HASHES)
        bands = np.zeros((len(sets), BANDS), np.uint64)
        for place in range(HASHES):
            bands = (bands ^ parts[:, :, place]) * _MIX
        self._bands.append(bands)

    def twins(self, rows: Rows, progress: Progress = no_progress) -> Twins:
        """Return the rows that repeat an earlier one; near ones are compared word by word.

        Empty documents repeat none, and those without a single word are near to none.
        """
        exact = dict(self._exact())
        others: dict[int, set[int]] = {}
        bands = np.concatenate([*self._bands, np.zeros((0, BANDS), np.uint64)])
        unique = np.array(
            [r for r in range(len(rows)) if r not in exact and r not in self._wordless], np.int64
        )
        for band in range(BANDS):
            for row, candidates in _neighbours(bands[unique, band], unique):
                others.setdefault(row, set()).update(candidates)

        near = {}
        work = sorted(others.items())
        for start in range(0, len(work), AT_ONCE):
            part = work[start : start + AT_ONCE]
            needed = sorted({row for later, earlier in part for row in (later, *earlier)})
            passages = (document.passage for document in rows.documents(needed))
            own = dict(zip(needed, map(sequences, map(words_of, passages)), strict=True))
            for later, earlier in part:
                likeness = {row: similarity(own[row], own[later]) for row in sorted(earlier)}
                best = max(likeness, key=likeness.__getitem__)
                if likeness[best] >= NEAR:
                    near[later] = best, likeness[best]
            progress(start + len(part), len(work))
        return Twins(exact, near)

    def _exact(self) -> Iterator[tuple[int, int]]:
        """Yield the rows with the digest of an earlier one, and the first with that digest."""
        halves = np.frombuffer(self._digests, np.uint64).reshape(-1, 2)
        order = np.lexsort((halves[:, 1], halves[:, 0]))
        equal = (halves[order[1:]] == halves[order[:-1]]).all(axis=1)
        empty = np.frombuffer(same(""), np.uint64)
        equal &= (halves[order[1:]] != empty).any(axis=1)
        first = -1
        for place in np.flatnonzero(equal):
            if not place or not equal[place - 1]:
                first = int(order[place])
            yield int(order[place + 1]), first


def _neighbours(keys: npt.NDArray[np.uint64], rows: Rowed) -> Iterator[tuple[int, list[int]]]:
    """Yield rows with earlier ones that have the same key, COMPARED of them at most."""
    if not len(rows):
        return
    order = np.argsort(keys, kind="stable")
    equal = np.concatenate([[False], keys[order[1:]] == keys[order[:-1]], [False]])
    starts = np.flatnonzero(~equal[:-1] & equal[1:])
    ends = np.flatnonzero(equal[:-1] & ~equal[1:])
    half = COMPARED // 2
    for start, end in zip(starts, ends, strict=True):
        alike = rows[order[start : end + 1]].tolist()
        for place, row in enumerate(alike[1:], start=1):
            before = alike[:place]
            yield row, before if place <= COMPARED else [*before[:half], *before[-half:]]


def copies_of(twins: Twins, rows: Rows) -> tuple[Copies, Copies]:
    """Return the exact copies and the near ones, each with the first pairs."""
    kinds = []
    for repeats in ({row: (first, 1.0) for row, first in twins.exact.items()}, twins.near):
        later = sorted(repeats)[:EXAMPLES]
        shares = [round(repeats[row][1], 3) for row in later]
        ids = rows.ids(repeats[row][0] for row in later), rows.ids(later)
        kinds.append(Copies(len(repeats), tuple(map(Pair, *ids, shares))))
    return kinds[0], kinds[1]
