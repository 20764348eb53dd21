"""What Parquet and Arrow files declare that they unpack to, from the headers of their parts.

pyarrow allocates what a page or a buffer declares before it looks at what is in it, so that a file
of a few kilobytes could take gigabytes. Here only headers are read: those of Parquet's pages, in
Thrift's compact protocol, and those of Arrow's messages, which are flatbuffers. What does not fit
raises `ValueError`, `LookupError` or `struct.error`, as of a damaged file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ColumnChunkMetaData

DICTIONARIES: Final = (0, 2, 8)
"""The encodings (plain, and those by a dictionary) of texts that pyarrow can keep once each."""
_DEPTH: Final = 16
_ELEMENTS: Final = 1_000
_MAGIC = b"ARROW1"


# ---------------------------------------------------------------- Parquet


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a Parquet column: what it unpacks to, in bytes, its values and their encoding."""

    size: int
    values: int
    encoding: int


def footer_size(content: bytes) -> int:
    """Return the bytes of a Parquet file's footer, which lists its columns and row groups."""
    return int.from_bytes(content[-8:-4], "little")


def pages_of(content: bytes, chunk: ColumnChunkMetaData) -> Iterator[Page]:
    """Yield the pages of a column in a row group, as pyarrow would read them."""
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < at:
        at = chunk.dictionary_page_offset
    end, left = min(at + chunk.total_compressed_size, len(content)), chunk.num_values
    while left > 0 and 0 <= at < end:
        header = _Compact(content, at)
        fields = header.fields()
        size, packed = fields.number(2), fields.number(3)
        first, second, dictionary = fields.inner(5), fields.inner(8), fields.inner(7)
        values = first.number(1) + second.number(1)
        left -= values
        if min(size, packed, values) < 0 or dictionary.number(1) > size or left < 0:
            raise ValueError("a page declares more values than it can hold")
        yield Page(size, values, first.number(2) or second.number(4))
        at = header.at + packed


class _Fields(dict[int, object]):
    """The fields of a Thrift structure by their numbers."""

    def number(self, name: int) -> int:
        value = self.get(name, 0)
        return value if isinstance(value, int) else 0

    def inner(self, name: int) -> _Fields:
        value = self.get(name)
        return value if isinstance(value, _Fields) else _Fields()


class _Compact:
    """Thrift's compact protocol: structures of numbers; texts are skipped."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content, self.at = content, at

    def fields(self, depth: int = 0) -> _Fields:
        """Return the structure that begins here."""
        fields, name = _Fields(), 0
        while head := self._byte():
            name = name + (head >> 4) if head >> 4 else self._number()
            fields[name] = self._value(head & 15, depth + 1)
        return fields

    def _value(self, kind: int, depth: int) -> object:
        match kind:
            case 1 | 2 | 3:  # what is true and what is false have no bytes
                return self._byte() if kind == 3 else kind == 1
            case 4 | 5 | 6:
                return self._number()
            case 7:
                self.at += 8
            case 8:
                length = self._varint()
                self.at += length
            case 9 | 10 if depth < _DEPTH:
                head = self._byte()
                elements = head >> 4 if head >> 4 < 15 else self._varint()
                for _ in range(min(elements, _ELEMENTS)):
                    self._value(max(3, head & 15), depth + 1)  # in lists they have one
            case 12 if depth < _DEPTH:
                return self.fields(depth)
            case _:
                raise ValueError("a page's header is damaged")
        return None

    def _byte(self) -> int:
        self.at += 1
        return self.content[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 64:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise ValueError("a page's header is damaged")

    def _number(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)


# ---------------------------------------------------------------- Arrow


def messages_of(content: pa.Buffer) -> Iterator[pa.ipc.Message]:
    """Yield the messages of an Arrow file or stream, as pyarrow would read them."""
    import pyarrow as pa

    data = memoryview(content)
    if bytes(data[: len(_MAGIC)]) != _MAGIC:
        yield from pa.ipc.MessageReader.open_stream(content)
        return
    end = len(data) - len(_MAGIC) - 4
    size = struct.unpack_from("<i", data, end)[0]
    start = end - size
    if size < 0 or start < 0:
        raise ValueError("the file's footer is damaged")
    footer = _Table.root(data[start : start + size])
    for field in (2, 3):  # dictionaries, record batches
        for offset, head, body in footer.structs(field, "<qi4xq"):
            if min(offset, head, body) < 0 or offset + head + body > len(data):
                raise ValueError("the file's footer leads out of the file")
            yield pa.ipc.read_message(content.slice(offset, head + body))


def unpacked_size(message: pa.ipc.Message) -> int:
    """Return the bytes that a message's buffers declare to unpack to; 0 where none is packed."""
    root = _Table.root(memoryview(message.metadata))
    batch = root.table(2)
    if message.type == "dictionary" and batch:
        batch = batch.table(1)
    if message.type not in ("dictionary", "record batch") or not batch or not batch.table(3):
        return 0
    body, total = memoryview(message.body), 0
    for offset, length in batch.structs(2, "<qq"):
        if length and offset >= 0:
            declared = struct.unpack_from("<q", body, offset)[0]
            total += length if declared == -1 else declared
            if declared < -1:
                raise ValueError("a buffer declares fewer bytes than none")
    return total


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a flatbuffer, which begins at a place of the data."""

    data: memoryview
    at: int

    @classmethod
    def root(cls, data: memoryview) -> _Table:
        """Return the outermost table."""
        return cls(data, struct.unpack_from("<I", data)[0])

    def table(self, field: int) -> _Table | None:
        """Return the table that a field holds."""
        at = self._place(field)
        return _Table(self.data, at + struct.unpack_from("<I", self.data, at)[0]) if at else None

    def structs(self, field: int, form: str) -> Iterator[tuple[int, ...]]:
        """Yield the structures of a field that holds a list of them."""
        at = self._place(field)
        if at:
            at += struct.unpack_from("<I", self.data, at)[0]
            for number in range(struct.unpack_from("<I", self.data, at)[0]):
                yield struct.unpack_from(form, self.data, at + 4 + number * struct.calcsize(form))

    def _place(self, field: int) -> int:
        """Return where a field's value stands, 0 if it is left out."""
        names = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        if names < 0:
            raise ValueError("a header leads out of its message")
        slot = 4 + 2 * field
        if slot + 2 > struct.unpack_from("<H", self.data, names)[0]:
            return 0
        offset = struct.unpack_from("<H", self.data, names + slot)[0]
        return self.at + offset if offset else 0
