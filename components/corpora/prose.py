"""Markdown and text files, cut into passages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from components.corpora.text import Row, Upload, decode
from components.domain import CorpusError

LONG_WORDS = 400


PASSAGE_WORDS = 300


def prose_rows(file: Upload) -> Iterator[Row]:
    """Yield the passages of a Markdown or text file, with ids like `notes.md#3`.

    Markdown is cut at headings of level 1 and 2; a piece of more than 400 words is cut again at
    blank lines. A heading with nothing under it is left out, unless there is nothing else.
    """
    text = decode(file)
    if not text.strip():
        raise CorpusError(f"{file.name}:1: the file is blank.", "Write something or leave it out.")
    all_lines = text.split("\n")
    sections = [("", 0, len(all_lines))] if file.suffix == ".txt" else _sections(all_lines)
    pieces = [(title, *span) for title, *at in sections for span in _pieces(all_lines, *at)]
    if len(pieces) < 2 and not any(title for title, *_ in pieces):
        pieces = [("", 0, len(all_lines))]
    for number, (title, start, end) in enumerate(pieces, 1):
        passage = "\n".join(all_lines[start:end])
        if end < len(all_lines):
            passage = passage.removesuffix("\r")
        fields = {"_id": f"{file.name}#{number}", "title": title, "text": passage}
        yield Row(f"{file.name}:{start + 1}", fields)


def _sections(all_lines: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return title, first line and end of what stands under each heading of level 1 or 2."""
    cuts = [("", 0, 0)]  # title, first line of the heading, first line after it
    fence = ""
    for number, line in enumerate(all_lines):
        title = None if fence else _heading(line)
        fence = _fence(line, fence)
        if title is not None:
            cuts.append((title, number, number + 1))
        elif not fence and _underlines(all_lines, number):
            cuts.append((all_lines[number - 1].strip(), number - 1, number + 1))
    ends = [*(heading for _, heading, _ in cuts[1:]), len(all_lines)]
    return [(title, body, end) for (title, _, body), end in zip(cuts, ends, strict=True)]


def _heading(line: str) -> str | None:
    """Return the title if a line is a heading like `## Refunds ##`, without the closing marks."""
    found = re.match(r" {0,3}##?(?=\s|$)", line)
    if found is None:
        return None
    title = line[found.end() :].strip()
    bare = title.rstrip("#")
    return title if bare and bare == bare.rstrip() else bare.rstrip()


def _underlines(all_lines: Sequence[str], number: int) -> bool:
    """Tell whether a line of `=` or `-` makes a heading of the single line above it."""
    if number == 0 or not re.fullmatch(r" {0,3}(=+|-{2,})\s*", all_lines[number]):
        return False
    alone = number == 1 or not all_lines[number - 2].strip()
    return alone and re.match(r" {0,3}[^\s#>|`~*+=-]", all_lines[number - 1]) is not None


def _fence(line: str, fence: str) -> str:
    """Return the mark of the code block that is open after this line, empty if none is."""
    found = re.match(r" {0,3}(`{3,}|~{3,})(.*)", line)
    if found is None:
        return fence
    mark, rest = found.groups()
    if fence:
        return "" if mark.startswith(fence) and not rest.strip() else fence
    return "" if mark[0] == "`" and "`" in rest else mark


def _pieces(all_lines: Sequence[str], start: int, end: int) -> list[tuple[int, int]]:
    """Return first line and end of a section's passages; blank lines around them are left out."""
    blocks: list[tuple[int, int, int]] = []
    for filled, group in groupby(range(start, end), lambda n: bool(all_lines[n].strip())):
        if filled:
            numbers = list(group)
            words = sum(len(all_lines[n].split()) for n in numbers)
            blocks.append((numbers[0], numbers[-1] + 1, words))
    long = sum(words for *_, words in blocks) > LONG_WORDS
    pieces: list[tuple[int, int]] = []
    room = 0
    for first, last, words in blocks:
        if pieces and words <= room:
            first = pieces.pop()[0]
        else:
            room = PASSAGE_WORDS if long else LONG_WORDS
        pieces.append((first, last))
        room -= words
    return pieces
