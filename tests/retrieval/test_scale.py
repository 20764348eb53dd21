"""A large corpus is never in memory twice; `python -m tests.support.scale` measures 100,000."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.scale import large_server

DOCUMENTS = 20_000
ROW = 384 * 4
"""Bytes of a document's dense vector."""


def part(name: str, folder: Path, *more: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.support.scale", "--part", name, *more]
    numbers = ["--documents", str(DOCUMENTS), "--searches", "3", "--folder", str(folder)]
    done = subprocess.run([*command, *numbers], check=True, capture_output=True, text=True)
    values: dict[str, float] = json.loads(done.stdout)
    return values


@pytest.mark.models
@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a process")
def test_twenty_thousand_passages_stream(tmp_path: Path) -> None:
    """What is computed goes to the disk and is mapped: own memory holds no copy of the vectors."""
    prepared = part("prepare", tmp_path)
    texts = (tmp_path / "corpus" / "corpus.jsonl").stat().st_size / 1e6
    vectors = DOCUMENTS * ROW / 1e6
    # the texts as objects, a lexicon's pieces and a shard's sparse index; not one copy of the rows
    assert prepared["own_peak_mb"] - prepared["own_before_mb"] < 4 * texts + 0.9 * vectors + 85
    started = part("start", tmp_path)
    assert started["own_peak_mb"] - started["own_before_mb"] < 4 * texts + 0.9 * vectors + 85


@pytest.mark.models
@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a process")
def test_a_collection_of_ones_own_is_not_taken_into_memory() -> None:
    """`python -m tests.support.existing_scale` measures 100,000 points."""
    command = [sys.executable, "-m", "tests.support.existing_scale"]
    numbers = ["--points", str(DOCUMENTS), "--searches", "3"]
    done = subprocess.run([*command, *numbers], check=True, capture_output=True, text=True)
    opened, served = map(json.loads, done.stdout.splitlines())
    assert opened["points"] == DOCUMENTS
    assert opened["own_mb_more"] < 100
    assert served["writes"] == 0
    assert served["requests"] < 100


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a process")
def test_twenty_thousand_passages_stream_into_the_library_and_to_a_server(tmp_path: Path) -> None:
    """No process of the lab holds the texts; BM25's counts are what is in memory."""
    with large_server() as url:
        server = ("--url", url, "--stage", "bm25")
        prepared = part("prepare", tmp_path, *server)
        records = (tmp_path / "data" / "library").glob("*/documents.bin")
        texts = sum(path.stat().st_size for path in records) / 1e6
        assert texts > 5
        assert prepared["own_kept_mb"] - prepared["own_before_mb"] < 0.5 * texts
        # the client of the server takes some 65 MB, the counts of 60,000 words some 20
        assert prepared["own_peak_mb"] - prepared["own_before_mb"] < 100
        started = part("start", tmp_path, *server)
        assert started["own_peak_mb"] - started["own_before_mb"] < 100
