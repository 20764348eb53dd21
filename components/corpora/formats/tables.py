"""CSV and TSV tables: a delimiter, a header, and rows of the columns that hold the documents."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from types import MappingProxyType
from typing import Final

from components.corpora.formats import Columns, Format, TablePreview
from components.corpora.limits import MAX_BYTES
from components.corpora.records import ID_KEYS, TEXT_KEYS, TITLE_KEYS
from components.corpora.text import LINES_BETWEEN_CHECKS, Row, Upload, lines, quoted
from components.domain import CorpusError
from components.wording import count

PREVIEW_ROWS = 20
SNIFFED_RECORDS: Final = 1_000
"""Records, blank ones too, among which each delimiter is tried; 50 that are not blank suffice."""
MAX_COLUMNS: Final = 1_000
"""Columns of a table: the page draws a preview of them and lists them to choose from."""
MAX_COLUMN_NAME: Final = 512
"""Characters of a column's name, for the same reason."""
DELIMITERS: Mapping[str, str] = MappingProxyType(
    {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
)

csv.field_size_limit(MAX_BYTES)


def preview_table(upload: Upload) -> TablePreview:
    """Read a table's header and first rows, separated by comma, semicolon, tab or pipe."""
    delimiter = _sniff(upload)
    _, header = next(_records(upload, delimiter))
    columns = tuple(cell.strip() for cell in header)
    if len(columns) > MAX_COLUMNS:
        raise CorpusError(
            f"{upload.name}:1: the table has {count(len(columns), 'column')}; at most "
            f"{MAX_COLUMNS:,} "
            "are read.",
            "Keep the columns with id, title and text.",
        )
    long = next((name for name in columns if len(name) > MAX_COLUMN_NAME), None)
    if long is not None:
        raise CorpusError(
            f"{upload.name}:1: the column {quoted(long)} has a name of "
            f"{count(len(long), 'character')}; "
            f"expected at most {MAX_COLUMN_NAME}.",
            "Give the columns short names in the first line.",
        )
    body = _body(upload, delimiter, len(columns))
    rows = tuple(tuple(cells) for _, cells in islice(body, PREVIEW_ROWS))
    return TablePreview(columns, rows, delimiter, _suggest(columns))


def table_rows(upload: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield one row for each record of a table, from these columns or else the suggested ones."""
    preview = preview_table(upload)
    columns = columns or preview.suggested
    if columns is None:
        raise CorpusError(
            f"{upload.name}:1: no column is named like a text; found {_listed(preview.columns)}.",
            f"Choose the column that holds the text, or name it {TEXT_KEYS[0]}.",
        )
    roles = (("_id", columns.id), ("title", columns.title), ("text", columns.text))
    places = {role: _position(upload.name, preview.columns, name) for role, name in roles if name}
    width = len(preview.columns)
    for where, cells in _body(upload, preview.delimiter, width):
        yield Row(where, {role: cells[place] for role, place in places.items()})


def _sniff(upload: Upload) -> str:
    """Return the delimiter that finds several columns and most often as many as the header."""
    header = next((line for _, line in lines(upload)), "").strip()  # checks the whole file, too
    fits = {delimiter: _fit(upload, delimiter) for delimiter in DELIMITERS}
    best = max(fits, key=fits.__getitem__)
    if fits[best][0] or header.strip('"').strip().lower() in TEXT_KEYS:
        return best
    content = f"the header line is {quoted(header)}" if header else "the file is empty"
    raise CorpusError(
        f"{upload.name}:1: expected a table; tried {', '.join(DELIMITERS.values())} as delimiters, "
        f"and none gives a second column; {content}.",
        "Save the table as CSV, or name its only column text.",
    )


def _fit(upload: Upload, delimiter: str) -> tuple[bool, int, int]:
    """Rate a delimiter: several columns; rows of 50 as wide as the header; columns."""
    widths: list[int] = []
    with suppress(CorpusError):  # a wrong delimiter tears quotes; the right one tells later
        records = _records(upload, delimiter, SNIFFED_RECORDS)
        widths.extend(len(cells) for _, cells in islice(records, 50))
    width = widths[0] if widths else 0
    return width > 1, widths.count(width), width


def _records(
    upload: Upload, delimiter: str, most: int | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Yield place and cells of the records that are not blank, among all or the first `most`."""
    name, line = upload.name, 1
    stream = io.TextIOWrapper(io.BytesIO(upload.content), "utf-8-sig", newline="")
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(islice(reader, most), 1):
            if number % LINES_BETWEEN_CHECKS == 0:
                upload.check()
            if any(map(str.strip, cells)):
                yield f"{name}:{line}", cells
            line = reader.line_num + 1
    except csv.Error as exc:
        raise CorpusError(
            f"{name}:{line}: the quotes of this row do not match: {exc}.",
            "Put a cell that holds quotes in quotes, and double those that stand inside.",
        ) from exc


def _body(upload: Upload, delimiter: str, width: int) -> Iterator[tuple[str, list[str]]]:
    """Yield place and cells of the records after the header, all equally wide."""
    for where, cells in islice(_records(upload, delimiter), 1, None):
        if len(cells) != width:
            raise CorpusError(
                f"{where}: expected {count(width, 'column')}, as in the header; found "
                f"{len(cells)}.",
                f"Put a cell that holds a {DELIMITERS[delimiter]} or a line break in quotes.",
            )
        yield where, cells


def _suggest(columns: Sequence[str]) -> Columns | None:
    """Return the columns that are named like text, title and id; None without a text."""
    named = {column.lower(): column for column in reversed(columns)}

    def first(names: Iterable[str]) -> str | None:
        return next((named[name] for name in names if name in named), None)

    text = first(TEXT_KEYS)
    return Columns(text, first(TITLE_KEYS), first(ID_KEYS)) if text else None


def _position(name: str, columns: Sequence[str], wanted: str) -> int:
    """Return where a column stands; raise `CorpusError` unless exactly one has the name."""
    if columns.count(wanted) != 1:
        raise CorpusError(
            f"{name}:1: expected one column {quoted(wanted)}; found {columns.count(wanted)} "
            f"among {_listed(columns)}.",
            "Choose a column of the header, and give every column a name of its own.",
        )
    return columns.index(wanted)


def _listed(names: Iterable[str]) -> str:
    """Return up to twelve names in quotes."""
    return ", ".join(quoted(name) for name in islice(names, 12))


FORMATS = (
    Format("CSV", (".csv",), table_rows, preview=preview_table),
    Format("TSV", (".tsv",), table_rows, preview=preview_table),
)
