"""What must hold of a collection before it is searched: each check with its name and its remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from components.config import CollectionSettings
from components.encoders import EncoderEntry
from components.retrieval.engine.description import DenseVectors, Description
from components.retrieval.engine.points import Point, value_at
from components.retrieval.existing.payload import own_id
from components.wording import agree, count, listed

NAMES = 8
"""Names of vectors or fields that a message lists."""
_UNIT = 1e-3
"""By how much the length of a unit vector may differ from 1."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was expected, what came, and what to do about it.

    A `fault` means that the collection cannot be searched as it is configured; any other check with
    a remedy is something to know.
    """

    name: str
    expected: str
    came: str
    remedy: str = ""
    fault: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a collection when it is checked.

    `points` are some of its points with their payloads, `rows` some with their vectors.
    """

    settings: CollectionSettings
    info: Description
    real_name: str
    total: int
    points: Sequence[Point]
    rows: Sequence[Point]
    encoder: EncoderEntry | None

    @property
    def table(self) -> str:
        """Return the name of its table in the configuration."""
        return f"[[collection]] {self.settings.name}"


def checks(facts: Facts) -> Iterator[Check]:
    """Yield all checks; those that make no sense after a fault are left out."""
    yield _alias(facts)
    yield from _tenant(facts)
    yield _encoder(facts)
    yield from _dense(facts)
    yield from _sparse(facts)
    yield Check(
        "points",
        "at least one",
        count(facts.total, "point"),
        "" if facts.total else f"Fill the collection, or correct {facts.table}.",
        fault=not facts.total,
    )
    if facts.total:
        yield from _payload(facts)


def _alias(facts: Facts) -> Check:
    own = facts.settings.collection
    if facts.real_name in {"", own}:
        return Check("collection", own, own)
    return Check(
        "collection",
        own,
        f"an alias of {facts.real_name}",
        "Searches go to whatever the alias names at that moment.",
    )


def _tenant(facts: Facts) -> Iterator[Check]:
    tenant, fields = facts.settings.tenant, facts.info.tenants
    if not tenant and not fields:
        return
    if not fields:
        yield Check(
            "tenant",
            f"a payload index that is marked as the tenants', for {tenant!r}",
            "none",
            f"Leave tenant out of {facts.table}.",
            fault=True,
        )
    elif not tenant:
        yield Check(
            "tenant",
            "the points of one corpus",
            f"points of several tenants, told apart by {_names(fields)}",
            f'Name one in {facts.table}: tenant = "its value of {fields[0]}".',
            fault=True,
        )
    else:
        yield Check("tenant", tenant, f"{fields[0]} = {tenant}")


def _encoder(facts: Facts) -> Check:
    encoder, wanted = facts.settings.encoder, "a dense first stage of the lab"
    if facts.encoder is None:
        remedy = f"Name in {facts.table} the one that made the vectors; rerank-lab models has all."
        return Check("encoder", wanted, repr(encoder), remedy, fault=True)
    return Check("encoder", wanted, encoder)


def _dense(facts: Facts) -> Iterator[Check]:
    """Check the vectors' name, their kind, their dimension, their distance and their length."""
    settings, vectors = facts.settings, facts.info.dense
    params = vectors.get(settings.vector)
    if params is None:
        own = f"vector = {next(iter(vectors), '')!r}" if vectors else "another collection"
        came = _names([n or "unnamed ones" for n in vectors]) or "no dense vectors"
        wanted = f"vectors named {settings.vector!r}" if settings.vector else "unnamed vectors"
        remedy = f"Name in {facts.table}: {own}."
        yield Check("vector name", wanted, came, remedy, fault=True)
        return
    yield Check("vector name", settings.vector or "unnamed", settings.vector or "unnamed")
    if params.several:
        remedy = "Name dense vectors with one row a point; rerankers do late interaction."
        yield Check("vectors", "one for each point", "several (multivectors)", remedy, fault=True)
        return
    if facts.encoder and facts.encoder.dimension:  # 0: only a server knows it
        wrong = params.size != facts.encoder.dimension
        remedy = f"Name in {facts.table} the encoder that made them, or its own vectors."
        wanted = f"{facts.encoder.dimension}, as {settings.encoder} makes them"
        yield Check("dimension", wanted, str(params.size), remedy if wrong else "", fault=wrong)
    yield _distance(facts, params)
    lacking = sum(point.dense is None for point in facts.rows)
    if lacking:
        came = f"{lacking} of {count(len(facts.rows), 'point')} that were looked at have none"
        yield Check("vectors", "one for each point", came, "Dense search cannot find those points.")


