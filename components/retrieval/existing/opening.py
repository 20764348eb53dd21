"""Opening a collection that somebody else keeps: check it first, then hand out its documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from components.domain import Fields, InputError
from components.encoders import EncoderEntry
from components.retrieval.engine.description import Description
from components.retrieval.engine.points import Point
from components.retrieval.engine.reader import PAGE, Reader
from components.retrieval.existing.checks import Check, Facts, checks
from components.retrieval.existing.fields import fields_of
from components.retrieval.existing.payload import document_of
from components.retrieval.existing.term_weights import check_terms
from components.wording import count

ROWS = 32
"""Points whose vectors are looked at."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A collection as it was when it was opened.

    `version` is a SHA-256 over what can be told of its contents in a moment: where it is, how it is
    read, when it was created, how many points it has, and the ids and texts of its first PAGE
    points. `idf` says whether the engine weighs terms, `quantized` whether dense scores may be of
    quantized vectors, `search` in words how dense vectors are searched.
    """

    reader: Reader
    total: int
    version: str
    idf: bool
    quantized: bool
    search: str
    at: datetime
    fields: Fields
    checks: tuple[Check, ...]


def open_existing(reader: Reader, encoder: EncoderEntry | None) -> Opened:
    """Check a collection and return what it is; InputError names the first thing that is wrong.

    `encoder` made its vectors, None where there is no such one.
    """
    settings, info = reader.settings, reader.describe()
    indexed = {path: index for path, index in info.fields.items() if path != settings.id_field}
    reader = replace(reader, indexed=indexed)
    if settings.tenant and info.tenants:
        path = info.tenants[0]
        reader = reader.of_tenant(path, _value(settings.tenant, info.fields[path].kind))
    total, (first, _) = reader.count(), reader.scroll(PAGE)
    rows, _ = reader.scroll(ROWS, vectors=True)
    facts = Facts(settings, info, reader.real_name(), total, first, rows, encoder)
    looked_at = tuple(checks(facts))
    if settings.sparse in info.sparse:
        looked_at += tuple(check_terms(rows, reader))
    for check in looked_at:
        if check.fault:
            raise InputError(
                f"{reader.where}, {check.name}: expected {check.expected}; came {check.came}.",
                check.remedy,
            )
    version = _version(reader, info, total, first)
    return Opened(
        reader,
        total,
        version,
        info.sparse.get(settings.sparse, False),
        info.dense[settings.vector].quantized,
        _search(facts),
        datetime.now(UTC),
        fields_of(reader, first, version[:16]),
        looked_at,
    )


def changes(opened: Opened) -> str:
    """Return in a sentence how a collection differs from when it was opened; empty if it does not.

    Only what `version` covers is seen.
    """
    reader = opened.reader
    info, total = reader.describe(), reader.count()
    if total != opened.total:
        return (
            f"it had {count(opened.total, 'point')} when it was opened at "
            f"{opened.at:%H:%M} UTC, and has {total:,} now"
        )
    first, _ = reader.scroll(PAGE) if total else ([], None)
    if _version(reader, info, total, first) == opened.version:
        return ""
    return f"its points are others than when it was opened at {opened.at:%H:%M} UTC"


def _value(tenant: str, kind: str) -> int | str:
    return int(tenant) if kind == "integer" and tenant.lstrip("-").isdecimal() else tenant


def _version(reader: Reader, info: Description, total: int, first: Sequence[Point]) -> str:
    own = reader.settings
    place = (own.address, own.collection, own.tenant, info.created, total)
    read = (own.id_field, own.title_field, own.text_field, own.vector, own.sparse, own.encoder)
    digest = hashlib.sha256(json.dumps(["collection", *place, *read]).encode())
    for point in first:
        document = document_of(point, reader)
        digest.update(json.dumps([document.id, document.title, document.text]).encode() + b"\n")
    return digest.hexdigest()


def _search(facts: Facts) -> str:
    """Return in words how the collection searches its dense vectors."""
    info, vectors = facts.info, facts.info.dense[facts.settings.vector]
    if not vectors.m or not info.indexed:
        return "exact: no graph is built"
    several = len(info.dense) > 1 or info.sparse
    how = f"HNSW (m = {vectors.m}){', quantized' if vectors.quantized else ''}"
    return f"{how}, {info.indexed:,} {'vectors of all names' if several else 'vectors'} indexed"
