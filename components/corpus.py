"""Corpora: every line is checked, and an error names the file, the line and what to do.

    folder or uploads -> files -> rows -> documents, queries, judgments -> Corpus

The layout is BEIR's: corpus.jsonl, queries.jsonl, qrels/test.tsv and a card.md in plain words.
`components.uploads` knows the other formats; what a field may hold is decided here.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from components.domain import Corpus, CorpusError, Document, InputError, Judgments, Query
from components.uploads import (
    MAX_BYTES,
    MAX_FILES,
    PROSE,
    Columns,
    CsvPreview,
    Row,
    Upload,
    decode,
    json_rows,
    kind,
    lines,
    preview_csv,
    printable,
    prose_rows,
    quoted,
    table_rows,
    unzip,
)

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
    "read_uploads",
    "sample_names",
]

SAMPLES: Path = Path(__file__).resolve().parent.parent / "sample_data"
MAX_ID_LENGTH = 512
ID_KEYS = ("_id", "id", "docid")
TEXT_KEYS = ("text", "contents", "body", "passage")

_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of a qrels or candidate file: a query, a document, its grade or rank, the place."""

    query: str
    document: str
    value: int
    where: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a judgment file lies outside a corpus, in distinct queries and documents."""

    queries: int
    unknown_queries: int
    documents: int
    unknown_documents: int


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
        qrels=_split_file(folder, split),
        card=_optional(folder, "card.md"),
    )


def read_uploads(
    uploads: Sequence[Upload], name: str = "", columns: Columns | None = None
) -> Corpus:
    """Read what a browser sent: one zip, or one JSONL, CSV or TSV corpus, or Markdown and text.

    A corpus may come with queries.jsonl, one TSV of judgments and card.md. Documents without an
    id get one: `doc-1`, or `notes.md#1` in prose.
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
    qrels: Upload | None = None,
    card: Upload | None = None,
) -> Corpus:
    """Join documents with the files beside them; judgments must be of what is there."""
    if not documents:
        raise CorpusError(
            f"{name}: the corpus holds no documents; expected at least one.",
            "Give it a document: one JSON object a line, or one row under the header.",
        )
    asked = queries_from(json_rows(queries)) if queries else ()
    pairs = _pairs(qrels, "score") if qrels else ()
    check_judgments(pairs, {d.id for d in documents}, {q.id for q in asked})
    return Corpus(
        name=name,
        documents=tuple(documents),
        queries=asked,
        judgments=_judgments(pairs),
        fingerprint=fingerprint(documents),
        card=decode(card) if card else "",
    )


def fingerprint(documents: Iterable[Document]) -> str:
    """Return the SHA-256, in hex, of one JSON list of id, title and text for each document."""
    digest = hashlib.sha256()
    for document in documents:
        digest.update(json.dumps([document.id, document.title, document.text]).encode() + b"\n")
    return digest.hexdigest()


# ---------------------------------------------------------------- judgments and candidates


def read_qrels(path: Path) -> Judgments:
    """Read graded judgments: BEIR's three columns with a header, or TREC's four without one."""
    return _judgments(_pairs(load(path), "score"))


def read_candidates(path: Path) -> dict[str, tuple[str, ...]]:
    """Read query-id, corpus-id, rank; return document ids by query, in order of rank."""
    ranks = _table(_pairs(load(path), "rank"))
    return {query: tuple(sorted(row, key=row.__getitem__)) for query, row in ranks.items()}


def check_judgments(
    pairs: Sequence[Pair], document_ids: Collection[str], query_ids: Collection[str]
) -> None:
    """Raise `CorpusError` at the first judgment of an unknown document or query."""
    strange = [p for p in pairs if p.query not in query_ids or p.document not in document_ids]
    if not strange:
        return
    first = strange[0]
    known_query = first.query in query_ids
    what, value = ("document", first.document) if known_query else ("query", first.query)
    file = "corpus" if known_query else "queries"
    raise CorpusError(
        f"{first.where}: the {what} {quoted(value)} is not in the {file}; {len(strange)} of "
        f"{len(pairs)} judgments name a query or document that is not there.",
        f"Add what is missing to {file}.jsonl, or delete these judgments.",
    )


def coverage(judgments: Judgments, corpus: Corpus) -> Coverage:
    """Count what judgments of a larger collection name beyond a corpus; no shared query raises."""
    known = {query.id for query in corpus.queries}
    judged = {document for grades in judgments.values() for document in grades}
    unknown = judgments.keys() - known
    if len(unknown) == len(judgments):
        raise CorpusError(
            f"None of the {len(judgments)} judged queries is among the {len(known)} queries of "
            f"the corpus {quoted(corpus.name)}; the first is {quoted(next(iter(judgments), ''))}.",
            "Give the judgments that belong to this corpus.",
        )
    missing = judged - {document.id for document in corpus.documents}
    return Coverage(len(judgments), len(unknown), len(judged), len(missing))


