"""The lab's own past searches: how long each system took, and what failed. No text is saved."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from components.domain import Failure, Ranking, StoreError
from components.storage.sqlite import WHOLE_LAB, Database, owned

_log = logging.getLogger(__name__)
FILE = "history.sqlite"
MOST = 20_000
"""Rows that statistics are computed from, the newest."""
_METADATA = sa.MetaData()
_SEARCHES = sa.Table(
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
    sa.Column("owner", sa.String),
)
_STAGES = {"first stage": ("embed", "search"), "reranker": ("rerank",)}
"""What is timed, by the values of the column `stage`."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """One system in one stage of the past searches; percentiles in milliseconds of what worked.

    `stage` is embed, search or rerank. `count` are the searches that worked; without any, the
    percentiles are NaN. A stage that never took any time, such as the embedding of BM25, has no
    record.
    """

    system: str
    stage: str
    count: int
    failures: int
    p50: float
    p95: float

    @classmethod
    def of(
        cls, system: str, stage: str, rows: Sequence[sa.Row[tuple[object, ...]]]
    ) -> StageTimes | None:
        """Return the statistics of a system's rows in one stage; None if it never took any time."""
        worked = [getattr(row, f"{stage}_ms") for row in rows if not row.failed]
        failures = len(rows) - len(worked)
        if not any(worked) and not (failures and stage != "embed"):
            return None
        p50, p95 = np.percentile(worked, [50, 95]) if worked else (float("nan"), float("nan"))
        return cls(system, stage, len(worked), failures, float(p50), float(p95))


class SearchLog:
    """The file of past searches. A disk that cannot be used costs the log, never a search."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / FILE, _METADATA, "past searches", "RERANK_LAB_DATA")

    def note(self, result: Ranking | Failure, *, first_stage: bool, owner: str = WHOLE_LAB) -> None:
        """Save how a system ended; what came from a cache or a recording is no measurement."""
        if isinstance(result, Ranking) and (
            result.cached or result.recorded or result.usage.reused
        ):
            return
        try:
            with self._database.begin() as connection:
                row = _row(result, first_stage) | {"owner": owner}
                connection.execute(sa.insert(_SEARCHES), row)
        except StoreError as exc:
            _log.warning("a search is not noted: %s", exc)

    def times(self, since: float = 0.0, owner: str = WHOLE_LAB) -> list[StageTimes]:
        """Return an owner's past searches since a moment (Unix time) by system and stage.

        First stages come before rerankers, each by name.
        """
        wanted = (
            sa.select(_SEARCHES)
            .where(_SEARCHES.c.at >= since, owned(_SEARCHES.c.owner, owner))
            .limit(MOST)
        )
        try:
            with self._database.begin() as connection:
                rows = connection.execute(wanted.order_by(_SEARCHES.c.at.desc())).all()
        except StoreError as exc:
            _log.warning("no past searches are shown: %s", exc)
            return []
        groups: dict[tuple[str, str], list[sa.Row[tuple[object, ...]]]] = {}
        for row in rows:
            groups.setdefault((row.stage, row.system), []).append(row)
        return [
            times
            for role, system in sorted(groups)
            for stage in _STAGES.get(role, ())
            if (times := StageTimes.of(system, stage, groups[role, system])) is not None
        ]

    def clear(self, owner: str = WHOLE_LAB) -> None:
        """Delete an owner's past searches."""
        try:
            with self._database.begin() as connection:
                connection.execute(sa.delete(_SEARCHES).where(owned(_SEARCHES.c.owner, owner)))
        except StoreError as exc:
            _log.warning("past searches are not deleted: %s", exc)


def _row(result: Ranking | Failure, first_stage: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "at": time.time(),
        "stage": "first stage" if first_stage else "reranker",
        "system": result.system,
        "failed": isinstance(result, Failure),
        "pairs": 0,
        "embed_ms": 0.0,
        "search_ms": 0.0,
        "rerank_ms": 0.0,
    }
    if isinstance(result, Failure):
        return row
    timing = result.timing
    if first_stage:
        return row | {"embed_ms": timing.embed_ms, "search_ms": timing.search_ms}
    return row | {"rerank_ms": timing.rerank_ms, "pairs": len(result.hits)}
