"""Rows to records: what a field of a document or a query may hold is decided here."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from components.corpora.limits import Meter
from components.corpora.text import Row, kind, quoted
from components.domain import CorpusError, Document, Query
from components.wording import count

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

OWN_ID_KEYS = ("_id", "id", "docid")
ID_KEYS = (*OWN_ID_KEYS, SHARED_ID)
TITLE_KEYS = ("title", "heading", "subject")
TEXT_KEYS = ("text", "contents", "body", "passage", "content", "document")
"""The fields, and the columns of a table, that are read as id, title and text; the first wins."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_JSON = json.JSONEncoder(ensure_ascii=False)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def documents_from(
    rows: Iterable[Row], *, keep_blank: bool = False, meter: Meter | None = None
) -> tuple[Document, ...]:
    """Check rows into documents."""
    places: dict[str, str] = {}
    meter = meter or Meter()
    return tuple(
        _document(row, _identity(row, places), keep_blank, meter) for row in meter.counted(rows)
    )


def queries_from(rows: Iterable[Row], meter: Meter | None = None) -> tuple[Query, ...]:
    """Check rows into queries."""
    places: dict[str, str] = {}
    return tuple(_query(row, places) for row in (meter or Meter()).counted(rows))


def numbered_documents(rows: Iterable[Row], meter: Meter | None = None) -> tuple[Document, ...]:
    """Check rows into documents, with an id of their own or `doc-` and their number.

    The field `doc_id` counts as their own where it tells all rows apart.
    """
    meter = meter or Meter()
    documents: list[Document] = []
    places: dict[str, str] = {}
    shared: set[int] | None = set()  # numbers of documents with a doc_id; None if it is no id
    for number, row in enumerate(meter.counted(rows), 1):
        if shared is not None and next(filter(row.fields.__contains__, ID_KEYS), "") == SHARED_ID:
            shared.add(number)
        keys = OWN_ID_KEYS if shared is None else ID_KEYS
        try:
            identity = _identity(_numbered(row, number, keys), places)
        except CorpusError:
            if not shared:
                raise
            documents, places = _renumbered(documents, list(places.values()), shared)
            shared = None
            identity = _identity(_numbered(row, number, OWN_ID_KEYS), places)
        documents.append(_document(row, identity, keep_blank=False, meter=meter))
    return tuple(documents)


def _numbered(row: Row, number: int, keys: Collection[str]) -> Row:
    """Return a row, or `doc-` and its number as id where it has none of these fields."""
    if any(key in row.fields for key in keys):
        return row
    return Row(row.where, {"_id": f"doc-{number}"})


def _renumbered(
    documents: Iterable[Document], wheres: Iterable[str], shared: Collection[int]
) -> tuple[list[Document], dict[str, str]]:
    """Return documents with `doc-` and their number for an id they share, and where ids stand."""
    places: dict[str, str] = {}
    renumbered = []
    for number, (document, where) in enumerate(zip(documents, wheres, strict=True), 1):
        identity = f"doc-{number}" if number in shared else document.id
        renumbered.append(replace(document, id=_unique(identity, where, places)))
    return renumbered, places


def _document(row: Row, identity: str, keep_blank: bool, meter: Meter) -> Document:
    """Check one row into a document with this id."""
    title = _title(row)
    text = text_of(row, keep_blank)
    if len(text) > meter.limits.text:
        _within(row, _key(row, TEXT_KEYS), text, meter.limits.text, "a document")
    metadata = _metadata(row)
    meter.count_values(row.where, len(metadata))
    if not metadata:
        return Document(identity, title, text, _NOTHING)
    extra = {
        _string(row, "metadata", key): _string(row, "metadata", _flat(row, value))
        for key, value in metadata.items()
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
            f"{row.where}: the field 'tags' holds {count(len(tags), 'tag')}; a query has at most "
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
            f"{row.where}: the field {key!r} has {count(len(text), 'character')}; {what} has "
            f"at most "
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
    plain = identity.isprintable()  # controls are not; it is the faster question
    control = not plain and any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in identity)
    if control or not identity.strip() or len(identity) > MAX_ID_LENGTH:
        raise CorpusError(
            f"{row.where}: the id {quoted(identity)} has {count(len(identity), 'character')}; "
            f"expected 1 "
            f"to {MAX_ID_LENGTH}, not only spaces, without tabs, line breaks or controls.",
            "Give the line a plain id.",
        )
    return _unique(identity, row.where, places)


def _unique(identity: str, where: str, places: dict[str, str]) -> str:
    """Return an id and remember where it stands; raise `CorpusError` if it stood elsewhere."""
    if (earlier := places.setdefault(identity, where)) != where:
        raise CorpusError(
            f"{where}: the id {quoted(identity)} is already used at {earlier}.",
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
        return value if isinstance(value, str) else _JSON.encode(value)
    except RecursionError as exc:
        reason = f"{row.where}: the field 'metadata' is nested too deeply."
        raise CorpusError(reason, "Simplify the line.") from exc


def _wrong_kind(row: Row, key: str, value: object, expected: str) -> CorpusError:
    """Return the error for a field of the wrong kind."""
    return CorpusError(
        f"{row.where}: the field {key!r} holds {kind(value)}; expected {expected}.",
        "Change the field, or leave it out if it is optional.",
    )
