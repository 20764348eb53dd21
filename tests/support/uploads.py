"""Uploads for tests, and the texts that Hypothesis makes of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import strategies as st

from components.corpora import Columns, Upload, read_uploads
from components.domain import Corpus, CorpusError, Document

TWO = '{"_id": "a", "title": "T", "text": "x"}\n{"_id": "b", "text": "y"}\n'
QUERIES = '{"_id": "q1", "text": "one"}\n'
QRELS = "query-id\tcorpus-id\tscore\nq1\tb\t1\n"
BEIR = {"corpus.jsonl": TWO, "queries.jsonl": QUERIES, "qrels/test.tsv": QRELS, "card.md": "Hi"}

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
filled = texts.filter(lambda text: bool(text.strip()))
ids = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1)
documents = st.lists(
    st.builds(Document, ids.filter(str.strip), texts, filled),
    min_size=1,
    unique_by=lambda document: document.id,
)


def up(name: str, content: str | bytes) -> Upload:
    """Return an upload; text is encoded as UTF-8."""
    return Upload(name, content.encode() if isinstance(content, str) else content)


def zipped(
    files: Mapping[str, str | bytes], name: str = "z.zip", *, stored: bool = False
) -> Upload:
    """Return a zip of these members, which are compressed unless they are to be `stored`."""
    buffer = io.BytesIO()
    kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, content in files.items():
            archive.writestr(zipfile.ZipInfo(member), content, kind)
    return Upload(name, buffer.getvalue())


def refusal(*uploads: Upload, columns: Columns | None = None) -> str:
    """Return the reason why an upload is refused."""
    with pytest.raises(CorpusError) as caught:
        read_uploads(uploads, columns=columns)
    assert caught.value.remedy.endswith(".")
    assert "\n" not in str(caught.value)
    assert str(caught.value).encode()
    return caught.value.reason


def passages(corpus: Corpus) -> list[tuple[str, str, str]]:
    """Return id, title and text of every document."""
    return [(d.id, d.title, d.text) for d in corpus.documents]
