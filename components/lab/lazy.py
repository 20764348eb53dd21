"""What is made when it is first wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """Made when it is first wanted: Qdrant takes time to import, and not every command needs it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: T | None = None

    def get(self) -> T:
        """Return it, the same for everybody."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
