"""The file formats that a corpus is read from: one file of this package each.

A file offers one `Format` or a tuple of them under the name `FORMATS`. Folders, uploads, zips, the
Corpus page and the command line look a file's ending up here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Literal

from components.corpora.limits import MAX_BYTES, MAX_LINES
from components.corpora.text import Row, Upload
from components.discovery import offered


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold a document's text, title and id.

    Without a text's column it is guessed, and so are the others of `guessed` roles; without a
    title's or an id's column there is none.
    """

    text: str | None = None
    title: str | None = None
    id: str | None = None
    guessed: frozenset[Literal["title", "id"]] = frozenset()

    @property
    def named(self) -> Mapping[str, tuple[str, ...]]:
        """Return the columns of the roles that are not guessed: one, or none."""
        others = {"title": self.title, "id": self.id}
        named = {role: (name,) if name is not None else () for role, name in others.items()
                  if role not in self.guessed}  # fmt: skip
        return named if self.text is None else {"text": (self.text,), **named}


@dataclass(frozen=True, slots=True)
class TablePreview:
    """A file's columns, its first rows, its delimiter, and the columns that are suggested.

    `reason` says why the text's column is, and `guessed` that nothing but the length of its texts
    suggests it; `named` tells whether the file names its columns.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str
    suggested: Columns | None
    reason: str = ""
    guessed: bool = False
    named: bool = True


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: how its files are recognized and read.

    `endings` are lower case with their dot, the usual one first. `rows` reads one file and raises
    `CorpusError` with file and line. A row holds all fields under the names they have in the file:
    which of them are id, title and text is found out by their names and contents (`columns`), and
    the others are metadata; a row without an id gets one. `rows` is handed columns that were
    chosen by hand, and need not heed them. Any number of `prose` files make one corpus, where there
    is no other; of any other format there is one file. A table has a `preview` of its own, which
    tells its delimiter. An upload holds at most `max_bytes` and `max_lines` of the format; where
    `lines` mean nothing, as in a binary file, their number and length are not looked at. A file of
    `text` arrives as UTF-8, whatever it was encoded in.
    """

    name: str
    endings: tuple[str, ...]
    rows: Callable[[Upload, Columns | None], Iterator[Row]]
    prose: bool = False
    preview: Callable[[Upload], TablePreview] | None = None
    max_bytes: int = MAX_BYTES
    max_lines: int = MAX_LINES
    lines: bool = True
    text: bool = True


def formats() -> tuple[Format, ...]:
    """Return the formats by the names of their files, prose last."""
    return tuple(dict.fromkeys(by_ending().values()))


def by_ending() -> Mapping[str, Format]:
    """Return the formats by ending; raise `ValueError` if two of them claim the same."""
    return _by_ending(tuple(__path__))


def format_of(name: str) -> Format | None:
    """Return the format that a file's name stands for, None if its ending is not registered."""
    return by_ending().get(PurePosixPath(name).suffix.lower())


def is_prose(name: str) -> bool:
    """Return whether a file's name stands for prose."""
    entry = format_of(name)
    return entry is not None and entry.prose


def usual_endings(*, prose: bool) -> list[str]:
    """Return the first ending of each format that is prose, or of each that is not."""
    return [entry.endings[0] for entry in formats() if entry.prose == prose]


@cache
def _by_ending(path: tuple[str, ...]) -> Mapping[str, Format]:
    """Return the formats that the files in these folders offer, by ending."""
    table: dict[str, Format] = {}
    entries = offered(sys.modules[__name__], "FORMATS", Format)
    for entry in sorted(entries, key=lambda entry: entry.prose):
        for ending in entry.endings:
            if table.setdefault(ending, entry) is not entry:
                raise ValueError(f"{ending} is claimed by {table[ending].name} and {entry.name}")
    return MappingProxyType(table)
