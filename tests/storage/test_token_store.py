"""Token vectors on disk: MaxSim by hand, several writers, damage, a full disk, a limit."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from components.domain import Matrix, StoreError, TokenVectors
from components.storage.token_store import TokenScore, TokenStore, cosines, maxsim

ROOT = Path(__file__).parents[2]
MB = 1_000_000


def matrix(*rows: tuple[float, ...]) -> Matrix:
    return np.array(rows, np.float32)


def store(folder: Path, revision: str = "m-1", limit: int = 100 * MB) -> TokenStore:
    return TokenStore(folder / "deep" / "tokens.sqlite", revision, limit)


def tokens(*rows: tuple[float, ...], cut: int = 0) -> TokenVectors:
    """Return token vectors whose first and last rows are those of the ends."""
    return TokenVectors(matrix(*rows), len(rows) - 2, cut)


def random_tokens(seed: int, rows: int = 102, dimension: int = 50) -> TokenVectors:
    """Return token vectors of about 10 kB."""
    values = np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)
    return TokenVectors(values / np.linalg.norm(values, axis=1, keepdims=True), rows - 2, seed)


QUERY = matrix((1, 0), (0, 1))
A = tokens((0.5, 0.75), (1, 0), (0, -1))
B = tokens((-1, 0), (-0.5, -0.25), cut=7)


# ---------------------------------------------------------------- MaxSim


def test_maxsim_by_hand() -> None:
    """Each query token takes its best document token; the best are added."""
    assert maxsim(QUERY, matrix((0.5, 0.75), (1, 0), (0, -1))) == 1.0 + 0.75
    assert maxsim(QUERY, matrix((0.5, 0.75))) == 0.5 + 0.75
    assert maxsim(QUERY, matrix((-1, 0))) == -1.0 + 0.0
    assert maxsim(matrix((0.5, 0.75)), matrix((1, 0), (0, 1))) == 0.75


def test_a_document_counts_in_half_precision() -> None:
    """0.1 is 0.0999755859375 in half precision: 819 / 8192."""
    assert cosines(matrix((1, 0)), matrix((0.1, 0))).tolist() == [[819 / 8192]]


@pytest.mark.parametrize("query_rows", [1, 13, 400])
def test_cosines_of_many_rows_are_those_of_all_pairs(query_rows: int) -> None:
    query, rows = random_tokens(1, query_rows, 384).rows, random_tokens(2, 510, 384).rows
    half = rows.astype(np.float16).astype(np.float64)
    np.testing.assert_allclose(cosines(query.astype(np.float32), rows), query @ half.T, atol=1e-6)


# ---------------------------------------------------------------- the file


def test_what_is_kept_is_scored_again_without_its_text(tmp_path: Path) -> None:
    first = store(tmp_path)
    assert first.maxsim(QUERY, ["a", "b"]) == {}
    assert first.missing(["b", "a", "b"]) == ["b", "a"]
    first.keep({"a": A, "half \udc80": B})
    again = store(tmp_path)
    assert again.maxsim(QUERY, ["half \udc80", "c", "a", "a"]) == {
        "half \udc80": TokenScore(-0.5 + 0.0, 0, 7),
        "a": TokenScore(1.0 + 0.75, 1, 0),
    }
    assert list(again.maxsim(QUERY, ["c", "a"])) == ["a"]
    assert again.missing(["c", "a"]) == ["c"]
    assert again.size()[0] == 2
    again.keep({})
    assert again.size()[0] == 2


def test_another_revision_of_the_model_has_entries_of_its_own(tmp_path: Path) -> None:
    store(tmp_path).keep({"a": A})
    other = store(tmp_path, "m-2")
    assert other.maxsim(QUERY, ["a"]) == {}
    other.keep({"a": B})
    assert store(tmp_path).maxsim(QUERY, ["a"])["a"].value == 1.75
    assert other.maxsim(QUERY, ["a"])["a"].value == -0.5
    assert other.size()[0] == 2


def test_more_texts_than_a_statement_takes(tmp_path: Path) -> None:
    kept = {f"text {n}": tokens((n, 0), (0, 1)) for n in range(1_201)}
    full = store(tmp_path)
    full.keep(kept)
    scores = full.maxsim(QUERY, list(kept))
    assert [score.value for score in scores.values()] == [n + 1.0 for n in range(1_201)]
    assert list(scores) == list(kept)
    assert full.missing([*kept, "another"]) == ["another"]


@pytest.mark.parametrize(
    "damage",
    [
        "vectors = substr(vectors, 1, 4)",
        "vectors = zeroblob(12)",
        "tokens_read = 4",
        "tokens_cut = 1",
        "checksum = checksum + 1",
    ],
)
def test_a_damaged_entry_is_absent_until_it_is_kept_again(tmp_path: Path, damage: str) -> None:
    full = store(tmp_path)
    full.keep({"a": A, "b": B})
    with sqlite3.connect(tmp_path / "deep" / "tokens.sqlite") as connection:
        connection.execute(f"UPDATE texts SET {damage} WHERE tokens_read = 1")
    assert list(full.maxsim(QUERY, ["a", "b"])) == ["b"]
    full.keep({"a": A})
    assert full.maxsim(QUERY, ["a"]) == {"a": TokenScore(1.75, 1, 0)}
    assert full.size()[0] == 2


def test_the_entries_written_first_make_room(tmp_path: Path) -> None:
    full = store(tmp_path, limit=MB)
    for n in range(200):
        full.keep({f"text {n}": random_tokens(n)})  # 2 MB in all
        assert full.size()[1] <= MB
    missing = full.missing([f"text {n}" for n in range(200)])
    assert missing == [f"text {n}" for n in range(len(missing))]
    assert 110 <= len(missing) <= 130
    assert (tmp_path / "deep" / "tokens.sqlite").stat().st_size <= 1.1 * MB
    full.keep({"text 199": random_tokens(1)})  # written anew, it is the newest
    smaller = store(tmp_path, limit=200_000)
    smaller.keep({"last": A})
    assert smaller.missing(["text 199", "last", "text 150"]) == ["text 150"]


def test_a_limit_that_nothing_fits_keeps_nothing(tmp_path: Path) -> None:
    tiny = store(tmp_path, limit=1)
    tiny.keep({"a": A})
    assert tiny.maxsim(QUERY, ["a"]) == {}


# ---------------------------------------------------------------- a disk that cannot be used


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "deep").write_text("in the way")
    for use in (
        lambda: store(tmp_path).keep({"a": A}),
        lambda: store(tmp_path).maxsim(QUERY, ["a"]),
        lambda: store(tmp_path).missing(["a"]),
    ):
        with pytest.raises(StoreError, match=r"The token vectors in .* cannot be used"):
            use()


def test_a_full_disk_is_an_error_and_keeps_none_of_them(tmp_path: Path) -> None:
    full = store(tmp_path)
    full.keep({"a": A})
    with full._database.begin() as connection:  # what SQLite says on a disk without room
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="full"):
        full.keep({"b": B, **{f"text {n}": random_tokens(n) for n in range(10)}})
    assert full.missing(["a", "b"]) == ["b"]


# ---------------------------------------------------------------- several at once


WRITER = """
import sys
from pathlib import Path
from tests.storage.test_token_store import random_tokens, store

own = store(Path(sys.argv[1]), limit=2_000_000)
for n in range(40):
    own.keep({f"{sys.argv[2]} {n}": random_tokens(n), f"shared {n}": random_tokens(n)})
    own.maxsim(random_tokens(0).rows, [f"shared {n}" for n in range(n)])
"""


def test_threads_and_processes_write_and_read_at_once(tmp_path: Path) -> None:
    """Two processes and four threads; 240 texts of 10 kB do not fit into 2 MB."""
    shared = {f"shared {n}": maxsim(query(), random_tokens(n).rows) for n in range(40)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for name in ("p", "q")
    ]
    wrong: list[object] = []

    def read() -> None:
        own = store(tmp_path, limit=2 * MB)
        for n in range(40):
            own.keep({f"shared {n}": random_tokens(n)})
            scores = own.maxsim(query(), list(shared))
            wrong.extend(t for t, score in scores.items() if score.value != shared[t])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert wrong == []
    assert store(tmp_path).size()[1] <= 2 * MB


def query() -> Matrix:
    return random_tokens(0).rows[:7].astype(np.float32)