def is_header(line: str, column: str = "score") -> bool:
    """Tell whether a line is the header query-id, corpus-id and this column, tab-separated."""
    cells = [cell.strip().lower().replace("_", "-") for cell in line.split("\t")]
    return cells == ["query-id", "corpus-id", column]


def _pairs(file: Upload, column: str) -> tuple[Pair, ...]:
    """Read the lines of a qrels (`score`) or candidate (`rank`) file."""
    rows = list(lines(file))
    separator, width = "\t", 3
    if rows and is_header(rows[0][1], column):
        del rows[0]
    elif rows and column == "score" and len(rows[0][1].split()) == 4:
        separator, width = "", 4
    elif rows:
        raise CorpusError(
            f"{file.name}:{rows[0][0]}: expected the header query-id, corpus-id, {column}, "
            f"separated by tabs; found {quoted(rows[0][1])}.",
            "Add the header line" + (", or use TREC's four columns." if column == "score" else "."),
        )
    if not rows:
        raise CorpusError(f"{file.name}:1: the file holds no rows.", "Fill it or leave it out.")
    return tuple(
        _pair(f"{file.name}:{number}", line.split(separator or None), width, column)
        for number, line in rows
    )


def _pair(where: str, cells: Sequence[str], width: int, column: str) -> Pair:
    """Check the cells of one line; TREC's second column, the iteration, means nothing."""
    if len(cells) != width or not all(cell.strip() for cell in cells):
        raise CorpusError(
            f"{where}: expected {width} columns, all filled; found {len(cells)}: "
            f"{', '.join(quoted(cell) for cell in cells[:6])}.",
            f"Write query, document and {column}, separated as in the first line.",
        )
    value = cells[-1].strip()
    if not _INTEGER.fullmatch(value) or (column == "rank" and int(value) < 0):
        what = "an integer" if column == "score" else "an integer from 0 or 1 upward"
        raise CorpusError(
            f"{where}: the {column} {quoted(value)} is not {what}.",
            "Write whole numbers of at most nine digits.",
        )
    return Pair(cells[0], cells[-2], int(value), where)


def _table(pairs: Iterable[Pair]) -> dict[str, dict[str, int]]:
    """Return values by query and document; a pair that comes twice must say the same twice."""
    seen: dict[tuple[str, str], Pair] = {}
    table: dict[str, dict[str, int]] = {}
    for pair in pairs:
        earlier = seen.setdefault((pair.query, pair.document), pair)
        if earlier.value != pair.value:
            raise CorpusError(
                f"{pair.where}: query {quoted(pair.query)} with document {quoted(pair.document)} "
                f"has {pair.value} here and {earlier.value} at {earlier.where}.",
                "Keep one of the two lines.",
            )
        table.setdefault(pair.query, {})[pair.document] = pair.value
    return table


def _judgments(pairs: Iterable[Pair]) -> Judgments:
    """Return read-only grades by query and document."""
    return MappingProxyType({q: MappingProxyType(row) for q, row in _table(pairs).items()})


# ---------------------------------------------------------------- rows to records


def documents_from(rows: Iterable[Row], *, keep_blank: bool = False) -> tuple[Document, ...]:
    """Check rows into documents."""
    places: dict[str, str] = {}
    return tuple(_document(row, places, keep_blank) for row in rows)


def queries_from(rows: Iterable[Row]) -> tuple[Query, ...]:
    """Check rows into queries."""
    places: dict[str, str] = {}
    return tuple(_query(row, places) for row in rows)


def _document(row: Row, places: dict[str, str], keep_blank: bool) -> Document:
    """Check one row into a document."""
    identity = _identity(row, places)
    title = _optional_string(row, row.fields, "title")
    text = _text(row, keep_blank)
    extra = {
        _string(row, "metadata", key): _string(row, "metadata", _flat(row, value))
        for key, value in _metadata(row).items()
    }
    return Document(identity, title, text, MappingProxyType(extra))


def _query(row: Row, places: dict[str, str]) -> Query:
    """Check one row into a query."""
    extra = _metadata(row)
    tags = extra.get("tags") or []
    if not isinstance(tags, list):
        raise _wrong_kind(row, "tags", tags, "a list of strings")
    return Query(
        _identity(row, places),
        _text(row),
        tuple(_string(row, "tags", tag) for tag in tags),
        _optional_string(row, extra, "note"),
    )


def _identity(row: Row, places: dict[str, str]) -> str:
    """Return the row's id, a string or an integer, and remember where it was used."""
    key = _key(row, ID_KEYS)
    value = row.fields[key]
    whole = isinstance(value, int) and not isinstance(value, bool)
    identity = _string(row, key, str(value) if whole else value)
    control = any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in identity)
    if control or not identity.strip() or len(identity) > MAX_ID_LENGTH:
        raise CorpusError(
            f"{row.where}: the id {quoted(identity)} has {len(identity)} characters; expected 1 "
            f"to {MAX_ID_LENGTH}, not only spaces, without tabs, line breaks or controls.",
            "Give the line a plain id.",
        )
    if (earlier := places.setdefault(identity, row.where)) != row.where:
        raise CorpusError(
            f"{row.where}: the id {quoted(identity)} is already used at {earlier}.",
            "Give every line an id of its own.",
        )
    return identity


