"""One reader for page and command line: every line is checked, and nothing is lost in silence.

    folder, file, zip or uploads -> sources -> parts -> rows -> documents, queries, judgments

`layout` tells which file is what, `formats` reads documents, `columns` finds id, title and text,
`records` says what a field may hold, `judgments` reads qrels, and `reports` says what became of
it all.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from components.corpora.amounts import check_amount, check_formats, check_lines, number_of_lines
from components.corpora.archives import Zip
from components.corpora.columns import SAMPLE_ROWS, preview_of
from components.corpora.cutting import USUAL, Cutting
from components.corpora.documents import DocumentReader
from components.corpora.encodings import as_utf8, recoded
from components.corpora.formats import (
    Columns,
    TablePreview,
    by_ending,
    format_of,
    formats,
    is_prose,
)
from components.corpora.gz import GZ, bare_name, gunzip, unpacking
from components.corpora.judgment_forms import ENDINGS, Form
from components.corpora.judgments import (
    Fitted,
    Pair,
    fit,
    named_queries,
    queries_of,
    read_pairs,
    renamed,
)
from components.corpora.layout import TEST, Parts, Source, parts_of
from components.corpora.limits import MAX_BYTES, UPLOAD, Meter, TooMuchError
from components.corpora.passages import relocated
from components.corpora.records import queries_from
from components.corpora.reports import Reading, nothing_read, report_of
from components.corpora.text import HEAD, Row, Upload, decode, printable
from components.domain import (
    Corpus,
    CorpusError,
    Document,
    DocumentSink,
    Progress,
    Query,
    no_progress,
)
from components.wording import count, listed

ZIP = ".zip"


def read_uploads(
    uploads: Sequence[Upload],
    name: str = "",
    columns: Columns | None = None,
    progress: Progress = no_progress,
    split: str = TEST,
) -> Corpus:
    """Read one zip, one file of any format, any number of files of prose, or a folder of these.

    The files of a folder are named by their paths from the folder on, as browsers do. A corpus may
    come with queries, card.md, and judgments in any usual form. Documents without an id get one:
    `doc-1`, or `notes.md#0-950` in prose, which is cut as the first upload says. `progress` is told
    of what is read and of how much there is, and may raise `Cancelled`.
    Raises `CorpusError` for more than an upload may hold (`limits`).
    """
    folders = {name.partition("/")[0] if "/" in name else "" for name in (u.name for u in uploads)}
    folder = folders.pop() if len(folders) == 1 else ""
    zips = 0 if folder else sum(upload.suffix == ZIP for upload in uploads)
    check_amount(len(uploads), zips, sum(len(upload.content) for upload in uploads))
    meter = Meter(UPLOAD, progress)
    files = [
        Upload(printable(upload.name.removeprefix(f"{folder}/")), upload.content, meter.check)
        for upload in uploads
    ]
    files.sort(key=lambda file: PurePosixPath(file.name))  # browsers hand them on in any order
    only = PurePosixPath(bare_name(files[0].name)).stem if len(uploads) == 1 else ""
    label = files[0].name if zips else printable(folder) or "Upload"
    sources = Zip(files[0]).sources() if zips else list(map(source_of, files))
    title = name or printable(folder) or only or "upload"
    return read_sources(title, label, sources, meter, columns, uploads[0].cutting, split)


def source_of(file: Upload) -> Source:
    """Return a file that is in memory as one that may be read."""
    return Source(file.name, file.content[:HEAD], lambda: file)


def read_sources(
    name: str,
    label: str,
    sources: Sequence[Source],
    meter: Meter,
    columns: Columns | None = None,
    cutting: Cutting = USUAL,
    split: str = TEST,
    sink: DocumentSink | None = None,
) -> Corpus:
    """Read a corpus of this name from files, which errors call `label`, within the meter's limits.

    Of several splits, `split` is the one that is looked at first. A `sink` takes the documents of a
    corpus of one file, which then are not in memory.
    """
    limited = meter.limits is UPLOAD
    unpacked = unpacking(sources, MAX_BYTES if limited else sys.maxsize)
    parts = parts_of(label, recoded(unpacked))
    files, refused = _loaded(parts, cutting)
    documents = [files[source.name] for source in parts.corpus if source.name in files]
    texts = [file for file in files.values() if b"\0" not in file.content[:HEAD]]
    meter.total = number_of_lines(texts)
    if limited:
        check_lines(texts)
        check_formats(documents)
    prose = next((file.name for file in documents if is_prose(file.name)), "")
    if columns and prose:
        raise CorpusError(
            f"{prose}: prose has no columns to choose from.",
            "Choose columns of a table, of JSON or JSONL alone.",
        )
    reader = DocumentReader(meter, sink if len(documents) == 1 else None)
    for number, file in enumerate(documents):
        meter.begin(number, len(documents))
        before = len(reader)
        try:
            reader.read(file.name, by_ending()[file.suffix].rows(file, columns), columns)
        except CorpusError as error:
            _refuse(file.name, error, parts, refused)
            reader.forget(file.name, before)
    refused = dict(sorted(refused.items()))
    if not len(reader):
        raise nothing_read(name, label, refused)
    return _assembled(name, parts, files, reader, meter, refused, split)


def _loaded(parts: Parts, cutting: Cutting) -> tuple[dict[str, Upload], dict[str, CorpusError]]:
    """Return the files that are wanted, and why some of several documents cannot be had."""
    wanted = [*parts.corpus, *(s for s in (parts.queries, parts.card) if s)]
    wanted += [source for source, _ in parts.judgments.values()]
    files: dict[str, Upload] = {}
    refused: dict[str, CorpusError] = {}
    for source in wanted:
        try:
            files[source.name] = replace(source.load(), name=source.name, cutting=cutting)
        except CorpusError as error:
            _refuse(source.name, error, parts, refused)
    return files, refused


def _refuse(name: str, error: CorpusError, parts: Parts, refused: dict[str, CorpusError]) -> None:
    """Remember why one of several documents cannot be read; raise the error of any other file.

    Where there is too much, no document is at fault.
    """
    documents = [source.name for source in parts.corpus]
    if isinstance(error, TooMuchError) or len(documents) < 2 or name not in documents:
        raise error
    refused[name] = error


def _assembled(
    name: str,
    parts: Parts,
    files: Mapping[str, Upload],
    reader: DocumentReader,
    meter: Meter,
    refused: Mapping[str, CorpusError],
    split: str,
) -> Corpus:
    """Join documents with the files beside them; judgments of what is not there are left out."""
    documents = reader.all()
    notes: list[str] = []
    queries = _queries(parts, files, meter, notes)
    pairs = {
        split: read_pairs(files[source.name], form, meter)
        for split, (source, form) in parts.judgments.items()
    }
    if not queries and any(form.by_text for _, form in parts.judgments.values()):
        by_text = (split for split, (_, form) in parts.judgments.items() if form.by_text)
        queries = queries_of(pair for split in by_text for pair in pairs[split])
    fitted = {
        split: _fitted(pairs[split], form, documents, queries)
        for split, (_, form) in parts.judgments.items()
    }
    judged = {split: entry.judgments for split, entry in fitted.items()}
    dangling = {split: entry.dangling for split, entry in fitted.items() if entry.dangling}
    reading = Reading(parts, files, reader.tallies, queries, pairs, fitted, refused, split, notes)
    return Corpus(
        name=name,
        documents=documents,
        queries=queries,
        judgments=judged.get(split) or next(iter(judged.values()), {}),
        fingerprint=fingerprint(meter.checked(documents)),
        card=_card(files[parts.card.name], meter) if parts.card else "",
        splits=judged,
        dangling=dangling,
        unasked={split: entry.unasked for split, entry in fitted.items() if entry.unasked},
        report=report_of(reading, documents),
    )


def _queries(
    parts: Parts, files: Mapping[str, Upload], meter: Meter, notes: list[str]
) -> tuple[Query, ...]:
    """Return the queries, which any format may hold but prose; remarks on rows join the notes."""
    if parts.queries is None:
        return ()
    file = files[parts.queries.name]

    def noted(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            if row.note:
                notes.append(f"{row.where}: {row.note}")
            yield row

    return queries_from(noted(by_ending()[file.suffix].rows(file, None)), meter)


def _fitted(
    pairs: Sequence[Pair], form: Form, documents: Sequence[Document], queries: Sequence[Query]
) -> Fitted:
    """Return a split's judgments of these documents and queries."""
    ids = Corpus("", documents).by_id.keys()
    named = renamed(pairs, form, named_queries(pairs, form, queries), ids)
    placed, moved = relocated(named, ids)
    return replace(fit(placed, ids, {query.id for query in queries}), moved=moved)


