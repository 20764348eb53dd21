"""JSON files that are one list: of objects, of strings, or an object with such a list in it.

The elements are decoded one after the other, so that a file takes little more memory than its text.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from components.corpora.formats import Columns, Format
from components.corpora.limits import MAX_LINE
from components.corpora.text import Row, Upload, decode, kind, quoted
from components.domain import CorpusError
from components.wording import listed

LIST_KEYS: Final = (
    *("documents", "docs", "corpus", "passages", "data", "items", "rows", "records"),
    *("results", "texts", "chunks", "pages", "articles"),
)
"""Under which name an object holds its documents, the usual one first."""
WINDOW: Final = 1_000_000
"""Characters that are decoded at once; more only for an element that is longer."""
_REMEDY = "Write a list of objects or strings: [{...}, {...}]."
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class _Text:
    """The text of a JSON file, of which one value after the other is decoded."""

    def __init__(self, file: Upload) -> None:
        self.file, self.text = file, decode(file)
        self._start, self._window = 0, self.text[:WINDOW]

    def skip(self, at: int) -> int:
        """Return where the next character is that is not blank; the text's length at its end."""
        match = _BLANK.match(self.text, at)
        return match.end() if match else at

    def expect(self, at: int, characters: str) -> int:
        """Return the place of the next character, which must be one of these."""
        at = self.skip(at)
        if at >= len(self.text) or self.text[at] not in characters:
            came = quoted(self.text[at : at + 20]) if at < len(self.text) else "the end of the file"
            wanted = listed([f"'{character}'" for character in characters], "or")
            raise self.error(at, f"expected {wanted}; found {came}")
        return at

    def value(self, at: int) -> tuple[object, int]:
        """Return the value that begins here and where it ends; at most 10 million characters."""
        if not self._start <= at < self._start + len(self._window):
            self._move(at, WINDOW)
        while True:
            whole = self._start + len(self._window) >= len(self.text)
            try:
                value, end = _DECODER.raw_decode(self._window, at - self._start)
            except json.JSONDecodeError as exc:
                if whole:
                    raise self.error(self._start + exc.pos, exc.msg) from exc
            except (RecursionError, ValueError) as exc:
                reason = "the JSON is nested too deeply or has a number of over 4300 digits"
                raise self.error(at, reason) from exc
            else:
                if whole or end < len(self._window):
                    return value, self._start + end
            if at == self._start and len(self._window) >= MAX_LINE:
                reason = f"a value of more than {MAX_LINE:,} characters, or one that is not closed"
                raise self.error(at, reason)
            size = WINDOW if at > self._start else 4 * len(self._window)
            self._move(at, min(size, MAX_LINE))

    def _move(self, at: int, size: int) -> None:
        """Decode from here on, this many characters at once."""
        self.file.check()
        self._start, self._window = at, self.text[at : at + size]

    def error(self, at: int, reason: str) -> CorpusError:
        """Return the error for what stands at a place."""
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        return CorpusError(
            f"{self.file.name}:{line}: not a JSON list of documents at column {column:,}: "
            f"{reason}.",
            _REMEDY,
        )


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of an object: its name, what its value is, and where that begins."""

    name: str
    kind: str
    start: int


def json_list_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield one row for each object or string of the list; `c.json[3]` is the place of the fourth.

    JSON objects one after the other, as in JSONL, are read too, over several lines each or one.
    """
    text = _Text(file)
    start = text.expect(0, "[{")
    if text.text[start] == "[":
        yield from _rows(text, _Member("", "a list", start))
        return
    members, end = _members(text, start)
    lists = [member for member in members if member.kind == "a list"]
    named = [member for key in LIST_KEYS for member in lists if member.name.lower() == key]
    named = named or (lists if len(members) == 1 else [])
    is_document = not named and any(member.kind == "a string" for member in members)
    if is_document or text.skip(end) < len(text.text):
        yield from _objects(text, start)
        return
    if not named:
        names = ", ".join(f"{quoted(m.name)} ({m.kind})" for m in members[:8])
        raise CorpusError(
            f"{file.name}:1: expected a list of documents, or an object that holds one; found an "
            f"object with {names or 'nothing in it'}.",
            f"Name the list {LIST_KEYS[0]}, or write a list.",
        )
    others = [quoted(member.name) for member in members if member is not named[0]]
    note = f"the documents are the list {quoted(named[0].name)}; not read: {listed(others[:8])}"
    yield from _rows(text, named[0], note if others else "")


def _rows(text: _Text, documents: _Member, note: str = "") -> Iterator[Row]:
    """Yield the elements of a list, the first with a note; one without a name is the whole file."""
    after = text.skip(documents.start + 1) + 1  # of an empty list
    name = f".{documents.name}" if documents.name else ""
    for number, (value, end) in enumerate(_elements(text, documents.start)):
        after = end
        yield _row(f"{text.file.name}{name}[{number}]", value, "" if number else note)
    if not name and text.skip(after) < len(text.text):
        raise text.error(text.skip(after), "something stands after the list")


def _elements(text: _Text, at: int) -> Iterator[tuple[object, int]]:
    """Yield the values of a list, and where what follows the comma or bracket after them begins."""
    at = text.skip(at + 1)
    closed = at < len(text.text) and text.text[at] == "]"
    while not closed:
        value, at = text.value(text.skip(at))
        at = text.expect(at, ",]") + 1
        closed = text.text[at - 1] == "]"
        yield value, at


def _objects(text: _Text, at: int) -> Iterator[Row]:
    """Yield objects that stand one after the other."""
    number = 0
    while at < len(text.text):
        value, at = text.value(text.expect(at, "{"))
        yield _row(f"{text.file.name}[{number}]", value)
        at, number = text.skip(at), number + 1


def _row(where: str, value: object, note: str = "") -> Row:
    """Return a row; a string is the text of a document."""
    if isinstance(value, str):
        return Row(where, {"text": value}, note)
    if not isinstance(value, dict):
        reason = f"{where}: expected an object or a string; found {kind(value)}."
        raise CorpusError(reason, _REMEDY)
    return Row(where, value, note)


def _members(text: _Text, at: int) -> tuple[Sequence[_Member], int]:
    """Return the members of the object that begins here, and where it ends."""
    members: list[_Member] = []
    at = text.skip(at + 1)
    if at < len(text.text) and text.text[at] == "}":
        return members, at + 1
    while True:
        name, at = text.value(text.expect(at, '"'))
        at = text.skip(text.expect(at, ":") + 1)
        if at < len(text.text) and text.text[at] == "[":
            members.append(_Member(str(name), "a list", at))
            ends = (end for _, end in _elements(text, at))
            at = max(deque(ends, maxlen=1), default=text.skip(at + 1) + 1)
        else:
            start = at
            value, at = text.value(at)
            members.append(_Member(str(name), kind(value), start))
        at = text.expect(at, ",}") + 1
        if text.text[at - 1] == "}":
            return members, at


FORMATS = Format("JSON", (".json",), json_list_rows, lines=False)