def _distance(facts: Facts, params: DenseVectors) -> Check:
    """Check that scores are cosines."""
    if params.distance == "Cosine":
        return Check("distance", "Cosine, or Dot of unit vectors", "Cosine")
    remedy = "The lab's encoders are compared by cosine; make a collection with that distance."
    if params.distance != "Dot":
        came = params.distance
        return Check("distance", "Cosine, or Dot of unit vectors", came, remedy, fault=True)
    lengths = [np.linalg.norm(p.dense.astype(float)) for p in facts.rows if p.dense is not None]
    odd = sum(bool(abs(length - 1) > _UNIT) for length in lengths)
    came = "Dot" if not odd else (
        f"Dot, and {odd} of {count(len(lengths), 'vector')} that were looked at "
        f"{agree(odd, 'has', 'have')} not the length 1"
    )  # fmt: skip
    return Check(
        "distance", "Cosine, or Dot of unit vectors", came, remedy if odd else "", bool(odd)
    )


def _sparse(facts: Facts) -> Iterator[Check]:
    """Check the sparse vectors, and say whose IDF weighs their terms."""
    name = facts.settings.sparse
    if not name:
        return
    if name not in facts.info.sparse:
        came = _names(list(facts.info.sparse)) or "no sparse vectors"
        remedy = f"Correct sparse in {facts.table}, or leave it out: BM25 needs it."
        yield Check("sparse vectors", repr(name), came, remedy, fault=True)
        return
    yield Check("sparse vectors", name, name)
    if facts.info.sparse[name]:
        yield Check("IDF", "by the engine", "by the engine, for each shard by itself")
    else:
        yield Check(
            "IDF",
            "by the engine",
            "none: the sparse vectors have no modifier",
            "Each term of a query weighs the same. How many documents have a term is not known "
            "without reading all of them, so the lab sends no IDF of its own.",
        )


def _payload(facts: Facts) -> Iterator[Check]:
    """Check that the points that were looked at have text, title and id of their own."""
    settings, points, n = facts.settings, facts.points, len(facts.points)
    fields = Counter(name for point in points for name in point.payload)
    present = f"the payload has {_names(list(fields)) or 'no fields'}"
    for name, path in (("text", settings.text_field), ("title", settings.title_field)):
        if not path:
            continue
        having = sum(value_at(p.payload, path) not in (None, "") for p in points)
        came = f"{having} of {count(n, 'point')} that were looked at" + (
            "" if having else f"; {present}"
        )
        remedy = f"Correct {name}_field in {facts.table}."
        if having:
            remedy = f"The others are without {name}." if having < n else ""
        yield Check(f"{name} field", f"{path!r} in each", came, remedy, fault=not having)
    if settings.id_field:
        yield _ids(facts, present)


def _ids(facts: Facts, present: str) -> Check:
    path, n = facts.settings.id_field, len(facts.points)
    ids = [own_id(point, path) for point in facts.points]
    times = Counter(id for id in ids if id)
    twice = sum(t for t in times.values() if t > 1)
    wanted = f"{path!r}, another in each"
    if not times:
        remedy = f"Correct id_field in {facts.table}, or leave it out: points have ids."
        return Check("id field", wanted, f"in none; {present}", remedy, fault=True)
    if twice:
        came = f"{twice} of {count(n, 'point')} that were looked at share theirs with another"
        remedy = f"Leave id_field out of {facts.table}, or name one that tells points apart."
        return Check("id field", wanted, came, remedy, fault=True)
    lacking = ids.count("")
    came = f"in {n - lacking} of {count(n, 'point')} that were looked at"
    if lacking:
        return Check("id field", wanted, came, "The others are named by their points' ids.")
    if path not in facts.info.fields:
        remedy = "It has no payload index there: looking up judged documents reads all points."
        return Check("id field", wanted, f"{came}, not indexed", remedy)
    return Check("id field", wanted, came)


def _names(names: Sequence[str]) -> str:
    """Return names as a list that is not too long; they are another's text."""
    some = [repr(name[:60]) for name in names[:NAMES]]
    if len(names) > NAMES:
        some.append(f"{len(names) - NAMES} more")
    return listed(some)
