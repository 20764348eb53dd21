"""What a value of a document's metadata is: a number, a date, or a text."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

MOST_DIGITS: Final = 15
"""Digits of a whole number; more of them, as in an id, 64-bit floats do not tell apart."""
MOST_LIST: Final = 10_000
"""Characters of a JSON list that is read as several values."""
FIRST_MOMENT: Final = datetime.min.replace(tzinfo=UTC)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_YEAR = re.compile(r"[1-9][0-9]{3}")
_DATE = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,12}))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in UTC: its first moment, and the first one after it.

    There is no `end` where that would be after the year 9999.
    """

    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its text without white space around it, and how it is compared.

    `number` is finite. `span` is what a date means: 2024-05 is that month, and four digits are a
    number and a year. What is neither is compared letter for letter.
    """

    text: str
    number: float | None = None
    span: Span | None = None

    @property
    def is_text(self) -> bool:
        """Return whether it is neither a number nor a date."""
        return self.number is None and self.span is None


@lru_cache(maxsize=16_384)
def read_value(text: str) -> Value:
    """Return what a text is, its Unicode composed (NFC).

    Numbers are written as in JSON; 007 and 1,000 are texts, and so are whole numbers of more than
    MOST_DIGITS digits. Dates are those of ISO 8601, from the month on; without a time zone they
    are UTC.
    """
    text = unicodedata.normalize("NFC", text).strip()
    number = None
    if match := _NUMBER.fullmatch(text):
        whole = match[2] is None and match[3] is None
        if not whole or len(match[1]) <= MOST_DIGITS:
            number = float(text) + 0.0  # no negative zero
            number = number if math.isfinite(number) else None
    try:
        return Value(text, number, _span(text))
    except (ValueError, OverflowError):  # a month 13, or an hour before the year 1
        return Value(text, number)


def values_of(text: str) -> tuple[Value, ...]:
    """Return the values that a field's text stands for: a JSON list's own, without its nulls.

    A blank text has none. A list that holds a list or an object is one text.
    """
    if text.startswith("[") and len(text) <= MOST_LIST:
        try:
            items = json.loads(text)
        except (ValueError, RecursionError):
            items = None
        if isinstance(items, list) and not any(isinstance(item, list | dict) for item in items):
            texts = [i if isinstance(i, str) else json.dumps(i) for i in items if i is not None]
            return tuple(dict.fromkeys(read_value(t) for t in texts if t.strip()))
    return (read_value(text),) if text.strip() else ()


def _span(text: str) -> Span | None:
    """Return what a date means; raise ValueError or OverflowError for one that does not exist."""
    if _YEAR.fullmatch(text):
        year = int(text)
        following = datetime(year + 1, 1, 1, tzinfo=UTC) if year < datetime.max.year else None
        return Span(datetime(year, 1, 1, tzinfo=UTC), following)
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    parts = {name: int(match[name] or 0) for name in ("hour", "minute", "second")}
    fraction = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    zone, digits = match["zone"] or "Z", (match["zone"] or "")[1:].replace(":", "").ljust(4, "0")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    local = datetime(
        int(match["year"]), int(match["month"]), int(match["day"] or 1), **parts,
        microsecond=fraction, tzinfo=timezone(-distance if zone[0] == "-" else distance),
    )  # fmt: skip
    start = local.astimezone(UTC)
    try:
        return Span(start, start + _length(match, local))
    except OverflowError:
        return Span(start, None)


def _length(match: re.Match[str], local: datetime) -> timedelta:
    """Return how long the date is, by the finest part that is written."""
    if match["fraction"]:
        return timedelta(microseconds=1)
    for part, length in (("second", timedelta(seconds=1)), ("minute", timedelta(minutes=1))):
        if match[part]:
            return length
    if match["day"]:
        return timedelta(days=1)
    return (local.replace(day=28) + timedelta(days=4)).replace(day=1) - local
