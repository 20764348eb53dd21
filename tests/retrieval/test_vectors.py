"""Vectors on disk: computed once, found again, and computed anew when the file is damaged."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.domain import (
    Cancelled,
    Corpus,
    Document,
    Matrix,
    Progress,
    Spec,
    Vector,
    no_progress,
)
from components.models.gate import GATE
from components.retrieval.vectors import (
    SLICE,
    dense_vectors,
    is_cached,
)
from components.storage.arrays import read_arrays, write_arrays

SPEC = Spec("hash", "hash", "bi-encoder", "", "cosine", revision="r1")


class HashEncoder:
    """An encoder whose vectors are a text's hash; it remembers what it encoded."""

    dimension = 4

    def __init__(self) -> None:
        self.encoded: list[list[str]] = []

    def encode_query(self, text: str) -> Vector:
        """Return the unit vector of a text."""
        raw = np.frombuffer(hashlib.sha256(text.encode()).digest()[:4], np.uint8).astype(np.float32)
        unit: Vector = (raw + 1) / np.linalg.norm(raw + 1)
        return unit

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one row a text."""
        self.encoded.append(list(texts))
        return np.array([self.encode_query(text) for text in texts], np.float32)


def corpus_of(*texts: str, fingerprint: str = "f" * 64) -> Corpus:
    """Return a corpus of documents entitled T0, T1, ..."""
    documents = tuple(Document(str(i), f"T{i}", text) for i, text in enumerate(texts))
    return Corpus("test", documents, fingerprint=fingerprint)


CORPUS = corpus_of("one", "two", "three", "four", "five")
PASSAGES = ["T0 one", "T1 two", "T2 three", "T3 four", "T4 five"]
EXPECTED = HashEncoder().encode_documents(PASSAGES)
LARGE = corpus_of(*(f"text {i}" for i in range(2 * SLICE + 5)))


def the_file(folder: Path) -> Path:
    """Return the one file under a folder; so none was left aside."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert files[0].suffix == ".npz"
    return files[0]


def test_vectors_are_computed_once(tmp_path: Path) -> None:
    first, second = HashEncoder(), HashEncoder()
    assert not is_cached(tmp_path, CORPUS, SPEC)
    computed = dense_vectors(CORPUS, SPEC, first, tmp_path)
    assert is_cached(tmp_path, CORPUS, SPEC)
    loaded = dense_vectors(CORPUS, SPEC, second, tmp_path)
    assert first.encoded == [PASSAGES]  # title, a space, text
    assert second.encoded == []
    for rows in (computed, loaded):
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, EXPECTED)


def test_documents_are_encoded_in_slices_with_the_gate_open_between_them(tmp_path: Path) -> None:
    encoder = HashEncoder()
    calls: list[tuple[int, int]] = []

    def refuse() -> None:
        raise AssertionError("the gate was shut")

    def progress(done: int, total: int) -> None:
        calls.append((done, total))
        with GATE.hold(check=refuse):
            pass

    rows = dense_vectors(LARGE, SPEC, encoder, tmp_path, progress)
    assert [len(texts) for texts in encoder.encoded] == [16, 16, 5]
    assert calls == [(16, 37), (32, 37), (37, 37)]
    np.testing.assert_array_equal(
        rows, HashEncoder().encode_documents([d.passage for d in LARGE.documents])
    )


# ---------------------------------------------------------------- damage


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_vector_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(EXPECTED[2].tobytes()) + 1] ^= 1
    path.write_bytes(content)


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 8)


def a_page_of_a_proxy(path: Path) -> None:
    path.write_text("<html>502 Bad Gateway</html>")


def a_bare_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, EXPECTED)


def a_pickle(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, vectors=np.array([{"a": 1}], object), rows=np.array(5))


def too_few_rows(path: Path) -> None:
    write_arrays(path, {"vectors": EXPECTED[:3], "rows": np.array(3)})


def no_row_count(path: Path) -> None:
    write_arrays(path, {"vectors": EXPECTED})


def of_zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


DAMAGES = (
    truncate,
    empty,
    flip_a_vector_bit,
    garbage,
    a_page_of_a_proxy,
    a_bare_array,
    a_pickle,
    too_few_rows,
    no_row_count,
    of_zeros,
)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_replaced_by_the_right_values(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    dense_vectors(CORPUS, SPEC, HashEncoder(), tmp_path)
    path = the_file(tmp_path)
    sound = path.read_bytes()
    damage(path)
    assert path.read_bytes() != sound
    encoder = HashEncoder()
    np.testing.assert_array_equal(dense_vectors(CORPUS, SPEC, encoder, tmp_path), EXPECTED)
    assert encoder.encoded == [PASSAGES]
    again = HashEncoder()
    np.testing.assert_array_equal(dense_vectors(CORPUS, SPEC, again, tmp_path), EXPECTED)
    assert again.encoded == []  # the file is sound again
    assert the_file(tmp_path) == path


def test_whatever_bit_flips_no_wrong_value_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "components.storage.arrays")
    dense_vectors(CORPUS, SPEC, HashEncoder(), tmp_path)
    path = the_file(tmp_path)
    sound = path.read_bytes()
    for position in range(len(sound)):
        content = bytearray(sound)
        content[position] ^= 1 << position % 8
        path.write_bytes(content)
        loaded = read_arrays(path)  # None, or something that is plainly not ours, is rebuilt
        if loaded is not None and loaded.get("rows", -1) == 5:
            np.testing.assert_array_equal(loaded["vectors"], EXPECTED)


