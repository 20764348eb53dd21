"""Word documents: text and headings by way of mammoth; macros and links are never followed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Final

from components.corpora.formats import Columns, Format
from components.corpora.formats.html import rows_of_html
from components.corpora.limits import MAX_MARKDOWN
from components.corpora.text import Row, Upload, printable
from components.domain import Cancelled, CorpusError
from components.wording import count

MAX_XML: Final = 4 * 1024 * 1024
"""Bytes of XML in a document; mammoth reads 200 KB in a second."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STYLES = 'p[style-name="Title"] => h1:fresh\np[style-name="title"] => h1:fresh'
_REMEDY = "Open it in a word processor and save it as .docx again."


def docx_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the passages of a Word document, cut at headings of level 1 and 2.

    The first says where there are macros; they are neither run nor read. Headers, footers and
    comments are left out.
    """
    names = _checked(file)
    macros = any("vbaproject" in name.lower() for name in names)
    note = "the document holds macros, which are neither run nor read" if macros else ""
    yield from rows_of_html(file, _as_html(file), note)


def _checked(file: Upload) -> list[str]:
    """Return the names of a document's parts; raise `CorpusError` for what is no document."""
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
    layout = [m for m in members if m.filename.lower().endswith((".xml", ".rels"))]
    size = sum(member.file_size for member in layout)  # pictures are not opened
    if size > MAX_XML:
        raise CorpusError(
            f"{file.name}: the document unpacks to {count(size, 'byte')} of text and layout; "
            f"expected at most {MAX_XML:,}.",
            "Save it in parts, or as text.",
        )
    names = [member.filename for member in members]
    if "[Content_Types].xml" not in names or not any(n.startswith("word/") for n in names):
        raise _damaged(file, "it is a zip without a document of Word in it")
    return names


def _as_html(file: Upload) -> str:
    """Return a document as HTML, without its pictures."""
    import mammoth  # here, since most runs read no document of Word

    try:
        return str(
            mammoth.convert_to_html(
                io.BytesIO(file.content),
                style_map=_STYLES,
                convert_image=mammoth.images.img_element(lambda image: {}),
                include_embedded_style_map=False,
                external_file_access=False,
            ).value
        )
    except (CorpusError, Cancelled, MemoryError):
        raise
    except (Exception, RecursionError) as exc:  # mammoth raises anything at a damaged file
        raise _damaged(file, f"{type(exc).__name__}: {exc}") from exc


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
