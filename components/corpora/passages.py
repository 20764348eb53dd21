"""Long prose becomes passages: where a text is cut, and the ids that say so.

A passage is known by its place, not by its number: `manual.pdf#p3-120-480` is page 3 of manual.pdf
from character 120 up to 480, and `notes.md#0-950` the beginning of a document without pages. So a
judgment of a passage says which words were judged, and survives another length of passages.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from components.corpora.cutting import Section, cut
from components.corpora.judgments import Pair
from components.corpora.text import Row, Upload, quoted
from components.wording import agree, count, listed

NAMED: Final = 5
"""Headings that are named one by one."""
BETWEEN: Final = " \u203a "
"""What stands between the headings of a section's path."""
_PLACE = re.compile(r"(?s)(.+)#(?:p([0-9]{1,9})-)?([0-9]{1,9})-([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of a document a passage is: characters `start` up to `end`, of a page if any."""

    document: str
    start: int
    end: int
    page: int = 0

    @property
    def id(self) -> str:
        """Return the passage's id."""
        page = f"p{self.page}-" if self.page else ""
        return f"{self.document}#{page}{self.start}-{self.end}"


def place_of(identity: str) -> Place | None:
    """Return the place that a passage's id names; None for any other id."""
    match = _PLACE.fullmatch(identity)
    if match is None:
        return None
    return Place(match[1], int(match[3]), int(match[4]), int(match[2] or 0))


def passage_rows(
    file: Upload, text: str, sections: Sequence[Section], note: str = ""
) -> Iterator[Row]:
    """Yield the passages of a document without pages, the first with a note.

    What is not cut at all stays as it is, with the blank lines around it. Headings with nothing
    under them, not even another heading, are named in the note.
    """
    pieces = [
        (section, *span)
        for section in sections
        for span in cut(text, section.start, section.end, file.cutting)
    ]
    if len(pieces) < 2 and not any(section.title for section, *_ in pieces):
        pieces = [(Section(0, len(text)), 0, len(text))]
    paths = {section.path for section, *_ in pieces}
    above = {path[: match.start()] for path in paths for match in re.finditer(BETWEEN, path)}
    bare = [s.title for s in sections if s.title and not {s.path, s.title} & (paths | above)]
    if bare and (len(pieces) > 1 or any(paths)):
        names = listed([quoted(heading) for heading in bare[:NAMED]])
        more = f" and {count(len(bare) - NAMED, 'other')}" if len(bare) > NAMED else ""
        them = agree(len(bare), "it", "them")
        left_out = f"{count(len(bare), 'heading')} with nothing under {them} left out: {names}"
        note = "; ".join(filter(None, (note, left_out + more)))
    line = at = 0
    for section, start, end in pieces:
        line, at = line + text.count("\n", at, start) if start >= at else line, start
        yield passage(f"{file.name}:{line + 1}", Place(file.name, start, end), text, section, note)
        note = ""


def page_rows(file: Upload, text: str, page: int, note: str = "") -> Iterator[Row]:
    """Yield the passages of a page, the first with a note."""
    for start, end in cut(text, 0, len(text), file.cutting):
        place = Place(file.name, start, end, page)
        yield passage(f"{file.name}:page {page}", place, text, Section(0, len(text)), note)
        note = ""


def passage(where: str, place: Place, text: str, section: Section, note: str) -> Row:
    """Return one passage of a text, with its place as metadata."""
    metadata = {
        "document": place.document,
        "page": str(place.page or ""),
        "section": section.path,
        "characters": f"{place.start}-{place.end}",
    }
    fields = {
        "_id": place.id,
        "title": section.title,
        "text": text[place.start : place.end],
        "metadata": {name: value for name, value in metadata.items() if value},
    }
    return Row(where, fields, note)


# ---------------------------------------------------------------- judgments of other passages


def relocated(pairs: Sequence[Pair], passages: Collection[str]) -> tuple[Sequence[Pair], int]:
    """Return pairs with those of passages that were cut otherwise, moved; and how many were.

    That is how a judgment of `manual.pdf#p3-120-480` survives another length of passages: it
    becomes that of the passage of the same page that shares most characters with it, the first of
    several. Of judgments that become one, the highest grade counts. An id that names a place
    outside of all passages stays.
    """
    strange = {p.document: place for p in pairs
               if p.document not in passages and (place := place_of(p.document))}  # fmt: skip
    if not strange:
        return pairs, 0
    places: dict[tuple[str, int], list[Place]] = {}
    for place in filter(None, map(place_of, passages)):
        places.setdefault((place.document, place.page), []).append(place)
    moves: dict[str, str] = {}
    for identity, old in strange.items():
        others = places.get((old.document, old.page), [])
        shared = {p.id: min(p.end, old.end) - max(p.start, old.start) for p in others}
        best = max(shared, key=shared.__getitem__, default="")
        if best and shared[best] > 0:
            moves[identity] = best
    best_pairs: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        if pair.document in moves:
            pair = pair._replace(document=moves[pair.document])
            key = pair.query, pair.document
            if key not in best_pairs or best_pairs[key].value < pair.value:
                best_pairs[key] = pair
    stay = [pair for pair in pairs if pair.document not in moves]
    own = {(pair.query, pair.document) for pair in stay}
    merged = [pair for key, pair in best_pairs.items() if key not in own]
    return [*stay, *merged], sum(pair.document in moves for pair in pairs)
