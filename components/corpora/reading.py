"""Corpora: every line is checked, and an error names the file, the line and what to do.

    folder or uploads -> files -> rows -> documents, queries, judgments -> Corpus

The layout is BEIR's: corpus.jsonl, queries.jsonl, qrels/test.tsv and a card.md in plain words.
`uploads` knows the other formats, `rows` what a field may hold, `qrels` the judgments.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from components.corpora.archives import unzip
from components.corpora.judgments import (
    Coverage,
    Pair,
    check_judgments,
    coverage,
    is_header,
    judgments_of,
    read_candidates,
    read_pairs,
    read_qrels,
)
from components.corpora.prose import prose_rows
from components.corpora.records import ID_KEYS, documents_from, queries_from, text_of
from components.corpora.tables import Columns, CsvPreview, preview_csv, table_rows
from components.corpora.text import (
    MAX_BYTES,
    MAX_FILES,
    PROSE,
    Row,
    Upload,
    decode,
    json_rows,
    lines,
    load,
    printable,
    quoted,
)
from components.domain import Corpus, CorpusError, Document, InputError

__all__ = [
    "MAX_BYTES",
    "MAX_FILES",
    "SAMPLES",
    "Columns",
    "Coverage",
    "CsvPreview",
    "Pair",
    "Upload",
    "assemble",
    "check_judgments",
    "coverage",
    "fingerprint",
    "open_corpus",
    "preview_csv",
    "read_candidates",
    "read_folder",
    "read_qrels",
    "read_texts",
    "read_uploads",
    "sample_names",
]
SAMPLES: Path = Path(__file__).resolve().parent.parent.parent / "sample_data"


# ---------------------------------------------------------------- opening


def sample_names() -> tuple[str, ...]:
    """Return the names of the corpora that come with the project, helpdesk first."""
    found = (path.parent.name for path in SAMPLES.glob("*/corpus.jsonl") if path.is_file())
    return tuple(sorted(found, key=lambda name: (name != "helpdesk", name)))


def open_corpus(name_or_folder: str, split: str = "test", *, keep_blank: bool = False) -> Corpus:
    """Read a sample by its name or a BEIR folder by its path; raise `InputError` for neither."""
    if name_or_folder in sample_names():
        return read_folder(SAMPLES / name_or_folder, split=split)
    try:
        folder = Path(name_or_folder).expanduser()
        exists = bool(name_or_folder) and folder.is_dir()
    except (OSError, ValueError, RuntimeError):
        exists = False
    if not exists:
        raise InputError(
            f"{quoted(name_or_folder)} is neither a sample nor a folder.",
            f"Samples: {', '.join(sample_names()) or 'none'}. The path of a folder "
            "that holds a corpus.jsonl works too.",
        )
    return read_folder(folder, split=split, keep_blank=keep_blank)


def read_folder(
    folder: Path, name: str | None = None, split: str = "test", *, keep_blank: bool = False
) -> Corpus:
    """Read a BEIR folder; `keep_blank` admits documents without text, as Cranfield has them."""
    path = folder / "corpus.jsonl"
    if not path.is_file():
        raise CorpusError(
            f"{printable(str(folder))}: there is no corpus.jsonl in this folder.",
            "A corpus is a folder with corpus.jsonl and, optionally, queries.jsonl, "
            "qrels/test.tsv and card.md.",
        )
    rows = json_rows(load(path, path.name))
    return assemble(
        name or printable(folder.resolve().name),
        documents_from(rows, keep_blank=keep_blank),
        queries=_optional(folder, "queries.jsonl"),
        qrels=_split_files(folder, split),
        card=_optional(folder, "card.md"),
    )


def read_uploads(
    uploads: Sequence[Upload], name: str = "", columns: Columns | None = None
) -> Corpus:
    """Read what a browser sent: one zip, or one JSONL, CSV or TSV corpus, or Markdown and text.

    A corpus may come with queries.jsonl, card.md, and a TSV of judgments for each split. Documents
    without an id get one: `doc-1`, or `notes.md#1` in prose.
    """
    parts = _parts(_received(uploads))
    rows = (row for file in parts.corpus for row in _numbered(_rows(file, columns)))
    only = printable(PurePosixPath(uploads[0].name).stem) if len(uploads) == 1 else ""
    title = name or only or "upload"
    return assemble(title, documents_from(rows), parts.queries, parts.qrels, parts.card)


def assemble(
    name: str,
    documents: Sequence[Document],
    queries: Upload | None = None,
    qrels: Mapping[str, Upload] | None = None,
    card: Upload | None = None,
) -> Corpus:
    """Join documents with the files beside them; judgments must be of what is there.

    Of several splits, `test` is the one that is looked at first.
    """
    if not documents:
        raise CorpusError(
            f"{name}: the corpus holds no documents; expected at least one.",
            "Give it a document: one JSON object a line, or one row under the header.",
        )
    asked = queries_from(json_rows(queries)) if queries else ()
    splits = {name: read_pairs(file, "score") for name, file in (qrels or {}).items()}
    known = {d.id for d in documents}, {q.id for q in asked}
    for pairs in splits.values():
        check_judgments(pairs, *known)
    judged = {name: judgments_of(pairs) for name, pairs in splits.items()}
    return Corpus(
        name=name,
        documents=tuple(documents),
        queries=asked,
        judgments=judged.get("test") or next(iter(judged.values()), {}),
        fingerprint=fingerprint(documents),
        card=decode(card) if card else "",
        splits=judged,
    )


def fingerprint(documents: Iterable[Document]) -> str:
    """Return the SHA-256, in hex, of one JSON list of id, title and text for each document."""
    digest = hashlib.sha256()
    for document in documents:
        digest.update(json.dumps([document.id, document.title, document.text]).encode() + b"\n")
    return digest.hexdigest()


# ---------------------------------------------------------------- files


@dataclass(frozen=True, slots=True)
class _Parts:
    """The files of an upload by what they are for."""

    corpus: tuple[Upload, ...]
    queries: Upload | None
    qrels: Mapping[str, Upload]
    card: Upload | None


def _received(uploads: Sequence[Upload]) -> list[Upload]:
    """Return the uploaded files, or what the one zip holds."""
    size = sum(len(upload.content) for upload in uploads)
    zips = sum(upload.suffix == ".zip" for upload in uploads)
    if not 1 <= len(uploads) <= MAX_FILES or size > MAX_BYTES or (zips and len(uploads) > 1):
        raise CorpusError(
            f"Upload: expected one zip, or 1 to {MAX_FILES} other files, of at most "
            f"{MAX_BYTES} bytes; found {len(uploads)} files, {zips} of them zips, of {size} bytes.",
            "Choose fewer or smaller files.",
        )
    files = [Upload(printable(upload.name), upload.content) for upload in uploads]
    return unzip(files[0]) if zips else files


def _parts(files: Sequence[Upload]) -> _Parts:
    """Tell corpus, queries, judgments and card apart by name, ending and header."""
    named = {file.name: file for file in files}
    qrels = [file.name for file in files if _is_qrels(file)]
    queries = "queries.jsonl" if "queries.jsonl" in named else ""
    card = "card.md" if "card.md" in named else ""
    others = [file for name, file in named.items() if name not in {*qrels, queries, card}]
    if queries and not others:
        queries = ""
    elif all(file.suffix in PROSE for file in others):
        card = ""
    corpus = [file for name, file in named.items() if name not in {*qrels, queries, card}]
    _check_parts(files, corpus)
    return _Parts(
        tuple(corpus),
        named.get(queries),
        {PurePosixPath(name).stem: named[name] for name in sorted(qrels)},
        named.get(card),
    )


def _check_parts(files: Sequence[Upload], corpus: Sequence[Upload]) -> None:
    """Raise `CorpusError` unless there is one corpus beside any number of splits."""
    names = [file.name for file in files]
    twice = len(set(names)) < len(names)
    odd = [file.name for file in corpus if file.suffix not in (".jsonl", ".csv", ".tsv", *PROSE)]
    alone = len(corpus) == 1 or (corpus and all(file.suffix in PROSE for file in corpus))
    if twice or odd or not alone:
        raise CorpusError(
            "Upload: expected one corpus (.jsonl, .csv or .tsv; or any number of .md and .txt), "
            "if wanted with queries.jsonl, a .tsv of judgments for each split and card.md, each "
            "name once; "
            f"found {', '.join(quoted(name) for name in (odd or names)[:6])}.",
            "Choose the files of one corpus.",
        )


def _is_qrels(file: Upload) -> bool:
    """Tell whether a TSV holds judgments: by its folder, as in BEIR, or by its header."""
    start = file.content[:200].decode(errors="replace").lstrip("\ufeff").partition("\n")[0]
    return file.suffix == ".tsv" and (file.name.startswith("qrels/") or is_header(start))


def _rows(file: Upload, columns: Columns | None) -> Iterator[Row]:
    """Return a file's documents as rows, by the ending of its name."""
    if file.suffix == ".jsonl":
        return json_rows(file)
    return prose_rows(file) if file.suffix in PROSE else table_rows(file, columns)