def _key(row: Row, keys: Sequence[str]) -> str:
    """Return the first of these keys that the row has; raise `CorpusError` without one."""
    found = next((key for key in keys if key in row.fields), None)
    if found is None:
        seen = ", ".join(quoted(key) for key in list(row.fields)[:12]) or "no fields"
        raise CorpusError(
            f"{row.where}: the field {keys[0]!r} is missing; found {seen}.",
            f"Give every line the field {keys[0]!r}; {', '.join(keys[1:])} are read as well.",
        )
    return found


def _text(row: Row, keep_blank: bool = False) -> str:
    """Return the row's text, which must not be blank unless that is allowed."""
    key = _key(row, TEXT_KEYS)
    text = _string(row, key, row.fields[key])
    if not keep_blank and not text.strip():
        raise CorpusError(
            f"{row.where}: the field {key!r} is blank; expected some text.",
            "Give it a text, or delete it and the judgments that name it.",
        )
    return text


def _string(row: Row, key: str, value: object) -> str:
    """Return a string that can be stored and sent: no null character, no lone surrogate."""
    if not isinstance(value, str):
        raise _wrong_kind(row, key, value, "a string")
    bad = re.search("[\0\ud800-\udfff]", value)
    if bad:
        raise CorpusError(
            f"{row.where}: the field {key!r} has the code U+{ord(bad[0]):04X} at character "
            f"{bad.start() + 1}, a null character or half of a surrogate pair.",
            "Delete it, or write the character that was meant.",
        )
    return value


def _optional_string(row: Row, fields: Mapping[str, object], key: str) -> str:
    """Return a string field, empty where it is absent or null."""
    value = fields.get(key)
    return "" if value is None else _string(row, key, value)


def _metadata(row: Row) -> Mapping[str, object]:
    """Return the row's metadata object, empty where it is absent or null."""
    value = row.fields.get("metadata")
    if value is not None and not isinstance(value, dict):
        raise _wrong_kind(row, "metadata", value, "an object")
    return value or {}


def _flat(row: Row, value: object) -> str:
    """Return a metadata value as text: a string as it is, anything else as JSON."""
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError as exc:
        reason = f"{row.where}: the field 'metadata' is nested too deeply."
        raise CorpusError(reason, "Simplify the line.") from exc


def _wrong_kind(row: Row, key: str, value: object, expected: str) -> CorpusError:
    """Return the error for a field of the wrong kind."""
    return CorpusError(
        f"{row.where}: the field {key!r} holds {kind(value)}; expected {expected}.",
        "Change the field, or leave it out if it is optional.",
    )


# ---------------------------------------------------------------- files


@dataclass(frozen=True, slots=True)
class _Parts:
    """The files of an upload by what they are for."""

    corpus: tuple[Upload, ...]
    queries: Upload | None
    qrels: Upload | None
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
    _check_parts(files, corpus, qrels)
    return _Parts(
        tuple(corpus),
        named.get(queries),
        named[qrels[0]] if qrels else None,
        named.get(card),
    )


def _check_parts(files: Sequence[Upload], corpus: Sequence[Upload], qrels: Sequence[str]) -> None:
    """Raise `CorpusError` unless there is one corpus and at most one file of judgments."""
    names = [file.name for file in files]
    twice = len(set(names)) < len(names)
    odd = [file.name for file in corpus if file.suffix not in (".jsonl", ".csv", ".tsv", *PROSE)]
    alone = len(corpus) == 1 or (corpus and all(file.suffix in PROSE for file in corpus))
    if twice or odd or not alone or len(qrels) > 1:
        raise CorpusError(
            "Upload: expected one corpus (.jsonl, .csv or .tsv; or any number of .md and .txt), "
            "if wanted with queries.jsonl, a .tsv of judgments and card.md, each name once; "
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


def load(path: Path, name: str = "") -> Upload:
    """Read a file from disk, known by this name (its path, if none is given) in errors."""
    shown = printable(name or str(path))
    try:
        return Upload(shown, path.read_bytes())
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else exc
        raise CorpusError(
            f"{shown}: the file cannot be read: {why}.", "Check the path and its permissions."
        ) from exc


def _optional(folder: Path, name: str) -> Upload | None:
    """Read a file of the folder, if it is there."""
    return load(folder / name, name) if (folder / name).is_file() else None


def _split_file(folder: Path, split: str) -> Upload | None:
    """Read a split's judgments; only the usual split, test, may be absent."""
    splits = sorted(path.stem for path in (folder / "qrels").glob("*.tsv"))
    if split in splits or split == "test":
        return _optional(folder, f"qrels/{split}.tsv")
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
    return tuple(_text(row) for row in json_rows(file))
