"""Rows to records: what a field of a document or a query may hold is decided here."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from components.corpora.columns import (
    QUERY_ID_NAMES,
    QUERY_TEXT_NAMES,
    SAMPLE_ROWS,
    TEXT_NAMES,
    TITLE_NAMES,
    UNNAMED,
    Roles,
    listed_names,
    matching,
)
from components.corpora.limits import Meter
from components.corpora.text import Row, kind, quoted
from components.domain import CorpusError, Query
from components.wording import count

MAX_ID_LENGTH: Final = 512
"""Characters of an id, and of a tag."""
MAX_TITLE: Final = 10_000
"""Characters of a title, and of a query's note."""
MAX_QUERY: Final = 100_000
"""Characters of a query; models read the first few thousand, pages list all queries at once."""
MAX_TAGS: Final = 100
"""Tags of one query."""

_JSON = json.JSONEncoder(ensure_ascii=False)
UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
"""What can be neither stored nor sent: null characters and halves of surrogate pairs."""


def queries_from(rows: Iterable[Row], meter: Meter | None = None) -> tuple[Query, ...]:
    """Check rows into queries."""
    places: dict[str, str] = {}
    rows = iter((meter or Meter()).counted(rows))
    sample = list(islice(rows, SAMPLE_ROWS))
    names = list(dict.fromkeys(name for row in sample for name in row.fields))
    ids, texts = matching(names, QUERY_ID_NAMES), matching(names, QUERY_TEXT_NAMES)
    if names == [UNNAMED.format(1), UNNAMED.format(2)]:  # MS MARCO's queries have no header
        ids, texts = (names[0],), (names[1],)
    roles = Roles(ids, (), tuple(name for name in texts if name not in ids))
    return tuple(_query(row, roles, places) for row in chain(sample, rows))


def _query(row: Row, roles: Roles, places: dict[str, str]) -> Query:
    """Check one row into a query."""
    extra = row.fields.get("metadata")
    if extra is not None and not isinstance(extra, dict):
        raise wrong_kind(row, "metadata", extra, "an object")
    tags = (extra or {}).get("tags") or []
    if not isinstance(tags, list):
        raise wrong_kind(row, "tags", tags, "a list of strings")
    if len(tags) > MAX_TAGS:
        raise CorpusError(
            f"{row.where}: the field 'tags' holds {count(len(tags), 'tag')}; a query has at most "
            f"{MAX_TAGS}.",
            "Keep the tags that tell queries apart.",
        )
    text = text_of(row, roles)
    if not text.strip():
        raise CorpusError(f"{row.where}: the query has no text.", "Give it one, or delete it.")
    return Query(
        unique(identity_of(row, _present(row, roles.ids, "_id")), row.where, places),
        within(row, roles.texts[0], text, MAX_QUERY, "a query"),
        tuple(within(row, "tags", string(row, "tags", t), MAX_ID_LENGTH, "a tag") for t in tags),
        within(row, "note", optional_string(row, extra or {}, "note"), MAX_TITLE, "a note"),
    )


def within(row: Row, key: str, text: str, limit: int, what: str) -> str:
    """Return a text that has no more characters than `limit`."""
    if len(text) > limit:
        raise CorpusError(
            f"{row.where}: the field {key!r} has {count(len(text), 'character')}; {what} has at "
            f"most {limit:,}.",
            "Shorten it, or check that the right field is read.",
        )
    return text


def title_of(row: Row, roles: Roles) -> tuple[str, str]:
    """Return the field that is read as the row's title, and the title; both empty without one.

    A field called title must hold one; others count where they can be one.
    """
    for key in roles.titles:
        value = row.fields.get(key)
        if key.lower() == TITLE_NAMES[0] and key in row.fields:
            return key, within(
                row, key, optional_string(row, row.fields, key), MAX_TITLE, "a title"
            )
        if isinstance(value, str) and len(value) <= MAX_TITLE and not UNSTORABLE.search(value):
            return key, value
    return "", ""


