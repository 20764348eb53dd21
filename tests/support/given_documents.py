"""Documents of every kind, made as small as they can be: PDF, Word, and what hides in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

from pypdf import PdfReader, PdfWriter

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/><Default '
    'Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/'
    '2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)


def pdf(*pages: str) -> bytes:
    """Return a PDF with these lines of ASCII on its pages; an empty page has none."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for page in pages:
        lines = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
                 for line in page.split("\n")]  # fmt: skip
        shown = " ".join(f"({line}) Tj T*" for line in lines if page)
        stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        content
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size "
            f"{len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF\n"
        ).encode()
    )


def locked_pdf(content: bytes, password: str) -> bytes:
    """Return a PDF that opens with a password alone; with an empty one it opens by itself."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt(password, "owner", algorithm="AES-256")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def paragraph(text: str, style: str = "") -> str:
    """Return a paragraph as Word writes it; a style is for example `Heading1`."""
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def docx(*paragraphs: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """Return a Word document of paragraphs, with further parts by their names."""
    body = f'<w:document xmlns:w="{WORD}"><w:body>{"".join(paragraphs)}</w:body></w:document>'
    return packed(
        {
            "[Content_Types].xml": TYPES,
            "_rels/.rels": RELATIONS,
            "word/document.xml": body,
            **(parts or {}),
        }
    )


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """Return a zip of files by their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def html(title: str, *sections: tuple[str, str]) -> bytes:
    """Return a page of HTML with a heading and a paragraph for each section."""
    body = "".join(f"<h1>{heading}</h1><p>{text}</p>" for heading, text in sections)
    body += "<script>window.ran = true</script><img src='http://127.0.0.1:9/fetched.png'>"
    return f"<!doctype html><html><title>{title}</title><body>{body}</body></html>".encode()


def twenty(topics: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    """Return twenty documents by name, of four kinds in turn, about these topics in turn."""
    files: dict[str, bytes] = {}
    for number in range(20):
        topic, text = topics[number % len(topics)]
        text = f"{text} This is document {number + 1}."
        match number % 4:
            case 0:
                files[f"manual-{number}.pdf"] = pdf(f"{topic}\n{text}", f"More on {topic}.")
            case 1:
                files[f"report-{number}.docx"] = docx(paragraph(topic, "Heading1"), paragraph(text))
            case 2:
                files[f"page-{number}.html"] = html(topic, (topic, text))
            case _:
                files[f"notes-{number}.md"] = f"# {topic}\n\n{text}\n".encode()
    return files
