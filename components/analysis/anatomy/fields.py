"""The fields of documents: what they hold, how often they are filled, their values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from components.analysis.anatomy.records import Field, Group, Kind
from components.analysis.anatomy.records import Value as FieldValue
from components.analysis.anatomy.rows import Batch, Rows
from components.domain.values import FIRST_MOMENT, Value, values_of
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
_YES_OR_NO: Final = frozenset({"true", "false", "yes", "no"})


def kind_of(value: Value) -> tuple[Kind, float]:
    """Return what a value is, and its place among others of its kind; 0 for words."""
    if value.number is not None:
        return "number", value.number
    if value.span is not None:
        return "date", (value.span.start - FIRST_MOMENT).total_seconds()
    return ("yes or no" if value.text.lower() in _YES_OR_NO else "text"), 0.0


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

    def add(self, value: Value, row: int) -> None:
        """Count one value of a row's document."""
        kind, place = kind_of(value)
        text = shortened(value.text, CHARACTERS)
        self.kinds.add(kind)
        if kind in ("number", "date"):
            self.low, self.high = min(self.low, (place, text)), max(self.high, (place, text))
        if text not in self.numbers and len(self.numbers) >= VALUES:
            self.more = True
            return
        self.numbers[text] = self.numbers.get(text, 0) + 1
        rows = self.rows.setdefault(text, [])
        rows += [row][: VALUE_IDS - len(rows)]

    @property
    def kind(self) -> Kind:
        """Return what the field holds: a text where values are too many to be told apart."""
        if len(self.kinds) == 1 and "text" not in self.kinds:
            return next(iter(self.kinds))
        few = len(self.numbers) <= max(2, CATEGORY_SHARE * self.filled)
        return "category" if few and not self.more and self.filled > len(self.numbers) else "text"

    def field(self, name: str, rows: Rows) -> Field:
        """Return what was read."""
        repeated = [value for value, number in self.numbers.items() if number > 1]
        frequent = sorted(repeated, key=lambda value: (-self.numbers[value], value))[:FREQUENT]
        ordered = self.kind in ("number", "date")
        return Field(
            name,
            self.kind,
            self.filled,
            len(self.numbers),
            self.more,
            self.low[1] if ordered else "",
            self.high[1] if ordered else "",
            tuple(
                FieldValue(v, Group(self.numbers[v], rows.group(self.rows[v], 0).ids))
                for v in frequent
            ),
        )


class FieldCounter:
    """Counts what titles and metadata hold."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {"title": _Tally()}

    def add(self, batch: Batch) -> None:
        """Take note of the fields of documents."""
        for row, document in enumerate(batch.documents, batch.start):
            title = document.title.strip()
            if title:
                self._tallies["title"].filled += 1
                self._tallies["title"].add(Value(title), row)
            for name, text in document.details:
                own = f"{name} (metadata)" if name == "title" else name
                if own not in self._tallies and len(self._tallies) >= FIELDS:
                    continue
                tally = self._tallies.setdefault(own, _Tally())
                values = values_of(text)
                tally.filled += bool(values)
                for value in values:
                    tally.add(value, row)

    def fields(self, rows: Rows) -> tuple[Field, ...]:
        """Return the fields that any document fills, in the order of their appearance."""
        tallies = self._tallies.items()
        return tuple(tally.field(name, rows) for name, tally in tallies if tally.filled)