def identity_of(row: Row, key: str) -> str:
    """Return the row's id, a string or an integer."""
    value = row.fields[key]
    whole = isinstance(value, int) and not isinstance(value, bool)
    identity = string(row, key, str(value) if whole else value)
    plain = identity.isprintable()  # controls are not; it is the faster question
    control = not plain and any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in identity)
    if control or not identity.strip() or len(identity) > MAX_ID_LENGTH:
        raise CorpusError(
            f"{row.where}: the id {quoted(identity)} has {count(len(identity), 'character')}; "
            f"expected 1 to {MAX_ID_LENGTH}, not only spaces, without tabs, line breaks or "
            "controls.",
            "Give the line a plain id.",
        )
    return identity


def unique(identity: str, where: str, places: dict[str, str]) -> str:
    """Return an id and remember where it stands; raise `CorpusError` if it stood elsewhere."""
    if (earlier := places.setdefault(identity, where)) != where:
        raise CorpusError(
            f"{where}: the id {quoted(identity)} is already used at {earlier}.",
            "Give every line an id of its own.",
        )
    return identity


def _present(row: Row, keys: Sequence[str], usual: str) -> str:
    """Return the first of these keys that the row has; raise `CorpusError` without one."""
    present = next((key for key in keys if key in row.fields), None)
    if present is None:
        raise CorpusError(
            f"{row.where}: the field {usual!r} is missing; found "
            f"{listed_names(list(row.fields)) or 'no fields'}.",
            f"Give every line the field {usual!r}, or one of the usual names for it.",
        )
    return present


def text_of(row: Row, roles: Roles) -> str:
    """Return the row's text; one with an id or a title may have none."""
    key = next((key for key in roles.texts if key in row.fields), "")
    if key:
        return optional_string(row, row.fields, key)
    if any(key in row.fields for key in (*roles.ids, *roles.titles)) and roles.texts:
        return ""
    _present(row, (), TEXT_NAMES[0])
    return ""


def string(row: Row, key: str, value: object) -> str:
    """Return a string that can be stored and sent: no null character, no lone surrogate."""
    if not isinstance(value, str):
        raise wrong_kind(row, key, value, "a string")
    bad = UNSTORABLE.search(value)
    if bad:
        raise CorpusError(
            f"{row.where}: the field {key!r} has the code U+{ord(bad[0]):04X} at character "
            f"{bad.start() + 1}, a null character or half of a surrogate pair.",
            "Delete it, or write the character that was meant.",
        )
    return value


def optional_string(row: Row, fields: Mapping[str, object], key: str) -> str:
    """Return a string field, empty where it is absent or null."""
    value = fields.get(key)
    return "" if value is None else string(row, key, value)


def flat(row: Row, value: object) -> str:
    """Return a metadata value as text: a string as it is, anything else as JSON."""
    try:
        return value if isinstance(value, str) else _JSON.encode(value)
    except RecursionError as exc:
        reason = f"{row.where}: the field 'metadata' is nested too deeply."
        raise CorpusError(reason, "Simplify the line.") from exc


def wrong_kind(row: Row, key: str, value: object, expected: str) -> CorpusError:
    """Return the error for a field of the wrong kind."""
    return CorpusError(
        f"{row.where}: the field {key!r} holds {kind(value)}; expected {expected}.",
        "Change the field, or leave it out if it is optional.",
    )


def metadata_of(row: Row, used: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what else a row holds: the fields of its `metadata`, then its other fields.

    A field that is null or empty holds nothing. What cannot be stored is written with escapes.
    """
    own = row.fields.get("metadata")
    if isinstance(own, dict):
        for key, value in own.items():
            yield string(row, "metadata", key), string(row, "metadata", flat(row, value))
    for key, value in row.fields.items():
        if value is None or value == "" or key in used or (value is own and isinstance(own, dict)):
            continue
        text = flat(row, value)
        if UNSTORABLE.search(key) or UNSTORABLE.search(text):
            key, text = (json.dumps(part)[1:-1] for part in (key, text))
        yield key, text
