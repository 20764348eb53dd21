"""What became of the files of a corpus: the import report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from components.corpora.documents import Tally
from components.corpora.formats import format_of, is_prose
from components.corpora.formats.tables import DELIMITERS, STRAY_QUOTE
from components.corpora.judgment_forms import Form
from components.corpora.judgments import Fitted, Pair
from components.corpora.layout import Parts
from components.corpora.text import BOM, Upload, quoted
from components.domain import (
    CorpusError,
    Count,
    Document,
    ImportedColumn,
    ImportedFile,
    ImportReport,
    Query,
)
from components.domain.imports import Part, Role
from components.wording import count, listed

NAMED: Final = 5
"""Ignored files, and remarks on rows, that are named one by one."""
MOST_REASONS: Final = 20
"""Documents whose reasons are told where none of them can be read."""
PLACES: Final = 20
"""Further rows whose places are named."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A corpus as it was read, file by file; `split` is the one that is asked for.

    `notes` are remarks on the rows of queries.
    """

    parts: Parts
    files: Mapping[str, Upload]
    tallies: Sequence[Tally]
    queries: Sequence[Query]
    pairs: Mapping[str, Sequence[Pair]]
    fitted: Mapping[str, Fitted]
    refused: Mapping[str, CorpusError]
    split: str
    notes: Sequence[str] = ()


def report_of(reading: Reading, documents: Sequence[Document]) -> ImportReport:
    """Return what became of every file and column, and what people should know."""
    blank = [d.id for d in documents if not d.text.strip() and not d.title.strip()]
    untexted = [d.id for d in documents if not d.text.strip() and d.title.strip()]
    texts: set[int] = set()
    twice: list[str] = []
    for document in documents:
        if (key := hash((document.title, document.text))) in texts and document.passage:
            twice.append(document.id)
        texts.add(key)
    report = ImportReport(
        files=tuple(_files(reading)),
        columns=tuple(column for tally in reading.tallies for column in _columns(tally)),
        documents=len(documents),
        invented_ids=sum(tally.invented for tally in reading.tallies),
        blank=Count(len(blank), *blank[:1]),
        untexted=Count(len(untexted), *untexted[:1]),
        duplicates=Count(len(twice), *twice[:1]),
        dangling={split: f.left_out for split, f in reading.fitted.items() if f.left_out},
    )
    warnings = (
        *_refusals(reading),
        *(warning for tally in reading.tallies for warning in _tally_warnings(tally)),
        *_row_warnings(reading.parts.queries.name if reading.parts.queries else "", reading.notes),
        *_document_warnings(report),
        *_judgment_warnings(reading),
        *_file_warnings(reading),
    )
    return replace(report, warnings=warnings)


def nothing_read(name: str, label: str, refused: Mapping[str, CorpusError]) -> CorpusError:
    """Return the error for a corpus without documents; it says why those there are were refused."""
    if not refused:
        return CorpusError(
            f"{name}: the corpus holds no documents; expected at least one.",
            "Give it a document: one JSON object a line, or one row under the header.",
        )
    reasons = [str(error.reason).rstrip(".") for error in refused.values()]
    if more := reasons[MOST_REASONS:]:
        reasons[MOST_REASONS:] = [count(len(more), "other document")]
    return CorpusError(
        f"{label}: none of {count(len(refused), 'document')} can be read: {'; '.join(reasons)}.",
        "Save them again, without passwords and with their text, or give others.",
    )


# ---------------------------------------------------------------- files and columns


def _files(reading: Reading) -> Iterator[ImportedFile]:
    """Yield what each file was read as."""
    parts, files = reading.parts, reading.files
    for tally in reading.tallies:
        yield _data_file(files[tally.file], "documents", tally.rows)
    if parts.queries:
        yield _data_file(files[parts.queries.name], "queries", len(reading.queries))
    for split, (source, form) in parts.judgments.items():
        yield ImportedFile(
            source.name,
            "judgments",
            form.describe(),
            len(reading.pairs[split]),
            _encoding(files[source.name]),
            _delimiter(form),
            "yes" if form.header else "no" if form.kind in ("table", "trec") else "",
            f"split {split}"
            + ("; queries by their text" if form.by_text else "")
            + (f"; {files[source.name].note}" if files[source.name].note else ""),
        )
    if parts.card:
        yield _data_file(files[parts.card.name], "description", 0)
    for name, reason in parts.ignored.items():
        yield ImportedFile(name, "ignored", note=reason)
    for name, error in reading.refused.items():
        entry = format_of(name)
        yield ImportedFile(
            name, "refused", entry.name if entry else "", note=str(error).removeprefix(f"{name}: ")
        )


def _data_file(file: Upload, part: Part, rows: int) -> ImportedFile:
    """Return what a file of documents, of queries or a description was read as."""
    entry = format_of(file.name)
    preview = entry.preview(file) if entry and entry.preview else None
    note = "ids of file name and passage" if is_prose(file.name) and part == "documents" else ""
    return ImportedFile(
        file.name,
        part,
        entry.name if entry else "",
        rows,
        _encoding(file),
        DELIMITERS.get(preview.delimiter, "") if preview else "",
        ("yes" if preview.named else "no") if preview else "",
        "; ".join(filter(None, (note, file.note))),
    )


def _delimiter(form: Form) -> str:
    if form.kind == "trec":
        return "white space"
    return DELIMITERS.get(form.delimiter, "white space") if form.kind == "table" else ""


def _encoding(file: Upload) -> str:
    """Return in words what a file's bytes are."""
    entry = format_of(file.name)
    if entry is not None and not entry.text:
        return "binary"
    if file.encoding or file.path:
        return file.encoding or "UTF-8"
    try:
        file.content.decode()
    except UnicodeDecodeError:
        return "as the file declares"
    return "UTF-8 with a byte order mark" if file.content.startswith(BOM) else "UTF-8"


