"""What else a file says of a document, in one line: the page of a passage, or its first fields."""

from __future__ import annotations

from itertools import islice
from pathlib import PurePosixPath
from typing import Final

from components.corpora.passages import place_of
from components.domain import Document
from components.wording import shortened

NAME: Final = 40
"""Characters of a file's name, of a field's name or of its value."""
FIELDS: Final = 4
"""Fields of a row that stand in the line."""


def detail_line(document: Document) -> str:
    """Return where a passage of prose stands, or the first other fields of a row; often nothing.

    For example `handbook.pdf, page 3` or `year 2020, product desktop`.
    """
    place = place_of(document.id)
    if place and document.metadata.get("document") == place.document:
        section = document.metadata.get("section", "")
        where = f"characters {place.start:,} to {place.end:,}"
        if place.page:
            where = f"page {place.page}"
        elif section and section != document.title:
            where = section
        parts = [PurePosixPath(place.document).name, where]
    else:
        filled = ((name, value) for name, value in document.details if value.strip())
        parts = [
            f"{shortened(name, NAME)} {shortened(value, NAME)}"
            for name, value in islice(filled, FIELDS)
        ]
    return ", ".join(shortened(" ".join(part.split()), 2 * NAME) for part in parts)
