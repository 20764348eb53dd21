"""One writer at a time for a file, among threads and processes."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_log = logging.getLogger(__name__)
_POLL_S = 0.1
_lock = threading.Lock()
_threads: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a file, a file of its own beside it; `waiting` is called while it waits.

    The lock of a process that died is free. What `waiting` raises ends the wait. In a folder where
    no lock can be made only threads wait for each other: nothing can be written there either.
    """
    with _lock:
        threads = _threads[path]
    while not threads.acquire(timeout=_POLL_S):
        waiting()
    try:
        lock = _file_lock(path, waiting)
        try:
            yield
        finally:
            lock.release()
    finally:
        threads.release()


def _file_lock(path: Path, waiting: Callable[[], None]) -> FileLock:
    """Return the lock of a file, acquired where it can be made."""
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    while not lock.is_locked:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            time.sleep(_POLL_S)
        except OSError as exc:
            _log.info("%s is used without a lock: %s", path.name, exc)
            break
    return lock
