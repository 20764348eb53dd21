"""A matrix on disk goes on where it was stopped, whatever befell its files, and is never wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.domain import Cancelled, Matrix
from components.storage.locks import exclusive
from components.storage.slices import matrix_shape, rows_written, sliced_matrix

ROWS, DIMENSION, SIZE = 37, 3, 5
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None  # many examples wait for the disk
SLICES, SLICE_BYTES = 8, SIZE * DIMENSION * 4
WHOLE = np.random.default_rng(1).standard_normal((ROWS, DIMENSION)).astype(np.float32)


def write(path: Path, most: int = SLICES, size: int = SIZE) -> list[int]:
    """Write at most so many of the slices that are missing; return the numbers of those."""
    written: list[int] = []
    with sliced_matrix(path, WHOLE.shape, size) as matrix:
        for start, stop in matrix.missing():
            if len(written) == most:
                return written
            matrix.put(start, WHOLE[start:stop])
            written.append(start // matrix.size)
        np.testing.assert_array_equal(matrix.matrix(), WHOLE)
    return written


def journal(path: Path) -> Path:
    return path.with_name("m.f32.journal")


@cache
def contents(slices: int) -> tuple[bytes, bytes]:
    """Return what the two files of a matrix with so many slices hold."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.f32"
        assert write(path, slices) == list(range(slices))
        return path.read_bytes(), journal(path).read_bytes()


@contextmanager
def folder_of(slices: int) -> Iterator[Path]:
    """Yield the path of a matrix with so many slices."""
    with TemporaryDirectory(dir=FAST) as folder:
        path = Path(folder) / "m.f32"
        for file, content in zip((path, journal(path)), contents(slices), strict=True):
            file.write_bytes(content)
        yield path


def test_slices_are_written_once_and_mapped_read_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "m.f32"
    assert rows_written(path) == 0
    assert write(path, 3) == [0, 1, 2]
    assert rows_written(path) == 15
    assert write(path) == [3, 4, 5, 6, 7]
    assert rows_written(path) == ROWS
    assert write(path) == []
    with sliced_matrix(path, WHOLE.shape, SIZE) as matrix:
        assert (matrix.done, matrix.on_disk, list(matrix.missing())) == (ROWS, True, [])
        rows = matrix.matrix()
    assert isinstance(rows, np.memmap)
    assert path.read_bytes() == WHOLE.tobytes()
    with pytest.raises(ValueError, match="read-only"):
        rows[0] = 0


def test_a_slice_is_whole_and_of_the_right_width(tmp_path: Path) -> None:
    with sliced_matrix(tmp_path / "m.f32", WHOLE.shape, SIZE) as matrix:
        for start, rows in ((1, WHOLE[1:6]), (0, WHOLE[:4]), (0, WHOLE[:5, :2]), (35, WHOLE[:5])):
            with pytest.raises(ValueError, match="no slice"):
                matrix.put(start, rows)
        with pytest.raises(ValueError, match="rows: 0 of 37"):
            matrix.matrix()
    assert rows_written(tmp_path / "m.f32") == 0


def test_an_empty_matrix_needs_no_file(tmp_path: Path) -> None:
    with sliced_matrix(tmp_path / "m.f32", (0, 3), SIZE) as matrix:
        assert list(matrix.missing()) == []
        assert matrix.matrix().shape == (0, 3)


# ---------------------------------------------------------------- kills and damage


