"""PDF, page by page: its text alone; nothing in it is run, opened or fetched."""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from components.corpora.formats import Columns, Format
from components.corpora.passages import page_rows
from components.corpora.text import Row, Upload, printable
from components.domain import Cancelled, CorpusError
from components.wording import count, shortened

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES: Final = 5_000
"""Pages of a PDF: the lab reads 20 to 100 in a second."""
MOST_S: Final = 120.0
"""Seconds that one PDF may take; a page that is drawn in a million strokes takes minutes."""
_REMEDY = "Save it as a PDF again, or export its text."
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def pdf_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the passages of each page; the first says which pages have no text.

    Raises `CorpusError` for a file that is damaged, wants a password or has no text at all.
    """
    texts = _texts(file)
    blank = [number for number, text in enumerate(texts, 1) if not text.strip()]
    if len(blank) == len(texts):
        raise CorpusError(
            f"{file.name}: the PDF has {count(len(texts), 'page')} and no text; expected text. It "
            "is probably a scan: pictures of pages.",
            "Recognize its text first (OCR, for example with ocrmypdf), or leave it out.",
        )
    noun = "page" if len(blank) == 1 else "pages"
    numbers = shortened(", ".join(map(str, blank)), 60)
    note = f"the PDF has no text on {noun} {numbers}, which may be pictures" if blank else ""
    for number, text in enumerate(texts, 1):
        for row in page_rows(file, text, number, note):
            yield row
            note = ""


def _texts(file: Upload) -> list[str]:
    """Return the text of each page as pypdf extracts it; what cannot be stored becomes U+FFFD."""
    from pypdf import PdfReader  # here, since most runs read no PDF

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it mends is not news
    begun = time.monotonic()
    try:
        reader = PdfReader(io.BytesIO(file.content))
        _check(file, reader)
        texts: list[str] = []
        for page in reader.pages:
            file.check(len(texts), len(reader.pages))
            if time.monotonic() - begun > MOST_S:
                raise CorpusError(
                    f"{file.name}: reading the PDF takes more than {MOST_S:.0f} seconds.", _REMEDY
                )
            texts.append(_UNSTORABLE.sub("\ufffd", page.extract_text()))
        return texts
    except (CorpusError, Cancelled):
        raise
    except (Exception, RecursionError) as exc:  # pypdf raises anything at a damaged file
        reason = printable(str(exc), 120) or type(exc).__name__
        start = printable(repr(file.content[:8])[1:], 40)
        kind = "" if b"%PDF-" in file.content[:1024] else f"; it begins with {start}"
        raise CorpusError(
            f"{file.name}: expected a PDF; the file is damaged or none{kind}: {reason}.", _REMEDY
        ) from exc


def _check(file: Upload, reader: PdfReader) -> None:
    """Raise `CorpusError` for a PDF that wants a password, or has no or too many pages."""
    if reader.is_encrypted and not reader.decrypt(""):
        raise CorpusError(
            f"{file.name}: the PDF is protected by a password; expected one that opens without.",
            "Save a copy without a password, or leave it out.",
        )
    pages = len(reader.pages)
    if not 1 <= pages <= MAX_PAGES:
        raise CorpusError(
            f"{file.name}: the PDF has {count(pages, 'page')}; expected 1 to {MAX_PAGES:,}.",
            "Save a part of it." if pages else _REMEDY,
        )


FORMATS = Format("PDF", (".pdf",), pdf_rows, prose=True, lines=False, text=False)
