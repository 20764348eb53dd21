"""JSONL: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from components.corpora.formats import Columns, Format
from components.corpora.text import Row, Upload, kind, lines
from components.domain import CorpusError


def json_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield one row for each line that is not blank; a JSONL file has no columns to choose."""
    for number, line in lines(file):
        where = f"{file.name}:{number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as exc:
            reason = f"{where}: not valid JSON at column {exc.colno}: {exc.msg}."
            raise CorpusError(reason, "Write one JSON object on each line.") from exc
        except (RecursionError, ValueError) as exc:
            reason = f"{where}: the JSON is nested too deeply or has a number of over 4300 digits."
            raise CorpusError(reason, "Simplify the line.") from exc
        if not isinstance(value, dict):
            reason = f"{where}: expected a JSON object; found {kind(value)}."
            raise CorpusError(reason, "Write one JSON object on each line.")
        yield Row(where, value)


FORMATS = Format("JSONL", (".jsonl",), json_rows)
