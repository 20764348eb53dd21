"""Collections as folders: shards, which of them is the current one, who builds and who reads."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from components.retrieval.engine.recall import Graph
from components.storage.locks import exclusive

CURRENT = "current.json"
"""The file that names a collection's current shard."""
ENGINE = version("qdrant-edge-py")
_log = logging.getLogger(__name__)


class Manifest(BaseModel):
    """What names the current shard: its folder, its points, and each file's size and CRC-32.

    `graph` is none until one was built and measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shard: str
    points: int
    engine: str
    files: dict[str, tuple[int, int]]
    graph: Graph | None = None


def writable(folder: Path) -> Path:
    """Return the folder, or a temporary one where it cannot be written: searching must go on."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as exc:
        aside = Path(tempfile.mkdtemp(prefix="rerank-lab-"))
        _log.warning("%s cannot be written (%s): indexes are kept in %s", folder, exc, aside)
        return aside


def checksums(folder: Path) -> dict[str, tuple[int, int]]:
    """Return each file's size and CRC-32 by its path in the folder."""
    sums = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            size = crc = 0
            while block := file.read(1 << 20):
                size, crc = size + len(block), zlib.crc32(block, crc)
        sums[path.relative_to(folder).as_posix()] = (size, crc)
    return sums


def new(home: Path) -> Path:
    """Return the folder in which a new shard is built."""
    return home / f"{datetime.now(UTC):%Y%m%d%H%M%S}-{uuid.uuid4().hex[:6]}.part"


def publish(home: Path, part: Path, points: int, graph: Graph | None = None) -> None:
    """Move a shard into place and name it the current one; both are on disk before the name is."""
    files, name = checksums(part), part.name.removesuffix(".part")
    for path in part.rglob("*"):
        _sync(path)
    part.replace(home / name)
    manifest = Manifest(shard=name, points=points, engine=ENGINE, files=files, graph=graph)
    aside = home / f"{name}.json.part"
    aside.write_text(manifest.model_dump_json(), encoding="utf-8")
    _sync(aside)
    aside.replace(home / CURRENT)
    _sync(home)


def _sync(path: Path) -> None:
    """Bring a file, or a folder's entries, to the disk; Windows cannot do so with a folder."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def building(home: Path, wait: Callable[[], object]) -> Iterator[bool]:
    """Hold the right to build a collection; tell whether that took waiting for somebody else.

    `wait` is called again and again meanwhile; it may raise.
    """
    waited = threading.Event()

    def waiting() -> None:
        waited.set()
        wait()

    with exclusive(home / "build", waiting):
        yield waited.is_set()


def lease(home: Path, shard: str) -> None:
    """Note that this process reads a shard, so that no other removes it."""
    with suppress(OSError):
        (home / f"{shard}.{os.getpid()}.reader").touch()


def sweep(home: Path) -> None:
    """Remove what nobody reads: old shards, and what builds left behind that were killed.

    Only who holds the right to build calls this, so that no build is under way.
    """
    current = Manifest.model_validate_json((home / CURRENT).read_bytes()).shard
    reading = {current}
    for lease in home.glob("*.reader"):
        shard, pid, _ = lease.name.rsplit(".", 2)
        if psutil.pid_exists(int(pid)) and (int(pid) != os.getpid() or shard == current):
            reading.add(shard)
        else:
            lease.unlink(missing_ok=True)
    for path in home.iterdir():
        if path.is_dir() and path.name not in reading:
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.endswith(".json.part"):
            path.unlink(missing_ok=True)
