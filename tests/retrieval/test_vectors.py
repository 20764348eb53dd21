"""Vectors on disk: computed once, found again, and gone on with wherever encoding was stopped."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.domain import Cancelled, Corpus, Matrix, Progress, Spec, UnavailableError
from components.models.gate import GATE
from components.retrieval.vectors import (
    CALL,
    CALLS_A_SLICE,
    dense_vectors,
    documents_encoded,
    is_cached,
)
from components.storage.arrays import write_arrays
from tests.support.hash_encoder import (
    SPEC,
    HashEncoder,
    corpus_of,
    digest,
    encoded,
    numbered,
    process,
    rows_of,
)

CORPUS = corpus_of("one", "two", "three", "four", "five")
PASSAGES = ["T0 one", "T1 two", "T2 three", "T3 four", "T4 five"]
EXPECTED = rows_of(CORPUS)
SLICE = CALL * CALLS_A_SLICE
LARGE = numbered(2 * SLICE + 21)  # slices of 64, 64 and 21
TOTAL = len(LARGE.documents)


def ignore(done: int, total: int) -> None:
    """Take no note of progress."""


def stopped_at(last: int, folder: Path, corpus: Corpus = LARGE) -> HashEncoder:
    """Encode a corpus until progress says `last`, and stop then."""

    def progress(done: int, total: int) -> None:
        if done == last:
            raise Cancelled

    encoder = HashEncoder()
    with pytest.raises(Cancelled):
        dense_vectors(corpus, SPEC, encoder, folder, progress)
    return encoder


def files(folder: Path, ending: str) -> list[Path]:
    """Return the files of an ending in the folder of vectors."""
    return sorted((folder / "vectors").glob(f"*{ending}"))


# ---------------------------------------------------------------- once


def test_vectors_are_computed_once(tmp_path: Path) -> None:
    first, second = HashEncoder(), HashEncoder()
    assert not is_cached(tmp_path, CORPUS, SPEC)
    computed = dense_vectors(CORPUS, SPEC, first, tmp_path)
    assert is_cached(tmp_path, CORPUS, SPEC)
    loaded = dense_vectors(CORPUS, SPEC, second, tmp_path)
    assert first.encoded == [PASSAGES]  # title, a space, text
    assert second.encoded == []
    for rows in (computed, loaded):
        assert isinstance(rows, np.memmap)
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, EXPECTED)


def test_documents_are_encoded_in_calls_with_the_gate_open_between_them(tmp_path: Path) -> None:
    encoder = HashEncoder()
    calls: list[tuple[int, int]] = []

    def refuse() -> None:
        raise AssertionError("the gate was shut")

    def progress(done: int, total: int) -> None:
        calls.append((done, total))
        with GATE.hold(check=refuse):
            pass

    rows = dense_vectors(LARGE, SPEC, encoder, tmp_path, progress)
    assert [len(texts) for texts in encoder.encoded] == [16] * 9 + [5]
    assert calls == [*((done, TOTAL) for done in range(16, TOTAL, 16)), (TOTAL, TOTAL)]
    np.testing.assert_array_equal(rows, rows_of(LARGE))


def test_where_a_call_costs_money_each_is_a_slice_and_needs_no_gate(tmp_path: Path) -> None:
    encoder = HashEncoder()
    hosted = replace(SPEC, local=False)

    def stop(done: int, total: int) -> None:
        if done == 20:
            raise Cancelled

    with GATE.hold(), pytest.raises(Cancelled):
        dense_vectors(LARGE, hosted, encoder, tmp_path, stop, call=10, calls_a_slice=1)
    assert documents_encoded(tmp_path, LARGE, hosted) == encoder.texts == 20


class OddEncoder(HashEncoder):
    """An encoder whose rows are spoilt."""

    def __init__(self, spoil: Callable[[Matrix], Matrix]) -> None:
        super().__init__()
        self._spoil = spoil

    def encode_documents(self, texts: Sequence[str], progress: Progress = ignore) -> Matrix:
        """Return the rows, spoilt."""
        return self._spoil(super().encode_documents(texts))


@pytest.mark.parametrize(
    "spoil",
    [lambda rows: rows[:-1], lambda rows: rows[:, :3], lambda rows: rows * np.nan],
    ids=["a row is missing", "a column is missing", "not a number"],
)
def test_rows_that_are_none_are_not_saved(
    tmp_path: Path, spoil: Callable[[Matrix], Matrix]
) -> None:
    with pytest.raises(UnavailableError, match="no vector of 4 finite numbers for each of 5 docu"):
        dense_vectors(CORPUS, SPEC, OddEncoder(spoil), tmp_path)
    assert documents_encoded(tmp_path, CORPUS, SPEC) == 0


class WideEncoder(HashEncoder):
    """An encoder of rows as long as a real one's: all alike."""

    dimension = 384

    def encode_documents(self, texts: Sequence[str], progress: Progress = ignore) -> Matrix:
        """Return one row a text."""
        return np.full((len(texts), 384), 384**-0.5, np.float32)


