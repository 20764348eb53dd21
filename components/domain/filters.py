"""Filters: conditions on the metadata of documents, joined by and, with one text form everywhere.

`product=desktop`, `product=desktop|mobile`, `year>=2020`, `date<2024-05-01`. A name or value that
would be misread is written as a JSON string: `"a=b"="x|y"|z`.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from components.domain.documents import Document
from components.domain.errors import InputError
from components.domain.values import FIRST_MOMENT, Span, Value, read_value, values_of

MOST_CONDITIONS: Final = 20
MOST_OPERANDS: Final = 200
"""Values of one condition."""
MOST_CHARACTERS: Final = 500
"""Characters of a name, and of a value."""
_EXAMPLES = "Write it like product=desktop, product=desktop|mobile, year>=2020 or date<2024-05-01."


class Op(StrEnum):
    """How a value is compared; the order is that of a filter's text."""

    EQUAL = "="
    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"

    @property
    def is_range(self) -> bool:
        """Return whether it compares by size, so that only numbers and dates can be compared."""
        return self is not Op.EQUAL


_COMPARE: Mapping[Op, Callable[[float, float], bool]] = {
    Op.EQUAL: operator.eq,
    Op.AT_LEAST: operator.ge,
    Op.ABOVE: operator.gt,
    Op.AT_MOST: operator.le,
    Op.BELOW: operator.lt,
}
_ORDER = {op: place for place, op in enumerate(Op)}
_OP = re.compile(r"\s*(>=|<=|=|>|<)\s*")
_ODD_NAME = re.compile(r'[=<>\x00-\x1f\x7f-\x9f\u2028\u2029]|^"|^\s|\s$|^$')
_ODD_VALUE = re.compile(r'[|\x00-\x1f\x7f-\x9f\u2028\u2029]|^["=<>]|^\s|\s$|^$')


@dataclass(frozen=True, slots=True)
class Condition:
    """One field, an operator, and the values of which one must match.

    Numbers equal numbers of the same size, dates what lies within the day, month or year that is
    written, texts the same letters. A document with several values matches by any of them; one
    without a value matches nothing. Raises InputError for what cannot be compared.
    """

    field: str
    op: Op
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Bring the values into one form and check them."""
        values = tuple(sorted({read_value(value).text for value in self.values}))
        object.__setattr__(self, "values", values)
        _check(self)

    @property
    def operands(self) -> tuple[Value, ...]:
        """Return the values as they are compared."""
        return tuple(read_value(value) for value in self.values)

    def __str__(self) -> str:
        """Return the text form, which `Filter.parse` reads."""
        name = json.dumps(self.field) if _ODD_NAME.search(self.field) else self.field
        values = (json.dumps(v) if _ODD_VALUE.search(v) else v for v in self.values)
        return f"{name}{self.op}{'|'.join(values)}"

    def matches(self, document: Document) -> bool:
        """Return whether any of the document's values in this field is one that is asked for."""
        values, operands = values_of(document.metadata.get(self.field, "")), self.operands
        return any(_holds(self.op, value, operand) for value in values for operand in operands)


def _check(condition: Condition) -> None:
    """Raise InputError for a condition that no value could be compared with."""
    if not condition.field or not condition.values or "" in condition.values:
        raise InputError("A condition of the filter lacks its field or its value.", _EXAMPLES)
    texts = (condition.field, *condition.values)
    if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
        raise InputError("A condition of the filter is not valid Unicode text.", _EXAMPLES)
    longest = max(map(len, texts))
    if longest > MOST_CHARACTERS or len(condition.values) > MOST_OPERANDS:
        raise InputError(
            f"A condition of the filter has more than {MOST_OPERANDS} values, or one of more than "
            f"{MOST_CHARACTERS} characters.",
            "Name fewer, or shorter ones.",
        )
    if not condition.op.is_range:
        return
    if len(condition.values) > 1:
        raise InputError(f"The filter {condition} has several bounds.", "Name one of them.")
    if condition.operands[0].is_text:
        raise InputError(
            f"The filter {condition} compares with a text, which is neither more nor less.",
            "Name a number such as 2020 or a date such as 2024-05-01.",
        )


