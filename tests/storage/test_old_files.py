"""Files that version 0.1.0 wrote are read and continued, column by column as they are."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from components.domain import Billed, Failure, Scores
from components.storage.score_cache import CachedScore, ScoreCache, as_scores, pair_keys
from components.storage.search_log import FILE, SearchLog, StageTimes

PAIRS = """
CREATE TABLE pairs (
    pair BLOB NOT NULL,
    score DOUBLE NOT NULL,
    kept INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    ms DOUBLE NOT NULL,
    company INTEGER NOT NULL,
    tokens DOUBLE NOT NULL,
    searches DOUBLE NOT NULL,
    requests DOUBLE NOT NULL,
    flags INTEGER NOT NULL,
    at DOUBLE NOT NULL,
    PRIMARY KEY (pair)
) WITHOUT ROWID;
"""
SEARCHES = """
CREATE TABLE searches (
    id INTEGER NOT NULL,
    at DOUBLE NOT NULL,
    stage VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    failed BOOLEAN NOT NULL,
    pairs INTEGER NOT NULL,
    embed_ms DOUBLE NOT NULL,
    search_ms DOUBLE NOT NULL,
    rerank_ms DOUBLE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_searches_at ON searches (at);
"""
A = bytes.fromhex("61ecff5dea68f565a1b76345383f4754")
B = bytes.fromhex("f72575e84d747da4f594df423677afee")
"""The keys of the texts a and b for the query q and the identity "m 1", as version 0.1.0 made."""


def written(path: Path, schema: str, insert: str, rows: list[tuple[object, ...]]) -> Path:
    """Write a file as version 0.1.0 did, in write-ahead mode."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(schema)
    connection.executemany(insert, rows)
    connection.commit()
    connection.close()
    return path


def old_scores(folder: Path) -> Path:
    rows = [
        (A, 1.5, 5, 0, 10.0, 2, 45.0, 0.5, 1.0, 7, 1.7e9),
        (B, -2.0, 6, 1, 10.0, 2, 45.0, 0.5, 1.0, 7, 1.7e9),
    ]
    path = folder / "scores.sqlite"
    return written(path, PAIRS, f"INSERT INTO pairs VALUES ({', '.join('?' * 11)})", rows)


def test_old_scores_are_found(tmp_path: Path) -> None:
    cache = ScoreCache(old_scores(tmp_path))
    keys = pair_keys("m 1", "q", ("a", "b"), listwise=False)
    assert keys == [A, B]
    scores = cache.find(keys)
    assert scores[B] == CachedScore(-2.0, 6, 1, 10.0, 2, 45.0, 0.5, 1.0, 7, 1.7e9)
    again = as_scores([scores[key] for key in keys])
    assert again.values.tolist() == [1.5, -2.0]
    assert (again.tokens_read, again.tokens_cut, again.estimated) == ((5, 6), (0, 1), True)
    assert (again.billed, again.measured_ms, again.notes) == (Billed(2, 1.0, 90), 20.0, ())


def test_old_scores_are_continued(tmp_path: Path) -> None:
    path = old_scores(tmp_path)
    cache, [new] = ScoreCache(path), pair_keys("m 1", "q", ("c",), listwise=False)
    scores = Scores(
        np.array([0.25]),
        tokens_read=(3,),
        tokens_cut=(4,),
        billed=Billed(1, 2.0, 30, estimated=True),
    )
    cache.keep([new], scores, 8.0)
    cache.keep([A], Scores(np.array([9.0])), 1.0)  # the first score stays
    assert cache.count() == 3
    with sqlite3.connect(path) as connection:
        columns = "score, kept, cut, ms, company, tokens, searches, requests, flags"
        rows = connection.execute(f"SELECT {columns} FROM pairs WHERE pair = ?", (new,)).fetchall()
        assert rows == [(0.25, 3, 4, 8.0, 1, 30.0, 2.0, 1.0, 2 + 4 + 8)]
        assert connection.execute("SELECT score FROM pairs WHERE pair = ?", (A,)).fetchone() == (
            1.5,
        )
    assert list(tmp_path.glob("*.damaged")) == []


def test_an_old_search_log_is_read_and_continued(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [
        (1, 1.7e9, "first stage", "bm25", 0, 0, 0.0, 2.0, 0.0),
        (2, 1.7e9, "reranker", "a", 0, 10, 0.0, 0.0, 30.0),
        (3, 1.7e9 + 60, "reranker", "a", 1, 0, 0.0, 0.0, 0.0),
    ]
    insert = f"INSERT INTO searches VALUES ({', '.join('?' * 9)})"
    path = written(tmp_path / FILE, SEARCHES, insert, rows)
    log = SearchLog(tmp_path)
    reranker = StageTimes("a", "rerank", 1, 1, 30.0, 30.0)
    assert log.times() == [StageTimes("bm25", "search", 1, 0, 2.0, 2.0), reranker]
    assert log.times(1.7e9 + 1)[0].failures == 1
    log.note(Failure("a", "It refuses."), first_stage=False)
    assert log.times()[1].failures == 2
    with sqlite3.connect(path) as connection:
        stages = connection.execute("SELECT id, stage, failed FROM searches").fetchall()
    assert stages == [
        (1, "first stage", 0),
        (2, "reranker", 0),
        (3, "reranker", 1),
        (4, "reranker", 1),
    ]
    assert list(tmp_path.glob("*.damaged")) == []
