"""Word documents: text and headings by way of mammoth; macros and links are never followed."""

from __future__ import annotations

import io
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Final

from components.corpora import word_html
from components.corpora.formats import Columns, Format
from components.corpora.formats.html import rows_of_html
from components.corpora.limits import MAX_MARKDOWN
from components.corpora.text import Row, Upload, printable
from components.domain import CorpusError
from components.wording import count

MAX_XML: Final = 12 * 1024 * 1024
"""Bytes of XML in a document, about 2,000 pages; mammoth reads up to a megabyte in a second."""
AT_ONCE: Final = 64 * 1024
"""Bytes of XML that are read here, in up to a second; more in a process that can be stopped."""
MOST_S: Final = 120.0
"""Seconds that one document may take; one of a million empty paragraphs takes minutes."""
POLL_S: Final = 0.2
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REMEDY = "Open it in a word processor and save it as .docx again."


def docx_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the passages of a Word document, cut at headings of level 1 and 2.

    The first says where there are macros; they are neither run nor read. Headers, footers and
    comments are left out.
    """
    parts = _checked(file)
    macros = any("vbaproject" in name.lower() for name in parts)
    note = "the document holds macros, which are neither run nor read" if macros else ""
    yield from rows_of_html(file, _as_html(file, sum(parts.values())), note)


def _checked(file: Upload) -> dict[str, int]:
    """Return a document's parts with the bytes of their XML; raise `CorpusError` for another file.

    Pictures are not opened, and have none.
    """
    file.check()
    if file.content.startswith(_OLE):
        raise CorpusError(
            f"{file.name}: expected a Word document (.docx); found one that is protected by a "
            "password, or of Word before 2007.",
            "Save it as .docx without a password.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, OverflowError) as exc:
        raise _damaged(file, str(exc)) from exc
    parts = {
        m.filename: m.file_size * m.filename.lower().endswith((".xml", ".rels")) for m in members
    }
    if (size := sum(parts.values())) > MAX_XML:
        raise CorpusError(
            f"{file.name}: the document unpacks to {count(size, 'byte')} of text and layout; "
            f"expected at most {MAX_XML:,}.",
            "Save it in parts, or as text.",
        )
    if "[Content_Types].xml" not in parts or not any(n.startswith("word/") for n in parts):
        raise _damaged(file, "it is a zip without a document of Word in it")
    return parts


def _as_html(file: Upload, size: int) -> str:
    """Return a document as HTML; a process of its own makes it of one with much XML."""
    if size > AT_ONCE:
        return _elsewhere(file)
    try:
        return word_html.html_of(file.content)
    except MemoryError:
        raise
    except (Exception, RecursionError) as exc:  # mammoth raises anything at a damaged file
        raise _damaged(file, f"{type(exc).__name__}: {exc}") from exc


def _elsewhere(file: Upload) -> str:
    """Return a document as HTML from a process that ends with the reading, or as it takes long."""
    begun, content = time.monotonic(), file.content
    command = [sys.executable, "-P", word_html.__file__]
    with Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        try:
            while True:
                file.check()
                if time.monotonic() - begun > MOST_S:
                    raise _too_costly(file, f"{MOST_S:.0f} seconds")
                with suppress(TimeoutExpired):
                    html, complaint = process.communicate(content, timeout=POLL_S)
                    break
                content = b""  # it is on its way
        finally:
            process.kill()
    if process.returncode:
        if b"MemoryError" in complaint:
            raise _too_costly(file, f"{word_html.MOST_MEMORY // 10**9} GB of memory")
        raise _damaged(file, complaint.decode(errors="replace"))
    return html.decode(errors="replace")


def _too_costly(file: Upload, what: str) -> CorpusError:
    return CorpusError(
        f"{file.name}: reading the document takes more than {what}.",
        "Save it in parts, or as text.",
    )


def _damaged(file: Upload, reason: str) -> CorpusError:
    return CorpusError(
        f"{file.name}: expected a Word document (.docx); the file is damaged or none: "
        f"{printable(reason, 120)}.",
        _REMEDY,
    )


FORMATS = Format(
    "Word",
    (".docx", ".docm"),
    docx_rows,
    prose=True,
    max_bytes=5 * MAX_MARKDOWN,
    lines=False,
    text=False,
)
