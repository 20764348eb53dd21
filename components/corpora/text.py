"""Files as they arrive: bytes become text and lines, and what is read from them becomes rows.

A row is the fields of one document or query and the `file:line` where they stand. Every error here
is a `CorpusError`; nothing is ever written to disk.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import BinaryIO, Final

from components.corpora.cutting import USUAL, Cutting
from components.domain import CorpusError

BOM: Final = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8."""
_KINDS: Mapping[type, str] = MappingProxyType(
    {dict: "an object", list: "a list", bool: "true or false", type(None): "null", str: "a string"}
)


HEAD: Final = 8_192
"""Bytes of a file's beginning, by which it is told what the file is."""
STREAMED: Final = (".jsonl",)
"""Endings of the files whose lines may be read from the disk, one by one."""
UNKNOWN: Final = b"?"
"""The beginning of a file that cannot be looked into: it is not blank."""
LINES_BETWEEN_CHECKS: Final = 10_000
"""Lines, blank ones too, that are read before a reading is asked whether it goes on."""


def no_check(done: int = 0, total: int = 0) -> None:
    """Go on."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came from a browser, a zip or a folder: a name and its bytes.

    A format that reads much before its first row calls `check` now and then, if it can with how
    many of how many parts it has read; it raises `Cancelled` once the reading is to end. `cutting`
    says how prose is cut into passages. `encoding` is that of the file where the bytes were another
    one's than UTF-8, and `note` says why it was taken. Of a file that is too large to be in memory
    `content` is how it begins, and its lines, which are UTF-8, are read from `path`.
    """

    name: str
    content: bytes
    check: Callable[..., None] = field(default=no_check, compare=False, repr=False)
    cutting: Cutting = field(default=USUAL, compare=False, repr=False)
    encoding: str = field(default="", compare=False, repr=False)
    note: str = field(default="", compare=False, repr=False)
    path: Path | None = field(default=None, compare=False, repr=False)

    @property
    def suffix(self) -> str:
        """Return the name's ending in lower case, with its dot."""
        return PurePosixPath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one document or query, and `file:line` where they stand.

    A `note` says what people should look at, as part of a sentence after the place.
    """

    where: str
    fields: Mapping[str, object]
    note: str = ""


def load(path: Path, name: str = "", *, most: int = sys.maxsize) -> Upload:
    """Read a file from disk, known by this name (its path, if none is given) in errors.

    A file of lines with more than `most` bytes stays on the disk.
    """
    label = printable(name or str(path))
    try:
        if path.stat().st_size > most and path.suffix.lower() in STREAMED:
            with path.open("rb") as file:
                return Upload(label, file.read(HEAD), path=path)
        return Upload(label, path.read_bytes())
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else exc
        raise CorpusError(
            f"{label}: the file cannot be read: {why}.", "Check the path and its permissions."
        ) from exc


def printable(text: str, limit: int = 200) -> str:
    """Return the end of a text on one line, with `?` for what cannot be shown."""
    return "".join(c if c.isprintable() else "?" for c in text[-limit:])


def quoted(text: str, limit: int = 60) -> str:
    """Return text in quotes, escaped, and cut where it is long."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def kind(value: object) -> str:
    """Return what JSON calls a value."""
    return _KINDS.get(type(value), "a number")


def decode(file: Upload) -> str:
    """Return a file's text, which must be UTF-8 without null bytes; a byte order mark is cut."""
    start = len(BOM) if file.content.startswith(BOM) else 0
    offset, cause = file.content.find(b"\0"), None
    if offset < 0:
        try:
            return file.content[start:].decode()
        except UnicodeDecodeError as exc:
            offset, cause = exc.start + start, exc
    line = file.content.count(b"\n", 0, offset) + 1
    raise CorpusError(
        f"{file.name}:{line}: the byte 0x{file.content[offset]:02x} at offset {offset} of the "
        f"file is not {'valid UTF-8' if cause else 'text'}.",
        "Save the file as plain text in UTF-8.",
    ) from cause


def lines(file: Upload) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are not blank; only a line feed ends a line."""
    if file.path is None:
        decode(file)  # the whole file is checked before its first line is read
    with raw_lines(file) as stream:
        for number, raw in enumerate(stream, 1):
            if number % LINES_BETWEEN_CHECKS == 0:
                file.check()
            if raw.isspace():
                continue
            line = raw.decode() if file.path is None else _decoded(file, number, raw)
            if line.strip():
                yield number, line.removesuffix("\n").removesuffix("\r")


def raw_lines(file: Upload) -> BinaryIO:
    """Return a file's bytes line by line, without its byte order mark and without a copy."""
    stream: BinaryIO = file.path.open("rb") if file.path else io.BytesIO(file.content)
    stream.seek(len(BOM) if file.content.startswith(BOM) else 0)
    return stream


def _decoded(file: Upload, number: int, raw: bytes) -> str:
    """Return a line of a file that is not checked as a whole."""
    try:
        return decode(replace(file, content=raw))
    except CorpusError as exc:
        reason = f"{file.name}:{number}: the line is not valid UTF-8, or holds a null byte."
        raise CorpusError(reason, exc.remedy) from exc
