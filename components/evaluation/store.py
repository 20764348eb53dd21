"""The evaluation store: plans, rankings and failures of evaluations, in one SQLite file.

An evaluation belongs to its owner, who alone lists and deletes it; whoever knows its id, which
cannot be guessed, can read it. The owner WHOLE_LAB is a lab that is bound to its machine; to it
belongs also what version 0.1.0 saved, which has no owner.
"""

from __future__ import annotations

import gzip
import json
import logging
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from pydantic_core import to_json  # megabytes: json would hold the interpreter for long

from components.corpora import first_fault
from components.domain import Filter, StoreError
from components.evaluation.rules import Rules
from components.evaluation.saved import EvaluationSummary, SavedEvaluation
from components.evaluation.saved_format import VERSION, SavedBody, SavedHead, SavedVersion
from components.evaluation.saved_json import body_json, head_json, loaded
from components.measures import Metrics
from components.storage.sqlite import WHOLE_LAB, Database, owned
from components.wording import shortened

FILE = "evaluations.sqlite"
MOST_BYTES = 1_000_000_000
"""Bytes of rankings that one saved evaluation holds at most."""
_DAMAGE = (OSError, EOFError, ValueError, IndexError, zlib.error)
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
    sa.Column("owner", sa.String),
)


class EvaluationStore:
    """The file of saved evaluations. Raises StoreError where it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / FILE, _METADATA, "evaluations", "RERANK_LAB_DATA")

    def save(
        self, saved: SavedEvaluation, metrics: Mapping[str, Metrics], owner: str = WHOLE_LAB
    ) -> None:
        """Save an evaluation with its mean metrics; the owner's with the same id is replaced."""
        row = {
            "id": saved.id,
            "made": saved.made.isoformat(),
            "fingerprint": saved.plan.fingerprint,
            "head": json.dumps(head_json(saved, metrics)),
            "body": gzip.compress(to_json(body_json(saved)), 1),
            "owner": owner,
        }
        with self._database.begin() as connection:
            connection.execute(
                sa.delete(_TABLE).where(_TABLE.c.id == saved.id, owned(_TABLE.c.owner, owner))
            )
            connection.execute(sa.insert(_TABLE), row)

    def summaries(self, owner: str = WHOLE_LAB) -> list[EvaluationSummary]:
        """Return what an owner has saved, the newest first.

        What cannot be read is left out; `unreadable` says of it why.
        """
        listed = (_summary(row) for row in self._rows(owner))
        return [summary for summary in listed if isinstance(summary, EvaluationSummary)]

    def unreadable(self, owner: str = WHOLE_LAB) -> list[str]:
        """Return why an owner's saved evaluations cannot be listed, one sentence each."""
        return [s for row in self._rows(owner) if isinstance(s := _summary(row), str)]

    def _rows(self, owner: str) -> list[Any]:
        columns = (_TABLE.c.id, _TABLE.c.made, _TABLE.c.fingerprint, _TABLE.c.head)
        wanted = sa.select(*columns).where(owned(_TABLE.c.owner, owner))
        with self._database.begin() as connection:
            return list(connection.execute(wanted.order_by(_TABLE.c.made.desc())))

    def load(self, id: str, owner: str = WHOLE_LAB) -> SavedEvaluation:
        """Return an owner's saved evaluation."""
        return self._load(sa.and_(_TABLE.c.id == id, owned(_TABLE.c.owner, owner)))

    def linked(self, id: str) -> SavedEvaluation:
        """Return an evaluation of whomever to somebody who knows its id, to be read alone.

        What version 0.1.0 saved has no owner who could have handed on a link to it.
        """
        return self._load(sa.and_(_TABLE.c.id == id, _TABLE.c.owner.is_not(None)))

    def _load(self, condition: sa.ColumnElement[bool]) -> SavedEvaluation:
        wanted = sa.select(_TABLE).where(condition)
        with self._database.begin() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            raise StoreError("This evaluation is no longer kept.", "Choose another one.")
        try:
            head = _saved_head(row)
            return loaded(
                row.id,
                row.made,
                row.fingerprint,
                head,
                SavedBody.model_validate_json(_unzipped(row.body)),
            )
        except _DAMAGE as exc:
            fault = first_fault(exc) if isinstance(exc, ValidationError) else type(exc).__name__
            raise StoreError(
                f"The evaluation of {row.made} is damaged: {fault}.", "Delete it."
            ) from exc

    def delete(self, id: str, owner: str = WHOLE_LAB) -> None:
        """Forget an owner's saved evaluation."""
        with self._database.begin() as connection:
            connection.execute(
                sa.delete(_TABLE).where(_TABLE.c.id == id, owned(_TABLE.c.owner, owner))
            )


def _unzipped(body: bytes) -> bytes:
    """Return a body unzipped; raise ValueError for more than MOST_BYTES, zlib.error for damage."""
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # a gzip header
    data = unzip.decompress(body, MOST_BYTES)
    if not unzip.eof:
        raise ValueError(f"it is cut off, or has more than {MOST_BYTES:,} bytes")
    return data


def _saved_head(row: Any) -> SavedHead:  # noqa: ANN401
    """Return a row's head; raise StoreError for a format that this version cannot know."""
    version = SavedVersion.model_validate_json(row.head).version
    if version > VERSION:
        raise StoreError(
            f"The evaluation of {row.made} was saved by a newer version of the lab (format "
            f"{shortened(str(version), 20)}; this one reads up to {VERSION}).",
            "Update the lab, or delete the evaluation.",
        )
    return SavedHead.model_validate_json(row.head)


def _summary(row: Any) -> EvaluationSummary | str:  # noqa: ANN401
    """Return a row as a list shows it; or why it cannot be, which must not hide the others."""
    try:
        head = _saved_head(row)
        made = datetime.fromisoformat(row.made)
    except StoreError as exc:
        return exc.reason
    except (ValidationError, ValueError) as exc:
        _log.warning("the evaluation %s is damaged and not listed: %s", row.id, exc)
        return f"The evaluation of {row.made} is damaged."
    return EvaluationSummary(
        row.id,
        made,
        head.corpus,
        row.fingerprint,
        head.queries,
        head.subset,
        head.split,
        head.systems,
        head.initial_k,
        head.means,
        Rules(**head.rules.model_dump()),
        Filter.parse(head.filter),
    )
