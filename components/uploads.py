"""Files as they arrive: bytes become rows, and nothing is ever written to disk.

    zip -> files -> JSONL objects | table rows | passages of prose -> rows

A row is the fields of one document or query and the `file:line` where they stand.
`components.corpus` checks what the fields hold. Every error here is a `CorpusError`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from components.domain import CorpusError

MAX_BYTES = 50 * 1024 * 1024
MAX_FILES = 2_000
MAX_RATIO = 200
PREVIEW_ROWS = 20
LONG_WORDS = 400
PASSAGE_WORDS = 300

BEIR_FILES = ("corpus.jsonl", "queries.jsonl", "card.md")
PROSE = (".md", ".markdown", ".txt")
ID_COLUMNS = ("_id", "id", "docid", "doc_id")
TITLE_COLUMNS = ("title", "heading", "subject")
TEXT_COLUMNS = ("text", "passage", "content", "contents", "body", "document")
DELIMITERS: Mapping[str, str] = MappingProxyType(
    {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
)

_BOM = b"\xef\xbb\xbf"
_SMALL = 1_000_000  # bytes that any zip may unpack to, whatever its ratio
_CHUNK = 65_536
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ZIP_ENTRY = b"PK\x01\x02"
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, OSError, OverflowError, RuntimeError, ValueError),
)
_Member = tuple[str, zipfile.ZipInfo]
_KINDS: Mapping[type, str] = MappingProxyType(
    {dict: "an object", list: "a list", bool: "true or false", type(None): "null", str: "a string"}
)

csv.field_size_limit(MAX_BYTES)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came from a browser, a zip or a folder: a name and its bytes."""

    name: str
    content: bytes

    @property
    def suffix(self) -> str:
        """Return the name's ending in lower case, with its dot."""
        return PurePosixPath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one document or query, and `file:line` where they stand."""

    where: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold a document's text, title and id."""

    text: str
    title: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class CsvPreview:
    """A table's columns, its first rows, its delimiter, and the columns whose names fit."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str
    suggested: Columns | None


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


# ---------------------------------------------------------------- text and JSON lines


def printable(text: str, limit: int = 200) -> str:
    """Return the end of a text on one line, with `?` for what cannot be shown."""
    return "".join(c if c.isprintable() else "?" for c in text[-limit:])


def quoted(text: str, limit: int = 60) -> str:
    """Return text in quotes, escaped, and cut where it is long."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def kind(value: object) -> str:
    """Return what JSON calls a value."""
    return _KINDS.get(type(value), "a number")


def decode(file: Upload) -> str:
    """Return a file's text, which must be UTF-8 without null bytes; a byte order mark is cut."""
    start = len(_BOM) if file.content.startswith(_BOM) else 0
    offset, cause = file.content.find(b"\0"), None
    if offset < 0:
        try:
            return file.content[start:].decode()
        except UnicodeDecodeError as exc:
            offset, cause = exc.start + start, exc
    line = file.content.count(b"\n", 0, offset) + 1
    raise CorpusError(
        f"{file.name}:{line}: the byte 0x{file.content[offset]:02x} at offset {offset} of the "
        f"file is not {'valid UTF-8' if cause else 'text'}.",
        "Save the file as plain text in UTF-8.",
    ) from cause


def lines(file: Upload) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are not blank; only a line feed ends a line."""
    for number, line in enumerate(decode(file).split("\n"), 1):
        if line.strip():
            yield number, line.removesuffix("\r")


def json_rows(file: Upload) -> Iterator[Row]:
    """Yield one row for each line of a JSONL file."""
    for number, line in lines(file):
        where = f"{file.name}:{number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as exc:
            reason = f"{where}: not valid JSON at column {exc.colno}: {exc.msg}."
            raise CorpusError(reason, "Write one JSON object on each line.") from exc
        except (RecursionError, ValueError) as exc:
            reason = f"{where}: the JSON is nested too deeply or has a number of over 4300 digits."
            raise CorpusError(reason, "Simplify the line.") from exc
        if not isinstance(value, dict):
            reason = f"{where}: expected a JSON object; found {kind(value)}."
            raise CorpusError(reason, "Write one JSON object on each line.")
        yield Row(where, value)


# ---------------------------------------------------------------- tables


def preview_csv(upload: Upload) -> CsvPreview:
    """Read a table's header and first rows, separated by comma, semicolon, tab or pipe."""
    text = decode(upload)
    delimiter = _sniff(upload.name, text)
    columns = _header(upload.name, text, delimiter)
    body = _body(upload.name, text, delimiter, len(columns))
    rows = tuple(tuple(cells) for _, cells in islice(body, PREVIEW_ROWS))
    return CsvPreview(columns, rows, delimiter, _suggest(columns))


