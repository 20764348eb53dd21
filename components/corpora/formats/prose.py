"""Markdown and text files, cut into passages at headings and by length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from components.corpora.cutting import Section
from components.corpora.formats import Columns, Format
from components.corpora.limits import MAX_MARKDOWN, MAX_MARKDOWN_LINES
from components.corpora.passages import BETWEEN, passage_rows
from components.corpora.text import Row, Upload, decode
from components.domain import CorpusError

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

    A heading with nothing under it is left out and named, unless there is nothing else.
    """
    text = _filled(file)
    yield from passage_rows(file, text, _sections(file, text))


def text_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the passages of a text file, which is cut by length alone."""
    text = _filled(file)
    yield from passage_rows(file, text, [Section(0, len(text))])


def _filled(file: Upload) -> str:
    """Return a file's text; raise `CorpusError` for a blank file."""
    file.check()
    text = decode(file)
    if not text.strip():
        raise CorpusError(f"{file.name}:1: the file is blank.", "Write something or leave it out.")
    return text


def _sections(file: Upload, text: str) -> list[Section]:
    """Return what stands under each heading of level 1 or 2, and before the first."""
    all_lines = text.split("\n")  # only a line feed ends a line
    starts = [0, *accumulate(len(line) + 1 for line in all_lines)]
    headings = list(_headings(file, all_lines))
    ends = [starts[line] for _, _, line, _ in headings] + [len(text)]
    sections = [Section(0, ends[0])]
    above = ""
    for (level, title, _, body), end in zip(headings, ends[1:], strict=True):
        above = title if level == "h1" else above
        path = f"{above}{BETWEEN}{title}" if level == "h2" and above else title
        sections.append(Section(min(starts[body], end), end, title, path))
    return sections


def _headings(file: Upload, all_lines: Sequence[str]) -> Iterator[tuple[str, str, int, int]]:
    """Yield level, title, first line and end of the headings of level 1 and 2 of a document itself.

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
                yield opening.tag, inline.content, start, end


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
