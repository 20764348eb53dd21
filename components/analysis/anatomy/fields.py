"""The fields of documents: what they hold, how often they are filled, their values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from components.analysis.anatomy.records import Field, Group, Kind, Value
from components.analysis.anatomy.rows import Batch, Rows
from components.wording import shortened

FIELDS: Final = 50
"""Fields that are described, those that come first."""
VALUES: Final = 2_000
"""Different values of a field that are told apart."""
FREQUENT: Final = 10
"""Values that are named, the most frequent."""
VALUE_IDS: Final = 20
"""Ids that a value names at most."""
CHARACTERS: Final = 120
"""Characters of a value, which a longer one is cut to."""
CATEGORY_SHARE: Final = 0.2
"""Different values per filled document from which a field is a text and no category."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,3})?")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})([T ][0-9:.+Z-]{0,30})?")
_YES_OR_NO: Final = frozenset({"true", "false", "yes", "no"})


@dataclass(slots=True)
class _Tally:
    """What was read of one field."""

    filled: int = 0
    more: bool = False
    numbers: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    kinds: set[Kind] = field(default_factory=set)
    low: tuple[float, str] = (float("inf"), "")
    high: tuple[float, str] = (float("-inf"), "")


def kind_of(value: str) -> tuple[Kind, float]:
    """Return what a value is, and its place among others of its kind; 0 for words.

    Dates are written as ISO 8601 has it. A number is no more than 15 digits before the point.
    """
    if _NUMBER.fullmatch(value):
        return "number", float(value)
    if match := _DATE.fullmatch(value):
        try:
            return "date", date(int(match[1]), int(match[2]), int(match[3])).toordinal()
        except ValueError:
            return "text", 0
    return ("yes or no" if value.lower() in _YES_OR_NO else "text"), 0


class FieldCounter:
    """Counts what titles and metadata hold."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {"title": _Tally()}

    def add(self, batch: Batch) -> None:
        """Take note of the fields of documents."""
        for row, document in enumerate(batch.documents, batch.start):
            self._note("title", document.title, row)
            for name, value in document.details:
                own = f"{name} (metadata)" if name == "title" else name
                if own in self._tallies or len(self._tallies) < FIELDS:
                    self._note(own, value, row)

    def _note(self, name: str, value: str, row: int) -> None:
        tally = self._tallies.setdefault(name, _Tally())
        value = value.strip()
        if not value:
            return
        tally.filled += 1
        kind, place = kind_of(value)
        tally.kinds.add(kind)
        text = shortened(value, CHARACTERS)
        if kind in ("number", "date"):
            tally.low, tally.high = min(tally.low, (place, text)), max(tally.high, (place, text))
        if text not in tally.numbers and len(tally.numbers) >= VALUES:
            tally.more = True
            return
        tally.numbers[text] = tally.numbers.get(text, 0) + 1
        rows = tally.rows.setdefault(text, [])
        rows += [row][: VALUE_IDS - len(rows)]

    def fields(self, rows: Rows) -> tuple[Field, ...]:
        """Return the fields that any document fills, in the order of their appearance."""
        return tuple(
            _field(name, tally, rows) for name, tally in self._tallies.items() if tally.filled
        )


def _field(name: str, tally: _Tally, rows: Rows) -> Field:
    kind = _kind(tally)
    ordered = kind in ("number", "date")
    repeated = [value for value, number in tally.numbers.items() if number > 1]
    frequent = sorted(repeated, key=lambda value: (-tally.numbers[value], value))[:FREQUENT]
    values = (
        Value(value, Group(tally.numbers[value], rows.group(tally.rows[value], 0).ids))
        for value in frequent
    )
    return Field(
        name,
        kind,
        tally.filled,
        len(tally.numbers),
        tally.more,
        tally.low[1] if ordered else "",
        tally.high[1] if ordered else "",
        tuple(values),
    )


def _kind(tally: _Tally) -> Kind:
    """Return what a field holds: a text where there are other values than can be told apart."""
    if len(tally.kinds) == 1 and "text" not in tally.kinds:
        return next(iter(tally.kinds))
    few = len(tally.numbers) <= max(2, CATEGORY_SHARE * tally.filled)
    return "category" if few and not tally.more and tally.filled > len(tally.numbers) else "text"
