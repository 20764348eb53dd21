"""Token vectors on disk: computed once, found again, and computed anew when damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from components.domain import Cancelled, Matrix, Progress, no_progress
from components.rerankers.late_interaction import LATE_MINILM
from components.retrieval.schema import CorpusTokens
from components.retrieval.vectors import is_cached, token_vectors
from tests.support.hash_encoder import corpus_of


class WordsModel:
    """A token model: a text's token is a word, its vector says how long the word is."""

    dimension = 3

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def count_tokens(self, text: str) -> int:
        """Return the number of words."""
        return len(text.split())

    def token_vectors(self, text: str, max_tokens: int = 512) -> Matrix:
        """Return a row for each word that fits, and for both ends."""
        self.encoded.append(text)
        rows = [0, *(len(word) % 3 for word in text.split()[: max_tokens - 2]), 0]
        return np.eye(3, dtype=np.float32)[rows]


def the_file(folder: Path) -> Path:
    """Return the one file under a folder; so none was left aside."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert files[0].suffix == ".npz"
    return files[0]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


LONG = " ".join(["word"] * 700)
TOKENS = corpus_of("a bb ccc", "", LONG)


def tokens_of(model: WordsModel, folder: Path, progress: Progress = no_progress) -> CorpusTokens:
    """Return the token vectors of TOKENS."""
    return token_vectors(TOKENS, LATE_MINILM, model, folder, progress)  # type: ignore[arg-type]


def test_token_vectors_lie_end_to_end_with_offsets_and_cuts(tmp_path: Path) -> None:
    """Words with title and both ends: 4 + 2, 1 + 2, and 510 + 2 of 701."""
    model = WordsModel()
    calls: list[tuple[int, int]] = []
    tokens = tokens_of(model, tmp_path, lambda done, total: calls.append((done, total)))
    assert model.encoded == ["T0 a bb ccc", "T1", f"T2 {LONG}"]
    assert tokens.vectors.shape == (6 + 3 + 512, 3)
    assert tokens.vectors.dtype == np.float32
    assert tokens.offsets.tolist() == [0, 6, 9, 521]
    assert tokens.cut.tolist() == [0, 0, 191]
    rows = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(tokens.document(0), rows[[0, 2, 1, 2, 0, 0]])
    np.testing.assert_array_equal(tokens.document(1), rows[[0, 2, 0]])
    assert tokens.document(2).shape == (512, 3)
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_token_vectors_are_computed_once_and_come_back_alike(tmp_path: Path) -> None:
    computed = tokens_of(WordsModel(), tmp_path)
    model = WordsModel()
    loaded = tokens_of(model, tmp_path)
    assert model.encoded == []
    assert is_cached(tmp_path, TOKENS, LATE_MINILM)
    for one, other in (
        (computed.vectors, loaded.vectors),
        (computed.offsets, loaded.offsets),
        (computed.cut, loaded.cut),
    ):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_damaged_token_vectors_are_computed_anew(tmp_path: Path) -> None:
    computed = tokens_of(WordsModel(), tmp_path)
    truncate(the_file(tmp_path))
    loaded = tokens_of(WordsModel(), tmp_path)
    np.testing.assert_array_equal(loaded.vectors, computed.vectors)
    assert loaded.offsets.tolist() == [0, 6, 9, 521]


def test_cancelled_token_vectors_leave_no_file(tmp_path: Path) -> None:
    def progress(done: int, total: int) -> None:
        if done == 2:
            raise Cancelled

    model = WordsModel()
    with pytest.raises(Cancelled):
        tokens_of(model, tmp_path, progress)
    assert len(model.encoded) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
