"""The engine on disk: what a kill, damage, other versions and other processes do to it."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from components.domain import Cancelled, Corpus, StoreError, no_progress
from components.models.bm25 import SparseVector
from components.retrieval.engine import CollectionStatus
from components.retrieval.engine.edge import OPEN_AT_ONCE, EdgeEngine
from components.retrieval.schema import (
    DENSE,
    SPARSE,
    Candidate,
    CorpusVectors,
    VectorQuery,
)
from tests.support.made_shards import (
    ALIAS,
    CORPUS,
    NEAR,
    NEW,
    OLD,
    ROOT,
    SCHEMA,
    N,
    build,
    by_numpy,
    nearest,
    shards,
)


@pytest.fixture
def engine(tmp_path: Path) -> EdgeEngine:
    built = EdgeEngine(tmp_path)
    build(built)
    return built


def test_answers_are_numpy_s_and_stay_on_the_disk(engine: EdgeEngine, tmp_path: Path) -> None:
    assert nearest(engine) == by_numpy(OLD)
    again = EdgeEngine(tmp_path)
    assert again.points(ALIAS) == N
    assert nearest(again) == by_numpy(OLD)
    [shard] = shards(tmp_path)
    assert again.status() == (CollectionStatus(ALIAS, shard, N),)
    assert again.dense(ALIAS, [7, 0, 7]).tolist() == OLD.dense[[7, 0, 7]].tolist()


def test_limits_beyond_the_collection_and_words_that_nobody_has(engine: EdgeEngine) -> None:
    rare = VectorQuery(SPARSE, SparseVector((8,), (1.0,)))
    [all_of_them, some] = engine.search(ALIAS, [NEAR, rare], [10**9, 10**9])
    assert len(all_of_them) == N
    assert {c.position for c in some} == set(OLD.sparse[:, [8]].nonzero()[0].tolist())


def test_a_rebuild_takes_the_place_of_the_old_shard(engine: EdgeEngine, tmp_path: Path) -> None:
    other = EdgeEngine(tmp_path)
    before = shards(tmp_path)
    assert nearest(other) == by_numpy(OLD)
    build(engine, NEW)
    assert nearest(engine) == nearest(other) == by_numpy(NEW)
    assert len(shards(tmp_path)) == 1
    assert shards(tmp_path) != before


@pytest.mark.parametrize("fault", [Cancelled(), StoreError("Full."), RuntimeError("bug")])
@pytest.mark.parametrize("at", [0, 256, N])
def test_a_build_that_ends_early_leaves_the_old_one(
    engine: EdgeEngine, tmp_path: Path, fault: Exception, at: int
) -> None:
    def fail(done: int, total: int) -> None:
        assert total == N
        if done == at:
            raise fault

    before = shards(tmp_path)
    with pytest.raises(type(fault)) as caught:
        engine.build(ALIAS, CORPUS, SCHEMA, NEW, fail)
    assert caught.value is fault
    assert nearest(engine) == by_numpy(OLD)
    assert shards(tmp_path) == before


def test_vectors_that_do_not_fit_leave_nothing_behind(tmp_path: Path) -> None:
    engine = EdgeEngine(tmp_path)
    with pytest.raises(StoreError, match="expected dim: 4, got 3"):
        build(engine, CorpusVectors(OLD.dense[:, :3].copy(), OLD.sparse))
    with pytest.raises(IndexError):
        build(engine, CorpusVectors(OLD.dense[:9], OLD.sparse))
    assert engine.points(ALIAS) == 0
    assert (shards(tmp_path), engine.status()) == ([], ())
    with pytest.raises(StoreError, match="does not have rerank-lab-made"):
        nearest(engine)


def test_drop_removes_everything(engine: EdgeEngine, tmp_path: Path) -> None:
    engine.drop("rerank-lab-other")
    engine.drop(ALIAS)
    assert engine.points(ALIAS) == 0
    assert list(tmp_path.iterdir()) == []


def test_only_some_shards_are_open_and_all_answer(tmp_path: Path) -> None:
    engine = EdgeEngine(tmp_path)
    small = Corpus("small", CORPUS.documents[:9], fingerprint="s" * 64)
    aliases = [f"rerank-lab-{n}" for n in range(OPEN_AT_ONCE + 2)]
    for n, alias in enumerate(aliases):
        rows = CorpusVectors(OLD.dense[n : n + 9], OLD.sparse[n : n + 9])
        engine.build(alias, small, SCHEMA, rows, no_progress)
    for n, alias in enumerate(aliases):
        [[best]] = engine.search(alias, [VectorQuery(DENSE, OLD.dense[n + 2])], [1])
        assert best.position == 2
    assert list(engine._opened) == aliases[2:]


# ---------------------------------------------------------------- damage


def sound_files(folder: Path) -> list[Path]:
    return sorted(p for p in (folder / ALIAS / shards(folder)[0]).rglob("*") if p.is_file())


def test_a_damaged_file_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    build(EdgeEngine(tmp_path))
    for file in sound_files(tmp_path):
        whole = file.read_bytes()
        for damaged in (whole[:-1], bytes([whole[0] ^ 1]) + whole[1:]) if whole else (b"x",):
            file.write_bytes(damaged)
            assert EdgeEngine(tmp_path).points(ALIAS) == 0, file
        file.write_bytes(whole)
    assert EdgeEngine(tmp_path).points(ALIAS) == N


@pytest.mark.parametrize("text", ["", "{}", "no json", '{"shard": "../..", "points": 1}'])
def test_a_damaged_name_is_built_anew(
    engine: EdgeEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (tmp_path / ALIAS / "current.json").write_text(text)
    with caplog.at_level(logging.WARNING):
        fresh = EdgeEngine(tmp_path)
        assert fresh.points(ALIAS) == 0
    assert "cannot be used and will be built anew" in caplog.text
    assert nearest(engine) == by_numpy(OLD)  # who has it open goes on
    build(fresh, NEW)
    assert nearest(engine) == nearest(fresh) == by_numpy(NEW)


def test_another_version_of_the_engine_is_built_anew(engine: EdgeEngine, tmp_path: Path) -> None:
    current = tmp_path / ALIAS / "current.json"
    manifest = json.loads(current.read_text())
    current.write_text(json.dumps(manifest | {"engine": "0.8.0"}))
    assert EdgeEngine(tmp_path).points(ALIAS) == 0
    assert nearest(engine) == by_numpy(OLD)


def test_a_folder_that_cannot_be_written_costs_only_the_keeping(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        engine = EdgeEngine(tmp_path / "file")
    assert "cannot be written" in caplog.text
    build(engine)
    assert nearest(engine) == by_numpy(OLD)
    assert str(tmp_path) not in engine.where


# ---------------------------------------------------------------- threads and processes

CHILD = """
import sys
from pathlib import Path
from tests.support import made_shards as t
engine = t.EdgeEngine(Path(sys.argv[1]))
{body}
"""


def child(folder: Path, body: str) -> subprocess.Popen[str]:
    code = CHILD.format(body=body)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_a_killed_build_leaves_the_old_one_and_is_swept(engine: EdgeEngine, tmp_path: Path) -> None:
    body = """
