"""Text files in other encodings than UTF-8: UTF-16 by its mark, Windows-1252 where it fits.

Whatever is read afterwards is UTF-8. Windows-1252 has no mark: it is a guess, which the import
report names with its reason, and which is not made where a file is binary, damaged UTF-8, or mostly
in letters beyond ASCII, as texts in other old encodings are.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from components.corpora.formats import format_of
from components.corpora.layout import Source
from components.corpora.text import BOM, Upload
from components.domain import CorpusError
from components.wording import count

WINDOWS: Final = "Windows-1252"
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # it begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_CONTROLS: Final = bytes({*range(32), 127} - set(b"\t\n\v\f\r"))
_MOST_HIGH: Final = 3
"""Of so many bytes one at most is beyond ASCII in a text of Western Europe."""
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=|<\?xml[^>]{0,200}?encoding\s*=""", re.I)
_DECLARING: Final = (".html", ".htm", ".xhtml")
"""Endings of files that may name their encoding themselves."""


def recoded(sources: Sequence[Source]) -> list[Source]:
    """Return files that are read as UTF-8; binary ones stay as they are."""

    def as_text(source: Source) -> Source:
        entry = format_of(source.name)
        if entry is not None and not entry.text:
            return source
        return Source(source.name, _head(source.head), lambda: as_utf8(source.load()))

    return [as_text(source) for source in sources]


def as_utf8(file: Upload, *, guess: bool = True) -> Upload:
    """Return a file with its text as UTF-8, its encoding, and a note where that is a guess.

    A file that is UTF-8 or in no encoding that is read stays as it is: its reader says what is
    wrong with it. So does one that is not in memory. Without `guess` nothing is taken for
    Windows-1252. Raises `CorpusError` for UTF-16 that is damaged.
    """
    if file.path:
        return file
    name = next((name for mark, name in _MARKS if file.content.startswith(mark)), "")
    if name:
        return replace(file, content=_marked(file, name), encoding=name)
    if file.content.isascii():
        return file
    declared = file.suffix in _DECLARING and _CHARSET.search(file.content[:4096])
    try:
        file.content.decode()
    except UnicodeDecodeError as exc:
        text = _western(file.content) if guess and not declared else ""
        if not text:
            return file
        line = file.content.count(b"\n", 0, exc.start) + 1
        note = f"not valid UTF-8 at line {line:,}"
        return replace(file, content=text.encode(), encoding=WINDOWS, note=note)
    return file


def _marked(file: Upload, name: str) -> bytes:
    """Return the text of a file whose mark says its encoding, as UTF-8."""
    try:
        return file.content.decode(name).encode()
    except UnicodeDecodeError as exc:
        line = file.content[: exc.start].decode(name, "ignore").count("\n") + 1
        raise CorpusError(
            f"{file.name}:{line}: the file begins as {name}, but the "
            f"{count(exc.end - exc.start, 'byte')} at offset {exc.start} of the file are not.",
            "Save the file as plain text in UTF-8.",
        ) from exc


def _western(content: bytes) -> str:
    """Return bytes that are not UTF-8 as Windows-1252; nothing where they do not look like it."""
    if len(content.translate(None, _CONTROLS)) < len(content) or content.startswith(BOM):
        return ""
    values = np.frombuffer(content, dtype=np.uint8)
    high, first = values >= 0x80, values >= 0xC0
    later = high & ~first
    letters = int((first[:-1] & later[1:]).sum())  # of UTF-8, whole or damaged
    alone = int(first.sum()) - letters + int(later[:1].sum()) + int((later[1:] & ~high[:-1]).sum())
    if letters >= alone or int(high.sum()) * _MOST_HIGH > len(content):
        return ""
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no character
        return ""


def _head(head: bytes) -> bytes:
    """Return how a file begins, as UTF-8 where its encoding is told by so much of it."""
    name = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if name:
        text = head.decode(name, "ignore")
        return text.encode() if text.strip() else head
    try:
        head.decode()
    except UnicodeDecodeError as exc:
        if exc.start < len(head) - 3 and (text := _western(head)):
            return text.encode()
    return head
