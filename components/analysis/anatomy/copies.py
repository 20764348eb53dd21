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
AT_ONCE: Final = 256
"""Pairs that are compared before progress is told."""
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
        bands = np.concatenate([*self._bands, np.zeros((0, BANDS), np.uint64)])
        others = exact.keys() | self._wordless
        unique = np.array([row for row in range(len(rows)) if row not in others], np.int64)
        pairs = np.zeros(0, np.int64)
        for band in range(BANDS):
            later, earlier = _neighbours(bands[unique, band])
            pairs = np.union1d(pairs, unique[later] * len(rows) + unique[earlier])
            progress(band + 1, BANDS)
        near: dict[int, tuple[int, float]] = {}
        for start in range(0, len(pairs), AT_ONCE):
            part = [divmod(int(pair), len(rows)) for pair in pairs[start : start + AT_ONCE]]
            read = sorted({row for pair in part for row in pair})
            passages = (document.passage for document in rows.documents(read))
            own = dict(zip(read, map(sequences, map(words_of, passages)), strict=True))
            for row, first in part:
                likeness = similarity(own[row], own[first])
                if likeness >= NEAR and likeness > near.get(row, (0, 0.0))[1]:
                    near[row] = first, likeness
            progress(start + len(part), len(pairs))
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


def _neighbours(keys: npt.NDArray[np.uint64]) -> tuple[Rowed, Rowed]:
    """Return the places of equal keys in pairs, the later ones and the earlier ones.

    Each is paired with COMPARED earlier ones at most, so that many of one kind stay cheap.
    """
    order = np.argsort(keys, kind="stable")
    places = np.arange(len(keys))
    begins = np.concatenate([[True], keys[order[1:]] != keys[order[:-1]]])[: len(keys)]
    first = np.maximum.accumulate(np.where(begins, places, 0))
    alike = np.flatnonzero(places > first)
    pairs = []
    for step in range(COMPARED // 2):
        for other in (first[alike] + step, alike - 1 - step):
            within = (other >= first[alike]) & (other < alike)
            pairs.append((alike[within], other[within]))
    later, earlier = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return order[later], order[earlier]


def copies_of(twins: Twins, rows: Rows) -> tuple[Copies, Copies]:
    """Return the exact copies and the near ones, each with the first pairs."""
    kinds = []
    for repeats in ({row: (first, 1.0) for row, first in twins.exact.items()}, twins.near):
        later = sorted(repeats)[:EXAMPLES]
        shares = [round(repeats[row][1], 3) for row in later]
        ids = rows.ids(repeats[row][0] for row in later), rows.ids(later)
        kinds.append(Copies(len(repeats), tuple(map(Pair, *ids, shares))))
    return kinds[0], kinds[1]