def _numbered(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows with an id: their own, or `doc-` and their number."""
    for number, row in enumerate(rows, 1):
        has_id = any(key in row.fields for key in ID_KEYS)
        yield row if has_id else Row(row.where, {**row.fields, "_id": f"doc-{number}"})


def _optional(folder: Path, name: str) -> Upload | None:
    """Read a file of the folder, if it is there."""
    return load(folder / name, name) if (folder / name).is_file() else None


def _split_files(folder: Path, split: str) -> dict[str, Upload]:
    """Read one split's judgments; only the usual split, test, may be absent."""
    splits = sorted(path.stem for path in (folder / "qrels").glob("*.tsv"))
    if split in splits or split == "test":
        file = _optional(folder, f"qrels/{split}.tsv")
        return {split: file} if file else {}
    raise CorpusError(
        f"qrels/{printable(split)}.tsv: there is no such split in this corpus.",
        f"Splits: {', '.join(map(printable, splits)) or 'none'}.",
    )


def read_texts(path: Path) -> tuple[str, ...]:
    """Read texts to rerank: JSON lines with a field `text`, or one text a line."""
    file = load(path)
    found = [(n, line) for n, line in lines(file) if line.strip()]
    if not found:
        raise CorpusError(f"{file.name}: the file holds no text.", "Give it one document a line.")
    if not found[0][1].lstrip().startswith("{"):
        return tuple(line.strip() for _, line in found)
    return tuple(text_of(row) for row in json_rows(file))