def test_no_more_than_a_slice_of_new_vectors_is_in_memory(tmp_path: Path) -> None:
    """A slice of 64 rows takes 96 KiB, the whole matrix 3 MiB."""
    corpus = numbered(2_000)
    tracemalloc.start()
    rows = dense_vectors(corpus, SPEC, WideEncoder(), tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows.nbytes == 3_072_000
    assert peak < 600_000


# ---------------------------------------------------------------- stops and kills


@pytest.mark.parametrize(("last", "kept"), [(48, 0), (64, 64), (80, 64), (TOTAL, TOTAL)])
def test_encoding_goes_on_where_it_stopped_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, last: int, kept: int
) -> None:
    assert stopped_at(last, tmp_path).texts == last  # nothing was encoded after the stop
    assert documents_encoded(tmp_path, LARGE, SPEC) == kept
    assert is_cached(tmp_path, LARGE, SPEC) == (kept == TOTAL)
    calls: list[tuple[int, int]] = []
    encoder = HashEncoder()
    rows = dense_vectors(LARGE, SPEC, encoder, tmp_path, lambda *step: calls.append(step))
    assert encoder.texts == TOTAL - kept
    np.testing.assert_array_equal(rows, rows_of(LARGE))
    said = f"goes on where it stopped: {kept} of {TOTAL} documents are encoded"
    assert (said in caplog.text) == (0 < kept < TOTAL)
    assert calls[:1] == [] if kept == TOTAL else [(kept or 16, TOTAL)]


def test_cancelled_while_waiting_for_the_gate_encodes_nothing(tmp_path: Path) -> None:
    def progress(done: int, total: int) -> None:
        assert (done, total) == (0, TOTAL)
        raise Cancelled

    encoder = HashEncoder()
    with GATE.hold(), pytest.raises(Cancelled):
        dense_vectors(LARGE, SPEC, encoder, tmp_path, progress)
    assert encoder.encoded == []
    with GATE.hold(check=lambda: pytest.fail("the gate was not open")):
        pass


def read_until(running: subprocess.Popen[str], start: str) -> str:
    """Return what a process has said up to a line that starts so."""
    lines: list[str] = []
    assert running.stdout
    while not lines or not lines[-1].startswith(start):
        lines.append(running.stdout.readline())
        assert lines[-1], (running.stderr and running.stderr.read()) or "it ended"
    return "".join(lines)


@pytest.mark.parametrize("step", [f"encoded {CALL}", f"done {CALL} ", f"done {SLICE + CALL} "])
def test_a_killed_process_loses_at_most_one_slice(tmp_path: Path, step: str) -> None:
    """Killed right after it said a line; what it acknowledged with `done` is there."""
    corpus = numbered(400)
    running = process(tmp_path, 400, "--pause", "0.002")
    output = read_until(running, step)
    running.send_signal(signal.SIGKILL)
    rest, _ = running.communicate()
    sent = encoded(output + rest)
    assert 0 < sent < 400
    acknowledged = int(([0, *re.findall(r"done (\d+)", output + rest)])[-1]) // SLICE * SLICE
    kept = documents_encoded(tmp_path, corpus, SPEC)
    assert acknowledged <= kept <= sent <= kept + SLICE
    encoder = HashEncoder()
    rows = dense_vectors(corpus, SPEC, encoder, tmp_path)
    assert encoder.texts == 400 - kept
    np.testing.assert_array_equal(rows, rows_of(corpus))


def test_of_two_processes_one_encodes_and_both_read(tmp_path: Path) -> None:
    running = [process(tmp_path, 300, "--pause", "0.05") for _ in range(2)]
    outputs = [one.communicate(timeout=60) for one in running]
    for output, errors in outputs:
        assert f"rows {digest(rows_of(numbered(300)))}" in output, errors
    assert sorted(encoded(output) for output, _ in outputs) == [0, 300]
    waiting = min(outputs, key=lambda texts: encoded(texts[0]))[0]
    assert waiting.startswith("done ")  # it was told how far the other is


def test_of_eight_threads_one_encodes(tmp_path: Path) -> None:
    barrier, encoders = threading.Barrier(8), [HashEncoder() for _ in range(8)]

    def work(encoder: HashEncoder) -> Matrix:
        barrier.wait()
        return dense_vectors(LARGE, SPEC, encoder, tmp_path)

    with ThreadPoolExecutor(8) as pool:
        for rows in pool.map(work, encoders):
            np.testing.assert_array_equal(rows, rows_of(LARGE))
    assert sorted(encoder.texts for encoder in encoders) == [0] * 7 + [TOTAL]


