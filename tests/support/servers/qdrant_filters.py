"""Filters as a Qdrant server evaluates them over payloads, and refuses them in strict mode."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

_BOUNDS = {"gte": operator.ge, "gt": operator.gt, "lte": operator.le, "lt": operator.lt}


def keys_of(asked: Mapping[str, Any]) -> Iterator[str]:
    """Yield the payload's keys that a filter asks for."""
    for kind in ("must", "should"):
        for condition in asked.get(kind) or ():
            yield from [condition["key"]] if "key" in condition else keys_of(condition)


def meets(point: Mapping[str, Any], asked: Mapping[str, Any] | None) -> bool:
    """Return whether a point meets a filter of must and should, matches and ranges."""
    if not asked:
        return True
    must = all(_holds(point, condition) for condition in asked.get("must") or ())
    should = asked.get("should") or ()
    return must and (not should or any(_holds(point, condition) for condition in should))


def _holds(point: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    if "has_id" in condition:
        return point["id"] in condition["has_id"]
    if "key" not in condition:
        return meets(point, condition)
    values = (point.get("payload") or {}).get(condition["key"], [])
    values = values if isinstance(values, list) else [values]
    if condition.get("match"):
        return any(value in condition["match"]["any"] for value in values)
    bounds = {name: bound for name, bound in condition["range"].items() if bound is not None}
    return any(_within(value, bounds) for value in values)


def _within(value: object, bounds: Mapping[str, Any]) -> bool:
    """Return whether a number or a date of RFC 3339 lies between bounds of its kind."""
    if any(isinstance(bound, str) != isinstance(value, str) for bound in bounds.values()):
        return False
    read = datetime.fromisoformat if isinstance(value, str) else float
    return all(_BOUNDS[name](read(value), read(bound)) for name, bound in bounds.items())  # type: ignore[arg-type,operator]
