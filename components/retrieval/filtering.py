"""Filters as an engine evaluates them: what of a document's metadata its point holds, and clauses.

A value is a number, a date or a text and lies under one key of its field, each with an index of its
kind. `Filter.matches` says what a filter means; what an engine finds by these clauses is the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from components.domain import Condition, Document, Field, Fields, Filter, Op
from components.domain.filters import within
from components.domain.values import values_of

Kind = Literal["text", "number", "date"]
Payload = dict[str, list[str | float]]
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
BOUNDS: Mapping[Op, tuple[str, ...]] = {
    Op.EQUAL: ("gte", "lte"),
    Op.AT_LEAST: ("gte",),
    Op.ABOVE: ("gt",),
    Op.AT_MOST: ("lte",),
    Op.BELOW: ("lt",),
}
"""How a number is bound by each operator."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One of `texts`, or a number or a date between bounds: gte, gt, lte and lt.

    Dates are in UTC as RFC 3339 writes them, to the microsecond.
    """

    key: str
    kind: Kind
    texts: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)


Clauses = Sequence[Sequence[Clause]]
"""Of each group one must hold; an empty group cannot, and without groups all points match."""


def payload_keys(fields: Fields) -> dict[str, Kind]:
    """Return the keys that are indexed, with their kinds."""
    return {
        key: kind
        for place, one in enumerate(fields.indexed)
        for kind, key in _keys(place, one).items()
    }


def payload_of(document: Document, fields: Fields) -> Payload:
    """Return the values of a document's indexed fields by key."""
    payload: Payload = {}
    for place, one in enumerate(fields.indexed):
        keys = _keys(place, one)
        for value in values_of(document.metadata.get(one.name, "")):
            if value.number is not None:
                payload.setdefault(keys["number"], []).append(value.number)
            elif value.span is not None:
                payload.setdefault(keys["date"], []).append(moment(value.span.start))
            else:
                payload.setdefault(keys["text"], []).append(value.text)
    return payload


def clauses(filter: Filter, fields: Fields) -> Clauses:
    """Return a group of clauses for each condition; raise InputError where one cannot be applied.

    A field that holds no value of a kind has no clause of that kind.
    """
    fields.check(filter)
    keys = {one.name: _keys(place, one) for place, one in enumerate(fields.indexed)}
    return [_group(condition, keys[condition.field]) for condition in filter.conditions]


def _group(condition: Condition, keys: Mapping[Kind, str]) -> list[Clause]:
    operands, op = condition.operands, condition.op
    group = []
    texts = tuple(operand.text for operand in operands if operand.is_text)
    if "text" in keys and texts:
        group.append(Clause(keys["text"], "text", texts))
    for operand in operands:
        if "number" in keys and operand.number is not None:
            bounds = dict.fromkeys(BOUNDS[op], operand.number)
            group.append(Clause(keys["number"], "number", numbers=bounds))
        times = within(op, operand.span) if "date" in keys and operand.span else None
        if times is not None:
            dates = {"gte": moment(times.start)} | ({"lt": moment(times.end)} if times.end else {})
            group.append(Clause(keys["date"], "date", dates=dates))
    return group


def _keys(place: int, one: Field) -> dict[Kind, str]:
    """Return the payload's keys of a field, by the kinds of its values.

    A name that a path in a payload cannot hold is told by its place.
    """
    kinds: dict[Kind, int] = {"text": one.texts, "number": one.numbers, "date": one.dates}
    name = f"_{one.name}" if _PLAIN.fullmatch(one.name) else str(place)
    return {kind: f"{kind}{name}" for kind, values in kinds.items() if values}


def moment(time: datetime) -> str:
    """Return a moment in UTC as RFC 3339 writes it, to the microsecond."""
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
