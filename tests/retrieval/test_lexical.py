"""BM25's statistics and sparse vectors: counted once, mapped, and counted anew when damaged."""

from __future__ import annotations

import math
import resource
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.domain import Cancelled, Corpus
from components.models.bm25 import Bm25, statistics
from components.models.terms import PIECE
from components.retrieval.lexical import Lexicon, lexicon
from components.storage.mapped import Array
from tests.support.hash_encoder import corpus_of

TEXTS = ("apple apple fig", "", "Äpfel, figs and the apple", "running runs no ٣")
CORPUS = corpus_of(*TEXTS, fingerprint="3" * 64)
LARGE = corpus_of(*(f"word{i % 50} text" for i in range(2 * PIECE + 1)), fingerprint="4" * 64)


def counted(corpus: Corpus, folder: Path) -> tuple[Lexicon, list[tuple[int, int]]]:
    """Return a corpus's lexicon, and what was told of counting it."""
    steps: list[tuple[int, int]] = []
    return lexicon(corpus, folder, lambda *step: steps.append(step)), steps


def restarted(folder: Path) -> Path:
    """Return a copy of a folder, of which nothing is in memory."""
    copy = folder.with_name(f"{folder.name}-again")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    return copy


def mapped(array: Array | None) -> bool:
    """Return whether an array lies in a mapped file, and is no copy of it."""
    while array is not None and not isinstance(array, np.memmap):
        array = array.base  # type: ignore[assignment]
    return array is not None


def check(lexicon: Lexicon, corpus: Corpus = CORPUS) -> None:
    """Check a lexicon against a count of its own of each document."""
    bm25 = Bm25([document.passage for document in corpus.documents])
    assert lexicon.bm25.vocabulary == bm25.vocabulary
    assert (lexicon.bm25.documents, lexicon.bm25.mean_length) == (bm25.documents, bm25.mean_length)
    assert [lexicon.bm25.idf(term) for term in bm25.vocabulary] == list(
        map(bm25.idf, bm25.vocabulary)
    )
    vectors = lexicon.vectors
    assert (vectors.shape, vectors.dtype) == ((bm25.documents, len(bm25.vocabulary)), np.float32)
    for i, document in enumerate(corpus.documents):
        row = slice(vectors.indptr[i], vectors.indptr[i + 1])
        vector = bm25.document_vector(document.passage)
        assert vectors.indices[row].tolist() == list(vector.indices)
        assert vectors.data[row].tolist() == np.array(vector.values, np.float32).tolist()


def test_a_lexicon_is_counted_once_and_read_back(tmp_path: Path) -> None:
    first, steps = counted(CORPUS, tmp_path)
    check(first)
    assert steps == [(4, 4)]
    again, steps = counted(CORPUS, tmp_path)
    assert again is first
    loaded, more = counted(CORPUS, restarted(tmp_path))
    check(loaded)
    assert (steps, more) == ([], [])
    vectors = loaded.vectors
    assert not vectors.data.flags.writeable
    assert all(map(mapped, (vectors.indices, vectors.indptr, vectors.data)))


def test_statistics_are_the_lexicons(tmp_path: Path) -> None:
    one, _ = counted(CORPUS, tmp_path)
    assert statistics(CORPUS) is one.bm25
    loaded, _ = counted(CORPUS, restarted(tmp_path))
    assert statistics(CORPUS) is loaded.bm25
    lexicon(CORPUS, tmp_path)
    assert statistics(CORPUS) is one.bm25


@pytest.mark.parametrize("query", ["apples apple fig", "no", "zebra the", "text running ٣"])
def test_the_product_with_a_querys_vector_is_the_score(tmp_path: Path, query: str) -> None:
    lexicon, _ = counted(CORPUS, tmp_path)
    vector = lexicon.bm25.query_vector(query)
    weights = np.zeros(lexicon.vectors.shape[1])
    weights[list(vector.indices)] = vector.values
    scores = [
        math.fsum(lexicon.bm25.contributions(query, document.passage).values())
        for document in CORPUS.documents
    ]
    assert (lexicon.vectors @ weights).tolist() == pytest.approx(scores, rel=1e-6)


def test_counting_is_told_and_can_be_stopped(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2 * PIECE:
            raise Cancelled

    with pytest.raises(Cancelled):
        lexicon(LARGE, tmp_path, stop)
    whole, steps = counted(LARGE, tmp_path)
    assert steps == [(PIECE, 2 * PIECE + 1), (2 * PIECE, 2 * PIECE + 1), (2 * PIECE + 1,) * 2]
    check(whole, LARGE)


@pytest.mark.parametrize("texts", [(), ("",), ("the of",)], ids=["no document", "empty", "stops"])
def test_a_corpus_without_words_has_an_empty_lexicon(
    tmp_path: Path, texts: tuple[str, ...]
) -> None:
    corpus = corpus_of(*texts, fingerprint="5" * 64)
    corpus = replace(corpus, documents=tuple(replace(d, title="") for d in corpus.documents))
    for folder in (tmp_path / "a", restarted(tmp_path)):
        empty, _ = counted(corpus, folder)
        assert empty.vectors.shape == (len(texts), 0)
        assert empty.bm25.vocabulary == {}
        assert empty.bm25.query_vector("word").indices == ()


# ---------------------------------------------------------------- damage


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[70] ^= 1
    path.write_bytes(content)


def of_another(path: Path) -> None:
    other = path.parents[1] / "other"
    lexicon(corpus_of(*TEXTS[::-1], fingerprint="6" * 64), other)
    (file,) = (other / "vectors").glob("*.lexicon")
    file.replace(path)


@pytest.mark.parametrize("damage", [truncate, flip, of_another])
def test_a_damaged_or_foreign_file_is_counted_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "cache"
    counted(CORPUS, folder)
    (file,) = (folder / "vectors").glob("*.lexicon")
    damage(file)
    folder = restarted(folder)
    again, steps = counted(CORPUS, folder)
    check(again)
    assert len(steps) == 1
    assert "will be rebuilt" in caplog.text
    assert counted(CORPUS, restarted(folder))[1] == []  # sound again


# ---------------------------------------------------------------- disks and company


def test_a_folder_that_cannot_be_made_costs_only_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "cache"
    folder.write_text("in the way")
    check(counted(CORPUS, folder)[0])
    assert "the statistics of words stay in memory" in caplog.text
    assert counted(CORPUS, folder)[1] == []


@contextmanager
def full_disk(most: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_on_a_full_disk_the_vectors_are_in_memory(tmp_path: Path) -> None:
    with full_disk(100):
        check(counted(CORPUS, tmp_path)[0])
    assert sorted(p.suffix for p in (tmp_path / "vectors").iterdir()) in ([], [".lock"])


def test_of_eight_threads_one_counts(tmp_path: Path) -> None:
    steps: list[int] = []
    with ThreadPoolExecutor(8) as pool:
        work = [
            pool.submit(lexicon, LARGE, tmp_path, lambda done, total: steps.append(done))
            for _ in range(8)
        ]
        computed = [one.result() for one in work]
    assert all(one is computed[0] for one in computed)
    assert [done for done in steps if done] == [PIECE, 2 * PIECE, 2 * PIECE + 1]
    check(computed[0], LARGE)


def test_a_corpus_without_a_fingerprint_is_kept_in_memory_alone(tmp_path: Path) -> None:
    corpus = replace(CORPUS, fingerprint="")
    check(counted(corpus, tmp_path)[0], corpus)
    assert list(tmp_path.rglob("*.lexicon")) == []
    other = replace(corpus_of("else"), fingerprint="")
    check(counted(other, tmp_path)[0], other)
