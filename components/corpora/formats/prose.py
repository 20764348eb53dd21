"""Markdown and text files, cut into passages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from components.corpora.formats import Columns, Format
from components.corpora.limits import MAX_MARKDOWN, MAX_MARKDOWN_LINES
from components.corpora.text import Row, Upload, decode
from components.domain import CorpusError

LONG_WORDS = 400
PASSAGE_WORDS = 300
BLOCKS_A_LINE: Final = 3
"""Paragraphs, items, quotes and other blocks of Markdown for each of a file's lines."""
SPARE_BLOCKS: Final = 100
"""Blocks that a file may have beyond that. The parser takes 10 microseconds for each block."""


def _count(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Count each block, and ask whether the reading goes on; a rule that never applies."""
    file: Upload = state.env["file"]
    file.check()
    state.env["blocks"] += 1
    if state.env["blocks"] > SPARE_BLOCKS + BLOCKS_A_LINE * state.lineMax:
        raise CorpusError(
            f"{file.name}:{start + 1}: expected at most {BLOCKS_A_LINE} blocks a line of Markdown; "
            "found more, nested in one another.",
            "Nest quotes and lists less deeply, or upload the text as .txt.",
        )
    return False


_MARKDOWN = MarkdownIt("commonmark")
_MARKDOWN.block.ruler.before("code", "count", _count)


def markdown_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the passages of a Markdown file, cut at headings of level 1 and 2 (CommonMark).

    A section of more than 400 words is cut again at blank lines. A heading with nothing under it is
    left out, unless there is nothing else.
    """
    all_lines = _filled_lines(file)
    yield from _passages(file, all_lines, _sections(file, all_lines))


def text_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the passages of a text file, which is cut at blank lines if it has over 400 words."""
    all_lines = _filled_lines(file)
    yield from _passages(file, all_lines, [("", 0, len(all_lines))])


def _filled_lines(file: Upload) -> list[str]:
    """Return a file's lines; only a line feed ends one. Raise `CorpusError` for a blank file."""
    file.check()
    text = decode(file)
    if not text.strip():
        raise CorpusError(f"{file.name}:1: the file is blank.", "Write something or leave it out.")
    return text.split("\n")


def _passages(
    file: Upload, all_lines: Sequence[str], sections: Sequence[tuple[str, int, int]]
) -> Iterator[Row]:
    """Yield sections (title, first line, end) as rows with ids like `notes.md#3`."""
    pieces = [(title, *span) for title, *at in sections for span in _pieces(all_lines, *at)]
    if len(pieces) < 2 and not any(title for title, *_ in pieces):
        pieces = [("", 0, len(all_lines))]
    for number, (title, start, end) in enumerate(pieces, 1):
        passage = "\n".join(all_lines[start:end])
        if end < len(all_lines):
            passage = passage.removesuffix("\r")
        fields = {"_id": f"{file.name}#{number}", "title": title, "text": passage}
        yield Row(f"{file.name}:{start + 1}", fields)


def _sections(file: Upload, all_lines: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return title, first line and end of what stands under each heading of level 1 or 2."""
    cuts = [("", 0, 0), *_headings(file, all_lines)]
    ends = [*(heading for _, heading, _ in cuts[1:]), len(all_lines)]
    return [(title, body, end) for (title, _, body), end in zip(cuts, ends, strict=True)]


def _headings(file: Upload, all_lines: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Yield title, first line and end of the headings of level 1 and 2 outside lists and quotes.

    An underlined title counts where it is one line below a blank one: otherwise the closing line of
    front matter, or a rule drawn under a paragraph, would make a heading of what is above it.
    """
    tokens: list[Token] = []
    # The block parser alone: the normalization before it would count a lone CR as a line's end.
    text = "\n".join(line.rstrip("\r") for line in all_lines)
    _MARKDOWN.block.parse(text, _MARKDOWN, {"file": file, "blocks": 0}, tokens)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag in ("h1", "h2") and not opening.level:
            start, end = opening.map or (0, 0)
            alone = end - start == 2 and not (start and all_lines[start - 1].strip())
            if opening.markup.startswith("#") or alone:
                yield inline.content, start, end


def _pieces(all_lines: Sequence[str], start: int, end: int) -> list[tuple[int, int]]:
    """Return first line and end of a section's passages; blank lines around them are left out."""
    blocks: list[tuple[int, int, int]] = []
    for filled, group in groupby(range(start, end), lambda n: bool(all_lines[n].strip())):
        if filled:
            numbers = list(group)
            length = sum(len(all_lines[n].split()) for n in numbers)
            blocks.append((numbers[0], numbers[-1] + 1, length))
    limit = PASSAGE_WORDS if sum(length for *_, length in blocks) > LONG_WORDS else LONG_WORDS
    pieces: list[tuple[int, int]] = []
    room = 0
    for first, last, length in blocks:
        if pieces and length <= room:
            first = pieces.pop()[0]
        else:
            room = limit
        pieces.append((first, last))
        room -= length
    return pieces


FORMATS = (
    Format(
        "Markdown",
        (".md", ".markdown"),
        markdown_rows,
        prose=True,
        max_bytes=MAX_MARKDOWN,
        max_lines=MAX_MARKDOWN_LINES,
    ),
    Format("text", (".txt",), text_rows, prose=True),
)
