"""The import report on the command line: lines on standard error, and fields of `--json`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.text import Text

from components.cli.shared import err
from components.corpora import sample_names
from components.domain import Corpus, ImportedFile, ImportReport, LazyDocuments
from components.wording import count, listed

MOST_FILES = 10
"""Files that are told one by one."""
MOST_COLUMNS = 12
"""Columns of metadata that are told by name."""
_NOUNS = {"documents": "document", "queries": "query", "judgments": "judgment"}


def tell_import(corpus: Corpus) -> None:
    """Print what became of a corpus's files; nothing of samples and of what was read long ago."""
    if corpus.name not in sample_names() and not isinstance(corpus.documents, LazyDocuments):
        tell_report(corpus.report)


def tell_report(report: ImportReport) -> None:
    """Print what became of files."""
    for line in (*import_lines(report), *report.warnings):
        err.print(Text(line), soft_wrap=True)


def import_lines(report: ImportReport) -> Iterator[str]:
    """Yield a line for each file that was read, with what its columns became."""
    read = [file for file in report.files if file.part not in ("ignored", "refused")]
    for file in read[:MOST_FILES]:
        details = [file.format, file.encoding]
        details += [f"parted by {file.delimiter}"] if file.delimiter else []
        details += ["no header"] if file.header == "no" else []
        details += [file.note] if file.note else []
        noun = _NOUNS.get(file.part)
        rows = count(file.rows, noun) if noun and file.rows else file.part
        columns = _columns(report, file)
        yield (
            f"{file.name}: {rows} ({', '.join(filter(None, details))})"
            f"{'; ' if columns else ''}{columns}"
        )
    if len(read) > MOST_FILES:
        yield f"… and {count(len(read) - MOST_FILES, 'more file')}"


def _columns(report: ImportReport, file: ImportedFile) -> str:
    """Return in words what a file's columns became."""
    columns = [column for column in report.columns if column.file == file.name]
    roles = [
        f"{column.name} is the {column.role}" + (f" ({column.note})" if column.note else "")
        for column in columns
        if column.role != "metadata"
    ]
    others = [column.name for column in columns if column.role == "metadata"]
    if others:
        more = len(others) - MOST_COLUMNS
        names = others[:MOST_COLUMNS] + ([count(more, "other")] if more > 0 else [])
        roles.append(f"metadata: {listed(names)}")
    return "; ".join(roles)


def import_fields(corpus: Corpus) -> dict[str, Any]:
    """Return the import report as one JSON object."""
    return asdict(corpus.report)
