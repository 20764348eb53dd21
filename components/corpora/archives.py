"""Zips: which members are admitted, and how far they may unpack."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from components.corpora.formats import format_of, is_prose
from components.corpora.gz import bare_name
from components.corpora.judgment_forms import ENDINGS
from components.corpora.layout import Source
from components.corpora.limits import MAX_BYTES, MAX_FILES, MAX_SIZE, TooMuchError
from components.corpora.text import HEAD, UNKNOWN, Upload, printable, quoted
from components.domain import CorpusError
from components.wording import count

MAX_RATIO = 200
_SMALL = 1_000_000  # bytes that any zip may unpack to, whatever its ratio
_CHUNK = 65_536
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ZIP_ENTRY = b"PK\x01\x02"
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, OSError, OverflowError, RuntimeError, ValueError),
)


class Zip:
    """An uploaded zip, whose members are read when they are asked for, up to a total.

    The sizes in its headers are not trusted.
    """

    def __init__(self, upload: Upload) -> None:
        if upload.content.count(_ZIP_ENTRY) > 10 * MAX_FILES:
            raise _too_many(upload)
        self._upload = upload
        self._limit = min(MAX_BYTES, max(_SMALL, MAX_RATIO * len(upload.content)))
        self._room = self._limit
        with self._damage():
            self._archive = zipfile.ZipFile(io.BytesIO(upload.content))

    def sources(self) -> list[Source]:
        """Return the members as files; raise `CorpusError` for one that is not admitted."""
        with self._damage():
            members = [m for m in self._archive.infolist() if _admit(self._upload, m)]
            if sum(not _is_hidden(m) for m in members) > MAX_FILES:
                raise _too_many(self._upload)
            return [self._source(member) for member in members]

    def _source(self, member: zipfile.ZipInfo) -> Source:
        """Return a member as a file; only of one that may be wanted the beginning is read."""
        name = printable(_inside(member))
        bare = bare_name(name)
        telling = format_of(bare) or PurePosixPath(bare).suffix.lower() in (*ENDINGS, ".run")
        try:
            head = self._read(member, HEAD - 1) if telling and not _is_hidden(member) else b""
        except _ZIP_ERRORS:
            if not is_prose(bare):
                raise
            head = UNKNOWN  # one of several documents, which is refused by itself

        def load() -> Upload:
            with self._damage():
                content = self._read(member, self._room)
            self._room -= len(content)
            if self._room < 0:
                raise TooMuchError(
                    f"{self._upload.name}: the zip of {count(len(self._upload.content), 'byte')} "
                    f"unpacks to more than {self._limit}, the most that is allowed for its size.",
                    f"Upload the files without a zip, at most {MAX_SIZE} in all.",
                )
            self._upload.check()
            return Upload(name, content, self._upload.check)

        return Source(name, head, load)

    def _read(self, member: zipfile.ZipInfo, room: int) -> bytes:
        """Read a member in chunks until there is no room."""
        content = bytearray()
        with self._archive.open(member) as stream:
            while len(content) <= room and (chunk := stream.read(min(_CHUNK, room + 1))):
                content += chunk
        return bytes(content)

    @contextmanager
    def _damage(self) -> Iterator[None]:
        """Turn what a damaged zip raises into a `CorpusError`."""
        try:
            yield
        except _ZIP_ERRORS as exc:
            raise CorpusError(
                f"{self._upload.name}: the zip is damaged or not a zip: {printable(str(exc))}.",
                "Pack the files again and upload the new zip.",
            ) from exc


def _too_many(upload: Upload) -> CorpusError:
    """Return the error for a zip with too many members."""
    return CorpusError(
        f"{upload.name}: expected at most {MAX_FILES} files in the zip; found more.",
        "Pack fewer files, or put the documents into one JSONL file.",
    )


def _inside(member: zipfile.ZipInfo) -> str:
    """Return a member's path; some packers of Windows part folders by backslashes."""
    return member.orig_filename.replace("\\", "/")


def _is_hidden(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(_inside(member)).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _admit(upload: Upload, member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a file; raise `CorpusError` for one that is not plain and inside."""
    name = _inside(member)
    mode = stat.S_IFMT(member.external_attr >> 16)
    problems = {
        "leads out of the zip by '..'": ".." in PurePosixPath(name).parts,
        "has an absolute path": name.startswith("/") or re.match(r"[A-Za-z]:", name),
        "has a null character in its name": "\0" in name,
        "is a link or a device": mode not in (0, stat.S_IFREG, stat.S_IFDIR),
        "is encrypted": member.flag_bits & 1,
        "is a zip itself": name.lower().endswith(".zip") and not _is_hidden(member),
        "has an unusual compression": member.compress_type not in _COMPRESSIONS,
    }
    problem = next((text for text, applies in problems.items() if applies), None)
    if problem:
        raise CorpusError(
            f"{upload.name}: the member {quoted(member.orig_filename)} {problem}.",
            "Pack plain files with relative names, not encrypted, and upload the new zip.",
        )
    return not (member.is_dir() or name.endswith("/"))
