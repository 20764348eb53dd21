"""The fields that one can filter on: those with an index where the collection is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress

from components.domain import Condition, Field, Fields, Filter, StoreError
from components.domain.fields import MOST_INDEXED, MOST_VALUES
from components.domain.filters import within
from components.retrieval.engine.points import Point
from components.retrieval.engine.reader import Reader
from components.retrieval.existing.payload import document_of, text_of
from components.retrieval.filtering import BOUNDS, Clause, Clauses, Kind, moment

_KINDS: Mapping[str, Kind] = {
    "keyword": "text",
    "uuid": "text",
    "bool": "text",
    "integer": "number",
    "float": "number",
    "datetime": "date",
}
"""What an index of each type compares; by others, of words or places, one cannot filter here."""


def fields_of(reader: Reader, points: Sequence[Point], version: str) -> Fields:
    """Return the fields that some points show, and those that have an index, with their values.

    The server counts values; one that cannot, or takes too long, leaves them out.
    """
    fields: list[Field] = []
    for path, index in reader.indexed.items():
        kind = _KINDS.get(index.kind)
        if kind is None:
            fields.append(Field(path, 0, unindexed=f"has an index of the type {index.kind}"))
        elif len([f for f in fields if not f.unindexed]) < MOST_INDEXED:
            fields.append(_field(reader, path, kind, index.points))
        else:
            fields.append(Field(path, 0, unindexed=f"comes after {MOST_INDEXED} others that are"))
    names = dict.fromkeys(n for p in points for n in document_of(p, reader).metadata)
    others = [name for name in names if name not in reader.indexed]
    fields += [Field(name, 0, unindexed="has no payload index there") for name in others]
    return Fields(tuple(fields), version)


def _field(reader: Reader, path: str, kind: Kind, points: int) -> Field:
    counts: list[tuple[str, int]] = []
    ends: list[object] = []
    with suppress(StoreError):  # a field without its values can be filtered on all the same
        if kind == "text" or reader.indexed[path].kind == "integer":
            counts = reader.values(path, MOST_VALUES + 1)
        if kind != "text":
            ends = reader.extremes(path)
    counts = counts if len(counts) <= MOST_VALUES else []
    numbers = [float(v) for v in ends if isinstance(v, int | float) and math.isfinite(v)]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
    dates = [text_of(value) for value in ends if isinstance(value, str)]
    n = max(points, 1)
    return Field(
        path,
        points,
        n if kind == "number" else 0,
        n if kind == "date" else 0,
        n if kind == "text" else 0,
        tuple(counts),
        *(low, high),
        *((dates[0], dates[-1]) if kind == "date" and dates else ("", "")),
    )


def clauses(filter: Filter, reader: Reader) -> Clauses:
    """Return a group of clauses for each condition, by the type of each field's index."""
    return [_group(c, _KINDS[reader.indexed[c.field].kind]) for c in filter.conditions]


def _group(condition: Condition, kind: Kind) -> list[Clause]:
    key, op = condition.field, condition.op
    if kind == "text":
        return [] if op.is_range else [Clause(key, "text", condition.values)]
    group = []
    for operand in condition.operands:
        if kind == "number" and operand.number is not None:
            numbers = dict.fromkeys(BOUNDS[op], operand.number)
            group.append(Clause(key, "number", numbers=numbers))
        times = within(op, operand.span) if kind == "date" and operand.span else None
        if times:
            end = {"lt": moment(times.end)} if times.end else {}
            group.append(Clause(key, "date", dates={"gte": moment(times.start)} | end))
    return group
