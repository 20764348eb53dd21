"""Evaluations kept over time: what was run, on what, every ranking and every failure.

They lie in one SQLite file. Whoever lists them must name the fingerprints of the corpora that they
hold: somebody else's uploaded queries are nobody else's business.
"""

from __future__ import annotations

import gzip
import json
import logging
import uuid
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json  # megabytes: json would hold the interpreter for long

from components.config import Settings
from components.domain import Failure, Query, StoreError, Timing, Usage
from components.evaluation import CANDIDATES, Evaluation, Plan, Ranked
from components.lab import catalog
from components.measures import Metrics
from components.pipeline import Request
from components.storage.sqlite import engine
from components.wording import queries as in_words

VERSION = 1
FILE = "evaluations.sqlite"
_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, zlib.error)
_log = logging.getLogger(__name__)
_METADATA = sa.MetaData()
_TABLE = sa.Table(
    "evaluations",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("made", sa.String, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False, index=True),
    sa.Column("head", sa.String, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One evaluation with all that it takes to look at it again; `models` by system."""

    id: str
    made: datetime
    plan: Plan
    evaluation: Evaluation
    models: Mapping[str, str]

    @property
    def title(self) -> str:
        """Return what a list of evaluations shows."""
        return title(self.made, self.plan.corpus, len(self.evaluation.complete), self.plan.systems)


def title(made: datetime, corpus: str, queries: int, systems: Collection[str]) -> str:
    """Return an evaluation's title: when, which corpus, how many queries, which systems."""
    return f"{made:%d %b %Y %H:%M} UTC · {corpus} · {in_words(queries)} · {', '.join(systems)}"


def snapshot(chosen: Plan, found: Evaluation, settings: Settings, id: str = "") -> Snapshot:
    """Return an evaluation as a snapshot made now; with an `id`, it takes that one's place."""
    return Snapshot(
        id or uuid.uuid4().hex, datetime.now(UTC), chosen, found, models_of(chosen, settings)
    )


def models_of(chosen: Plan, settings: Settings) -> dict[str, str]:
    """Return each system's model and revision."""
    specs = {key: catalog.reranker_spec(key, settings) for key in chosen.request.rerankers}
    if chosen.first_stage != CANDIDATES:
        specs = {chosen.first_stage: catalog.first_stages()[chosen.first_stage]} | specs
    named = {
        key: " ".join(p for p in (s.model or s.label, s.revision) if p) for key, s in specs.items()
    }
    return {CANDIDATES: "candidates from a file"} | named if CANDIDATES in chosen.systems else named


@dataclass(frozen=True, slots=True)
class Head:
    """What a list of snapshots needs: no rankings."""

    id: str
    made: datetime
    corpus: str
    fingerprint: str
    queries: int
    subset: str
    split: str
    systems: tuple[str, ...]
    initial_k: int
    means: Mapping[str, Mapping[str, float]]

    @property
    def title(self) -> str:
        """Return what a list of evaluations shows."""
        return title(self.made, self.corpus, self.queries, self.systems)


class SnapshotStore:
    """The file of snapshots. Raises StoreError where it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def save(self, one: Snapshot, metrics: Mapping[str, Metrics]) -> None:
        """Keep a snapshot with its mean metrics; one with the same id is replaced."""
        row = {
            "id": one.id,
            "made": one.made.isoformat(),
            "fingerprint": one.plan.fingerprint,
            "head": json.dumps(_head(one, metrics)),
            "body": gzip.compress(to_json(_body(one)), 1),
        }
        with self._connection() as connection:
            connection.execute(sa.delete(_TABLE).where(_TABLE.c.id == one.id))
            connection.execute(sa.insert(_TABLE), row)

    def heads(self, fingerprints: Collection[str]) -> list[Head]:
        """Return what is kept of the corpora with these fingerprints, the newest first."""
        wanted = sa.select(_TABLE.c.id, _TABLE.c.made, _TABLE.c.fingerprint, _TABLE.c.head).where(
            _TABLE.c.fingerprint.in_(list(fingerprints))
        )
        with self._connection() as connection:
            rows = connection.execute(wanted.order_by(_TABLE.c.made.desc())).all()
        return [head for row in rows if (head := _listed(row)) is not None]

    def load(self, id: str, fingerprints: Collection[str]) -> Snapshot:
        """Return a snapshot of one of these corpora."""
        wanted = sa.select(_TABLE).where(
            _TABLE.c.id == id, _TABLE.c.fingerprint.in_(list(fingerprints))
        )
        with self._connection() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            raise StoreError("This evaluation is no longer kept.", "Choose another one.")
        try:
            return _snapshot(row, json.loads(row.head), from_json(gzip.decompress(row.body)))
        except _DAMAGE as exc:
            raise StoreError(
                f"The evaluation of {row.made} is damaged: {type(exc).__name__}.", "Delete it."
            ) from exc

    def delete(self, id: str, fingerprints: Collection[str]) -> None:
        """Forget a snapshot of one of these corpora."""
        with self._connection() as connection:
            connection.execute(
                sa.delete(_TABLE).where(
                    _TABLE.c.id == id, _TABLE.c.fingerprint.in_(list(fingerprints))
                )
            )

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        try:
            with engine(self._path, _METADATA).begin() as connection:
                yield connection
        except (OSError, sa.exc.SQLAlchemyError) as exc:
            reason = str(exc).splitlines()[0]
            raise StoreError(
                f"The evaluations in {self._path} cannot be used: {reason}",
                "Check the disk and the rights, or set RERANK_LAB_DATA to another folder.",
            ) from exc


# ---------------------------------------------------------------- as JSON


def _head(one: Snapshot, metrics: Mapping[str, Metrics]) -> dict[str, Any]:
    plan = one.plan
    return {
        "version": VERSION,
        "corpus": plan.corpus,
        "documents": plan.documents,
        "split": plan.split,
        "subset": plan.subset,
        "planned": len(plan.queries),
        "queries": len(one.evaluation.complete),
        "systems": list(plan.systems),
        "first_stage": plan.first_stage,
        "rerankers": list(plan.request.rerankers),
        "initial_k": plan.request.initial_k,
        "instruction": plan.request.instruction,
        "models": dict(one.models),
        "means": {system: dict(m.mean) for system, m in metrics.items()},
    }


def _body(one: Snapshot) -> dict[str, Any]:
    """Return queries, judgments, rankings and failures; documents by their place in one list."""
    places: dict[str, int] = {}
    runs = {
        system: {
            query: [
                [places.setdefault(d, len(places)) for d in r.documents],
                list(r.scores),
                list(asdict(r.timing).values()),
                asdict(r.usage),
            ]
            for query, r in ranked.items()
        }
        for system, ranked in one.evaluation.rankings.items()
    }
    return {
        "queries": [[q.id, q.text, list(q.tags)] for q in one.plan.queries],
        "judgments": {q: dict(grades) for q, grades in one.plan.judgments.items()},
        "documents": list(places),
        "runs": runs,
        "failures": [
            [system, query, f.reason, f.remedy]
            for system, failures in one.evaluation.failures.items()
            for query, f in failures
        ],
    }


def _listed(row: Any) -> Head | None:  # noqa: ANN401
    """Return a row as a list shows it; None where it is damaged, which must not hide the others."""
    try:
        head = json.loads(row.head)
        return Head(
            row.id,
            datetime.fromisoformat(row.made),
            head["corpus"],
            row.fingerprint,
            head["queries"],
            head["subset"],
            head["split"],
            tuple(head["systems"]),
            head["initial_k"],
            head["means"],
        )
    except _DAMAGE as exc:
        _log.warning("the evaluation %s is damaged and not listed: %s", row.id, exc)
        return None


def _snapshot(row: Any, head: Mapping[str, Any], body: Mapping[str, Any]) -> Snapshot:  # noqa: ANN401
    names = body["documents"]
    found = Evaluation(tuple(head["systems"]))
    for system, ranked in body["runs"].items():
        found.rankings[system] = {
            query: Ranked(
                tuple(names[i] for i in places), tuple(scores), Timing(*times), Usage(**usage)
            )
            for query, (places, scores, times, usage) in ranked.items()
        }
    for system, query, reason, remedy in body["failures"]:
        found.failures.setdefault(system, []).append((query, Failure(system, reason, remedy)))
    given = head["first_stage"] == CANDIDATES
    first = catalog.DEFAULT_FIRST_STAGE if given else head["first_stage"]
    plan = Plan(
        Request(
            "-", first, tuple(head["rerankers"]), head["initial_k"], head.get("instruction", "")
        ),
        tuple(Query(i, text, tuple(tags)) for i, text, tags in body["queries"]),
        body["judgments"],
        {} if given else None,
        head["corpus"],
        row.fingerprint,
        head["documents"],
        head["split"],
        head["subset"],
    )
    made = datetime.fromisoformat(row.made)
    return Snapshot(row.id, made, plan, found, head["models"])
