"""How much there is to read, checked against the limits of an upload before it is read."""

from __future__ import annotations

from collections.abc import Sequence

from components.corpora.formats import format_of, formats
from components.corpora.limits import MAX_BRACKETS, MAX_BYTES, MAX_FILES, MAX_LINE, MAX_LINES
from components.corpora.text import Upload, raw_lines
from components.domain import CorpusError
from components.wording import count


def check_amount(files: int, zips: int, size: int) -> None:
    """Raise `CorpusError` for too many files or bytes, or for a zip that is not alone."""
    if not 1 <= files <= MAX_FILES or size > MAX_BYTES or (zips and files > 1):
        raise CorpusError(
            f"Upload: expected one zip, or 1 to {MAX_FILES} other files, of at most "
            f"{MAX_BYTES} bytes; found {count(files, 'file')}, {zips} of them zips, of "
            f"{count(size, 'byte')}.",
            "Choose fewer or smaller files.",
        )


def number_of_lines(files: Sequence[Upload]) -> int:
    """Return how many lines files have, as their ends tell; binary files have none."""
    files = _with_lines(files)
    contents = [file.content for file in files if file.path is None]
    total = sum(content.count(b"\n") + content.count(b"\r") for content in contents)
    streamed = [file for file in files if file.path]
    total += sum(sum(1 for _ in raw_lines(file)) for file in streamed)
    return total - sum(content.count(b"\r\n") for content in contents)


def _with_lines(files: Sequence[Upload]) -> list[Upload]:
    return [file for file in files if (entry := format_of(file.name)) is None or entry.lines]


def check_lines(files: Sequence[Upload]) -> None:
    """Raise `CorpusError` for too many lines or one too long."""
    files = _with_lines(files)
    if (total := number_of_lines(files)) > MAX_LINES:
        raise CorpusError(
            f"Upload: expected at most {MAX_LINES:,} lines in all, blank ones included; found "
            f"{total:,}.",
            "Delete blank lines, or upload fewer documents.",
        )
    for file in files:
        for number, line in enumerate(raw_lines(file), 1):
            if len(line) > MAX_LINE:
                raise CorpusError(
                    f"{file.name}:{number}: the line has {count(len(line), 'byte')}; expected at "
                    f"most {MAX_LINE:,}.",
                    "Break the line, or check that the file is of the kind that its ending says.",
                )
            if len(line) <= MAX_BRACKETS or file.suffix not in (".jsonl", ".json"):
                continue
            if (brackets := line.count(b"{") + line.count(b"[")) > MAX_BRACKETS:
                raise CorpusError(
                    f"{file.name}:{number}: the line has "
                    f"{count(brackets, 'list or object', 'lists and objects')}; expected at most "
                    f"{MAX_BRACKETS:,}.",
                    "Leave fields out that are neither id, title, text nor metadata.",
                )


def check_formats(files: Sequence[Upload]) -> None:
    """Raise `CorpusError` for more bytes or lines than may be of one format."""
    for entry in formats():
        contents = [file.content for file in files if format_of(file.name) is entry]
        size = sum(map(len, contents))
        n_lines = sum(c.count(b"\n") for c in contents) if entry.lines else 0
        if size > entry.max_bytes or n_lines > entry.max_lines:
            raise CorpusError(
                f"Upload: expected at most {entry.max_bytes:,} bytes and {entry.max_lines:,} lines "
                f"of {entry.name}; found {count(size, 'byte')} and {count(n_lines, 'line')}.",
                "Upload fewer files, or the documents as JSONL, one object a line.",
            )
