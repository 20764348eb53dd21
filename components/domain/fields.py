"""What a corpus's metadata holds, field by field, and which fields can be filtered on."""

from __future__ import annotations

import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from components.domain.errors import InputError
from components.domain.values import Value, values_of

if TYPE_CHECKING:
    from components.domain.documents import Document
    from components.domain.filters import Condition, Filter

MOST_INDEXED: Final = 24
"""Fields that are indexed, the first of those that are worth it."""
MOST_LOOKED_AT: Final = 200
"""Fields that are looked at."""
MOST_VALUES: Final = 1_000
"""Different texts of an indexed field, and different values that are counted."""
MOST_TEXT: Final = 200
"""Characters of a text in an indexed field; what is longer is prose."""
FEW: Final = 20
"""Different texts up to which a field is no list of ids, however small the corpus is."""
_REMEMBERED: Final = 16


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the metadata: how many documents have a value, and of which kind.

    `numbers`, `dates` and `texts` count values; a JSON list holds several. `counts` are the
    documents of each value, most first, empty where there are more than MOST_VALUES. `low` to
    `high` are the numbers, `earliest` to `latest` the dates as they were written. `unindexed` says
    why one cannot filter on the field, and is empty where one can.
    """

    name: str
    documents: int
    numbers: int = 0
    dates: int = 0
    texts: int = 0
    counts: tuple[tuple[str, int], ...] = ()
    low: float = 0.0
    high: float = 0.0
    earliest: str = ""
    latest: str = ""
    unindexed: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a corpus in the order in which they come, and a digest of all metadata.

    The `digest` is empty where no document has any. `others` counts fields beyond MOST_LOOKED_AT.
    """

    all: tuple[Field, ...] = ()
    digest: str = ""
    others: int = 0

    @property
    def indexed(self) -> tuple[Field, ...]:
        """Return the fields that can be filtered on."""
        return tuple(field for field in self.all if not field.unindexed)

    def check(self, filter: Filter) -> None:
        """Raise InputError for a condition on a field that is not there, or not indexed."""
        for condition in filter.conditions:
            _check(condition, self)


def _check(condition: Condition, fields: Fields) -> None:
    named = {field.name: field for field in fields.all}
    names = ", ".join(field.name for field in fields.indexed)
    remedy = f"Fields to filter on: {names}." if names else "No field of it can be filtered on."
    field = named.get(condition.field)
    if field is None:
        raise InputError(
            f"The filter {condition} cannot be applied: the corpus has no field "
            f"{condition.field!r}.",
            remedy,
        )
    if field.unindexed:
        raise InputError(
            f"The filter {condition} cannot be applied: {field.name!r} is not indexed, because it "
            f"{field.unindexed}.",
            remedy,
        )
    [operand, *_] = condition.operands
    by_number = operand.number is not None and field.numbers
    if condition.op.is_range and not (by_number or (operand.span and field.dates)):
        kind = "dates" if field.dates else "numbers" if field.numbers else "texts"
        raise InputError(
            f"The filter {condition} cannot be applied: {field.name!r} holds {kind}.",
            "Ranges are of numbers or of dates; name values of a text, as in product=desktop.",
        )


# ---------------------------------------------------------------- one pass over the documents


@dataclass(slots=True)
class _Tally:
    """What is counted of one field while the documents go by."""

    documents: int = 0
    numbers: int = 0
    dates: int = 0
    texts: int = 0
    longest: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    overflow: bool = False
    distinct: set[str] = field(default_factory=set)
    low: float = math.inf
    high: float = -math.inf
    first: datetime | None = None
    last: datetime | None = None
    earliest: str = ""
    latest: str = ""

    def add(self, values: Sequence[Value]) -> None:
        """Count one document's values."""
        self.documents += bool(values)
        for value in values:
            if not self.overflow:
                self.counts[value.text] = self.counts.get(value.text, 0) + 1
                self.overflow = len(self.counts) > MOST_VALUES
            if value.number is not None:
                self.numbers += 1
                self.low = min(self.low, value.number)
                self.high = max(self.high, value.number)
            elif value.span is not None:
                self.dates += 1
                if self.first is None or value.span.start < self.first:
                    self.first, self.earliest = value.span.start, value.text
                if self.last is None or value.span.start > self.last:
                    self.last, self.latest = value.span.start, value.text
            else:
                self.texts += 1
                self.longest = max(self.longest, len(value.text))
                if len(self.distinct) <= MOST_VALUES:
                    self.distinct.add(value.text)

    def unindexed(self) -> str:
        """Return why the field is not worth an index; empty where it is."""
        if self.longest > MOST_TEXT:
            return f"holds texts of more than {MOST_TEXT} characters"
        if len(self.distinct) > MOST_VALUES:
            return f"holds more than {MOST_VALUES:,} different texts"
        if len(self.distinct) > max(FEW, self.texts / 2):
            return "holds nearly as many different texts as documents, as ids do"
        return "" if self.documents else "holds no values"

    def field(self, name: str, *, beyond: bool) -> Field:
        """Return what was counted; `beyond` says that enough other fields are indexed."""
        counts = () if self.overflow else sorted(self.counts.items(), key=lambda c: (-c[1], c[0]))
        full = f"comes after {MOST_INDEXED} others that are" if beyond else ""
        return Field(
            name, self.documents, self.numbers, self.dates, self.texts, tuple(counts),
            *((self.low, self.high) if self.numbers else (0.0, 0.0)), self.earliest, self.latest,
            self.unindexed() or full,
        )  # fmt: skip


def scan_fields(documents: Iterable[Document]) -> Fields:
    """Return the fields of documents, in one pass that holds none of them."""
    tallies: dict[str, _Tally] = {}
    others: set[str] = set()
    digest, any_metadata = hashlib.sha256(), False
    for position, document in enumerate(documents):
        if not document.metadata:
            continue
        any_metadata = True
        items = list(document.metadata.items())
        digest.update(json.dumps([position, items]).encode())
        for name, text in items:
            if name not in tallies and len(tallies) >= MOST_LOOKED_AT:
                others.add(name) if len(others) < MOST_VALUES else None
                continue
            tallies.setdefault(name, _Tally()).add(values_of(text))
    fields, n_indexed = list[Field](), 0
    for name, tally in tallies.items():
        fields.append(tally.field(name, beyond=n_indexed >= MOST_INDEXED))
        n_indexed += not fields[-1].unindexed
    return Fields(tuple(fields), digest.hexdigest() if any_metadata else "", len(others))


_scanned: OrderedDict[str, list[tuple[Sequence[Document], Fields]]] = OrderedDict()
_lock = Lock()


def fields_of(fingerprint: str, documents: Sequence[Document]) -> Fields:
    """Return the fields of a corpus's documents, scanned once.

    The fingerprint alone does not tell corpora apart that differ in metadata only.
    """
    with _lock:
        for scanned, fields in _scanned.get(fingerprint, ()):
            if scanned is documents:
                _scanned.move_to_end(fingerprint)
                return fields
    fields = scan_fields(documents)
    with _lock:
        _scanned[fingerprint] = [*_scanned.get(fingerprint, ()), (documents, fields)][-4:]
        _scanned.move_to_end(fingerprint)
        while len(_scanned) > _REMEMBERED:
            _scanned.popitem(last=False)
    return fields
