"""What a server takes in one request: as it tells when it is asked, and as its refusals teach."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from components.domain import Limits


@dataclass(frozen=True, slots=True)
class Told:
    """What a server tells of itself; 0 where it does not.

    `documents` of one request, requests in `parallel`, and the tokens of a model's `window`, into
    which query and text must fit together.
    """

    documents: int = 0
    parallel: int = 0
    window: int = 0


@dataclass
class Capacity:
    """What this process knows of one server; it is learned again after a restart.

    `path` is the one that answered, empty until one did; `asked_at` the moment, on the monotonic
    clock, when the server was last asked for its limits. `refused` are fields of a request that it
    does not take; `logprobs` says whether it gives log probabilities, None until it is known.
    """

    told: Told = Told()
    documents: int = 0
    request_bytes: int = 0
    path: str = ""
    asked_at: float = float("-inf")
    refused: frozenset[str] = frozenset()
    logprobs: bool | None = None

    def bound(self, limits: Limits) -> Limits:
        """Return limits, lowered to what the server takes."""
        return replace(
            limits,
            documents=_lowest(limits.documents, self.told.documents, self.documents),
            request_bytes=_lowest(limits.request_bytes, self.request_bytes),
        )

    def learn(self, most: int, texts: Sequence[str]) -> None:
        """Learn from a refusal of texts as too many (`most` is the server's number) or too long."""
        if most:
            self.documents = _lowest(self.documents, most)
        else:
            size = sum(len(text.encode("utf-8", "replace")) for text in texts)
            self.request_bytes = _lowest(self.request_bytes, max(1, size // 2))


def _lowest(*numbers: int) -> int:
    """Return the lowest number; 0 stands for one that is not known."""
    return min((n for n in numbers if n), default=0)


_capacities: dict[Hashable, Capacity] = {}
_lock = threading.Lock()


def capacity_of(server: Hashable) -> Capacity:
    """Return what this process knows of a server, shared by all that ask it."""
    with _lock:
        return _capacities.setdefault(server, Capacity())


def forget() -> None:
    """Forget what this process knows of all servers: their operators may have changed them."""
    with _lock:
        _capacities.clear()
