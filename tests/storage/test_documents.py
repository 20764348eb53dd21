"""Documents on disk: what is read is what was written, and only what is asked for is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain import Corpus, Document, StoreError
from components.storage.documents import INDEX, RECORDS, DocumentWriter, StoredDocuments

anything = st.text(max_size=30)  # halves of surrogate pairs and null characters, too
several = st.lists(
    st.builds(Document, anything, anything, anything, st.dictionaries(anything, anything)),
    unique_by=lambda document: document.id,
    max_size=12,
)
THREE = (
    Document("a", "Title", "one two", {"year": "2020", "tags": '["x"]'}),
    Document("b", "", ""),
    Document("c" * 600, "", "three \N{SNOWMAN}"),
)


def written(folder: Path, documents: Iterable[Document]) -> StoredDocuments:
    folder.mkdir(exist_ok=True)
    with DocumentWriter(folder) as writer:
        for document in documents:
            writer.add(document)
    return StoredDocuments(folder)


@given(several, st.slices(12), st.lists(st.integers(-12, 11), max_size=5))
def test_they_are_a_sequence_like_any_other(
    documents: list[Document], part: slice, places: list[int]
) -> None:
    with TemporaryDirectory() as folder:
        stored = written(Path(folder), documents)
        assert len(stored) == len(documents)
        assert list(stored) == list(stored.at(range(len(documents)))) == documents
        assert list(stored[part]) == documents[part]
        places = [place for place in places if -len(documents) <= place < len(documents)]
        assert stored.at(places) == [documents[place] for place in places]
        assert stored.ids(places) == [documents[place].id for place in places]
        assert dict(stored.by_id) == {document.id: document for document in documents}
        assert list(stored.all_ids()) == [document.id for document in documents]
        assert [stored.place_of(d.id) for d in documents] == list(range(len(documents)))
        assert stored.word_count == sum(len(document.passage.split()) for document in documents)
        absent = "".join(document.id for document in documents) + "x"
        assert absent not in stored.by_id
        assert stored.by_id.get(absent) is None
        for outside in (len(documents), -len(documents) - 1):
            with pytest.raises(IndexError):
                stored[outside]


def test_neighbours_that_share_a_block_and_records_larger_than_one(tmp_path: Path) -> None:
    large = Document("large", "", "x" * 3_000_000)
    many = [*THREE, large, *(Document(f"d{n}", "", "word " * 400) for n in range(2_000)), large]
    stored = written(tmp_path, many[:-1])
    assert list(stored) == many[:-1]
    assert stored[1_000:1_003] == tuple(many[1_000:1_003])
    assert stored[-1].id == "d1999"


def test_they_are_equal_where_their_documents_are(tmp_path: Path) -> None:
    one, same = (written(tmp_path / name, THREE) for name in ("one", "same"))
    other = written(
        tmp_path / "other", (*THREE[:2], Document(THREE[2].id, "", THREE[2].text + "."))
    )
    metadata = written(tmp_path / "metadata", (Document("a", "Title", "one two"), *THREE[1:]))
    assert (one, hash(one)) == (same, hash(same))
    assert one != other
    assert one != metadata
    corpora = [Corpus("c", d, fingerprint="f") for d in (one, same, other, metadata)]
    assert [corpora[0] == corpus for corpus in corpora] == [True, True, False, False]
    assert corpora[0] != "f"


def test_corpora_in_memory_are_told_apart_by_fingerprint_and_metadata() -> None:
    first = Corpus("c", THREE, fingerprint="f")
    assert first == Corpus("c", tuple(THREE), fingerprint="f")
    assert first != Corpus("c", THREE, fingerprint="g")
    assert first != Corpus("d", THREE, fingerprint="f")
    bare = tuple(Document(d.id, d.title, d.text) for d in THREE)
    assert first != Corpus("c", bare, fingerprint="f")
    assert first.by_id["a"].details
    assert not Corpus("c", bare, fingerprint="f").by_id["a"].details
    assert Corpus("c", THREE) == Corpus("c", tuple(THREE))
    assert Corpus("c", THREE) != Corpus("c", bare)


def test_a_corpus_asks_for_several_documents_at_once(tmp_path: Path) -> None:
    for documents in (THREE, written(tmp_path, THREE)):
        corpus = Corpus("c", documents)
        assert corpus.at([2, 0]) == [THREE[2], THREE[0]]
        assert corpus.ids([2, 0]) == [THREE[2].id, "a"]
        assert corpus.by_id["b"] == THREE[1]


def test_a_damaged_record_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    written(tmp_path, THREE)
    content = bytearray((tmp_path / RECORDS).read_bytes())
    content[content.index(b"one two")] = ord("0")
    (tmp_path / RECORDS).write_bytes(content)
    stored = StoredDocuments(tmp_path)
    assert stored[1:] == THREE[1:]
    for read in (lambda: stored[0], lambda: list(stored), lambda: stored.by_id["a"]):
        with pytest.raises(StoreError, match="document 1 is not what was written"):
            read()


@pytest.mark.parametrize("name", [RECORDS, INDEX])
def test_what_is_cut_or_absent_is_no_corpus(tmp_path: Path, name: str) -> None:
    written(tmp_path, THREE)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError, match="cannot be read"):
        StoredDocuments(tmp_path)
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        StoredDocuments(tmp_path)


@pytest.mark.skipif(not hasattr(os, "pread"), reason="Windows removes no open file")
def test_who_reads_them_goes_on_when_the_folder_is_removed(tmp_path: Path) -> None:
    stored = written(tmp_path / "c", THREE)
    shutil.rmtree(tmp_path / "c")
    assert list(stored) == list(THREE)
