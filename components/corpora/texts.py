"""Texts to rerank, from a file of any usual kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from components.corpora.columns import SAMPLE_ROWS, Roles, roles_of
from components.corpora.encodings import as_utf8
from components.corpora.formats import format_of
from components.corpora.records import string, text_of
from components.corpora.text import Row, Upload, decode, kind, lines, load, quoted
from components.domain import CorpusError
from components.wording import count

_LISTS = ("documents", "texts", "passages")
_REMEDY = (
    "Give a JSON list of strings or objects, an object with documents, JSONL, a table with a text "
    "column, or one text a line."
)


def read_texts(path: Path) -> tuple[str, ...]:
    """Read texts to rerank: a table, JSON, JSONL, or one text a line.

    JSON is a list of strings or of objects with a text, or one object with `documents`. Raises
    `CorpusError` for what is none of these.
    """
    file = as_utf8(load(path), guess=False)  # nowhere would a guess be told
    suffix = path.suffix.lower()
    entry = format_of(path.name)
    if entry and not entry.prose and suffix not in (".json", ".jsonl"):
        return _row_texts(file.name, list(entry.rows(Upload(path.name, file.content), None)))
    text = decode(file)
    if not text.strip():
        raise CorpusError(f"{file.name}: the file holds no text.", "Give it one document a line.")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        if suffix == ".json":
            reason = getattr(exc, "msg", "it is nested too deeply or holds a very long number")
            raise CorpusError(f"{file.name}: not valid JSON: {reason}.", _REMEDY) from exc
        return _line_texts(file, sure=suffix == ".jsonl")
    if isinstance(value, list | dict):
        return _json_texts(file.name, value)
    if suffix in (".json", ".jsonl"):
        raise CorpusError(
            f"{file.name}: expected a list or an object; found {kind(value)}.", _REMEDY
        )
    return _line_texts(file, sure=False)


def _json_texts(file: str, value: list[object] | dict[str, object]) -> tuple[str, ...]:
    """Return the texts of a JSON list, of an object that has one, or of one document."""
    where = file
    if isinstance(value, dict):
        key = next((key for key in _LISTS if isinstance(value.get(key), list)), None)
        if key is None:
            return _row_texts(file, [Row(f"{file}:1", value)])
        value, where = value[key], f"{file}, {key}"  # type: ignore[assignment]
    items: Sequence[object] = value if isinstance(value, list) else []
    if not items:
        raise CorpusError(f"{where}: the list is empty.", "Give it one document at least.")
    places = [f"{where}, item {number}" for number in range(1, len(items) + 1)]
    if any(isinstance(item, str) for item in items):
        rows = [Row(place, {"text": item}) for place, item in zip(places, items, strict=True)]
        return tuple(string(row, "text", row.fields["text"]) for row in rows)
    strange = next((at for at, item in enumerate(items) if not isinstance(item, dict)), None)
    if strange is not None:
        raise CorpusError(
            f"{places[strange]}: expected a string or an object; found {kind(items[strange])}.",
            _REMEDY,
        )
    pairs = zip(places, items, strict=True)
    return _row_texts(file, [Row(p, item) for p, item in pairs if isinstance(item, dict)])


def _line_texts(file: Upload, *, sure: bool) -> tuple[str, ...]:
    """Return one text a line; lines of JSON where all are, or where the ending says so."""
    rows: list[Row] = []
    plain: list[tuple[int, str]] = []
    for number, line in lines(file):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as exc:
            if sure:
                reason = f"{file.name}:{number}: not valid JSON: {getattr(exc, 'msg', exc)}."
                raise CorpusError(reason, "Write one JSON object on each line.") from exc
            value = None
        if isinstance(value, dict):
            rows.append(Row(f"{file.name}:{number}", value))
        elif sure and isinstance(value, str):
            rows.append(Row(f"{file.name}:{number}", {"text": value}))
        elif sure:
            reason = f"{file.name}:{number}: expected a JSON object; found {kind(value)}."
            raise CorpusError(reason, "Write one JSON object on each line.")
        else:
            plain.append((number, line.strip()))
    if rows and plain:
        number, line = plain[0]
        raise CorpusError(
            f"{file.name}:{number}: {quoted(line)} is no JSON object, but {len(rows)} of "
            f"{count(len(rows) + len(plain), 'line')} {'is' if len(rows) == 1 else 'are'}.",
            _REMEDY,
        )
    return _row_texts(file.name, rows) if rows else tuple(line for _, line in plain)


def _row_texts(file: str, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the texts of rows, in the field that is named like one or holds the longest."""
    if not rows:
        raise CorpusError(f"{file}: the file holds no text.", "Give it one document at least.")
    roles: Roles = roles_of(file, list(islice(rows, SAMPLE_ROWS)))
    return tuple(text_of(row, roles) for row in rows)
