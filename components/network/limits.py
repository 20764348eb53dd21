"""The limits of a provider: what one request may hold, how many may begin in a minute."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from components.domain import Cancelled, InputError, Limits
from components.network.caller import Caller
from components.wording import count

MOST_REQUEST_BYTES = 8_000_000
"""Bytes of text that one request holds at most, where a provider names no limit."""


def split(
    texts: Sequence[str],
    tokens: Sequence[int],
    query_tokens: int,
    limits: Limits,
    *,
    listwise: bool,
    label: str,
) -> list[range]:
    """Return which texts go into which request.

    `tokens` are the texts' token counts; the query's are counted with each text. Raises InputError
    where a listwise model, named by `label`, would need more than one request.
    """
    batches: list[range] = []
    begun, batch_tokens, batch_bytes = 0, 0, 0
    for i, text in enumerate(texts):
        cost, size = query_tokens + tokens[i], len(text.encode("utf-8", "replace"))
        full = (
            (limits.documents and i - begun >= limits.documents)
            or (limits.request_tokens and batch_tokens + cost > limits.request_tokens)
            or batch_bytes + size > (limits.request_bytes or MOST_REQUEST_BYTES)
        )
        if full and i > begun:
            batches.append(range(begun, i))
            begun, batch_tokens, batch_bytes = i, 0, 0
        batch_tokens, batch_bytes = batch_tokens + cost, batch_bytes + size
    batches.append(range(begun, len(texts)))
    if listwise and len(batches) > 1:
        raise InputError(
            f"{label} compares all candidates with each other, and these {len(texts):,} (about "
            f"{count(sum(tokens), 'token')}) are more than one request may hold.",
            "Lower the number of candidates: its scores from two requests cannot be merged.",
        )
    return batches


class RateLimiter:
    """Lets at most `per_minute` requests begin in any minute; 0 means any number."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._begun: deque[float] = deque()
        self._lock = threading.Lock()

    def wait(self, stop: threading.Event) -> float:
        """Wait for a turn and return the seconds it took; raise Cancelled once `stop` is set."""
        waited = 0.0
        while (delay := self._take()) > 0:
            waited += delay
            if stop.wait(delay):
                raise Cancelled
        if stop.is_set():
            raise Cancelled
        return waited

    def _take(self) -> float:
        """Note a request and return 0, or return the seconds until there is room for it."""
        if not self._per_minute:
            return 0.0
        with self._lock:
            now = time.monotonic()
            while self._begun and self._begun[0] <= now - 60:
                self._begun.popleft()
            if len(self._begun) < self._per_minute:
                self._begun.append(now)
                return 0.0
            return self._begun[0] + 60 - now


_limiters: dict[tuple[str, int, int], RateLimiter] = {}
_limiters_lock = threading.Lock()


def limiter_of(caller: Caller, per_minute: int) -> RateLimiter:
    """Return the limiter that all users of the same provider and key share."""
    key = (caller.label, hash(caller.key), per_minute)
    with _limiters_lock:
        return _limiters.setdefault(key, RateLimiter(per_minute))
