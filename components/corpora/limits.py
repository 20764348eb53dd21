"""How much one upload may hold, and the meter that counts it while it is read.

An upload of any kind within these limits is read or refused within 20 s and 1 GB of memory;
`python -m tests.support.upload_benchmark` measures it. A BEIR folder that the command line or
Python reads has none of them: whoever started the program gave it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from components.domain import CorpusError, Progress, no_progress

if TYPE_CHECKING:
    from components.corpora.text import Row

MAX_BYTES: Final = 50 * 1024 * 1024
"""The most that an upload, a zip's contents or another file from outside may hold."""

MAX_SIZE: Final = f"{MAX_BYTES // 1024**2} MB"
"""`MAX_BYTES` in words."""

MAX_FILES: Final = 2_000
"""The most files in one upload or zip."""

MAX_LINES: Final = 2_000_000
"""Lines of an upload, blank ones too: a blank line takes as long as 100 bytes of text."""

MAX_LINE: Final = 10 * 1024 * 1024
"""Bytes of a line: the values of a line of JSON are in memory all at once."""

MAX_BRACKETS: Final = 250_000
"""Opening brackets and braces in a line of JSON: each list or object takes up to 250 bytes."""

MAX_ROWS: Final = 500_000
"""Documents, queries and judgments of an upload together: each takes about a kilobyte."""

MAX_VALUES: Final = 1_000_000
"""Values in the metadata of an upload: each takes up to 250 bytes."""

MAX_TEXT: Final = 1_000_000
"""Characters of a document: models read the first few thousand, pages draw texts whole."""

MAX_CARD: Final = 100_000
"""Characters of a card, which the Corpus page shows whole."""

MAX_MARKDOWN: Final = 10 * 1024 * 1024
"""Bytes of Markdown in an upload: its parser takes a hundred times as long as that of text."""

MAX_MARKDOWN_LINES: Final = 200_000
"""Lines of Markdown in an upload: the parser keeps about 2 KB for each."""

PROGRESS_ROWS: Final = 1_000
"""Rows between two reports of progress."""


T = TypeVar("T")


class TooMuchError(CorpusError):
    """There is more than one upload may hold: it is refused whole, whichever file is the last."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """The limits that count while rows are read; without arguments there are none."""

    rows: int = sys.maxsize
    values: int = sys.maxsize
    text: int = sys.maxsize
    card: int = sys.maxsize


UPLOAD: Final = ReadingLimits(MAX_ROWS, MAX_VALUES, MAX_TEXT, MAX_CARD)
"""The limits of an upload, and of a file that the command line reads like one."""


class Meter:
    """Counts the rows and values of one reading, and reports progress as it goes.

    Progress is told in rows, in the parts of the only file, such as pages, or in documents.
    """

    def __init__(
        self, limits: ReadingLimits | None = None, progress: Progress = no_progress
    ) -> None:
        """Count against limits, if there are any; `total` is the most rows to expect."""
        self.limits = limits or ReadingLimits()
        self.total = 0
        self._progress = progress
        self._rows = self._values = 0
        self._documents = (0, 1)

    def count_row(self, where: str) -> None:
        """Count a document, query or judgment; raise `TooMuchError` beyond the limit."""
        self._rows += 1
        if self._rows > self.limits.rows:
            raise TooMuchError(
                f"{where}: expected at most {self.limits.rows:,} documents, queries and judgments "
                "in one upload; found more.",
                "Upload fewer, or open a folder on the command line, which has no such limit.",
            )
        if self._rows % PROGRESS_ROWS == 0:
            self.check()

    def begin(self, document: int, of: int) -> None:
        """Report progress in documents, if there are several: so many have been read."""
        self._documents = (document, of)
        if of > 1:
            self.check()

    def check(self, done: int = 0, total: int = 0) -> None:
        """Report what was read so far, `done` of `total` parts of a file; may raise `Cancelled`."""
        if self._documents[1] > 1:
            self._progress(*self._documents)
            return
        done = max(done, self._rows)
        self.total = max(self.total, total, done)
        self._progress(done, self.total)

    def checked(self, items: Iterable[T]) -> Iterator[T]:
        """Yield what is no longer counted, and check now and then."""
        for number, item in enumerate(items, 1):
            if number % PROGRESS_ROWS == 0:
                self.check()
            yield item

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows and count them."""
        for row in rows:
            self.count_row(row.where)
            yield row

    def has_room(self, number: int) -> bool:
        """Count values of metadata if they are within the limit; return whether they are."""
        if self._values + number > self.limits.values:
            return False
        self._values += number
        return True

    def count_values(self, where: str, number: int) -> None:
        """Count values of metadata; raise `TooMuchError` beyond the limit."""
        self._values += number
        if self._values > self.limits.values:
            raise TooMuchError(
                f"{where}: expected at most {self.limits.values:,} values of metadata in one "
                "upload; found more.",
                "Leave metadata out that nobody reads.",
            )
