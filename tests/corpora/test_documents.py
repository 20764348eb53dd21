"""PDF, Word and HTML: what is read of them, where passages come from, what is refused."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from components.corpora import open_corpus, read_uploads
from components.corpora.cutting import Cutting
from components.domain import Cancelled, Corpus
from tests.support.given_documents import (
    WORD,
    docx,
    locked_pdf,
    packed,
    paragraph,
    pdf,
    twenty,
)
from tests.support.uploads import passages, refusal, up, zipped

LAMPS = pdf("Lamps are lit at dusk.\nThe keeper (old) winds.", "", "Third page.")
REPORT = docx(
    paragraph("Before."),
    paragraph("One", "Heading1"),
    paragraph("Body &amp; more"),
    paragraph("Deeper", "Heading3"),
    paragraph("Two", "Heading2"),
    paragraph("End"),
)


def metadata(corpus: Corpus) -> list[dict[str, str]]:
    return [dict(document.metadata) for document in corpus.documents]


def test_a_pdf_is_read_page_by_page() -> None:
    """A page without text is named."""
    corpus = read_uploads([up("m.pdf", LAMPS)])
    assert passages(corpus) == [
        ("m.pdf#p1-0-46", "", "Lamps are lit at dusk.\nThe keeper (old) winds."),
        ("m.pdf#p3-0-11", "", "Third page."),
    ]
    assert metadata(corpus) == [
        {"document": "m.pdf", "page": "1", "characters": "0-46"},
        {"document": "m.pdf", "page": "3", "characters": "0-11"},
    ]
    assert corpus.report.warnings == (
        "m.pdf:page 1: the PDF has no text on page 2, which may be pictures.",
    )


def test_a_pdf_without_a_password_to_open_it_is_read() -> None:
    """Many are encrypted so that they cannot be changed."""
    assert len(read_uploads([up("m.pdf", locked_pdf(LAMPS, ""))]).documents) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (locked_pdf(LAMPS, "secret"), "the PDF is protected by a password; expected one that ope"),
        (pdf("", ""), "the PDF has 2 pages and no text; expected text. It is probably a scan: pic"),
        (LAMPS[:300], "expected a PDF; the file is damaged or none: "),
        (b"hello", "expected a PDF; the file is damaged or none; it begins with 'hello': "),
    ],
)
def test_a_pdf_that_cannot_be_read_is_said_to_be_so(content: bytes, reason: str) -> None:
    assert refusal(up("m.pdf", content)).startswith(f"m.pdf: {reason}")


def test_a_word_document_is_cut_at_its_headings() -> None:
    """Of level 1 and 2; deeper ones are text."""
    corpus = read_uploads([up("r.docx", REPORT)])
    assert passages(corpus) == [
        ("r.docx#0-7", "", "Before."),
        ("r.docx#14-33", "One", "Body & more\n\nDeeper"),
        ("r.docx#40-43", "Two", "End"),
    ]
    assert [data.get("section") for data in metadata(corpus)] == [None, "One", "One \u203a Two"]


def test_macros_are_named_and_not_run() -> None:
    content = docx(paragraph("Text"), parts={"word/vbaProject.bin": b"\xd0\xcf macro"})
    corpus = read_uploads([up("r.docm", content)])
    assert passages(corpus) == [("r.docm#0-4", "", "Text")]
    assert corpus.report.warnings == (
        "r.docm#0-4: the document holds macros, which are neither run nor read.",
    )


LONG = docx(*(paragraph(f"Line {number}.") for number in range(2_000)))
"""More XML than is read in the reader's own process."""


def test_a_long_word_document_is_read_in_a_process_of_its_own() -> None:
    corpus = read_uploads([up("r.docx", LONG)])
    lines = "\n".join(d.text for d in corpus.documents).split()
    assert lines == " ".join(f"Line {number}." for number in range(2_000)).split()
    broken = docx(*(paragraph(f"Line {number}.") for number in range(2_000)), "<w:p>")
    reason = "r.docx: expected a Word document (.docx); the file is damaged or none: ExpatError: "
    assert refusal(up("r.docx", broken)).startswith(reason)