def test_damage_is_logged_with_the_files_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dense_vectors(CORPUS, SPEC, HashEncoder(), tmp_path)
    assert caplog.text == ""
    truncate(the_file(tmp_path))
    dense_vectors(CORPUS, SPEC, HashEncoder(), tmp_path)
    assert f"{the_file(tmp_path).name} is damaged and will be rebuilt" in caplog.text


def test_an_absent_file_is_no_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_arrays(tmp_path / "absent.npz") is None
    assert caplog.text == ""


# ---------------------------------------------------------------- writing


def test_nothing_is_left_aside_when_the_file_cannot_be_moved_into_place(tmp_path: Path) -> None:
    target = tmp_path / "vectors.npz"
    (target / "in the way").mkdir(parents=True)
    write_arrays(target, {"a": np.ones(3)})  # a folder of that name: logged, not raised
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.npz"]


def test_nothing_is_left_aside_when_writing_fails_and_the_old_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "vectors.npz"
    write_arrays(target, {"a": np.ones(3)})
    with pytest.raises(ValueError, match=r"[Oo]bject arrays"):
        write_arrays(target, {"a": np.zeros(3), "b": np.array([object()], object)})
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.npz"]
    old = read_arrays(target)
    assert old is not None
    np.testing.assert_array_equal(old["a"], np.ones(3))


def test_a_folder_that_cannot_be_written_costs_only_the_cache(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "cache"
    folder.write_text("a file where the folder should be")
    for _ in range(2):
        encoder = HashEncoder()
        np.testing.assert_array_equal(dense_vectors(CORPUS, SPEC, encoder, folder), EXPECTED)
        assert encoder.encoded == [PASSAGES]
    assert not is_cached(folder, CORPUS, SPEC)
    assert "could not be kept" in caplog.text
    assert folder.read_text() == "a file where the folder should be"


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("corpus", "spec"),
    [
        (CORPUS, replace(SPEC, revision="r2")),
        (CORPUS, replace(SPEC, key="hash2")),
        (replace(CORPUS, fingerprint="e" * 64), SPEC),
    ],
    ids=["revision", "key", "fingerprint"],
)
def test_another_model_or_corpus_has_another_file(
    tmp_path: Path, corpus: Corpus, spec: Spec
) -> None:
    dense_vectors(CORPUS, SPEC, HashEncoder(), tmp_path)
    assert not is_cached(tmp_path, corpus, spec)
    encoder = HashEncoder()
    dense_vectors(corpus, spec, encoder, tmp_path)
    assert encoder.encoded == [PASSAGES]
    assert len(list((tmp_path / "vectors").iterdir())) == 2


def test_the_name_of_a_corpus_does_not_matter(tmp_path: Path) -> None:
    dense_vectors(CORPUS, SPEC, HashEncoder(), tmp_path)
    encoder = HashEncoder()
    dense_vectors(replace(CORPUS, name="renamed"), SPEC, encoder, tmp_path)
    assert encoder.encoded == []


# ---------------------------------------------------------------- stopping


@pytest.mark.parametrize("last", [16, 32, 37])
def test_cancelled_leaves_no_file(tmp_path: Path, last: int) -> None:
    def progress(done: int, total: int) -> None:
        if done == last:
            raise Cancelled

    encoder = HashEncoder()
    with pytest.raises(Cancelled):
        dense_vectors(LARGE, SPEC, encoder, tmp_path, progress)
    assert sum(map(len, encoder.encoded)) == last  # nothing was encoded after the stop
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert dense_vectors(LARGE, SPEC, HashEncoder(), tmp_path).shape == (37, 4)


def test_cancelled_while_waiting_for_the_gate_encodes_nothing(tmp_path: Path) -> None:
    def progress(done: int, total: int) -> None:
        assert (done, total) == (0, 37)
        raise Cancelled

    encoder = HashEncoder()
    with GATE.hold(), pytest.raises(Cancelled):
        dense_vectors(LARGE, SPEC, encoder, tmp_path, progress)
    assert encoder.encoded == []
    with GATE.hold(check=no_wait):  # the gate is free again
        pass


def no_wait() -> None:
    """Fail where the gate is shut."""
    raise AssertionError("the gate was not open")
