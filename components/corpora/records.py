"""Rows to records: what a field of a document or a query may hold is decided here."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from components.corpora.text import Row, kind, quoted
from components.domain import CorpusError, Document, Query

MAX_ID_LENGTH: Final = 512
"""Characters of an id, and of a tag."""
MAX_TITLE: Final = 10_000
"""Characters of a title, and of a query's note."""
MAX_QUERY: Final = 100_000
"""Characters of a query; models read the first few thousand, pages list all queries at once."""
MAX_TAGS: Final = 100
"""Tags of one query."""
SHARED_ID = "doc_id"
"""An id by which a file may also name the document that several of its passages come from."""

ID_KEYS = ("_id", "id", "docid", SHARED_ID)
TITLE_KEYS = ("title", "heading", "subject")
TEXT_KEYS = ("text", "contents", "body", "passage", "content", "document")
"""The fields, and the columns of a table, that are read as id, title and text; the first wins."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def documents_from(rows: Iterable[Row], *, keep_blank: bool = False) -> tuple[Document, ...]:
    """Check rows into documents."""
    places: dict[str, str] = {}
    return tuple(_document(row, places, keep_blank) for row in rows)


def queries_from(rows: Iterable[Row]) -> tuple[Query, ...]:
    """Check rows into queries."""
    places: dict[str, str] = {}
    return tuple(_query(row, places) for row in rows)


def with_ids(rows: Iterable[Row]) -> list[Row]:
    """Return rows with an id: their own, or `doc-` and their number.

    The field `doc_id` counts as their own where it tells all rows apart.
    """
    rows = list(rows)
    numbered = _numbered(rows, ID_KEYS)
    places: dict[str, str] = {}
    try:
        for row in numbered:
            _identity(row, places)
    except CorpusError:
        return _numbered(rows, [key for key in ID_KEYS if key != SHARED_ID])
    return numbered


def _numbered(rows: Iterable[Row], keys: Collection[str]) -> list[Row]:
    """Return rows, with `doc-` and their number as id where they have none of these fields."""
    return [
        row
        if any(key in row.fields for key in keys)
        else Row(row.where, {**row.fields, "_id": f"doc-{number}"})
        for number, row in enumerate(rows, 1)
    ]


def _document(row: Row, places: dict[str, str], keep_blank: bool) -> Document:
    """Check one row into a document."""
    identity = _identity(row, places)
    title = _title(row)
    text = text_of(row, keep_blank)
    extra = {
        _string(row, "metadata", key): _string(row, "metadata", _flat(row, value))
        for key, value in _metadata(row).items()
    }
    return Document(identity, title, text, MappingProxyType(extra))


def _query(row: Row, places: dict[str, str]) -> Query:
    """Check one row into a query."""
    extra = _metadata(row)
    tags = extra.get("tags") or []
    if not isinstance(tags, list):
        raise _wrong_kind(row, "tags", tags, "a list of strings")
    if len(tags) > MAX_TAGS:
        raise CorpusError(
            f"{row.where}: the field 'tags' holds {len(tags):,} tags; a query has at most "
            f"{MAX_TAGS}.",
            "Keep the tags that tell queries apart.",
        )
    return Query(
        _identity(row, places),
        _within(row, "text", text_of(row), MAX_QUERY, "a query"),
        tuple(_within(row, "tags", _string(row, "tags", t), MAX_ID_LENGTH, "a tag") for t in tags),
        _within(row, "note", _optional_string(row, extra, "note"), MAX_TITLE, "a note"),
    )


def _within(row: Row, key: str, text: str, limit: int, what: str) -> str:
    """Return a text that has no more characters than `limit`."""
    if len(text) > limit:
        raise CorpusError(
            f"{row.where}: the field {key!r} has {len(text):,} characters; {what} has at most "
            f"{limit:,}.",
            "Shorten it, or check that the right field is read.",
        )
    return text


def _title(row: Row) -> str:
    """Return the row's title; fields with another name for it count where they can be one."""
    if TITLE_KEYS[0] in row.fields:
        title = _optional_string(row, row.fields, TITLE_KEYS[0])
        return _within(row, TITLE_KEYS[0], title, MAX_TITLE, "a title")
    values = (row.fields.get(key) for key in TITLE_KEYS)
    texts = (v for v in values if isinstance(v, str) and len(v) <= MAX_TITLE)
    return next((text for text in texts if not _UNSTORABLE.search(text)), "")