# ---------------------------------------------------------------- disks


def test_on_a_full_disk_what_was_written_stays_and_the_rest_is_in_memory(tmp_path: Path) -> None:
    """No file may grow beyond 70 rows: the first slice of 64 fits."""
    output, errors = process(tmp_path, 200, "--file-limit", str(70 * 16)).communicate(timeout=60)
    assert f"rows {digest(rows_of(numbered(200)))}" in output, errors
    assert encoded(output) == 200
    assert "rows 64 and those that follow stay in memory" in errors
    assert documents_encoded(tmp_path, numbered(200), SPEC) == 64
    encoder = HashEncoder()
    dense_vectors(numbered(200), SPEC, encoder, tmp_path)
    assert encoder.texts == 136


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """Yield a folder that everybody may enter, which those of tmp_path are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    (folder / "vectors").chmod(0o755)
    shutil.rmtree(folder)


def test_from_a_read_only_folder_rows_are_read_and_the_rest_is_in_memory(
    shared_folder: Path,
) -> None:
    corpus = numbered(200)
    stopped_at(64, shared_folder, corpus)
    (shared_folder / "vectors").chmod(0o555)
    for path in files(shared_folder, ""):
        path.chmod(0o444)
    output, errors = process(shared_folder, 200, "--nobody").communicate(timeout=60)
    assert f"rows {digest(rows_of(corpus))}" in output, errors
    assert encoded(output) == 136
    assert "stay in memory" in errors
    assert "Traceback" not in errors


def test_a_folder_that_cannot_be_made_costs_only_the_cache(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "cache"
    folder.write_text("a file where the folder should be")
    for _ in range(2):
        encoder = HashEncoder()
        np.testing.assert_array_equal(dense_vectors(CORPUS, SPEC, encoder, folder), EXPECTED)
        assert encoder.encoded == [PASSAGES]
    assert not is_cached(folder, CORPUS, SPEC)
    assert "stay in memory" in caplog.text
    assert folder.read_text() == "a file where the folder should be"


# ---------------------------------------------------------------- version 0.1.0


def old_file(folder: Path, rows: Matrix) -> Path:
    """Write vectors as version 0.1.0 did."""
    path = folder / "vectors" / f"{'f' * 32}-hash-r1.npz"
    write_arrays(path, {"vectors": rows, "rows": np.array(len(rows))})
    return path


def test_vectors_of_version_0_1_0_are_taken_over(tmp_path: Path) -> None:
    old = old_file(tmp_path, EXPECTED)
    assert is_cached(tmp_path, CORPUS, SPEC)
    encoder = HashEncoder()
    for _ in range(2):
        np.testing.assert_array_equal(dense_vectors(CORPUS, SPEC, encoder, tmp_path), EXPECTED)
        assert not old.exists()
    assert encoder.encoded == []


def flipped(rows: Matrix) -> Matrix:
    """Return rows of which one is not of unit length."""
    return rows * np.array([[1], [1], [2], [1], [1]], np.float32)


@pytest.mark.parametrize(
    "spoil",
    [lambda rows: rows[:3], lambda rows: rows * np.nan, flipped, lambda rows: rows[:, :2]],
    ids=["too few", "not a number", "not of unit length", "of another dimension"],
)
def test_damaged_vectors_of_version_0_1_0_are_computed_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Matrix], Matrix]
) -> None:
    old = old_file(tmp_path, spoil(EXPECTED))
    encoder = HashEncoder()
    for _ in range(2):
        np.testing.assert_array_equal(dense_vectors(CORPUS, SPEC, encoder, tmp_path), EXPECTED)
    assert encoder.encoded == [PASSAGES]
    assert f"the vectors in {old.name} are damaged" in caplog.text
    assert not old.exists()


def test_a_file_of_version_0_1_0_that_is_cut_off_is_computed_again(tmp_path: Path) -> None:
    old = old_file(tmp_path, EXPECTED)
    old.write_bytes(old.read_bytes()[:100])
    encoder = HashEncoder()
    np.testing.assert_array_equal(dense_vectors(CORPUS, SPEC, encoder, tmp_path), EXPECTED)
    assert encoder.encoded == [PASSAGES]


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("corpus", "spec"),
    [
        (CORPUS, replace(SPEC, revision="r2")),
        (CORPUS, replace(SPEC, key="encoder:../hash")),
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
    assert len(files(tmp_path, ".f32")) == 2


def test_the_name_of_a_corpus_does_not_matter(tmp_path: Path) -> None:
    dense_vectors(CORPUS, SPEC, HashEncoder(), tmp_path)
    encoder = HashEncoder()
    dense_vectors(replace(CORPUS, name="renamed"), SPEC, encoder, tmp_path)
    assert encoder.encoded == []
