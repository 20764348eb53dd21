"""Scores of query-document pairs, cached on disk: a scored pair is not scored again.

A pair's key is a digest of the model's identity (revision, instruction, address), the query and
the text; the file holds neither text. A listwise model's score depends on the other candidates, so
they belong to the key too. Beside each score stands what it took, so that a cached result shows the
time and the price of when it was computed.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from components.domain import Billed, Scores, StoreError
from components.domain.billing import total_billed
from components.storage.sqlite import Database
from components.wording import agree, count

_log = logging.getLogger(__name__)
_METADATA = sa.MetaData()
_PAIRS = sa.Table(
    "pairs",
    _METADATA,
    sa.Column("pair", sa.LargeBinary, primary_key=True),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("kept", sa.Integer, key="tokens_read", nullable=False),
    sa.Column("cut", sa.Integer, key="tokens_cut", nullable=False),
    sa.Column("ms", sa.Double, nullable=False),
    sa.Column("company", sa.Integer, key="candidates", nullable=False),
    sa.Column("tokens", sa.Double, nullable=False),
    sa.Column("searches", sa.Double, nullable=False),
    sa.Column("requests", sa.Double, nullable=False),
    sa.Column("flags", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("written", sa.Double),
    sqlite_with_rowid=False,
)
_PAIRS_PER_STATEMENT = 500  # SQLite bounds the number of variables


class Flag(IntFlag):
    """What is to be said of a pass beside its numbers; the values are those in the file."""

    ESTIMATED_TOKENS = 1
    BILLED = 2
    COUNTED_TOKENS = 4
    ESTIMATED_BILL = 8


@dataclass(frozen=True, slots=True)
class CachedScore:
    """A pair's score and its share of the pass over `candidates` pairs that computed it.

    `ms`, the billed `tokens`, `searches`, `requests` and tokens `written` are the pass's own
    divided by `candidates`; `flags` is a Flag and `at` the Unix time of the pass. Earlier versions
    kept no tokens written.
    """

    score: float
    tokens_read: int
    tokens_cut: int
    ms: float
    candidates: int
    tokens: float
    searches: float
    requests: float
    flags: int
    at: float
    written: float | None = None


def pair_keys(identity: str, query: str, texts: Sequence[str], *, listwise: bool) -> list[bytes]:
    """Return the key of each pair; a listwise model's also depends on the whole list."""
    start = hashlib.blake2b(digest_size=16)
    _add(start, identity)
    _add(start, query)
    if listwise:
        for text in texts:
            _add(start, text)
    keys = []
    for i, text in enumerate(texts):
        digest = start.copy()
        _add(digest, text)
        if listwise:
            _add(digest, str(i))
        keys.append(digest.digest())
    return keys