def _identity(row: Row, places: dict[str, str]) -> str:
    """Return the row's id, a string or an integer, and remember where it was used."""
    key = _key(row, ID_KEYS)
    value = row.fields[key]
    whole = isinstance(value, int) and not isinstance(value, bool)
    identity = _string(row, key, str(value) if whole else value)
    control = any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in identity)
    if control or not identity.strip() or len(identity) > MAX_ID_LENGTH:
        raise CorpusError(
            f"{row.where}: the id {quoted(identity)} has {len(identity)} characters; expected 1 "
            f"to {MAX_ID_LENGTH}, not only spaces, without tabs, line breaks or controls.",
            "Give the line a plain id.",
        )
    if (earlier := places.setdefault(identity, row.where)) != row.where:
        raise CorpusError(
            f"{row.where}: the id {quoted(identity)} is already used at {earlier}.",
            "Give every line an id of its own.",
        )
    return identity


def _key(row: Row, keys: Sequence[str]) -> str:
    """Return the first of these keys that the row has; raise `CorpusError` without one."""
    present = next((key for key in keys if key in row.fields), None)
    if present is None:
        seen = ", ".join(quoted(key) for key in list(row.fields)[:12]) or "no fields"
        raise CorpusError(
            f"{row.where}: the field {keys[0]!r} is missing; found {seen}.",
            f"Give every line the field {keys[0]!r}; {', '.join(keys[1:])} are read as well.",
        )
    return present


def text_of(row: Row, keep_blank: bool = False) -> str:
    """Return the row's text, which must not be blank unless that is allowed."""
    key = _key(row, TEXT_KEYS)
    text = _string(row, key, row.fields[key])
    if not keep_blank and not text.strip():
        raise CorpusError(
            f"{row.where}: the field {key!r} is blank; expected some text.",
            "Give it a text, or delete it and the judgments that name it.",
        )
    return text


def _string(row: Row, key: str, value: object) -> str:
    """Return a string that can be stored and sent: no null character, no lone surrogate."""
    if not isinstance(value, str):
        raise _wrong_kind(row, key, value, "a string")
    bad = _UNSTORABLE.search(value)
    if bad:
        raise CorpusError(
            f"{row.where}: the field {key!r} has the code U+{ord(bad[0]):04X} at character "
            f"{bad.start() + 1}, a null character or half of a surrogate pair.",
            "Delete it, or write the character that was meant.",
        )
    return value


def _optional_string(row: Row, fields: Mapping[str, object], key: str) -> str:
    """Return a string field, empty where it is absent or null."""
    value = fields.get(key)
    return "" if value is None else _string(row, key, value)


def _metadata(row: Row) -> Mapping[str, object]:
    """Return the row's metadata object, empty where it is absent or null."""
    value = row.fields.get("metadata")
    if value is not None and not isinstance(value, dict):
        raise _wrong_kind(row, "metadata", value, "an object")
    return value or {}


def _flat(row: Row, value: object) -> str:
    """Return a metadata value as text: a string as it is, anything else as JSON."""
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError as exc:
        reason = f"{row.where}: the field 'metadata' is nested too deeply."
        raise CorpusError(reason, "Simplify the line.") from exc


def _wrong_kind(row: Row, key: str, value: object, expected: str) -> CorpusError:
    """Return the error for a field of the wrong kind."""
    return CorpusError(
        f"{row.where}: the field {key!r} holds {kind(value)}; expected {expected}.",
        "Change the field, or leave it out if it is optional.",
    )