def _columns(tally: Tally) -> Iterator[ImportedColumn]:
    """Yield what each column became; passages of prose have none of their own."""
    if is_prose(tally.file):
        return
    roles = tally.roles
    firsts: dict[str, Role] = {}
    for names, role in ((roles.ids, "id"), (roles.titles, "title"), (roles.texts, "text")):
        for name in names[:1]:
            firsts[name] = role  # type: ignore[assignment]
    for name, filled in tally.filled.items():
        role = firsts.get(name, "metadata")
        note = roles.reasons.get(name, "") if role != "metadata" else ""
        if role == "metadata" and name in (*roles.ids, *roles.titles, *roles.texts):
            note = "read in rows that lack the usual field"
        if name == tally.not_id:
            note = "no id: it does not tell the rows apart"
        yield ImportedColumn(tally.file, name, role, filled, note)


# ---------------------------------------------------------------- warnings


def _refusals(reading: Reading) -> Iterator[str]:
    """Name the documents that cannot be read."""
    for error in list(reading.refused.values())[:NAMED]:
        yield f"Not read: {error}"
    if (more := len(reading.refused) - NAMED) > 0:
        yield f"Not read: {count(more, 'more document')}, each for a reason in the import report."


def _tally_warnings(tally: Tally) -> Iterator[str]:
    """Yield what people should know of a file of documents."""
    roles = tally.roles
    if roles.guessed:
        yield (
            f"{tally.file}: no column is named like a text; {quoted(roles.guessed)} is read as the "
            f"text, since it {roles.reasons[roles.guessed]}."
        )
    if tally.invented:
        why = f": {tally.no_id.rstrip('.')}" if tally.no_id else ""
        yield (
            f"{tally.file}: {tally.invented:,} of {count(tally.rows, 'document')} "
            f"{'has' if tally.invented == 1 else 'have'} no id of their own{why}. Made ids are "
            "like doc-1."
        )
    yield from _row_warnings(tally.file, tally.notes)
    if tally.unkept:
        yield (
            f"{tally.unkept}: there is no room for more metadata in one upload; from here on only "
            "id, title and text are kept."
        )


def _row_warnings(file: str, notes: Sequence[str]) -> Iterator[str]:
    """Yield what is to be said of rows, those first that may have swallowed others."""
    notes = sorted(notes, key=lambda note: STRAY_QUOTE not in note)
    yield from (f"{note}." for note in notes[:NAMED])
    if len(notes) > NAMED:
        places = [note.partition(": ")[0] for note in notes[NAMED : NAMED + PLACES]]
        more = ", ..." if len(notes) > NAMED + PLACES else ""
        rows = count(len(notes) - NAMED, "more such row")
        yield f"{file}: {rows}, at {', '.join(places)}{more}."


def _document_warnings(report: ImportReport) -> Iterator[str]:
    """Yield what people should know of the documents."""
    for counted, what in (
        (report.blank, "neither title nor text"),
        (report.untexted, "a title alone"),
        (report.duplicates, "the title and text of an earlier one"),
    ):
        if counted:
            verb = "has" if counted.number == 1 else "have"
            yield (
                f"{count(counted.number, 'document')} {verb} {what}: for example "
                f"{quoted(counted.example)}."
            )


def _judgment_warnings(reading: Reading) -> Iterator[str]:
    """Yield what people should know of judgments."""
    for split, fitted in reading.fitted.items():
        if fitted.left_out:
            number, n_pairs = fitted.left_out.number, len(reading.pairs[split])
            yield (
                f"{number:,} of {count(n_pairs, 'judgment')} of split {split} left out: the query "
                f"or document is not in the corpus; for example {fitted.left_out.example}."
            )
        if fitted.moved:
            yield (
                f"Split {split}: {count(fitted.moved, 'judgment')} of passages that were cut "
                "otherwise moved to those that share most characters with them."
            )
    if reading.fitted and reading.split not in reading.fitted:
        splits = listed(list(reading.fitted))
        first = next(iter(reading.fitted))
        yield (
            f"There are no judgments called {reading.split}; there are {splits} (on the command "
            f"line: --split {first})."
        )
    if reading.parts.queries is None and reading.queries:
        yield (
            f"There is no file of queries: {count(len(reading.queries), 'query')} made of the "
            "texts that the judgments name."
        )


def _file_warnings(reading: Reading) -> Iterator[str]:
    """Name the files whose encoding is a guess, and those that are not read."""
    for file in reading.files.values():
        if file.note:
            yield f"{file.name}: read as {file.encoding}: {file.note}."
    ignored = [
        f"{quoted(name)} ({why})"
        for name, why in reading.parts.ignored.items()
        if not why.startswith("hidden")
    ]
    if ignored:
        more = f" and {count(len(ignored) - NAMED, 'other')}" if len(ignored) > NAMED else ""
        yield f"Not read: {', '.join(ignored[:NAMED])}{more}."
