"""News of work in threads: what has changed, by topic and numbered, for whoever listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

Wake = Callable[[], None]
"""Called in the thread that tells the news; it returns at once."""


class News:
    """Numbers each change of a topic, and wakes the listeners.

    Only the last change of a topic is remembered: who comes late, or reads slowly, learns which
    topics have changed since a number, and shows how they stand now.
    """

    def __init__(self) -> None:
        self._number = 0
        self.pressing = 0
        self._changed: dict[Hashable, int] = {}
        self._listeners: dict[object, Wake] = {}
        self._lock = threading.Lock()

    @property
    def number(self) -> int:
        """Return the number of the last change; 0 before the first."""
        return self._number

    def tell(self, topic: Hashable, *, pressing: bool = False) -> None:
        """Say that a topic has changed; `pressing` news should not wait to be told with others.

        The number of pressing changes so far is in `pressing`.
        """
        with self._lock:
            self._number += 1
            self.pressing += pressing
            self._changed.pop(topic, None)  # the latest stands last
            self._changed[topic] = self._number
            listeners = list(self._listeners.values())
        for wake in listeners:
            wake()

    def forget(self, topics: Callable[[Hashable], bool]) -> None:
        """Forget topics: nobody needs to hear of them any more."""
        with self._lock:
            self._changed = {t: n for t, n in self._changed.items() if not topics(t)}

    def since(self, number: int) -> list[tuple[int, Hashable]]:
        """Return the topics that have changed after a number, with the number of the last change.

        A number that is yet to come, such as one from before a restart, counts as 0.
        """
        with self._lock:
            after = number if number <= self._number else 0
            return [(n, topic) for topic, n in self._changed.items() if n > after]

    def listen(self, wake: Wake) -> Callable[[], None]:
        """Let `wake` be called at each change; return what ends that."""
        key = object()
        with self._lock:
            self._listeners[key] = wake

        def leave() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return leave

    @property
    def listeners(self) -> int:
        """Return how many listen."""
        return len(self._listeners)
