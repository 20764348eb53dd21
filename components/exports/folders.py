"""Files written into a folder together: tried first, written aside, then moved into place."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from components.domain import InputError


def check_files(folder: Path, names: Iterable[str]) -> None:
    """Raise InputError unless files of these names can be written; leave the folder as it was."""
    targets = [folder / name for name in names]
    parents = list(dict.fromkeys([folder, *(target.parent for target in targets)]))
    made: list[Path] = []
    try:
        with _explained(folder):
            for parent in parents:
                made += [p for p in (*reversed(parent.parents), parent) if not p.exists()]
                parent.mkdir(parents=True, exist_ok=True)
                _write_aside(parent / "try", b"\n").unlink()
            for target in targets:
                _check_target(target)
    finally:
        for path in reversed(made):
            with suppress(OSError):  # another command may have written into it meanwhile
                path.rmdir()


def write_files(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    """Write texts as UTF-8 under their paths; raise InputError where that fails.

    Until every file is written, beside its place and under another name, the old ones stay whole.
    """
    content = {folder / name: text.encode() for name, text in files}
    parts: dict[Path, Path] = {}
    try:
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for target, data in content.items():
                target.parent.mkdir(parents=True, exist_ok=True)
                _check_target(target)
                parts[target] = _write_aside(target, data)
            for target, part in parts.items():
                part.replace(target)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def leftovers(folder: Path) -> list[Path]:
    """Return the hidden files that writing into a folder left behind because it was killed."""
    return sorted(p for p in folder.rglob("*.part") if re.fullmatch(r"\.[0-9a-f]{32}", p.stem))


def _check_target(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, f"{target.name} in it is a folder")


def _write_aside(target: Path, data: bytes) -> Path:
    """Write a new file beside `target`, down to the disk, and return its path."""
    part = target.parent / f".{uuid4().hex}.part"
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # a full disk may show itself only here
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        reason = exc.strerror or str(exc)
        if isinstance(exc, FileExistsError | NotADirectoryError):  # it stands where a folder should
            reason = f"{exc.filename} is not a folder"
        raise InputError(f"{folder} cannot be written: {reason}.", "Choose another --out.") from exc
