"""A matrix that is written slice by slice, and goes on where a kill or a full disk stopped it.

The rows lie in one file. A journal beside it has a record for each slice, at its own place: the
shape of the matrix, the slice's number and a digest of its rows. A slice counts once its rows and
then its record have reached the disk; one whose record or rows are damaged is written again.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from components.domain import Matrix, Progress, no_progress
from components.storage.locks import exclusive
from components.wording import count

_log = logging.getLogger(__name__)
_MARK = b"RLS1"
_RECORD = struct.Struct("<4sQIIQ16s")
"""A mark, the matrix's rows, its dimension, a slice's rows, the slice's number, their digest."""
_CHECK = struct.Struct("<I")
_LENGTH = _RECORD.size + _CHECK.size
Shape = tuple[int, int]


class SlicedMatrix:
    """The rows of a float32 matrix of `shape`, those on disk and those that are still missing.

    Made by `sliced_matrix`, which holds the lock. `size` is the rows of a slice; a matrix that was
    begun with another size keeps it.
    """

    def __init__(self, path: Path, shape: Shape, size: int) -> None:
        self.path, self.shape = path, shape
        self._memory: Matrix | None = None
        self.size, digests = _read_journal(path, shape)
        self.size = self.size or size
        self._there = {n: digests[n] for n, rows in self._read(digests) if rows is not None}
        if damaged := len(digests) - len(self._there):
            slices = count(damaged, "slice")
            _log.warning("%s: %s damaged; the rows are computed again", path.name, slices)

    @property
    def done(self) -> int:
        """Return how many rows are there."""
        rows, number = self.shape[0], math.ceil(self.shape[0] / self.size) - 1
        unused = (number + 1) * self.size - rows if number in self._there else 0
        return len(self._there) * self.size - unused

    @property
    def on_disk(self) -> bool:
        """Return whether every row lies on disk."""
        return self._memory is None and self.done == self.shape[0]

    def missing(self) -> Iterator[tuple[int, int]]:
        """Yield the first row of a missing slice, and the row after its last, until none is."""
        while self.done < self.shape[0]:
            for start in range(0, self.shape[0], self.size):
                if start // self.size not in self._there:
                    yield start, min(start + self.size, self.shape[0])

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Yield the first row of each run of missing slices, and the row after its last."""
        begun = None
        for start in range(0, self.shape[0], self.size):
            if start // self.size in self._there:
                if begun is not None:
                    yield begun, start
                begun = None
            elif begun is None:
                begun = start
        if begun is not None:
            yield begun, self.shape[0]

    def put(self, start: int, rows: Matrix) -> None:
        """Write one slice, or several that follow each other; they are on disk when this returns.

        Where the disk is full or cannot be written, these and all later slices stay in memory, and
        the log says so. Raises ValueError where the rows are not exactly slices.
        """
        stop, number = start + len(rows), start // self.size
        whole = not len(rows) % self.size or stop == self.shape[0]
        fits = stop <= self.shape[0] and rows.shape[1:] == self.shape[1:]
        if start % self.size or not len(rows) or not whole or not fits:
            raise ValueError(f"rows of shape {rows.shape} at {start} are no slice of {self.shape}")
        rows = np.ascontiguousarray(rows, np.float32)
        digests = [_digest(rows[i : i + self.size]) for i in range(0, len(rows), self.size)]
        if self._memory is None:
            try:
                _write_at(self.path, start * self.shape[1] * 4, rows.data.cast("B"))
                _write_at(_journal(self.path), number * _LENGTH, self._entries(number, digests))
            except OSError as exc:
                _log.warning(
                    "rows %s and those that follow stay in memory, since %s cannot be written: %s",
                    f"{start:,}", self.path, exc,
                )  # fmt: skip
                self._memory = self._copy()
        if self._memory is not None:
            self._memory[start:stop] = rows
        self._there |= dict(enumerate(digests, number))

    def _entries(self, number: int, digests: Sequence[bytes]) -> bytes:
        """Return the journal's records of slices that follow each other."""
        entries = b""
        for i, digest in enumerate(digests, number):
            record = _RECORD.pack(_MARK, *self.shape, self.size, i, digest)
            entries += record + _CHECK.pack(zlib.crc32(record))
        return entries

    def matrix(self) -> Matrix:
        """Return all rows, read-only: mapped from the disk, or the copy in memory.

        Raises ValueError where rows are missing.
        """
        if self.done < self.shape[0]:
            raise ValueError(f"{self.path.name} has rows: {self.done:,} of {self.shape[0]:,}")
        if self._memory is not None or 0 in self.shape:
            rows = np.empty(self.shape, np.float32) if self._memory is None else self._memory
            rows.flags.writeable = False
            return rows
        length = self.shape[0] * self.shape[1] * 4
        if self.path.stat().st_size > length:
            with suppress(OSError):  # a longer file of another shape; the map ends in time
                os.truncate(self.path, length)
        return np.memmap(self.path, np.float32, "r", shape=self.shape)

    def _read(self, digests: dict[int, bytes]) -> Iterator[tuple[int, Matrix | None]]:
        """Yield each of the slices with its rows, in one buffer; None for those that differ."""
        buffer = np.empty((self.size, self.shape[1]), np.float32)
        with ExitStack() as stack:
            file: IO[bytes] | None = None
            with suppress(OSError):
                file = stack.enter_context(self.path.open("rb", buffering=0))
            for number, digest in digests.items():
                start = number * self.size
                rows = buffer[: self.shape[0] - start]
                whole = False
                # a place of the disk that cannot be read is damaged like any other
                with suppress(OSError):
                    if file is not None:
                        file.seek(start * self.shape[1] * 4)
                        whole = file.readinto(rows.data.cast("B")) == rows.nbytes  # type: ignore[attr-defined]
                yield number, rows if whole and _digest(rows) == digest else None

    def _copy(self) -> Matrix:
        """Return a matrix in memory with the rows on disk; what cannot be read is missing then."""
        memory = np.empty(self.shape, np.float32)
        digests, self._there = self._there, {}
        for number, rows in self._read(digests):
            if rows is not None:
                memory[number * self.size : number * self.size + len(rows)] = rows
                self._there[number] = digests[number]
        return memory


