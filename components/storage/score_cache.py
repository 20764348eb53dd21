"""Scores of query-document pairs, kept on disk: a pair that a model has scored is not scored again.

A pair's key is a digest of the model's identity (revision, instruction, address), the query and
the text; neither text is kept. A listwise model's score depends on the other candidates, so they
belong to the key too. Beside each score stands what it took, so that a result from here shows the
time and the price of when it was computed.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from components.domain import Billed, Scores
from components.storage.sqlite import engine

_log = logging.getLogger(__name__)
_METADATA = sa.MetaData()
_PAIRS = sa.Table(
    "pairs",
    _METADATA,
    sa.Column("pair", sa.LargeBinary, primary_key=True),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("kept", sa.Integer, nullable=False),
    sa.Column("cut", sa.Integer, nullable=False),
    sa.Column("ms", sa.Double, nullable=False),
    sa.Column("company", sa.Integer, nullable=False),
    sa.Column("tokens", sa.Double, nullable=False),
    sa.Column("searches", sa.Double, nullable=False),
    sa.Column("requests", sa.Double, nullable=False),
    sa.Column("flags", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)
_AT_ONCE = 500
"""Pairs asked for in one statement; SQLite bounds the number of variables."""
_ESTIMATED, _BILLED, _COUNTED, _GUESSED = 1, 2, 4, 8
"""Flags: tokens cut are estimated; something was billed; tokens were counted; billing estimated."""


@dataclass(frozen=True, slots=True)
class KeptScore:
    """A pair's score and its share of the pass that it was computed in, of `company` pairs."""

    score: float
    kept: int
    cut: int
    ms: float
    company: int
    tokens: float
    searches: float
    requests: float
    flags: int
    at: float


def pair_keys(identity: str, query: str, texts: Sequence[str], *, listwise: bool) -> list[bytes]:
    """Return the key of each pair; a listwise model's also depends on the whole list."""
    begun = hashlib.blake2b(digest_size=16)
    _add(begun, identity)
    _add(begun, query)
    if listwise:
        for text in texts:
            _add(begun, text)
    keys = []
    for i, text in enumerate(texts):
        digest = begun.copy()
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
        self._path = path

    def find(self, keys: Sequence[bytes]) -> dict[bytes, KeptScore]:
        """Return what is kept of the pairs."""
        found: dict[bytes, KeptScore] = {}
        try:
            with engine(self._path, _METADATA).connect() as connection:
                for i in range(0, len(keys), _AT_ONCE):
                    wanted = _PAIRS.c.pair.in_(keys[i : i + _AT_ONCE])
                    for pair, *rest in connection.execute(sa.select(_PAIRS).where(wanted)):
                        found[pair] = KeptScore(*rest)
        except (OSError, sa.exc.SQLAlchemyError) as exc:
            _log.warning("kept scores cannot be read from %s: %s", self._path, exc)
            return {}
        return found

    def keep(self, keys: Sequence[bytes], scores: Scores, ms: float) -> None:
        """Keep the scores of one pass, which took `ms` milliseconds; all at once or none."""
        if not keys:
            return
        rows = [dict(zip(_PAIRS.c.keys(), row, strict=True)) for row in _rows(keys, scores, ms)]
        try:
            with engine(self._path, _METADATA).begin() as connection:
                connection.execute(insert(_PAIRS).on_conflict_do_nothing(), rows)
        except (OSError, sa.exc.SQLAlchemyError) as exc:
            _log.warning("scores cannot be kept in %s: %s", self._path, exc)

    def count(self) -> int:
        """Return how many pairs are kept; 0 where the file cannot be read."""
        try:
            with engine(self._path, _METADATA).connect() as connection:
                return connection.scalar(sa.select(sa.func.count()).select_from(_PAIRS)) or 0
        except (OSError, sa.exc.SQLAlchemyError):
            return 0


def _rows(keys: Sequence[bytes], scores: Scores, ms: float) -> list[tuple[object, ...]]:
    n, billed = len(keys), scores.billed or Billed(requests=0)
    flags = (
        _ESTIMATED * scores.estimated
        | _BILLED * (scores.billed is not None)
        | _COUNTED * bool(scores.kept)
        | _GUESSED * billed.estimated
    )
    kept, cut = (counts or (0,) * n for counts in (scores.kept, scores.cut))
    shares = (ms / n, n, billed.tokens / n, billed.searches / n, billed.requests / n, flags)
    now = time.time()
    return [
        (key, float(value), kept[i], cut[i], *shares, now)
        for i, (key, value) in enumerate(zip(keys, scores.values, strict=True))
    ]


def as_scores(found: Sequence[KeptScore]) -> Scores:
    """Return kept pairs, in the texts' order, as the result they once were."""
    flags = found[0].flags if found else 0
    billed = Billed(
        round(sum(f.requests for f in found)),
        round(sum(f.searches for f in found), 6),
        round(sum(f.tokens for f in found)),
        estimated=any(f.flags & _GUESSED for f in found),
    )
    shared = any(f.company != len(found) or f.at != found[0].at for f in found)
    return Scores(
        np.array([f.score for f in found], np.float64),
        kept=tuple(f.kept for f in found) if flags & _COUNTED else (),
        cut=tuple(f.cut for f in found) if flags & _COUNTED else (),
        estimated=any(f.flags & _ESTIMATED for f in found),
        cached=True,
        measured_ms=sum(f.ms for f in found),
        billed=billed if flags & _BILLED else None,
        notes=("its time is a share of passes over other candidates",) if shared else (),
        reused=len(found),
    )


def merged(old: Scores, places: Sequence[int], new: Scores, others: Sequence[int]) -> Scores:
    """Return kept scores at `places` and new ones at the `others` as one result."""
    n = len(places) + len(others)
    values = np.empty(n)
    values[list(places)], values[list(others)] = old.values, new.values
    bills = [b for b in (old.billed, new.billed) if b]
    total = Billed(
        sum(b.requests for b in bills),
        sum(b.searches for b in bills),
        sum(b.tokens for b in bills),
        any(b.estimated for b in bills),
    )
    return Scores(
        values,
        kept=_woven(n, (old.kept, places), (new.kept, others)),
        cut=_woven(n, (old.cut, places), (new.cut, others)),
        estimated=old.estimated or new.estimated,
        measured_ms=new.measured_ms,
        wait_ms=new.wait_ms,
        billed=total if bills else None,
        notes=(*new.notes, f"{len(places)} of {n} scores were kept from an earlier run"),
        reused=len(places),
    )


def _woven(n: int, *parts: tuple[Sequence[int], Sequence[int]]) -> tuple[int, ...]:
    if not all(counts for counts, _ in parts):
        return ()
    whole = [0] * n
    for counts, places in parts:
        for count, place in zip(counts, places, strict=True):
            whole[place] = count
    return tuple(whole)
