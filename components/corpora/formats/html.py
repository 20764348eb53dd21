"""HTML: its visible text, cut at headings; no script is run, no style shown, nothing fetched."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lxml import etree

from components.corpora.cutting import Section
from components.corpora.formats import Columns, Format
from components.corpora.limits import MAX_MARKDOWN
from components.corpora.passages import passage_rows
from components.corpora.text import LINES_BETWEEN_CHECKS, Row, Upload, decode
from components.domain import CorpusError

MAX_DEPTH: Final = 2_048
"""Elements within one another; the parser ends there."""
MAX_HEADING: Final = 1_000
"""Characters of a heading; what is longer is text."""
_UNSEEN = frozenset(
    "script style template head title iframe object embed noembed noframes select datalist".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p "
    "pre section summary table tbody tfoot thead tr ul".split()
)
_APART = frozenset("p h1 h2 h3 h4 h5 h6 table ul ol dl pre blockquote section article".split())
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{2,40})""", re.IGNORECASE)
_ODD = re.compile("[\0\ud800-\udfff]")


def html_rows(file: Upload, columns: Columns | None = None) -> Iterator[Row]:
    """Yield the passages of a page of HTML, cut at headings of level 1 and 2.

    Raises `CorpusError` for a page without visible text or one that is nested too deeply.
    """
    yield from rows_of_html(file, _decoded(file))


def rows_of_html(file: Upload, html: str, note: str = "") -> Iterator[Row]:
    """Yield the passages of a document that was written as HTML, the first with a note."""
    text, sections = _Page(file).read(html)
    if not text.strip():
        raise CorpusError(
            f"{file.name}: expected a document with text; it shows none.",
            "Save the page as the browser shows it, with its text, or leave it out.",
        )
    for row in passage_rows(file, text, sections, note):
        yield replace(row, where=str(row.fields["_id"]))  # lines of the file are not its text's


def _decoded(file: Upload) -> str:
    """Return the text of HTML: UTF-8, or the encoding that its byte order mark or meta names."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if file.content.startswith(mark):
            return file.content.decode(name, "replace").replace("\0", "\ufffd")
    declared = _CHARSET.search(file.content[:4096])
    try:
        return file.content.decode("utf-8-sig").replace("\0", "\ufffd")
    except UnicodeDecodeError:
        try:
            name = codecs.lookup(declared[1].decode() if declared else "").name
            return file.content.decode(name).replace("\0", "\ufffd")
        except (LookupError, ValueError):
            return decode(file)  # raises the error that names the byte


class _Page:
    """The visible text of a page as it is gathered, with the sections under its headings."""

    def __init__(self, file: Upload) -> None:
        self._file = file
        self._parts: list[str] = []
        self._length = 0
        self._gap = ""  # what is owed before the next word
        self._pre = 0
        self._heading = -1  # the number of parts before the heading that is being read
        self._cuts: list[tuple[str, str, int, int]] = []  # level, title, first character and end

    def read(self, html: str) -> tuple[str, list[Section]]:
        """Return the text of a page and its sections."""
        root = self._parsed(_ODD.sub("\ufffd", html).encode())
        title = ""
        if root is not None:
            self._walk(root)
            title = " ".join((root.findtext(".//title") or "").split())[:MAX_HEADING]
        text = "".join(self._parts)
        ends = [*(start for *_, start, _ in self._cuts), len(text)]
        sections = [Section(0, ends[0], "" if self._cuts else title)]
        above = ""
        for (level, heading, _, body), end in zip(self._cuts, ends[1:], strict=True):
            above = heading if level == "h1" else above
            path = f"{above} \u203a {heading}" if level == "h2" and above else heading
            sections.append(Section(body, end, heading, path))
        return text, sections

    def _parsed(self, content: bytes) -> etree._Element | None:
        """Return the root of a page, None of a blank one."""
        parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
        try:
            root = etree.fromstring(content, parser)
        except etree.LxmlError:
            root = None  # nothing but comments, for example
        fatal = [e for e in parser.error_log if e.level == etree.ErrorLevels.FATAL]
        if fatal:
            raise CorpusError(
                f"{self._file.name}:{fatal[0].line}: expected elements nested at most "
                f"{MAX_DEPTH:,} deep; found more.",
                "Save the page again, or its text as .txt.",
            )
        return root

    def _walk(self, root: etree._Element) -> None:
        """Gather the text of an element."""
        walker = etree.iterwalk(root, events=("start", "end"))
        for number, (event, element) in enumerate(walker):
            if number % LINES_BETWEEN_CHECKS == 0:
                self._file.check()
            tag = element.tag if isinstance(element.tag, str) else ""
            if tag in _BLOCKS:
                self._owe("\n\n" if tag in _APART else "\n")
            elif tag in ("td", "th", "br"):
                self._owe("\n" if tag == "br" else " ")
            if event == "start":
                self._begin(tag)
                if not tag or tag in _UNSEEN:
                    walker.skip_subtree()
                else:
                    self._add(element.text or "")
            else:
                self._end(tag)
                self._add(element.tail or "" if element is not root else "")

    def _begin(self, tag: str) -> None:
        self._pre += tag == "pre"
        if tag in ("h1", "h2") and self._heading < 0:
            self._heading = len(self._parts)

    def _end(self, tag: str) -> None:
        """Make a heading that ends here one that cuts; one that is too long is text."""
        self._pre -= tag == "pre"
        if tag not in ("h1", "h2") or self._heading < 0:
            return
        heading, self._heading = "".join(self._parts[self._heading :]), -1
        title, start = " ".join(heading.split()), self._length - len(heading)
        if title and len(title) <= MAX_HEADING:
            self._cuts.append((tag, title, start, self._length))

    def _owe(self, gap: str) -> None:
        self._gap = max(self._gap, gap, key=lambda g: (g.count("\n"), len(g)))

    def _add(self, text: str) -> None:
        """Add text, with its white space as a browser shows it."""
        if not text.strip():
            self._owe(" " if text else "")
            return
        if not self._pre:
            self._owe(" " if text[0].isspace() else "")
            after, text = " " if text[-1].isspace() else "", " ".join(text.split())
        else:
            after, text = "", text.replace("\r\n", "\n")
        for part in (self._gap if self._length else "", text):
            self._parts.append(part)
            self._length += len(part)
        self._gap = after


FORMATS = Format(
    "HTML",
    (".html", ".htm", ".xhtml"),
    html_rows,
    prose=True,
    max_bytes=MAX_MARKDOWN // 2,
    lines=False,
)
