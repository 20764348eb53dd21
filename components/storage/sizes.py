"""What files take on the disk."""

from __future__ import annotations

from pathlib import Path

_BLOCK = 512
"""Bytes in which systems count what a file takes."""


def bytes_in(path: Path) -> int:
    """Return what a file, or all files of a folder, take; 0 where there is none.

    A file with holes, such as those that an engine makes ahead, takes less than its length.
    """
    total = 0
    for file in (path, *path.rglob("*")):
        try:
            status = file.lstat()
        except OSError:  # removed meanwhile
            continue
        if file.is_file():
            blocks = getattr(status, "st_blocks", None)  # Windows does not tell
            total += status.st_size if blocks is None else min(status.st_size, blocks * _BLOCK)
    return total
