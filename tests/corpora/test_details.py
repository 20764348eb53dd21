"""The line that says where a passage stands, or what else a row holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.corpora import read_uploads
from components.corpora.details import FIELDS, NAME, detail_line
from components.domain import Document
from tests.support.uploads import texts, up


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (Document("d", "T", "x"), ""),
        (Document("d", "T", "x", {"year": "2020", "product": "desktop"}), "year 2020, product "
         "desktop"),
        (Document("d", "T", "x", {"a": " ", "b": "two\nlines\there"}), "b two lines here"),
        (Document("d", "", "x", {str(n): "v" for n in range(9)}), "0 v, 1 v, 2 v, 3 v"),
        (Document("d", "", "x", {"url": "u" * 90}), f"url {'u' * 39}…"),
        (Document("d#0-5", "", "x", {"document": "other"}), "document other"),
    ],
)  # fmt: skip
def test_a_row_tells_its_first_other_fields(document: Document, line: str) -> None:
    assert detail_line(document) == line


def test_a_passage_tells_its_file_and_page_or_section_or_characters() -> None:
    text = "Before.\n\n# Setup\n\nFirst.\n\n## Install\n\nThen.\n"
    corpus = read_uploads([up("manuals/guide.md", text)])
    assert [detail_line(document) for document in corpus.documents] == [
        "guide.md, characters 0 to 7",
        "guide.md, characters 18 to 24",
        "guide.md, Setup › Install",
    ]
    assert corpus.documents[2].metadata["document"] == "guide.md"  # of a folder alone in the upload
    place = {"document": "a/handbook.pdf", "page": "3", "characters": "0-9"}
    page = Document("a/handbook.pdf#p3-0-9", "", "x", place)
    assert detail_line(page) == "handbook.pdf, page 3"


@given(st.builds(Document, st.text(), texts, texts, st.dictionaries(texts, texts)))
def test_any_document_has_one_short_line(document: Any) -> None:  # noqa: ANN401
    line = detail_line(document)
    assert len(line.splitlines()) <= 1
    assert len(line) <= FIELDS * (2 * NAME + 2)
