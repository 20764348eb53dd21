"""Where long prose is cut: at blank lines, else between sentences, else between words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from components.config import PassageSettings

PASSAGE_WORDS: Final = 300
LEAST_WORDS: Final = 20
MOST_WORDS: Final = 5_000
LONG_RUN: Final = 40
"""Characters without a space that count as one word; a longer run counts as several."""

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|[^\s{_CJK}]{{1,{LONG_RUN}}}")
_BLOCK_END = re.compile(r"\n(?:[^\S\n]*\n)+")
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026])[\"')\]\u201d\u2019]*\s+|(?<=[\u3002\uff01\uff1f])")


@dataclass(frozen=True, slots=True)
class Cutting:
    """How long passages are, and how much of one the next one repeats, in words.

    A section of up to a third more stays whole. A character of Chinese, Japanese or Korean counts
    as a word.
    """

    length: int = PASSAGE_WORDS
    overlap: int = 0

    def __post_init__(self) -> None:
        """Raise `ValueError` for lengths that make no passages."""
        if (
            not LEAST_WORDS <= self.length <= MOST_WORDS
            or not 0 <= self.overlap <= self.length // 2
        ):
            raise ValueError(
                f"passages have {LEAST_WORDS} to {MOST_WORDS:,} words and overlap by at most half"
            )

    @classmethod
    def of(cls, settings: PassageSettings) -> Cutting:
        """Return what the configuration says."""
        return cls(settings.length, settings.overlap)


USUAL: Final = Cutting()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text that no passage crosses, by its characters; `path` are its headings."""

    start: int
    end: int
    title: str = ""
    path: str = ""


def cut(text: str, start: int, end: int, cutting: Cutting) -> Iterator[tuple[int, int]]:
    """Yield first character and end of a section's passages; a blank section has none.

    Passages end at blank lines. A paragraph that is too long is cut between sentences, and a
    sentence that is too long between words.
    """
    tokens = [match.span() for match in _WORD.finditer(text, start, end)]
    pieces = [(0, len(tokens))] if tokens else []
    if len(tokens) * 3 > cutting.length * 4:
        pieces = list(_packed(_atoms(text, tokens, cutting.length - cutting.overlap), cutting))
    for first, last in pieces:
        opening, closing = tokens[first][0], tokens[last - 1][1]
        before = tokens[first - 1][1] if first else start
        after = tokens[last][0] if last < len(tokens) else end
        if first and cutting.overlap:
            opening = tokens[max(0, first - cutting.overlap)][0]
        elif (line := text.rfind("\n", before, opening)) >= 0 or not first:
            opening = max(line + 1, start)  # with what indents its first line
        if (line := text.find("\n", closing, after)) >= 0 or last == len(tokens):
            closing = line if line >= 0 else end
        yield opening, closing - (text[closing - 1] == "\r")


def _packed(atoms: Iterable[tuple[int, int]], cutting: Cutting) -> Iterator[tuple[int, int]]:
    """Yield first and last words of passages, each of as many atoms as there is room for."""
    begin, latest, room = 0, 0, cutting.length
    for first, last in atoms:
        if last - begin > room and first > begin:
            yield begin, first
            begin, room = first, cutting.length - cutting.overlap
        latest = last
    yield begin, latest


def _atoms(text: str, tokens: Sequence[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a text that stay whole, of at most so many words, by their words."""
    starts = [first for first, _ in tokens]

    def parts(separator: re.Pattern[str], first: int, last: int) -> Iterator[tuple[int, int]]:
        ends = separator.finditer(text, starts[first], tokens[last - 1][1])
        borders = {bisect_left(starts, match.end()) for match in ends} - {first}
        return pairwise([first, *sorted(borders), last])

    for block in parts(_BLOCK_END, 0, len(tokens)):
        if block[1] - block[0] <= most:
            yield block
            continue
        for first, last in parts(_SENTENCE_END, *block):
            for begin in range(first, last, most):
                yield begin, min(begin + most, last)
