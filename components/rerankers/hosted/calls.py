"""The requests of one scoring pass, in daemon threads that can be abandoned.

A call that hangs cannot be interrupted. Each runs in a daemon thread, while the caller's thread
waits and calls `progress`, which may raise at any time; the calls under way are then abandoned.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.domain import Billed, Progress
from components.rerankers.hosted.errors import ProviderError
from components.wording import count

POLL_SECONDS = 0.05
"""How often `progress` is called while nothing comes."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The scores of one request, aligned with its texts.

    `waited_s` are the seconds between attempts and for the rate limit, `attempts` at least 1.
    """

    values: npt.NDArray[np.float64]
    billed: Billed | None
    waited_s: float
    attempts: int


Request = Callable[[Sequence[str], threading.Event], Reply]
"""`request(texts, stop)` makes one request; it raises Cancelled soon after `stop` is set."""


class Calls:
    """Makes one request for each batch of texts, at most `parallel` at once."""

    def __init__(
        self, request: Request, texts: Sequence[str], batches: Sequence[range], parallel: int
    ) -> None:
        self._request, self._texts, self.batches = request, texts, batches
        self._parallel = min(parallel, len(batches))
        self._waiting = deque(range(len(batches)))
        self._replies: dict[int, Reply] = {}
        self._sent: set[int] = set()
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._stop = threading.Event()

    def run(self, progress: Progress) -> None:
        """Make all requests; `progress` is called until the last is answered, and may raise.

        Raises the first error of any request.
        """
        for _ in range(self._parallel):
            threading.Thread(target=self._work, name="remote", daemon=True).start()
        total = len(self._texts)
        try:
            while len(self._replies) < len(self.batches):
                progress(sum(len(self.batches[i]) for i in list(self._replies)), total)
                with self._changed:
                    if self._error is None and len(self._replies) < len(self.batches):
                        self._changed.wait(POLL_SECONDS)
                if self._error is not None:
                    raise self._error
        finally:
            self._stop.set()
        progress(total, total)

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._changed:
                if not self._waiting:
                    return
                i = self._waiting.popleft()
                self._sent.add(i)
            try:
                reply = self._request([self._texts[j] for j in self.batches[i]], self._stop)
            except BaseException as exc:  # it is raised again in the caller's thread
                with self._changed:
                    if isinstance(exc, ProviderError) and not exc.charged:
                        self._sent.discard(i)
                    self._error = self._error or exc
                    self._stop.set()
                    self._changed.notify()
                return
            with self._changed:
                self._replies[i] = reply
                self._changed.notify()

    @property
    def replies(self) -> list[Reply]:
        """Return the replies in the order of the batches; all are there once `run` returned."""
        return [self._replies[i] for i in range(len(self.batches))]

    def bills(self, estimates: Sequence[Billed]) -> list[Billed]:
        """Return what each request that may be billed is billed for, estimated without a reply.

        `estimates` are aligned with the batches; they also stand in where a reply reports nothing.
        """
        with self._changed:
            replies, sent = dict(self._replies), sorted(self._sent)
        billed = {i: reply.billed for i, reply in replies.items()}
        return [billed.get(i) or estimates[i] for i in sent]

    @property
    def wait_ms(self) -> float:
        """Return the milliseconds that the request that waited longest spent waiting."""
        return max(reply.waited_s for reply in self.replies) * 1000

    def notes(self) -> tuple[str, ...]:
        """Return how the scores came about, where it is not the usual way."""
        again = sum(reply.attempts - 1 for reply in self.replies)
        notes = [f"{count(len(self.batches), 'request')}"] if len(self.batches) > 1 else []
        return (*notes, *([f"{again} retried"] if again else []))