@contextmanager
def sliced_matrix(
    path: Path, shape: Shape, size: int, progress: Progress = no_progress
) -> Iterator[SlicedMatrix]:
    """Yield a matrix of (rows, dimension) on disk, which nobody else writes meanwhile.

    While another thread or process writes it, `progress` is called with the rows that it has
    written; it may raise to end the wait.
    """
    with exclusive(path, lambda: progress(rows_written(path), shape[0])):
        yield SlicedMatrix(path, shape, size)


def rows_written(path: Path) -> int:
    """Return how many rows of a matrix lie on disk by its journal, without reading them."""
    first = next(_records(path), None)
    if first is None or not path.is_file():
        return 0
    shape, size = first[0][:2], first[0][2]
    _, digests = _read_journal(path, shape)
    return sum(min(size, shape[0] - number * size) for number in digests)


def matrix_shape(path: Path) -> Shape:
    """Return the rows and the dimension of a matrix by its journal; (0, 0) where there is none."""
    first = next(_records(path), None)
    return (0, 0) if first is None else (first[0][0], first[0][1])


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}.journal")


def _digest(rows: Matrix) -> bytes:
    return hashlib.blake2b(rows.data, digest_size=16).digest()


def _records(path: Path) -> Iterator[tuple[tuple[int, int, int], int, bytes]]:
    """Yield the sound records of a journal: shape and size, number, digest."""
    try:
        content = _journal(path).read_bytes()
    except OSError:
        return
    for at in range(0, len(content) - _LENGTH + 1, _LENGTH):
        body = content[at : at + _RECORD.size]
        if _CHECK.unpack_from(content, at + _RECORD.size)[0] == zlib.crc32(body):
            mark, rows, dimension, size, number, digest = _RECORD.unpack(body)
            if mark == _MARK and size and number == at // _LENGTH and number * size < rows:
                yield (rows, dimension, size), number, digest


def _read_journal(path: Path, shape: Shape) -> tuple[int, dict[int, bytes]]:
    """Return the rows of a slice (0 where none is written) and the digests by slice number."""
    records = [record for record in _records(path) if record[0][:2] == shape]
    size = records[0][0][2] if records else 0
    return size, {number: digest for (_, _, its), number, digest in records if its == size}


def _write_at(path: Path, offset: int, content: bytes | memoryview) -> None:
    """Write at an offset and wait for the disk; the file is made where it is absent."""
    new = not path.exists()
    path.touch()
    with path.open("r+b", buffering=0) as file:
        file.seek(offset)
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    if new and os.name == "posix":  # the name of a new file must reach the disk as well
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
