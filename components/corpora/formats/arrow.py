"""Parquet, Arrow and Feather files: rows of their flat columns, a few hundred at a time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from components.corpora.formats import Columns, Format
from components.corpora.limits import MAX_BYTES, MAX_ROWS
from components.corpora.text import Row, Upload, printable, quoted
from components.domain import CorpusError
from components.wording import count, listed

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS: Final = 256
"""Rows that are decoded at once: a hostile file may hold a long text in each."""
MAX_COLUMNS: Final = 1_000
_IPC_FILE = b"ARROW1"
_FEATHER_1 = b"FEA1"
_PARQUET = b"PAR1"


def arrow_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the rows of a file with the columns that hold one value each.

    The first row says which columns are nested and left out. What is decoded may have as many
    bytes as an upload.
    """
    with _damage(file):
        schema, batches = _opened(file)
        flat = [name for name, kind in zip(schema.names, schema.types, strict=True) if _flat(kind)]
        note = _checked(file, schema, flat)
        number, room = 0, MAX_BYTES
        for batch in batches(flat):
            for part in range(0, batch.num_rows, BATCH_ROWS):
                file.check()
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


def _opened(
    file: Upload,
) -> tuple[pa.Schema, Callable[[Sequence[str]], Iterator[pa.RecordBatch]]]:
    """Return a file's schema, and a function that reads its rows in these columns."""
    import pyarrow as pa  # here, since most runs read no such file

    start = file.content[:8]
    if start.startswith(_PARQUET):
        return _opened_parquet(file)
    if start.startswith(_FEATHER_1):
        raise CorpusError(
            f"{file.name}: expected Feather version 2 (Arrow); found version 1.",
            "Write it again with a current pandas or pyarrow, or as Parquet.",
        )
    source = pa.BufferReader(file.content)
    if start.startswith(_IPC_FILE):
        reader = pa.ipc.open_file(source)
        whole = (reader.get_batch(at) for at in range(reader.num_record_batches))
    else:
        reader = pa.ipc.open_stream(source)
        whole = iter(reader)

    def batches(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch in whole:
            rows += batch.num_rows
            _check_rows(file, rows)
            batch.validate(full=True)  # its offsets may lead anywhere
            yield batch.select(list(names))

    return reader.schema, batches


def _opened_parquet(
    file: Upload,
) -> tuple[pa.Schema, Callable[[Sequence[str]], Iterator[pa.RecordBatch]]]:
    """Return what `_opened` does of a Parquet file; texts that repeat are decoded once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(pa.BufferReader(file.content))
    texts = [name for name, kind in zip(schema.names, schema.types, strict=True) if _textual(kind)]
    parquet = pq.ParquetFile(pa.BufferReader(file.content), read_dictionary=texts, pre_buffer=False)
    metadata = parquet.metadata
    _check_rows(file, metadata.num_rows)
    groups = range(metadata.num_row_groups)
    size = sum(metadata.row_group(at).total_byte_size for at in groups)
    if size > 4 * MAX_BYTES:
        raise CorpusError(
            f"{file.name}: the file unpacks to {count(size, 'byte')}; expected at most "
            f"{4 * MAX_BYTES:,}.",
            "Keep the columns with id, title and text, or fewer rows.",
        )

    def batches(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from parquet.iter_batches(BATCH_ROWS, columns=list(names), use_threads=False)

    return schema, batches


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


def _flat(kind: pa.DataType) -> bool:
    """Tell whether a column holds one plain value a row."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _flat(kind.value_type)
    is_ = pa.types
    checks = [is_.is_string_view, is_.is_boolean, is_.is_integer, is_.is_floating, is_.is_decimal]
    checks += [is_.is_temporal, is_.is_null]
    return _textual(kind) or any(check(kind) for check in checks)


def _size(column: pa.Array) -> int:
    """Return the bytes of a column's values, of each text as often as it comes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type) and _textual(column.type.value_type):
        lengths = pc.take(pc.binary_length(column.dictionary), column.indices)
        return int(pc.sum(lengths).as_py() or 0)
    if _textual(column.type):
        return int(pc.sum(pc.binary_length(column)).as_py() or 0)
    return 16 * len(column)


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
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError) as exc:
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