def _add(digest: hashlib.blake2b, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    digest.update(len(data).to_bytes(8, "little"))  # else "a" + "bc" would be "ab" + "c"
    digest.update(data)


class ScoreCache:
    """The file of scores. A disk that cannot be used costs time, never an evaluation."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _METADATA, "cached scores", "RERANK_LAB_CACHE")

    def find(self, keys: Sequence[bytes]) -> dict[bytes, CachedScore]:
        """Return the cached scores of the pairs, by key; none where the file cannot be read."""
        scores: dict[bytes, CachedScore] = {}
        try:
            with self._database.begin() as connection:
                for i in range(0, len(keys), _PAIRS_PER_STATEMENT):
                    wanted = _PAIRS.c.pair.in_(keys[i : i + _PAIRS_PER_STATEMENT])
                    for pair, *rest in connection.execute(sa.select(_PAIRS).where(wanted)):
                        scores[pair] = CachedScore(*rest)
        except StoreError as exc:
            _log.warning("scores are computed again: %s", exc)
            return {}
        return scores

    def keep(self, keys: Sequence[bytes], scores: Scores, ms: float) -> None:
        """Save the scores of one pass, which took `ms` milliseconds; all at once or none.

        A pair that is cached already keeps its first score.
        """
        if not keys:
            return
        try:
            with self._database.begin() as connection:
                connection.execute(insert(_PAIRS).on_conflict_do_nothing(), _rows(keys, scores, ms))
        except StoreError as exc:
            _log.warning("scores are not cached: %s", exc)

    def count(self) -> int:
        """Return how many pairs are cached; 0 where the file cannot be read."""
        try:
            with self._database.begin() as connection:
                return connection.scalar(sa.select(sa.func.count()).select_from(_PAIRS)) or 0
        except StoreError:
            return 0


def _rows(keys: Sequence[bytes], scores: Scores, ms: float) -> list[dict[str, object]]:
    n, billed = len(keys), scores.billed or Billed(requests=0)
    flags = (
        Flag.ESTIMATED_TOKENS * scores.estimated
        | Flag.BILLED * (scores.billed is not None)
        | Flag.COUNTED_TOKENS * bool(scores.tokens_read)
        | Flag.ESTIMATED_BILL * billed.estimated
    )
    share = {
        "ms": ms / n,
        "candidates": n,
        "tokens": billed.tokens / n,
        "searches": billed.searches / n,
        "requests": billed.requests / n,
        "flags": int(flags),
        "at": time.time(),
        "written": billed.written / n,
    }
    tokens_read, tokens_cut = scores.tokens_read or (0,) * n, scores.tokens_cut or (0,) * n
    pairs = zip(keys, map(float, scores.values), tokens_read, tokens_cut, strict=True)
    names = ("pair", "score", "tokens_read", "tokens_cut")
    return [dict(zip(names, pair, strict=True)) | share for pair in pairs]


def as_scores(cached: Sequence[CachedScore]) -> Scores:
    """Return cached scores, in the texts' order, as the result that they were part of."""
    flags = Flag(cached[0].flags if cached else 0)
    billed = Billed(
        round(sum(c.requests for c in cached)),
        round(sum(c.searches for c in cached), 6),
        round(sum(c.tokens for c in cached)),
        estimated=any(c.flags & Flag.ESTIMATED_BILL for c in cached),
        written=round(sum(c.written or 0.0 for c in cached)),
    )
    shared = any(c.candidates != len(cached) or c.at != cached[0].at for c in cached)
    counted = Flag.COUNTED_TOKENS in flags
    return Scores(
        np.array([c.score for c in cached], np.float64),
        tokens_read=tuple(c.tokens_read for c in cached) if counted else (),
        tokens_cut=tuple(c.tokens_cut for c in cached) if counted else (),
        estimated=any(c.flags & Flag.ESTIMATED_TOKENS for c in cached),
        cached=True,
        measured_ms=sum(c.ms for c in cached),
        billed=billed if Flag.BILLED in flags else None,
        notes=("its time is a share of passes over other candidates",) if shared else (),
        reused=len(cached),
    )


def merged(old: Scores, places: Sequence[int], new: Scores, others: Sequence[int]) -> Scores:
    """Return cached scores at `places` and new ones at the `others` as one result."""
    n = len(places) + len(others)
    values = np.empty(n)
    values[list(places)], values[list(others)] = old.values, new.values
    bills = [b for b in (old.billed, new.billed) if b]
    return Scores(
        values,
        tokens_read=_merged_counts((old.tokens_read, places), (new.tokens_read, others)),
        tokens_cut=_merged_counts((old.tokens_cut, places), (new.tokens_cut, others)),
        estimated=old.estimated or new.estimated,
        measured_ms=new.measured_ms,
        wait_ms=new.wait_ms,
        billed=total_billed(bills) if bills else None,
        notes=(
            *new.notes,
            f"{len(places):,} of {count(n, 'score')} "
            f"{agree(len(places), 'was', 'were')} kept from an earlier run",
        ),
        reused=len(places),
    )


def _merged_counts(*parts: tuple[Sequence[int], Sequence[int]]) -> tuple[int, ...]:
    """Return counts in the order of their places; none unless every part has counts."""
    if not all(counts for counts, _ in parts):
        return ()
    by_place = {place: n for part in parts for n, place in zip(*part, strict=True)}
    return tuple(by_place[place] for place in sorted(by_place))
