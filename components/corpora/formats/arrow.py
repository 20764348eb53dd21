"""Parquet, Arrow and Feather files: rows of their flat columns, a few hundred at a time."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from components.corpora.declared import (
    DICTIONARIES,
    footer_size,
    messages_of,
    pages_of,
    unpacked_size,
)
from components.corpora.formats import Columns, Format
from components.corpora.limits import MAX_BYTES, MAX_ROWS
from components.corpora.text import Row, Upload, printable, quoted
from components.domain import CorpusError
from components.wording import count, listed

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS: Final = 256
"""Rows that are decoded at once: a hostile file may hold a long text in each."""
MAX_COLUMNS: Final = 1_000
MAX_UNPACKED: Final = 4 * MAX_BYTES
"""Bytes that the pages or buffers of a file may unpack to, as their headers declare."""
MAX_FOOTER: Final = 8 * 1024 * 1024
"""Bytes of the list of columns and row groups in a Parquet file: it takes ten times as many."""
MAX_LISTED: Final = 100_000
"""Entries of a list in it, and pages of a file."""
_BATCH_BYTES: Final = 64 * 1024 * 1024
_IPC_FILE = b"ARROW1"
_FEATHER_1 = b"FEA1"
_PARQUET = b"PAR1"
_ERRORS = (OSError, EOFError, ValueError, LookupError, TypeError, MemoryError, struct.error)


def arrow_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the rows of a file with the columns that hold one value each.

    The first row says which columns are nested and left out. What is decoded may have as many
    bytes as an upload.
    """
    with _damage(file):
        schema, total, batches = _opened(file)
        flat = [name for name, kind in zip(schema.names, schema.types, strict=True) if _flat(kind)]
        note = _checked(file, schema, flat)
        number, room = 0, MAX_BYTES
        for batch in batches(flat):
            for part in range(0, batch.num_rows, BATCH_ROWS):
                file.check(number, total)
                rows = batch.slice(part, BATCH_ROWS)
                room -= sum(map(_size, rows.columns))
                if room < 0:
                    raise CorpusError(
                        f"{file.name}:row {number + 1}: expected values of at most {MAX_BYTES:,} "
                        "bytes in all; the file unpacks to more.",
                        "Keep the columns with id, title and text, or fewer rows.",
                    )
                for fields in rows.to_pylist():
                    number += 1
                    plain = {name: _plain(value) for name, value in fields.items()}
                    yield Row(f"{file.name}:row {number}", plain, note)
                    note = ""


Batches = Callable[[Sequence[str]], Iterator["pa.RecordBatch"]]
"""Reads the rows of a file in the columns of these names."""


