"""What is made when it is first wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from components.config import Settings

if TYPE_CHECKING:
    from components.lab.collections import Collections
    from components.retrieval.store import VectorStore

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


def opened_store(settings: Settings) -> VectorStore:
    """Return the vector store that is configured."""
    from components.retrieval.store import open_store

    return open_store(settings)


def opened_collections(settings: Settings) -> Collections:
    """Return the collections of one's own that are configured."""
    from components.lab.collections import Collections

    return Collections(settings)
