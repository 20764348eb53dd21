"""Arrays kept on disk with checksums.

Files are written aside and moved into place, so none is ever half-written; a damaged one is noticed
and computed again.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]
_log = logging.getLogger(__name__)


def read_arrays(path: Path) -> Arrays | None:
    """Return the arrays of a file, or None if it is absent or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        return None
    except Exception as exc:  # damage shows itself in many unrelated types
        _log.warning("the cache file %s is damaged and will be rebuilt: %s", path.name, exc)
        return None


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write a file at once: readers see the old one, or all of the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_aside(path, arrays)
    except OSError as exc:
        # A full or read-only disk costs the next start some time; it must not cost this search.
        _log.warning("the vectors could not be kept in %s: %s", path, exc)


def _write_aside(path: Path, arrays: Arrays) -> None:
    """Write beside the file and move into place; leave nothing behind on failure."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            np.savez(part, allow_pickle=False, **arrays)
            part.flush()
            os.fsync(part.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def cached_arrays(path: Path, rows: int, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
    """Return arrays from the file or computed, and whether they came from the file."""
    saved = read_arrays(path)
    if saved is not None and saved.get("rows", np.array(-1)) == rows:
        return saved, True
    arrays = dict(compute()) | {"rows": np.array(rows)}
    write_arrays(path, arrays)
    return arrays, False