def _opened(file: Upload) -> tuple[pa.Schema, int, Batches]:
    """Return a file's schema, its rows if it says how many, and a function that reads them."""
    import pyarrow as pa  # here, since most runs read no such file

    start = file.content[:8]
    if start.startswith(_PARQUET):
        return _opened_parquet(file)
    if start.startswith(_FEATHER_1):
        raise CorpusError(
            f"{file.name}: expected Feather version 2 (Arrow); found version 1.",
            "Write it again with a current pandas or pyarrow, or as Parquet.",
        )
    source = pa.py_buffer(file.content)
    for size in accumulate(map(unpacked_size, messages_of(source))):
        file.check()
        _check_size(file, size)
    is_file = start.startswith(_IPC_FILE)
    reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
    whole = map(reader.get_batch, range(reader.num_record_batches)) if is_file else iter(reader)

    def batches(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch in whole:
            rows += batch.num_rows
            _check_rows(file, rows)
            batch = batch.select(list(names))
            batch.validate(full=True)  # its offsets may lead anywhere
            yield batch

    return reader.schema, 0, batches


def _opened_parquet(file: Upload) -> tuple[pa.Schema, int, Batches]:
    """Return what `_opened` does of a Parquet file; texts that repeat are decoded once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if MAX_FOOTER < (footer := footer_size(file.content)) < len(file.content):
        raise CorpusError(
            f"{file.name}: the list of columns and row groups has {count(footer, 'byte')}; "
            f"expected at most {MAX_FOOTER:,}.",
            "Write the file again with fewer columns, or with larger row groups.",
        )
    source = pa.py_buffer(file.content)
    limits = {"thrift_string_size_limit": MAX_FOOTER, "thrift_container_size_limit": MAX_LISTED}
    plain = pq.ParquetFile(source, **limits)
    metadata, schema = plain.metadata, plain.schema_arrow
    _check_rows(file, metadata.num_rows)

    def batches(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        rows, once = _ways_of_reading(
            file, metadata, {name: schema.field(name).type for name in names}
        )
        parquet = pq.ParquetFile(
            source, metadata=metadata, read_dictionary=list(once), pre_buffer=False, **limits
        )
        yield from parquet.iter_batches(rows, columns=list(names), use_threads=False)

    return schema, metadata.num_rows, batches


def _ways_of_reading(
    file: Upload, metadata: pq.FileMetaData, columns: Mapping[str, pa.DataType]
) -> tuple[int, set[str]]:
    """Return how many rows of a Parquet file may be decoded at once, by what its pages declare.

    Also return those of its texts that pyarrow can decode once where they repeat. It cannot where a
    value repeats the beginning of the one before: then each may be as long as its page.
    """
    paths = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    once, size, pages = {name for name, kind in columns.items() if _textual(kind)}, 0, 0
    longest: dict[str, int] = {}
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        file.check()
        for number, name in enumerate(paths):
            if name not in columns:
                continue
            for page in pages_of(file.content, group.column(number)):
                pages, size = pages + 1, size + page.size
                _check_size(file, size)
                if pages > MAX_LISTED:
                    raise CorpusError(
                        f"{file.name}: expected at most {MAX_LISTED:,} pages; found more.",
                        "Write the file again with larger pages.",
                    )
                longest[name] = max(page.size, longest.get(name, 0))
                if page.encoding not in DICTIONARIES:
                    once.discard(name)
    texts = [name for name in longest if _is_text(columns[name]) and name not in once]
    most = sum(longest[name] for name in texts)
    return max(1, min(BATCH_ROWS, _BATCH_BYTES // max(1, most))), once


def _check_size(file: Upload, size: int) -> None:
    """Raise `CorpusError` for more bytes than a file may unpack to; nothing is unpacked yet."""
    if size > MAX_UNPACKED:
        raise CorpusError(
            f"{file.name}: the file unpacks to {count(size, 'byte')} or more; expected at most "
            f"{MAX_UNPACKED:,}.",
            "Keep the columns with id, title and text, or fewer rows.",
        )


def _check_rows(file: Upload, rows: int) -> None:
    """Raise `CorpusError` for more rows than an upload may have."""
    if rows > MAX_ROWS:
        raise CorpusError(
            f"{file.name}: the file has {count(rows, 'row')}; expected at most {MAX_ROWS:,}.",
            "Upload a part of it.",
        )


def _checked(file: Upload, schema: pa.Schema, flat: Sequence[str]) -> str:
    """Say which columns are left out; raise `CorpusError` where none can be read."""
    twice = next((name for name in flat if schema.names.count(name) > 1), None)
    if len(schema.names) > MAX_COLUMNS or twice is not None:
        what = f"{quoted(twice)} twice" if twice is not None else count(len(schema.names), "column")
        raise CorpusError(
            f"{file.name}: expected at most {MAX_COLUMNS:,} columns, each name once; found {what}.",
            "Keep the columns with id, title and text.",
        )
    nested = [
        f"{quoted(name)} ({printable(str(kind), 60)})"
        for name, kind in zip(schema.names, schema.types, strict=True)
        if name not in flat
    ]
    if not flat:
        raise CorpusError(
            f"{file.name}: expected columns with one value a row; found "
            f"{listed(nested[:6]) or 'no columns'}.",
            "Write texts, titles and ids into columns of their own.",
        )
    return f"nested or binary columns are not read: {listed(nested[:6])}" if nested else ""


def _textual(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return _textual(kind) or bool(pa.types.is_string_view(kind))


def _flat(kind: pa.DataType) -> bool:
    """Tell whether a column holds one plain value a row."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _flat(kind.value_type)
    is_ = pa.types
    checks = [is_.is_boolean, is_.is_integer, is_.is_floating, is_.is_decimal]
    checks += [is_.is_temporal, is_.is_null]
    return _is_text(kind) or any(check(kind) for check in checks)


def _size(column: pa.Array) -> int:
    """Return the bytes of a column's values, of each text as often as it comes."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type):
        lengths = _lengths(column.dictionary)
        return int(lengths[column.indices.drop_null().to_numpy()].sum())
    if _is_text(column.type):
        return int(_lengths(column).sum())
    return 16 * len(column)


def _lengths(texts: pa.Array) -> npt.NDArray[np.int64]:
    """Return the bytes of each text, 0 of one that is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string_view(texts.type):
        return np.asarray(pc.fill_null(pc.binary_length(texts), 0), np.int64)
    views = np.frombuffer(texts.buffers()[1], np.int32)[::4]  # each begins with its length
    return views[texts.offset : texts.offset + len(texts)].astype(np.int64)


def _plain(value: object) -> object:
    """Return a value as JSON has it; dates and exact numbers as they are written."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


@contextmanager
def _damage(file: Upload) -> Iterator[None]:
    """Turn what pyarrow raises at a damaged file into a `CorpusError`."""
    import pyarrow as pa

    try:
        yield
    except (*_ERRORS, pa.ArrowException) as exc:
        start = printable(repr(file.content[:8])[1:], 40)
        reason = printable(next(iter(str(exc).splitlines()), ""), 120).rstrip(". ")
        raise CorpusError(
            f"{file.name}: expected a Parquet or Arrow file; the file is damaged or none; it "
            f"begins with {start}: {reason}.",
            "Write the file again.",
        ) from exc


FORMATS = (
    Format("Parquet", (".parquet", ".pq"), arrow_rows, lines=False, text=False),
    Format("Arrow", (".arrow", ".feather", ".ipc"), arrow_rows, lines=False, text=False),
)
