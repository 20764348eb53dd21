"""Zips: which members are admitted, which are wanted, and how far they may unpack."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from components.corpora.formats import is_prose, usual_endings
from components.corpora.layout import CARD, CORPUS, QUERIES, is_split
from components.corpora.limits import MAX_BYTES, MAX_FILES, MAX_SIZE
from components.corpora.text import Upload, printable, quoted
from components.domain import CorpusError
from components.wording import count, listed

MAX_RATIO = 200
_SMALL = 1_000_000  # bytes that any zip may unpack to, whatever its ratio
_CHUNK = 65_536
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ZIP_ENTRY = b"PK\x01\x02"
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, OSError, OverflowError, RuntimeError, ValueError),
)
_Member = tuple[str, zipfile.ZipInfo]


def unzip(upload: Upload) -> list[Upload]:
    """Return what a corpus needs of a zip: a BEIR folder's files, or else all prose."""
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
    problem = next((text for text, applies in problems.items() if applies), None)
    if problem:
        raise CorpusError(
            f"{upload.name}: the member {quoted(name)} {problem}.",
            "Pack plain files with relative names, not encrypted, and upload the new zip.",
        )
    return not (hidden or member.is_dir())


def _wanted(upload: Upload, members: Sequence[zipfile.ZipInfo]) -> list[_Member]:
    """Choose the files beside the zip's corpus.jsonl, or without one all prose."""
    named = [(printable(m.filename), m) for m in members]
    roots = [n.removesuffix(CORPUS) for n, _ in named if f"/{n}".endswith(f"/{CORPUS}")]
    prose = [(n, m) for n, m in named if is_prose(n)]
    if len(roots) > 1 or not (roots or prose):
        raise CorpusError(
            f"{upload.name}: expected one {CORPUS}, or {listed(usual_endings(prose=True))} files; "
            f"found {len(roots)} and {len(prose)} among {count(len(members), 'file')}.",
            "Pack one BEIR folder, or documents as Markdown or plain text.",
        )
    if not roots:
        return prose
    beside = {n.removeprefix(roots[0]): m for n, m in named if n.startswith(roots[0])}
    splits = sorted(filter(is_split, beside))
    return [(n, beside[n]) for n in (CORPUS, QUERIES, CARD, *splits) if n in beside]


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
                f"{upload.name}: the zip of {count(len(upload.content), 'byte')} unpacks to "
                f"more than "
                f"{limit}, the most that is allowed for its size.",
                f"Upload the files without a zip, at most {MAX_SIZE} in all.",
            )
        upload.check()
        yield Upload(name, content, upload.check)


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    """Read a member in chunks until there is no room; the size in its header is not trusted."""
    content = bytearray()
    with archive.open(member) as stream:
        while len(content) <= room and (chunk := stream.read(_CHUNK)):
            content += chunk
    return bytes(content)