@hypothesis_settings(max_examples=50, deadline=None)
@given(
    slices=st.integers(1, SLICES),
    data_end=st.integers(0, WHOLE.nbytes),
    journal_end=st.integers(0, 1000),
    flips=st.sets(st.integers(0, WHOLE.nbytes - 1), max_size=2),
    journal_flips=st.sets(st.integers(0, 999), max_size=2),
    bit=st.integers(0, 7),
)
def test_exactly_what_is_damaged_is_written_again(
    slices: int,
    data_end: int,
    journal_end: int,
    flips: set[int],
    journal_flips: set[int],
    bit: int,
) -> None:
    """Files end anywhere, as a kill or a power cut leaves them, and bytes are flipped."""
    with folder_of(slices) as path:
        record = journal(path).stat().st_size // slices
        lost = set(range(slices, SLICES))
        for file, end, where, length in (
            (path, data_end, flips, SLICE_BYTES),
            (journal(path), journal_end, journal_flips, record),
        ):
            content = bytearray(file.read_bytes()[:end])
            lost |= {n for n in range(slices) if min((n + 1) * length, WHOLE.nbytes) > end}
            for position in where:
                if position < len(content):
                    content[position] ^= 1 << bit
                    lost.add(position // length)
            file.write_bytes(content)
        assert write(path) == sorted(lost)
        assert write(path) == []
        assert path.read_bytes() == WHOLE.tobytes()


def test_rows_that_have_no_record_yet_are_written_again() -> None:
    """A kill between the two writes: the rows are there, and nobody acknowledged them."""
    with folder_of(2) as path:
        with path.open("ab") as file:
            file.write(b"x" * 17)
        assert write(path) == [2, 3, 4, 5, 6, 7]


def test_what_follows_the_last_row_is_cut_off() -> None:
    with folder_of(SLICES) as path:
        path.write_bytes(path.read_bytes() + b"more")
        assert write(path) == []
        assert path.read_bytes() == WHOLE.tobytes()


def test_damage_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with folder_of(4) as path:
        assert caplog.text == ""
        path.write_bytes(path.read_bytes()[: 2 * SLICE_BYTES - 1])
        assert write(path, 0) == []
        assert "m.f32: 3 slices damaged; the rows are computed again" in caplog.text


def test_another_slice_size_leaves_what_was_begun_as_it_is() -> None:
    with folder_of(3) as path:
        assert write(path, size=7) == [3, 4, 5, 6, 7]


def test_a_matrix_of_another_shape_is_written_anew() -> None:
    with folder_of(SLICES) as path:
        other = np.ones((4, 2), np.float32)
        with sliced_matrix(path, other.shape, SIZE) as matrix:
            assert matrix.done == 0
            matrix.put(0, other)
            np.testing.assert_array_equal(matrix.matrix(), other)
        assert path.read_bytes() == other.tobytes()
        assert rows_written(path) == 4
        assert write(path) == list(range(SLICES))


# ---------------------------------------------------------------- disks


def test_where_nothing_can_be_written_the_rows_stay_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "m.f32"
    assert write(path) == list(range(SLICES))
    assert write(path) == list(range(SLICES))
    assert "rows 0 and those that follow stay in memory" in caplog.text
    with sliced_matrix(path, WHOLE.shape, SIZE) as matrix:
        for start, stop in matrix.missing():
            matrix.put(start, WHOLE[start:stop])
        assert not matrix.on_disk
        assert not matrix.matrix().flags.writeable


def test_what_is_on_disk_is_joined_with_what_stays_in_memory() -> None:
    with folder_of(3) as path:
        kept = journal(path).read_bytes()
        with sliced_matrix(path, WHOLE.shape, SIZE) as matrix:
            journal(path).unlink()
            journal(path).mkdir()  # no record can be written now
            starts = []
            for start, stop in matrix.missing():
                matrix.put(start, WHOLE[start:stop])
                starts.append(start)
            assert starts == [15, 20, 25, 30, 35]
            np.testing.assert_array_equal(matrix.matrix(), WHOLE)
        journal(path).rmdir()
        journal(path).write_bytes(kept)
        assert write(path) == [3, 4, 5, 6, 7]


# ---------------------------------------------------------------- company


def test_one_thread_writes_and_the_others_read(tmp_path: Path) -> None:
    path, told = tmp_path / "m.f32", threading.Barrier(8)
    written: list[int] = []

    def work() -> Matrix:
        told.wait()
        with sliced_matrix(path, WHOLE.shape, SIZE) as matrix:
            for start, stop in matrix.missing():
                written.append(start)
                matrix.put(start, WHOLE[start:stop])
            return matrix.matrix()

    with ThreadPoolExecutor(8) as pool:
        for rows in [work_.result() for work_ in [pool.submit(work) for _ in range(8)]]:
            np.testing.assert_array_equal(rows, WHOLE)
    assert written == list(range(0, ROWS, SIZE))


def test_who_waits_is_told_what_is_written_and_may_give_up(tmp_path: Path) -> None:
    path, told = tmp_path / "m.f32", []
    write(path, 2)

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        raise Cancelled

    def wait() -> None:
        with sliced_matrix(path, WHOLE.shape, SIZE, progress):
            raise AssertionError("two hold the lock")

    with exclusive(path, lambda: None), ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(wait).exception(), Cancelled)
    assert told == [(10, ROWS)]
    assert write(path) == [2, 3, 4, 5, 6, 7]  # nothing holds it now


def test_an_error_of_the_caller_frees_the_lock(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with (
        pytest.raises(Cancelled),
        sliced_matrix(tmp_path / "m.f32", WHOLE.shape, SIZE) as matrix,
    ):
        matrix.put(0, WHOLE[:SIZE])
        raise Cancelled
    assert write(tmp_path / "m.f32") == [1, 2, 3, 4, 5, 6, 7]
    assert caplog.text == ""


# ---------------------------------------------------------------- several slices at once


def test_slices_that_follow_each_other_are_written_together(tmp_path: Path) -> None:
    path = tmp_path / "m.f32"
    with sliced_matrix(path, WHOLE.shape, 1) as matrix:
        assert list(matrix.gaps()) == [(0, ROWS)]
        matrix.put(3, WHOLE[3:9])
        matrix.put(20, WHOLE[20:21])
        assert (matrix.done, list(matrix.gaps())) == (7, [(0, 3), (9, 20), (21, ROWS)])
    assert rows_written(path) == 7
    assert matrix_shape(path) == WHOLE.shape
    with sliced_matrix(path, WHOLE.shape, 1) as matrix:
        for start, stop in list(matrix.gaps()):
            matrix.put(start, WHOLE[start:stop])
        assert list(matrix.gaps()) == []
    assert matrix_shape(path) == WHOLE.shape
    assert path.read_bytes() == WHOLE.tobytes()


def test_the_last_slice_of_several_may_be_shorter(tmp_path: Path) -> None:
    with sliced_matrix(tmp_path / "m.f32", WHOLE.shape, SIZE) as matrix:
        matrix.put(0, WHOLE)
        np.testing.assert_array_equal(matrix.matrix(), WHOLE)
