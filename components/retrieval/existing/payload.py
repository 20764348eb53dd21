"""A point's payload, which may be any JSON, as a document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from components.domain import Document
from components.retrieval.engine.points import Point, PointId, value_at
from components.retrieval.engine.reader import Reader

POINT = "point "
"""Begins the document id of a point whose payload holds no id."""
MAX_ID = 512
"""Characters of an id in a payload; a longer value is none."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_JSON = json.JSONEncoder(ensure_ascii=False)


def text_of(value: object, *, paragraphs: bool = False) -> str:
    """Return a value as text: what is not text as JSON, or a list of texts as `paragraphs`.

    Null is empty. What can be neither stored nor sent, null characters and halves of surrogate
    pairs, becomes the replacement character.
    """
    if value is None:
        return ""
    if paragraphs and value and isinstance(value, list) and all(isinstance(v, str) for v in value):
        value = "\n\n".join(value)
    if not isinstance(value, str):
        try:
            value = _JSON.encode(value)
        except (RecursionError, ValueError):
            value = "(nested too deeply)"
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)


def own_id(point: Point, path: str) -> str:
    """Return the id that a payload holds: a text or a whole number; empty where it holds none."""
    value = value_at(point.payload, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    plain = isinstance(value, str) and 0 < len(value) <= MAX_ID and not value.isspace()
    return value if plain and value.isprintable() else ""


def document_of(point: Point, reader: Reader) -> Document:
    """Return a point as a document; its other payload fields are the document's metadata.

    So are those that one can filter on, each under its path.
    """
    settings = reader.settings
    id = own_id(point, settings.id_field) if settings.id_field else str(point.id)
    used = {settings.id_field, settings.title_field, settings.text_field}
    apart = {path for path in (*used, *reader.indexed) if path}
    title = value_at(point.payload, settings.title_field) if settings.title_field else None
    return Document(
        id or f"{POINT}{point.id}",
        text_of(title),
        text_of(value_at(point.payload, settings.text_field), paragraphs=True),
        dict(_metadata(point.payload, used - {*reader.indexed}, apart)),
    )


def _metadata(
    payload: Mapping[str, Any], used: set[str], apart: set[str], prefix: str = ""
) -> Sequence[tuple[str, str]]:
    """Return what else a payload holds; of an object that holds one of the paths, its fields."""
    pairs: list[tuple[str, str]] = []
    for name, value in payload.items():
        path = f"{prefix}{name}"
        if path in used or value is None or value == "":
            continue
        if isinstance(value, dict) and any(other.startswith(f"{path}.") for other in apart):
            pairs += _metadata(value, used, apart, f"{path}.")
        else:
            pairs.append((text_of(path), text_of(value)))
    return pairs


def point_id(text: str) -> PointId | None:
    """Return the id of a point as the server has it; None for a text that cannot be one."""
    text = text.removeprefix(POINT)
    if re.fullmatch("0|[1-9][0-9]{0,19}", text, re.ASCII) and int(text) < 2**64:
        return int(text)
    try:
        return str(UUID(text)) if str(UUID(text)) == text else None
    except ValueError:
        return None


def order(id: PointId) -> tuple[bool, int, str]:
    """Return a key that sorts points as the server does: whole numbers first, then UUIDs."""
    return (
        isinstance(id, str),
        0 if isinstance(id, str) else id,
        id if isinstance(id, str) else "",
    )