def _card(file: Upload, meter: Meter) -> str:
    """Return a card's text."""
    text = decode(file)
    if len(text) > meter.limits.card:
        raise CorpusError(
            f"{file.name}: the card has {count(len(text), 'character')}; expected at most "
            f"{meter.limits.card:,}.",
            "Shorten the card; it is shown whole.",
        )
    return text


def fingerprint(documents: Iterable[Document]) -> str:
    """Return the SHA-256, in hex, of one JSON list of id, title and text for each document."""
    digest = hashlib.sha256()
    for document in documents:
        digest.update(json.dumps([document.id, document.title, document.text]).encode() + b"\n")
    return digest.hexdigest()


# ---------------------------------------------------------------- formats


def upload_endings() -> tuple[str, ...]:
    """Return the endings of the files that can be uploaded or opened, with their dots."""
    return (ZIP, *by_ending(), GZ)


def member_endings() -> tuple[str, ...]:
    """Return the endings of the files that an upload may hold, those of judgments too."""
    return tuple(dict.fromkeys((*upload_endings(), *ENDINGS, ".run")))


def describe_formats() -> str:
    """Return the names of the formats: JSONL, CSV, TSV, Markdown or text."""
    return listed([entry.name for entry in formats()], "or")


def preview_columns(upload: Upload) -> TablePreview | None:
    """Return the columns and first rows of a file; None for prose and what has no columns.

    Raises `CorpusError` for a table that cannot be read.
    """
    entry = format_of(bare_name(upload.name))
    if entry is None or entry.prose:
        return None
    upload = gunzip(upload) if bare_name(upload.name) != upload.name else upload
    upload = as_utf8(upload) if entry.text else upload
    check_lines([upload])
    if entry.preview is not None:
        return entry.preview(upload)
    with suppress(CorpusError):  # it is told with its place when the file is read
        rows = list(islice(entry.rows(upload, None), SAMPLE_ROWS))
        return preview_of(upload.name, rows) if rows else None
    return None
