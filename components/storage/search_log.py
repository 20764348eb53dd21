"""The lab's own past searches: how long each system took, and what failed. No text is kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from components.domain import Failure, Ranking
from components.storage.sqlite import engine

_log = logging.getLogger(__name__)
FILE = "history.sqlite"
MOST = 20_000
"""Rows that are looked at, the newest."""
_METADATA = sa.MetaData()
_TABLE = sa.Table(
    "searches",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Double, nullable=False, index=True),
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("system", sa.String, nullable=False),
    sa.Column("failed", sa.Boolean, nullable=False),
    sa.Column("pairs", sa.Integer, nullable=False),
    sa.Column("embed_ms", sa.Double, nullable=False),
    sa.Column("search_ms", sa.Double, nullable=False),
    sa.Column("rerank_ms", sa.Double, nullable=False),
)
STAGES = ("embed", "search", "rerank")


@dataclass(frozen=True, slots=True)
class Line:
    """One system in one stage of the past searches; percentiles in milliseconds of what worked.

    A stage that never took any time, such as the embedding of BM25, has no line.
    """

    system: str
    stage: str
    count: int
    failures: int
    p50: float
    p95: float


class History:
    """The file of past searches. A disk that cannot be used costs the history, never a search."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def note(self, result: Ranking | Failure, *, first_stage: bool) -> None:
        """Keep how a system ended; what came from a cache or a recording is no measurement."""
        if isinstance(result, Ranking) and (
            result.cached or result.recorded or result.usage.reused
        ):
            return
        row = {
            "at": time.time(),
            "stage": "first stage" if first_stage else "reranker",
            "system": result.system,
            "failed": isinstance(result, Failure),
            "pairs": 0,
            "embed_ms": 0.0,
            "search_ms": 0.0,
            "rerank_ms": 0.0,
        }
        if isinstance(result, Ranking):
            times = result.timing
            row |= (
                {"embed_ms": times.embed_ms, "search_ms": times.search_ms}
                if first_stage
                else {"rerank_ms": times.rerank_ms, "pairs": len(result.hits)}
            )
        try:
            with engine(self._path, _METADATA).begin() as connection:
                connection.execute(sa.insert(_TABLE), row)
        except (OSError, sa.exc.SQLAlchemyError) as exc:
            _log.warning("the search cannot be noted in %s: %s", self._path, exc)

    def lines(self, since: float = 0.0) -> list[Line]:
        """Return the past searches since a moment (Unix time) by system and stage."""
        wanted = sa.select(_TABLE).where(_TABLE.c.at >= since).order_by(_TABLE.c.at.desc())
        try:
            with engine(self._path, _METADATA).connect() as connection:
                rows = connection.execute(wanted.limit(MOST)).all()
        except (OSError, sa.exc.SQLAlchemyError) as exc:
            _log.warning("past searches cannot be read from %s: %s", self._path, exc)
            return []
        systems = sorted({(row.stage != "first stage", row.system) for row in rows})
        found = []
        for second, system in systems:
            mine = [r for r in rows if r.system == system and (r.stage != "first stage") == second]
            stages = ("rerank",) if second else ("embed", "search")
            found += [line for s in stages if (line := _line(system, s, mine)) is not None]
        return found

    def clear(self) -> None:
        """Forget all past searches."""
        try:
            with engine(self._path, _METADATA).begin() as connection:
                connection.execute(sa.delete(_TABLE))
        except (OSError, sa.exc.SQLAlchemyError) as exc:
            _log.warning("past searches cannot be forgotten in %s: %s", self._path, exc)


def _line(system: str, stage: str, rows: Sequence[sa.Row[tuple[object, ...]]]) -> Line | None:
    worked = [getattr(row, f"{stage}_ms") for row in rows if not row.failed]
    failures = len(rows) - len(worked)
    if not any(worked) and not (failures and stage != "embed"):
        return None
    p50, p95 = np.percentile(worked, [50, 95]) if worked else (float("nan"), float("nan"))
    return Line(system, stage, len(worked), failures, float(p50), float(p95))
