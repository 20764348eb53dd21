"""What became of the files of an upload: one record that page and command line show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Part = Literal["documents", "queries", "judgments", "description", "ignored", "refused"]
Role = Literal["id", "title", "text", "metadata", "query", "document", "grade", "ignored"]


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file: what it was read as, its rows, and how; `note` says why it was ignored or refused."""

    name: str
    part: Part
    format: str = ""
    rows: int = 0
    encoding: str = ""
    delimiter: str = ""
    header: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImportedColumn:
    """A column or field of a file: what it became, in how many rows it is filled, and why."""

    file: str
    name: str
    role: Role
    filled: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many documents or judgments something is true of, and one of them as an example."""

    number: int = 0
    example: str = ""

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return self.number > 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What every file and column became, and what people should know before they go on.

    `invented_ids` are documents without an id of their own, `blank` those with neither title nor
    text, `untexted` those with a title alone, `duplicates` those with the title and text of an
    earlier one. `dangling` are judgments, by split, that were left out because their query or
    document is not there. `warnings` are complete sentences.
    """

    files: tuple[ImportedFile, ...] = ()
    columns: tuple[ImportedColumn, ...] = ()
    documents: int = 0
    invented_ids: int = 0
    blank: Count = Count()
    untexted: Count = Count()
    duplicates: Count = Count()
    dangling: Mapping[str, Count] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