def _holds(op: Op, value: Value, operand: Value) -> bool:
    """Return whether a document's value is what a condition asks for."""
    if value.number is not None:  # a year alone is a number
        return operand.number is not None and _COMPARE[op](value.number, operand.number)
    if value.span is not None:
        times = within(op, operand.span) if operand.span else None
        return times is not None and (
            times.start <= value.span.start and (times.end is None or value.span.start < times.end)
        )
    return op is Op.EQUAL and operand.is_text and value.text == operand.text


def within(op: Op, span: Span) -> Span | None:
    """Return when a date must begin to match; None where none can, after the year 9999."""
    if op is Op.EQUAL:
        return span
    if op is Op.AT_LEAST:
        return Span(span.start, None)
    if op is Op.ABOVE:
        return Span(span.end, None) if span.end else None
    return Span(FIRST_MOMENT, span.end if op is Op.AT_MOST else span.start)


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that all must hold; without any, every document matches.

    Two filters of the same conditions are equal, in whatever order they were written.
    """

    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        """Bring the conditions into one order, each once."""
        key = {c: (c.field, _ORDER[c.op], c.values) for c in self.conditions}
        object.__setattr__(self, "conditions", tuple(sorted(key, key=key.__getitem__)))
        if len(self.conditions) > MOST_CONDITIONS:
            raise InputError(
                f"The filter has more than {MOST_CONDITIONS} conditions.", "Leave some out."
            )

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Return the filter of several texts, a condition each; raise InputError for a bad one."""
        return cls(tuple(_parsed(text) for text in texts))

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the text form of each condition."""
        return tuple(map(str, self.conditions))

    def __str__(self) -> str:
        """Return the filter in words."""
        return " and ".join(self.texts)

    def __bool__(self) -> bool:
        """Return whether there is any condition."""
        return bool(self.conditions)

    def matches(self, document: Document) -> bool:
        """Return whether a document meets all conditions."""
        return all(condition.matches(document) for condition in self.conditions)

    def inside(
        self,
        grades: Mapping[str, int],
        some: Callable[[Collection[str]], Mapping[str, Document]],
    ) -> Mapping[str, int]:
        """Return the grades without those of documents that do not meet the filter.

        `some` returns those documents of given ids that there are.
        """
        if not self:
            return grades
        there = some(grades.keys())
        return {d: g for d, g in grades.items() if d not in there or self.matches(there[d])}


NO_FILTER: Final = Filter()

# ---------------------------------------------------------------- reading


def _parsed(text: str) -> Condition:
    """Return the condition of a text."""
    beginning = text if len(text) <= 80 else f"{text[:80]}…"
    wrong = InputError(f"{beginning!a} is not a condition of a filter.", _EXAMPLES)
    try:
        name, at = _word(text, 0, "=<>")
        match = _OP.match(text, at)
        if match is None:
            raise wrong
        values, at = [], match.end() - 1
        while at < len(text):
            value, at = _word(text, at + 1, "|")
            values.append(value)
    except ValueError as exc:  # a JSON string that is none
        raise wrong from exc
    return Condition(name, Op(match[1]), tuple(values))


def _word(text: str, at: int, ends: str) -> tuple[str, int]:
    """Return a name or value and where it ends: before one of `ends`, or after its quotes.

    Raises ValueError where something else follows the quotes.
    """
    at += len(text[at:]) - len(text[at:].lstrip())
    if text.startswith('"', at):
        word, stop = json.JSONDecoder().raw_decode(text, at)
        stop += len(text[stop:]) - len(text[stop:].lstrip())
        if stop < len(text) and text[stop] not in ends:
            raise ValueError("a word goes on after its quotes")
        return str(word), stop
    stop = min((i for i in (text.find(end, at) for end in ends) if i >= 0), default=len(text))
    return text[at:stop].strip(), stop
