"""CSV and TSV tables: a delimiter, a header, and rows of all their columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Final

from components.corpora.columns import (
    ID_NAMES,
    SAMPLE_ROWS,
    TEXT_NAMES,
    TITLE_NAMES,
    UNNAMED,
    matching,
    preview_of,
)
from components.corpora.formats import Columns, Format, TablePreview
from components.corpora.limits import MAX_BYTES
from components.corpora.text import LINES_BETWEEN_CHECKS, Row, Upload, lines, quoted
from components.domain import CorpusError
from components.wording import count

SNIFFED_RECORDS: Final = 1_000
"""Records, blank ones too, among which each delimiter is tried; 50 that are not blank suffice."""
MAX_COLUMNS: Final = 1_000
"""Columns of a table: the page draws a preview of them and lists them to choose from."""
MAX_COLUMN_NAME: Final = 512
"""Characters of a column's name, for the same reason."""
STRAY_QUOTE: Final = "a quote mark may be missing or too many"
"""What is said of a record that seems to have swallowed its neighbours."""
LONG_RECORD: Final = 3
"""Lines of a record beyond which it is named, whatever is in it."""
DELIMITERS: Mapping[str, str] = MappingProxyType(
    {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
)
EXCEL: Final = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
"""A first line by which Excel is told the delimiter."""
_DATA = re.compile(r"[0-9]+|https?://\S+|.{80,}", re.DOTALL)
_CODE = re.compile(r"(?=\S*[0-9])[\w.:-]+")

csv.field_size_limit(MAX_BYTES)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a table is cut: `excel` tells of Excel's line above the header, `named` of a header."""

    delimiter: str
    quoting: bool
    excel: bool
    columns: tuple[str, ...]
    named: bool


def preview_table(upload: Upload) -> TablePreview:
    """Read a table's header and first rows, separated by comma, semicolon, tab or pipe."""
    shape = _shape(upload)
    rows = list(islice(_rows(upload, shape), SAMPLE_ROWS))
    return preview_of(upload.name, rows, shape.columns, shape.delimiter, named=shape.named)


def table_rows(upload: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield one row of all columns for each record of a table."""
    yield from _rows(upload, _shape(upload))


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line; without a delimiter white space parts them."""
    if delimiter in ("", "\t") or '"' not in line:
        return line.split(delimiter or None)
    with suppress(csv.Error):
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    return line.split(delimiter)


def _rows(upload: Upload, shape: Shape) -> Iterator[Row]:
    """Yield the records after the header, all equally wide."""
    width, records, above = len(shape.columns), _records(upload, shape), ""
    if shape.named:
        _, header, raw = next(records, ("", [], ()))
        above = _remark("header above", header, raw, shape.delimiter)
    for where, cells, raw in records:
        if len(cells) != width:
            raise CorpusError(
                f"{where}: expected {count(width, 'column')}, as in the "
                f"{'header' if shape.named else 'first line'}; found {len(cells)}.",
                f"Put a cell that holds a {DELIMITERS[shape.delimiter]} or a line break in quotes."
                if shape.quoting
                else "A TSV has no quotes: delete the tab in a cell, or save the table as CSV.",
            )
        remark = _remark("record that begins here", cells, raw, shape.delimiter)
        note = "; ".join(filter(None, (above, remark)))
        yield Row(where, dict(zip(shape.columns, cells, strict=True)), note)
        above = ""


def _remark(what: str, cells: Sequence[str], raw: Sequence[str], delimiter: str) -> str:
    """Return what is to be said of a record of several lines; nothing of most.

    It may be several rows, swallowed by a stray quote: then each line after the first would be as
    wide as a row, and begin with a word if rows do.
    """
    if len(raw) < 2:
        return ""
    firsts = [line.split(delimiter)[0].strip() for line in raw[1:]]
    as_wide = all(line.count(delimiter) == len(cells) - 1 for line in raw[1:])
    alike = not re.fullmatch(r"\S+", cells[0].strip()) or all(
        re.fullmatch(r"\S+", first) for first in firsts
    )
    torn = len(cells) > 1 and as_wide and alike
    if not torn and len(raw) <= LONG_RECORD:
        return ""
    rows = f", each of which looks like a row: {STRAY_QUOTE}" if torn else ""
    return f"the {what} spans {count(len(raw), 'line')}{rows}"


# ---------------------------------------------------------------- shape


def _shape(upload: Upload) -> Shape:
    """Return how a table is cut; raise `CorpusError` for what is no table."""
    first = next((line for _, line in lines(upload)), "")  # checks the whole file, too
    excel = EXCEL.fullmatch(first)
    if excel and excel[1] in DELIMITERS:
        delimiter = excel[1]
    else:
        delimiter, excel = _sniff(upload, first.strip()), None
    quoting = upload.suffix != ".tsv" or delimiter != "\t"
    shape = Shape(delimiter, quoting, bool(excel), (), named=True)
    _, header, _ = next(_records(upload, shape), ("", [], ()))
    if not quoting:
        shape = Shape(delimiter, _needs_quotes(upload, shape), bool(excel), (), named=True)
        _, header, _ = next(_records(upload, shape), ("", [], ()))
    records = islice(_records(upload, shape, most=20), 2)
    second = [cells for _, cells, _ in records][1:]
    named = upload.suffix != ".tsv" or not _is_data(header, *second)
    columns = _names([cell.strip() for cell in header] if named else [""] * len(header))
    _check_columns(upload.name, columns)
    return Shape(delimiter, shape.quoting, bool(excel), columns, named)


def _sniff(upload: Upload, header: str) -> str:
    """Return the delimiter that finds several columns and most often as many as the header."""
    if upload.suffix == ".tsv" and "\t" in header:
        return "\t"
    fits = {delimiter: _fit(upload, delimiter) for delimiter in DELIMITERS}
    best = max(fits, key=fits.__getitem__)
    if fits[best][0] or matching([header.strip('"').strip()], TEXT_NAMES):
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
    shape = Shape(delimiter, quoting=True, excel=False, columns=(), named=True)
    with suppress(CorpusError):  # a wrong delimiter tears quotes; the right one tells later
        records = _records(upload, shape, most=SNIFFED_RECORDS)
        widths.extend(len(cells) for _, cells, _ in islice(records, 50))
    width = widths[0] if widths else 0
    return width > 1, widths.count(width), width


def _needs_quotes(upload: Upload, shape: Shape) -> bool:
    """Tell whether a TSV is one only with quotes: then all records are equally wide, on one line.

    A TSV has no quoting: a quote mark is a character of the text wherever that can be.
    """
    tabs = {line.count("\t") for _, line in lines(upload)}
    if len(tabs) < 2 or b'"' not in upload.content:
        return False
    records = _records(upload, Shape("\t", quoting=True, excel=shape.excel, columns=(), named=True))
    widths = set()
    with suppress(CorpusError):
        for _, cells, raw in records:
            widths.add(len(cells))
            if len(widths) > 1 or len(raw) > 1:
                return False
        return True
    return False


def _is_data(header: Sequence[str], second: Sequence[str] = ()) -> bool:
    """Tell whether a first line is no header: no usual name, but what a row of texts holds.

    That is a number, an address, a long text, or a code that differs from the next line's in its
    digits alone, as the ids of MS MARCO's passages do: `D108`, `D1555982`.
    """
    cells = [cell.strip() for cell in header]
    names = matching(cells, (*ID_NAMES, *TITLE_NAMES, *TEXT_NAMES))
    if len(header) < 2 or names:
        return False
    codes = [cell.strip() for cell in (header[0], *second[:1]) if _CODE.fullmatch(cell.strip())]
    stems = {re.sub("[0-9]+", "0", code) for code in codes}
    alike = len(codes) == 2 and len(stems) == 1 and codes[0] != codes[1]
    return alike or any(map(_DATA.fullmatch, cells))


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each column: a blank or repeated one is told apart by a number."""
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, 1):
        name, again = cell or UNNAMED.format(number), 2
        while name in names:
            name, again = f"{cell or 'column'} ({again})", again + 1
        names[name] = None
    return tuple(names)


def _check_columns(file: str, columns: Sequence[str]) -> None:
    """Raise `CorpusError` for more columns, or longer names, than a page can list."""
    if len(columns) > MAX_COLUMNS:
        raise CorpusError(
            f"{file}:1: the table has {count(len(columns), 'column')}; at most {MAX_COLUMNS:,} "
            "are read.",
            "Keep the columns with id, title and text.",
        )
    long = next((name for name in columns if len(name) > MAX_COLUMN_NAME), None)
    if long is not None:
        raise CorpusError(
            f"{file}:1: the column {quoted(long)} has a name of {count(len(long), 'character')}; "
            f"expected at most {MAX_COLUMN_NAME}.",
            "Give the columns short names in the first line.",
        )


# ---------------------------------------------------------------- records


def _records(
    upload: Upload, shape: Shape, *, most: int | None = None
) -> Iterator[tuple[str, list[str], Sequence[str]]]:
    """Yield place, cells and lines of the records that are not blank, after Excel's line.

    At most `most` are read, blank ones too.
    """
    records = _quoted_records(upload, shape, most) if shape.quoting else _plain_records(upload)
    for number, record in enumerate(records):
        if number >= shape.excel:
            yield record


def _plain_records(upload: Upload) -> Iterator[tuple[str, list[str], Sequence[str]]]:
    """Yield the records of a TSV, a line each."""
    for number, line in lines(upload):
        yield f"{upload.name}:{number}", line.split("\t"), (line,)


def _quoted_records(
    upload: Upload, shape: Shape, most: int | None
) -> Iterator[tuple[str, list[str], Sequence[str]]]:
    """Yield the records of a table whose cells may be in quotes."""
    name, line = upload.name, 1
    stream = io.TextIOWrapper(io.BytesIO(upload.content), "utf-8-sig", newline="")
    raw: list[str] = []  # the lines of the record that is being read

    def noted() -> Iterator[str]:
        for text in stream:
            raw.append(text)
            yield text

    reader = csv.reader(noted(), delimiter=shape.delimiter, strict=True)
    try:
        for number, cells in enumerate(islice(reader, most), 1):
            if number % LINES_BETWEEN_CHECKS == 0:
                upload.check()
            if any(map(str.strip, cells)):
                yield f"{name}:{line}", cells, tuple(raw)
            line = reader.line_num + 1
            raw.clear()
    except csv.Error as exc:
        raise CorpusError(
            f"{name}:{line}: the quotes of this row do not match: {exc}.",
            "Put a cell that holds quotes in quotes, and double those that stand inside.",
        ) from exc


FORMATS = (
    Format("CSV", (".csv",), table_rows, preview=preview_table),
    Format("TSV", (".tsv",), table_rows, preview=preview_table),
)