def wait(done, total):
    if done == 512:
        print("half", flush=True)
        sys.stdin.read()
        __import__('time').sleep(60)
engine.build(t.ALIAS, t.CORPUS, t.SCHEMA, t.NEW, wait)
"""
    builder = child(tmp_path, body)
    assert builder.stdout.readline() == "half\n"
    assert len(shards(tmp_path)) == 2
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    fresh = EdgeEngine(tmp_path)
    assert nearest(fresh) == nearest(engine) == by_numpy(OLD)
    build(fresh, NEW)
    assert nearest(engine) == by_numpy(NEW)
    assert len(shards(tmp_path)) == 1


def test_two_processes_build_once_and_read_at_once(tmp_path: Path) -> None:
    body = """
steps = []
def progress(done, total):
    if not steps:
        print("begun", flush=True)
    steps.append(done)
engine.build(t.ALIAS, t.CORPUS, t.SCHEMA, t.OLD, progress)
for _ in range(50):
    assert t.nearest(engine) == t.by_numpy(t.OLD)
print("built" if t.N in steps else "waited", flush=True)
"""
    held = EdgeEngine(tmp_path)
    inside, go = threading.Event(), threading.Event()

    def wait(done: int, total: int) -> None:
        if done == 256:
            inside.set()
            assert go.wait(60)

    thread = threading.Thread(target=held.build, args=(ALIAS, CORPUS, SCHEMA, OLD, wait))
    thread.start()
    assert inside.wait(60)
    others = [child(tmp_path, body) for _ in range(2)]
    assert [other.stdout.readline() for other in others] == ["begun\n"] * 2
    go.set()
    thread.join()
    assert [other.communicate(timeout=60)[0] for other in others] == ["waited\n"] * 2
    assert nearest(held) == by_numpy(OLD)
    assert len(shards(tmp_path)) == 1


def test_a_shard_that_another_process_reads_is_not_removed(
    engine: EdgeEngine, tmp_path: Path
) -> None:
    body = """
print(t.nearest(engine) == t.by_numpy(t.OLD), flush=True)
sys.stdin = open(0)
sys.stdin.readline()
"""
    code = CHILD.format(body=body)
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert reader.stdout.readline() == "True\n"
    build(engine, NEW)
    assert len(shards(tmp_path)) == 2
    reader.communicate("go\n", timeout=60)
    build(engine, OLD)
    assert len(shards(tmp_path)) == 1


def test_threads_search_while_it_is_built_anew(engine: EdgeEngine) -> None:
    done, wrong = threading.Event(), []

    def ask() -> None:
        while not done.is_set():
            if nearest(engine) not in (by_numpy(OLD), by_numpy(NEW)):
                wrong.append(nearest(engine))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for vectors in (NEW, OLD, NEW, OLD):
        build(engine, vectors)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert engine.search(ALIAS, [NEAR], [1]) == [[Candidate(5, pytest.approx(1.0, abs=1e-6))]]
