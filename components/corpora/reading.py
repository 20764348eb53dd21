"""Corpora: every line is checked, and an error names the file, the line and what to do.

    folder, file or uploads -> parts -> rows -> documents, queries, judgments -> Corpus

`layout` tells which file is what, `formats` reads documents, `records` says what a field may hold,
`judgments` reads qrels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path, PurePosixPath

from components.corpora.archives import unzip
from components.corpora.formats import Columns, TablePreview, by_ending, format_of, formats
from components.corpora.formats.jsonl import json_rows
from components.corpora.judgments import check_judgments, judgments_of, read_pairs
from components.corpora.layout import CORPUS, TEST, Parts, check_split, folder_parts, upload_parts
from components.corpora.limits import (
    MAX_BRACKETS,
    MAX_BYTES,
    MAX_FILES,
    MAX_LINE,
    MAX_LINES,
    UPLOAD,
    Meter,
)
from components.corpora.records import documents_from, numbered_documents, queries_from, text_of
from components.corpora.text import (
    Upload,
    decode,
    lines,
    load,
    printable,
    quoted,
    raw_lines,
)
from components.domain import Corpus, CorpusError, Document, InputError, Progress, no_progress
from components.wording import count, listed

SAMPLES: Path = Path(__file__).resolve().parent.parent.parent / "sample_data"
ZIP = ".zip"


# ---------------------------------------------------------------- opening


def sample_names() -> tuple[str, ...]:
    """Return the names of the corpora that come with the project, helpdesk first."""
    names = (path.parent.name for path in SAMPLES.glob(f"*/{CORPUS}") if path.is_file())
    return tuple(sorted(names, key=lambda name: (name != "helpdesk", name)))


def open_corpus(source: str, split: str = TEST, *, keep_blank: bool = False) -> Corpus:
    """Read a sample by its name, a BEIR folder by its path, or a file as if it were uploaded.

    `keep_blank` admits documents without text in a folder. Raises `InputError` where there is
    neither a sample, a folder nor a file, or for a file with an ending that is not read.
    """
    if source in sample_names():
        return read_folder(SAMPLES / source, split=split)
    try:
        path = Path(source).expanduser()
        is_folder, is_file = bool(source) and path.is_dir(), path.is_file()
    except (OSError, ValueError, RuntimeError):
        is_folder = is_file = False
    if is_folder:
        return read_folder(path, split=split, keep_blank=keep_blank)
    if is_file:
        return read_file(path, split)
    raise InputError(
        f"{quoted(source)} is neither a sample nor a folder.",
        f"Samples: {', '.join(sample_names()) or 'none'}. The path of a folder that holds a "
        f"{CORPUS} works too, and so does that of a file ({listed(upload_endings(), 'or')}).",
    )


def read_folder(
    folder: Path, name: str | None = None, split: str = TEST, *, keep_blank: bool = False
) -> Corpus:
    """Read a BEIR folder; `keep_blank` admits documents without text, as Cranfield has them."""
    parts = folder_parts(folder, split)
    rows = json_rows(parts.corpus[0])
    documents = documents_from(rows, keep_blank=keep_blank)
    return _assemble(name or printable(folder.resolve().name), documents, parts, Meter())


def read_file(path: Path, split: str = TEST) -> Corpus:
    """Read a file as the Corpus page reads an upload; of a zip, take the judgments of one split.

    Without judgments called `test`, none are taken by that name, as in a folder.
    """
    if path.suffix.lower() not in upload_endings():
        raise InputError(
            f"{quoted(str(path))}: a file with this ending is not read as a corpus.",
            f"Give a folder, or a file that ends in {listed(upload_endings(), 'or')}.",
        )
    _check_amount(1, int(path.suffix.lower() == ZIP), path.stat().st_size)  # before it is read
    corpus = read_uploads([load(path, path.name)])
    check_split(split, corpus.splits)
    return corpus.with_split(split) if split in corpus.splits else replace(corpus, judgments={})


def read_uploads(
    uploads: Sequence[Upload],
    name: str = "",
    columns: Columns | None = None,
    progress: Progress = no_progress,
) -> Corpus:
    """Read one zip, one file of any format, or any number of files of prose.

    A corpus may come with queries.jsonl, card.md, and a TSV of judgments for each split. Documents
    without an id get one: `doc-1`, or `notes.md#1` in prose. `progress` is told of the rows that
    are read and the lines there are, and may raise `Cancelled`. Raises `CorpusError` for more than
    an upload may hold (`limits`).
    """
    zips = sum(upload.suffix == ZIP for upload in uploads)
    _check_amount(len(uploads), zips, sum(len(upload.content) for upload in uploads))
    meter = Meter(UPLOAD, progress)
    files = [Upload(printable(upload.name), upload.content, meter.check) for upload in uploads]
    files = unzip(files[0]) if zips else files
    meter.total = _check_lines(files)
    parts = upload_parts(files)
    _check_formats(parts.corpus)
    tables = (by_ending()[file.suffix].rows(file, columns) for file in parts.corpus)
    documents = numbered_documents(chain.from_iterable(tables), meter)
    only = printable(PurePosixPath(uploads[0].name).stem) if len(uploads) == 1 else ""
    return _assemble(name or only or "upload", documents, parts, meter)


def _assemble(name: str, documents: Sequence[Document], parts: Parts, meter: Meter) -> Corpus:
    """Join documents with the files beside them; judgments must be of what is there.

    Of several splits, `test` is the one that is looked at first.
    """
    if not documents:
        raise CorpusError(
            f"{name}: the corpus holds no documents; expected at least one.",
            "Give it a document: one JSON object a line, or one row under the header.",
        )
    queries = queries_from(json_rows(parts.queries), meter) if parts.queries else ()
    splits = {split: read_pairs(file, "score", meter) for split, file in parts.qrels.items()}
    document_ids, query_ids = {d.id for d in documents}, {q.id for q in queries}
    for pairs in splits.values():
        check_judgments(pairs, document_ids, query_ids)
    judged = {split: judgments_of(pairs) for split, pairs in splits.items()}
    return Corpus(
        name=name,
        documents=tuple(documents),
        queries=queries,
        judgments=judged.get(TEST) or next(iter(judged.values()), {}),
        fingerprint=fingerprint(meter.checked(documents)),
        card=_card(parts.card, meter) if parts.card else "",
        splits=judged,
    )


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


# ---------------------------------------------------------------- files


def upload_endings() -> tuple[str, ...]:
    """Return the endings of the files that can be uploaded or opened, with their dots."""
    return (ZIP, *by_ending())


def describe_formats() -> str:
    """Return the names of the formats: JSONL, CSV, TSV, Markdown or text."""
    return listed([entry.name for entry in formats()], "or")


def preview_columns(upload: Upload) -> TablePreview | None:
    """Return the columns and first rows of a table; None for a file that has no columns."""
    entry = format_of(upload.name)
    if entry is None or entry.preview is None:
        return None
    _check_lines([upload])
    return entry.preview(upload)


def read_texts(path: Path) -> tuple[str, ...]:
    """Read texts to rerank: JSON lines with a field `text`, or one text a line."""
    file = load(path)
    rows = [line.strip() for _, line in lines(file)]
    if not rows:
        raise CorpusError(f"{file.name}: the file holds no text.", "Give it one document a line.")
    if not rows[0].startswith("{"):
        return tuple(rows)
    return tuple(text_of(row) for row in json_rows(file))


def _check_amount(files: int, zips: int, size: int) -> None:
    """Raise `CorpusError` for too many files or bytes, or for a zip that is not alone."""
    if not 1 <= files <= MAX_FILES or size > MAX_BYTES or (zips and files > 1):
        raise CorpusError(
            f"Upload: expected one zip, or 1 to {MAX_FILES} other files, of at most "
            f"{MAX_BYTES} bytes; found {count(files, 'file')}, {zips} of them zips, of "
            f"{count(size, 'byte')}.",
            "Choose fewer or smaller files.",
        )


def _check_lines(files: Sequence[Upload]) -> int:
    """Return how many lines files have; raise `CorpusError` for too many or one too long."""
    total = sum(file.content.count(b"\n") + file.content.count(b"\r") for file in files)
    total -= sum(file.content.count(b"\r\n") for file in files)
    if total > MAX_LINES:
        raise CorpusError(
            f"Upload: expected at most {MAX_LINES:,} lines in all, blank ones included; found "
            f"{total:,}.",
            "Delete blank lines, or upload fewer documents.",
        )
    for file in files:
        for number, line in enumerate(raw_lines(file), 1):
            if len(line) > MAX_LINE:
                raise CorpusError(
                    f"{file.name}:{number}: the line has {count(len(line), 'byte')}; expected "
                    f"at most "
                    f"{MAX_LINE:,}.",
                    "Break the line, or check that the file is of the kind that its ending says.",
                )
            if len(line) <= MAX_BRACKETS or file.suffix != ".jsonl":
                continue
            if (brackets := line.count(b"{") + line.count(b"[")) > MAX_BRACKETS:
                raise CorpusError(
                    f"{file.name}:{number}: the line has "
                    f"{count(brackets, 'list or object', 'lists and objects')}; expected "
                    f"at most {MAX_BRACKETS:,}.",
                    "Leave fields out that are neither id, title, text nor metadata.",
                )
    return total + len(files)


def _check_formats(files: Sequence[Upload]) -> None:
    """Raise `CorpusError` for more bytes or lines than may be of one format."""
    for entry in formats():
        contents = [file.content for file in files if format_of(file.name) is entry]
        size, n_lines = sum(map(len, contents)), sum(c.count(b"\n") for c in contents)
        if size > entry.max_bytes or n_lines > entry.max_lines:
            raise CorpusError(
                f"Upload: expected at most {entry.max_bytes:,} bytes and {entry.max_lines:,} lines "
                f"of {entry.name}; found {count(size, 'byte')} and {count(n_lines, 'line')}.",
                "Upload fewer files, or the documents as JSONL, one object a line.",
            )