def table_rows(upload: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield one row for each line of a table, with the chosen or else the suggested columns."""
    preview = preview_csv(upload)
    chosen = columns or preview.suggested
    if chosen is None:
        raise CorpusError(
            f"{upload.name}:1: no column is named like a text; found {_listed(preview.columns)}.",
            f"Choose the column that holds the text, or name it {TEXT_COLUMNS[0]}.",
        )
    roles = (("_id", chosen.id), ("title", chosen.title), ("text", chosen.text))
    places = {role: _position(upload.name, preview.columns, name) for role, name in roles if name}
    width = len(preview.columns)
    for where, cells in _body(upload.name, decode(upload), preview.delimiter, width):
        yield Row(where, {role: cells[place] for role, place in places.items()})


def _sniff(name: str, text: str) -> str:
    """Return the delimiter that finds several columns and most often as many as the header."""
    fits = {delimiter: _fit(name, text, delimiter) for delimiter in DELIMITERS}
    best = max(fits, key=fits.__getitem__)
    header = text.lstrip().partition("\n")[0].strip()
    if fits[best][0] or header.strip('"').strip().lower() in TEXT_COLUMNS:
        return best
    found = f"the header line is {quoted(header)}" if header else "the file is empty"
    raise CorpusError(
        f"{name}:1: expected a table; tried {', '.join(DELIMITERS.values())} as delimiters, "
        f"and none gives a second column; {found}.",
        "Save the table as CSV, or name its only column text.",
    )


def _fit(name: str, text: str, delimiter: str) -> tuple[bool, int, int]:
    """Rate a delimiter: several columns; rows of 50 as wide as the header; columns."""
    widths: list[int] = []
    with suppress(CorpusError):  # a wrong delimiter tears quotes; the right one tells later
        widths.extend(len(cells) for _, cells in islice(_records(name, text, delimiter), 50))
    width = widths[0] if widths else 0
    return width > 1, widths.count(width), width


def _records(name: str, text: str, delimiter: str) -> Iterator[tuple[str, list[str]]]:
    """Yield place and cells of every record that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield f"{name}:{line}", cells
            line = reader.line_num + 1
    except csv.Error as exc:
        raise CorpusError(
            f"{name}:{line}: the quotes of this row do not match: {exc}.",
            "Put a cell that holds quotes in quotes, and double those that stand inside.",
        ) from exc


def _header(name: str, text: str, delimiter: str) -> tuple[str, ...]:
    """Return the names of the columns, without spaces around them."""
    _, cells = next(_records(name, text, delimiter))
    return tuple(cell.strip() for cell in cells)


def _body(name: str, text: str, delimiter: str, width: int) -> Iterator[tuple[str, list[str]]]:
    """Yield place and cells of the records after the header, all equally wide."""
    for where, cells in islice(_records(name, text, delimiter), 1, None):
        if len(cells) != width:
            raise CorpusError(
                f"{where}: expected {width} columns, as in the header; found {len(cells)}.",
                f"Put a cell that holds a {DELIMITERS[delimiter]} or a line break in quotes.",
            )
        yield where, cells


def _suggest(columns: Sequence[str]) -> Columns | None:
    """Return the columns that are named like text, title and id; None without a text."""
    named = {column.lower(): column for column in reversed(columns)}

    def first(names: Iterable[str]) -> str | None:
        return next((named[name] for name in names if name in named), None)

    text = first(TEXT_COLUMNS)
    return Columns(text, first(TITLE_COLUMNS), first(ID_COLUMNS)) if text else None


def _position(name: str, columns: Sequence[str], wanted: str) -> int:
    """Return where a column stands; raise `CorpusError` unless exactly one has the name."""
    if columns.count(wanted) != 1:
        raise CorpusError(
            f"{name}:1: expected one column {quoted(wanted)}; found {columns.count(wanted)} "
            f"among {_listed(columns)}.",
            "Choose a column of the header, and give every column a name of its own.",
        )
    return columns.index(wanted)


def _listed(names: Iterable[str]) -> str:
    """Return up to twelve names in quotes."""
    return ", ".join(quoted(name) for name in islice(names, 12))


# ---------------------------------------------------------------- prose


def prose_rows(file: Upload) -> Iterator[Row]:
    """Yield the passages of a Markdown or text file, with ids like `notes.md#3`.

    Markdown is cut at headings of level 1 and 2; a piece of more than 400 words is cut again at
    blank lines. A heading with nothing under it is left out, unless there is nothing else.
    """
    text = decode(file)
    if not text.strip():
        raise CorpusError(f"{file.name}:1: the file is blank.", "Write something or leave it out.")
    all_lines = text.split("\n")
    sections = [("", 0, len(all_lines))] if file.suffix == ".txt" else _sections(all_lines)
    pieces = [(title, *span) for title, *at in sections for span in _pieces(all_lines, *at)]
    if len(pieces) < 2 and not any(title for title, *_ in pieces):
        pieces = [("", 0, len(all_lines))]
    for number, (title, start, end) in enumerate(pieces, 1):
        passage = "\n".join(all_lines[start:end])
        if end < len(all_lines):
            passage = passage.removesuffix("\r")
        fields = {"_id": f"{file.name}#{number}", "title": title, "text": passage}
        yield Row(f"{file.name}:{start + 1}", fields)


def _sections(all_lines: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return title, first line and end of what stands under each heading of level 1 or 2."""
    cuts = [("", 0, 0)]  # title, first line of the heading, first line after it
    fence = ""
    for number, line in enumerate(all_lines):
        title = None if fence else _heading(line)
        fence = _fence(line, fence)
        if title is not None:
            cuts.append((title, number, number + 1))
        elif not fence and _underlines(all_lines, number):
            cuts.append((all_lines[number - 1].strip(), number - 1, number + 1))
    ends = [*(heading for _, heading, _ in cuts[1:]), len(all_lines)]
    return [(title, body, end) for (title, _, body), end in zip(cuts, ends, strict=True)]


def _heading(line: str) -> str | None:
    """Return the title if a line is a heading like `## Refunds ##`, without the closing marks."""
    found = re.match(r" {0,3}##?(?=\s|$)", line)
    if found is None:
        return None
    title = line[found.end() :].strip()
    bare = title.rstrip("#")
    return title if bare and bare == bare.rstrip() else bare.rstrip()


def _underlines(all_lines: Sequence[str], number: int) -> bool:
    """Tell whether a line of `=` or `-` makes a heading of the single line above it."""
    if number == 0 or not re.fullmatch(r" {0,3}(=+|-{2,})\s*", all_lines[number]):
        return False
    alone = number == 1 or not all_lines[number - 2].strip()
    return alone and re.match(r" {0,3}[^\s#>|`~*+=-]", all_lines[number - 1]) is not None


def _fence(line: str, fence: str) -> str:
    """Return the mark of the code block that is open after this line, empty if none is."""
    found = re.match(r" {0,3}(`{3,}|~{3,})(.*)", line)
    if found is None:
        return fence
    mark, rest = found.groups()
    if fence:
        return "" if mark.startswith(fence) and not rest.strip() else fence
    return "" if mark[0] == "`" and "`" in rest else mark


def _pieces(all_lines: Sequence[str], start: int, end: int) -> list[tuple[int, int]]:
    """Return first line and end of a section's passages; blank lines around them are left out."""
    blocks: list[tuple[int, int, int]] = []
    for filled, group in groupby(range(start, end), lambda n: bool(all_lines[n].strip())):
        if filled:
            numbers = list(group)
            words = sum(len(all_lines[n].split()) for n in numbers)
            blocks.append((numbers[0], numbers[-1] + 1, words))
    long = sum(words for *_, words in blocks) > LONG_WORDS
    pieces: list[tuple[int, int]] = []
    room = 0
    for first, last, words in blocks:
        if pieces and words <= room:
            first = pieces.pop()[0]
        else:
            room = PASSAGE_WORDS if long else LONG_WORDS
        pieces.append((first, last))
        room -= words
    return pieces


# ---------------------------------------------------------------- zip


def unzip(upload: Upload) -> list[Upload]:
    """Return what a corpus needs of a zip: a BEIR folder's files, or else all .md and .txt."""
    if upload.content.count(_ZIP_ENTRY) > 10 * MAX_FILES:
        raise _too_many(upload)
    try:
        with zipfile.ZipFile(io.BytesIO(upload.content)) as archive:
            members = [m for m in archive.infolist() if _admit(upload, m)]
            if len(members) > MAX_FILES:
                raise _too_many(upload)
            return list(_unpacked(upload, archive, _wanted(upload, members)))
    except _ZIP_ERRORS as exc:
        reason = f"{upload.name}: the zip is damaged or not a zip: {printable(str(exc))}."
        raise CorpusError(reason, "Pack the files again and upload the new zip.") from exc


def _too_many(upload: Upload) -> CorpusError:
    """Return the error for a zip with too many members."""
    return CorpusError(
        f"{upload.name}: expected at most {MAX_FILES} files in the zip; found more.",
        "Pack fewer files, or put the documents into one JSONL file.",
    )


def _admit(upload: Upload, member: zipfile.ZipInfo) -> bool:
    """Tell whether a member counts; raise `CorpusError` for one that is not plain and inside."""
    name = member.orig_filename
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    mode = stat.S_IFMT(member.external_attr >> 16)
    outside = ".." in parts or name.startswith("/") or re.match(r"[A-Za-z]:", name)
    problems = {
        "leads out of the zip": outside or "\\" in name or "\0" in name,
        "is a link or a device": mode not in (0, stat.S_IFREG, stat.S_IFDIR),
        "is encrypted": member.flag_bits & 1,
        "is a zip itself": name.lower().endswith(".zip") and not hidden,
        "has an unusual compression": member.compress_type not in _COMPRESSIONS,
    }
    problem = next((text for text, found in problems.items() if found), None)
    if problem:
        raise CorpusError(
            f"{upload.name}: the member {quoted(name)} {problem}.",
            "Pack plain files with relative names, not encrypted, and upload the new zip.",
        )
    return not (hidden or member.is_dir())


def _wanted(upload: Upload, members: Sequence[zipfile.ZipInfo]) -> list[_Member]:
    """Choose the files beside the zip's corpus.jsonl, or without one all prose."""
    named = [(printable(m.filename), m) for m in members]
    roots = [n.removesuffix("corpus.jsonl") for n, _ in named if f"/{n}".endswith("/corpus.jsonl")]
    prose = [(n, m) for n, m in named if n.lower().endswith(PROSE)]
    if len(roots) > 1 or not (roots or prose):
        raise CorpusError(
            f"{upload.name}: expected one corpus.jsonl, or .md and .txt files; found "
            f"{len(roots)} and {len(prose)} among {len(members)} files.",
            "Pack one BEIR folder, or documents as Markdown or plain text.",
        )
    if not roots:
        return prose
    beside = {n.removeprefix(roots[0]): m for n, m in named if n.startswith(roots[0])}
    splits = sorted(n for n in beside if re.fullmatch(r"qrels/[^/]+\.tsv", n))
    return [(n, beside[n]) for n in (*BEIR_FILES, *splits) if n in beside]


def _unpacked(
    upload: Upload, archive: zipfile.ZipFile, wanted: Iterable[_Member]
) -> Iterator[Upload]:
    """Yield members as files, up to a total that the zip's own size allows."""
    limit = min(MAX_BYTES, max(_SMALL, MAX_RATIO * len(upload.content)))
    room = limit
    for name, member in wanted:
        content = _read(archive, member, room)
        room -= len(content)
        if room < 0:
            raise CorpusError(
                f"{upload.name}: the zip of {len(upload.content)} bytes unpacks to more than "
                f"{limit}, the most that is allowed for its size.",
                f"Upload the files without a zip, at most {MAX_BYTES // 1024**2} MB in all.",
            )
        yield Upload(name, content)


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    """Read a member in chunks until there is no room; the size in its header is not trusted."""
    content = bytearray()
    with archive.open(member) as stream:
        while len(content) <= room and (chunk := stream.read(_CHUNK)):
            content += chunk
    return bytes(content)
