"""Arrays in one file with checksums, read as memory maps.

The file holds the arrays one after another, each at a multiple of 64 bytes, and at its end a table
of contents: name, type, shape, place and digest of each, and what the arrays are of. It is written
aside and moved into place; a damaged or foreign one is noticed when it is opened.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

_log = logging.getLogger(__name__)
_END = struct.Struct("<Q16s4s")
"""The length of the table of contents, its digest and a mark."""
_MARK = b"RLM1"
_ALIGN, _CHUNK = 64, 1 << 20
Array = npt.NDArray[Any]


def write_mapped(path: Path, contents: str, arrays: Mapping[str, Iterable[Array]]) -> None:
    """Write a file at once: readers see the old one, or all of the new one.

    An array comes in pieces, which are joined along their first axis; an iterator is read once, so
    that the whole need never be in memory. One writer at a time: the caller holds the file's lock.
    Raises OSError where the disk cannot be written, and leaves nothing behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.part")  # a killed writer's is written over
    try:
        with aside.open("wb") as part:
            table = {key: _write_array(part, pieces) for key, pieces in arrays.items()}
            text = json.dumps({"contents": contents, "arrays": table}).encode()
            digest = hashlib.blake2b(text, digest_size=16).digest()
            part.write(text + _END.pack(len(text), digest, _MARK))
            part.flush()
            os.fsync(part.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _write_array(file: IO[bytes], pieces: Iterable[Array]) -> dict[str, Any]:
    """Write an array's pieces and return its entry in the table of contents."""
    file.write(bytes(-file.tell() % _ALIGN))
    offset, rows, digest = file.tell(), 0, hashlib.blake2b(digest_size=16)
    piece: Array = np.empty(0)
    for piece in pieces:
        content = np.ascontiguousarray(piece).tobytes()
        file.write(content)
        digest.update(content)
        rows += len(piece)
    shape = [rows, *piece.shape[1:]]
    dtype = piece.dtype.str
    return {"dtype": dtype, "shape": shape, "offset": offset, "digest": digest.hexdigest()}


def read_mapped(path: Path, contents: str) -> Mapping[str, Array] | None:
    """Return the read-only arrays of a file; None if it is absent, damaged or of something else."""
    try:
        with path.open("rb") as file:
            table = _table(file)
            if table["contents"] != contents:
                _log.warning("the file %s is of something else and will be rebuilt", path.name)
                return None
            return {name: _mapped(file, entry) for name, entry in table["arrays"].items()}
    except FileNotFoundError:
        return None
    except Exception as exc:  # damage shows itself in many unrelated types
        _log.warning("the cache file %s is damaged and will be rebuilt: %s", path.name, exc)
        return None


def _table(file: IO[bytes]) -> Any:  # noqa: ANN401  (JSON)
    file.seek(-_END.size, os.SEEK_END)
    length, digest, mark = _END.unpack(file.read())
    file.seek(-_END.size - length, os.SEEK_END)
    text = file.read(length)
    if mark != _MARK or hashlib.blake2b(text, digest_size=16).digest() != digest:
        raise ValueError("its table of contents is not what was written")
    return json.loads(text)


def _mapped(file: IO[bytes], entry: Mapping[str, Any]) -> Array:
    """Return an array; ValueError unless it is as it was written."""
    shape, dtype = tuple(entry["shape"]), np.dtype(entry["dtype"])
    rest, digest = math.prod(shape) * dtype.itemsize, hashlib.blake2b(digest_size=16)
    file.seek(entry["offset"])  # it is read by pieces: a map that is read takes memory
    while rest and (piece := file.read(min(rest, _CHUNK))):
        digest.update(piece)
        rest -= len(piece)
    if digest.hexdigest() != entry["digest"]:
        raise ValueError("an array is not what was written")
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.memmap(file, dtype, "r", entry["offset"], shape)