def test_reading_a_long_word_document_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks a few times a second, and the process ends with the reading."""
    calls = []

    def stop(done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == 3:
            raise Cancelled

    content = docx("<w:p/>" * 1_000_000)
    with pytest.raises(Cancelled):
        read_uploads([up("r.docx", content)], progress=stop)
    monkeypatch.setattr("components.corpora.formats.docx.MOST_S", 0.0)
    assert refusal(up("r.docx", content)) == (
        "r.docx: reading the document takes more than 0 seconds."
    )


ENTITIES = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + f']><w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>&i;</w:t></w:r></w:p></w:body>'
    "</w:document>"
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
            "expected a Word document (.docx); foun",
        ),
        (REPORT[:300], "expected a Word document (.docx); the file is damaged or none: "),
        (
            packed({"a.txt": "x"}),
            "expected a Word document (.docx); the file is damaged or none: i",
        ),
        (docx(parts={"word/document.xml": ENTITIES}), "expected a Word document (.docx); the file"),
        (docx(parts={"word/document.xml": " " * 13_000_000}), "the document unpacks to 13,"),
        (docx(), "expected a document with text; it shows none."),
    ],
)
def test_a_word_document_that_cannot_be_read_is_said_to_be_so(content: bytes, reason: str) -> None:
    """Damaged, protected, of another kind, or a bomb."""
    assert refusal(up("r.docx", content)).startswith(f"r.docx: {reason}")


PAGE = """<!doctype html><html><head><title>All</title><style>p { color: red }</style>
<script>alert("run")</script><link rel=stylesheet href="http://127.0.0.1:9/a.css"></head>
<body onload="alert(1)">Be<b>fo</b>re.<h1>One <i>two</i></h1><p>A &amp; b<br>c</p>
<script src="http://127.0.0.1:9/a.js">hidden()</script><img src="http://127.0.0.1:9/a.png">
<h2>Sub</h2><ul><li>x</li><li>y</li></ul><table><tr><td>1</td><td>2</td></tr></table>
<pre>if a:
    b</pre><template>not drawn</template>After.</body></html>"""


def test_html_is_its_visible_text_cut_at_headings() -> None:
    """Scripts and styles are neither run nor shown, and nothing is fetched."""
    corpus = read_uploads([up("p.html", PAGE)])
    assert passages(corpus) == [
        ("p.html#0-7", "", "Before."),
        ("p.html#18-25", "One two", "A & b\nc"),
        ("p.html#32-61", "Sub", "x\ny\n\n1 2\n\nif a:\n    b\n\nAfter."),
    ]


def test_html_without_headings_has_its_title() -> None:
    corpus = read_uploads([up("p.htm", "<title>All  of\nit</title><p>Text")])
    assert passages(corpus) == [("p.htm#0-4", "All of it", "Text")]


def test_html_is_decoded_as_it_says() -> None:
    """UTF-8 goes before what is declared, which is often wrong; without either it is a guess."""
    western = '<meta charset="windows-1252"><p>caf\xe9'.encode("cp1252")
    utf8 = '<meta charset="windows-1252"><p>caf\xe9'.encode()
    for content in (western, utf8, "<p>caf\xe9".encode("utf-16")):
        assert read_uploads([up("p.html", content)]).documents[0].text == "caf\xe9"
    guessed = read_uploads([up("p.html", b"<p>caf\xe9")])
    assert guessed.documents[0].text == "caf\xe9"
    note = "p.html: read as Windows-1252: not valid UTF-8 at line 1."
    assert note in guessed.report.warnings
    wrong = b'<meta charset="no-such-code"><p>caf\xe9'
    assert refusal(up("p.html", wrong)).startswith("p.html:1: the byte 0xe9 at offset ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<script>alert(1)</script>", "p.html: expected a document with text; it shows none."),
        ("<!-- only -->", "p.html: expected a document with text; it shows none."),
        ("<div>" * 5_000 + "x", "p.html:1: expected elements nested at most 2,048 deep; found mor"),
    ],
)
def test_html_that_cannot_be_read_is_said_to_be_so(content: str, reason: str) -> None:
    assert refusal(up("p.html", content)).startswith(reason)


# ---------------------------------------------------------------- together


def test_a_folder_and_a_zip_of_all_kinds_are_read_alike(tmp_path: Path) -> None:
    """Twenty documents; the first page of a PDF and the second are passages of their own."""
    files = twenty([("Lamps", "A lamp is lit at dusk.")])
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    from_zip = read_uploads([up("all.zip", packed(files))])
    from_folder = open_corpus(str(tmp_path))
    side_by_side = read_uploads([up(name, content) for name, content in files.items()])
    assert len(from_zip.documents) == 25
    assert from_zip.by_id == from_folder.by_id == side_by_side.by_id
    assert {d.metadata["document"] for d in from_zip.documents} == set(files)


def test_a_judgment_survives_another_length_of_passages() -> None:
    """It is moved to the passage with most of its words, and that is said."""
    sentences = [f"Sentence {n} has exactly six words. " for n in range(100)]
    page = "".join(sentences)
    text = replace(up("m.txt", page), cutting=Cutting(100))
    files = [text, up("queries.jsonl", '{"_id": "q", "text": "words"}')]
    judged = page.index("Sentence 60 "), page.index("Sentence 80 ")
    qrels = up("test.tsv", f"query-id\tcorpus-id\tscore\nq\tm.txt#{judged[0]}-{judged[1]}\t2\n")
    corpus = read_uploads([*files, qrels])
    [(identity, grade)] = corpus.judgments["q"].items()
    assert grade == 2
    assert corpus.by_id[identity].text.startswith("Sentence 64 ")  # after 4 times 16 sentences
    assert corpus.report.warnings == (
        "Split test: 1 judgment of passages that were cut otherwise moved to those that share most "
        "characters with them.",
    )


# ---------------------------------------------------------------- documents that cannot be read

MIXED = {
    "broken.docx": REPORT[:300],
    "empty.html": "<script>alert(1)</script>",
    "lamps.pdf": LAMPS,
    "latin.txt": b"caf\0",
    "locked.pdf": locked_pdf(LAMPS, "secret"),
    "notes.md": "# Notes\n\nThe boat comes on Mondays.\n",
    "packed.md.gz": b"\x1f\x8bno gzip",
    "scan.pdf": pdf("", ""),
}
REASONS = {
    "broken.docx": "expected a Word document (.docx); the file is damaged or none: ",
    "empty.html": "expected a document with text; it shows none.",
    "latin.txt": "latin.txt:1: the byte 0x00 at offset 3 of the file is not text.",
    "locked.pdf": "the PDF is protected by a password; expected one that opens without.",
    "packed.md": "packed.md.gz: the gzip is damaged or no gzip: ",
    "scan.pdf": "the PDF has 2 pages and no text; expected text. It is probably a scan: ",
}


def test_a_document_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    """Alike side by side, in a zip and in a folder."""
    for name, content in MIXED.items():
        (tmp_path / name).write_bytes(up(name, content).content)
    for corpus in (
        read_uploads([up(name, content) for name, content in MIXED.items()]),
        read_uploads([zipped(MIXED)]),
        open_corpus(str(tmp_path)),
    ):
        assert {d.metadata["document"] for d in corpus.documents} == {"lamps.pdf", "notes.md"}
        refused = {file.name: file.note for file in corpus.report.files if file.part == "refused"}
        assert refused.keys() == REASONS.keys()
        assert all(refused[name].startswith(reason) for name, reason in REASONS.items())
        warnings = corpus.report.warnings
        assert warnings[3].startswith(f"Not read: locked.pdf: {REASONS['locked.pdf']} Save a copy")
        assert warnings[5] == ("Not read: 1 more document, each for a reason in the import report.")


def test_where_no_document_can_be_read_all_reasons_are_told() -> None:
    broken = {name: MIXED[name] for name in ("broken.docx", "locked.pdf", "scan.pdf")}
    reason = refusal(zipped(broken))
    assert reason.startswith(
        "z.zip: none of 3 documents can be read: broken.docx: expected a Word document (.docx); "
    )
    assert "; locked.pdf: the PDF is protected by a password; expected" in reason
    assert "; scan.pdf: the PDF has 2 pages and no text" in reason
    many = zipped({f"{number:02}.pdf": b"hello" for number in range(23)})
    assert refusal(many).endswith("; 3 other documents.")


def test_a_damaged_member_of_a_zip_is_named() -> None:
    """Its checksum does not fit; the others are read."""
    whole = zipped({"a.md": "# A\n\nfirst\n", "b.txt": "second"}, stored=True)
    torn = replace(whole, content=whole.content.replace(b"second", b"sec0nd"))
    corpus = read_uploads([torn])
    assert [d.id for d in corpus.documents] == ["a.md#5-10"]
    [warning] = corpus.report.warnings
    assert warning.startswith("Not read: z.zip: the zip is damaged or not a zip: Bad CRC-32 for")


def test_what_is_too_much_is_refused_whole() -> None:
    """No document is at fault, and the next ones would not fit either."""
    bomb = gzip.compress(b"a" * 2_000_000)
    reason = refusal(up("a.md", "# A\n\nfirst\n"), up("b.txt.gz", bomb))
    assert reason.startswith(f"b.txt.gz: the gzip of {len(bomb):,} bytes unpacks to more than")


# ---------------------------------------------------------------- progress


def test_progress_is_told_in_documents_or_in_the_pages_of_one(tmp_path: Path) -> None:
    def steps_of(path: Path) -> list[tuple[int, int]]:
        steps: list[tuple[int, int]] = []
        open_corpus(str(path), progress=lambda *step: steps.append(step))
        return list(dict.fromkeys(steps))

    (tmp_path / "a.pdf").write_bytes(LAMPS)
    assert steps_of(tmp_path / "a.pdf") == [(0, 3), (1, 3), (2, 3)]
    (tmp_path / "b.docx").write_bytes(REPORT)
    (tmp_path / "c.md").write_text("# One\n\ntext\n")
    assert steps_of(tmp_path) == [(0, 3), (1, 3), (2, 3)]


def test_a_folder_from_a_browser_is_read_as_from_a_disk(tmp_path: Path) -> None:
    """Its files are named from the folder on, and a zip among them is not opened."""
    files = {
        "deep/lamps.pdf": LAMPS,
        "notes.md": b"# One\n\ntext\n",
        "old.zip": packed({"a.md": "x"}),
        "qrels/dev.trec": b"q1 0 notes.md#7-11 1\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    uploads = [up(f"{tmp_path.name}/{name}", content) for name, content in files.items()]
    corpus = read_uploads(uploads[::-1])
    assert corpus.name == tmp_path.name
    assert corpus == open_corpus(str(tmp_path), "dev")
    parts = {file.name: file.part for file in corpus.report.files}
    assert parts["old.zip"] == "ignored"
    assert parts["qrels/dev.trec"] == "judgments"
