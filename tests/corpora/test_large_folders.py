"""A folder whose documents are too many for memory is read as any other, one document at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from components.corpora import open_corpus
from components.corpora.limits import MAX_BYTES
from components.domain import Corpus, CorpusError, LazyDocuments
from components.lab.library.drafts import Draft

FILLER = " ".join(f"w{n % 977}" for n in range(4_000))
"""A text of some 18 kB, so that few documents are a large file."""
COPIES = MAX_BYTES // len(FILLER) + 2


def folder_of(path: Path, rows: Iterable[dict[str, object]]) -> Path:
    """Write a BEIR folder that is too large, with these rows first."""
    (path / "qrels").mkdir(parents=True)
    with (path / "corpus.jsonl").open("w", encoding="utf-8") as file:
        for row in (*rows, *({"_id": f"f{n}", "text": FILLER} for n in range(COPIES))):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    (path / "queries.jsonl").write_text('{"_id": "q", "text": "grüne Hüte"}\n', encoding="utf-8")
    (path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t1\nq\tgone\t1\n")
    return path


def both_ways(folder: Path, place: Path) -> tuple[Corpus, Corpus]:
    """Read a folder into memory, and into a draft."""
    draft = Draft(place, lambda size: None)
    return open_corpus(str(folder)), open_corpus(str(folder), sink=draft)


def test_it_is_read_as_one_in_memory_is(tmp_path: Path) -> None:
    rows = (
        {"_id": "a", "title": "Grün", "text": "ein grüner Hut\u2028und mehr", "year": 1999},
        {"_id": "b", "title": "leer"},
        {"_id": "ü" * 200, "metadata": {"x": [1, 2]}, "text": "\ufeff"},
    )
    whole, streamed = both_ways(folder_of(tmp_path / "c", rows), tmp_path / "library")
    assert isinstance(streamed.documents, LazyDocuments)
    assert isinstance(whole.documents, tuple)
    assert list(streamed.documents) == list(whole.documents)
    assert streamed.report == whole.report
    assert streamed.report.duplicates.number == COPIES - 1
    for name in ("name", "fingerprint", "queries", "judgments", "splits", "dangling", "unasked"):
        assert getattr(streamed, name) == getattr(whole, name), name


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (b'{"_id": "f7", "text": "x"}\n', "documents 1 and 9 have the same id 'f7'"),
        (b'{"_id": "x", "text": "caf\xe9"}\n', "corpus.jsonl:1: the line is not valid UTF-8"),
        (b'{"_id": "x", "text": "a\0"}\n', "corpus.jsonl:1: the line is not valid UTF-8"),
        (b"{nonsense\n", "corpus.jsonl:1: not valid JSON"),
        (b'{"_id": "", "text": "x"}\n', "corpus.jsonl:1: the id"),
    ],
)
def test_its_mistakes_are_named_with_their_place(tmp_path: Path, row: bytes, why: str) -> None:
    folder = folder_of(tmp_path / "c", ())
    path = folder / "corpus.jsonl"
    path.write_bytes(row + path.read_bytes())
    with pytest.raises(CorpusError) as refused:
        open_corpus(str(folder), sink=Draft(tmp_path / "library", lambda size: None))
    assert why in refused.value.reason


def test_a_small_folder_stays_in_memory(tmp_path: Path) -> None:
    draft = Draft(tmp_path, lambda size: None)
    assert isinstance(open_corpus("exceptions", sink=draft).documents, tuple)
    assert not draft.complete
