"""The requests of one pass over texts, in daemon threads that can be abandoned.

A call that hangs cannot be interrupted. Each runs in a daemon thread, while the caller's thread
waits and calls `progress`, which may raise at any time; the calls under way are then abandoned.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from components.domain import Billed, Progress
from components.network.account import Account, Batch
from components.network.errors import ProviderError
from components.wording import count

POLL_SECONDS = 0.05
"""How often `progress` is called while nothing comes."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The scores or vectors of one request, aligned with its texts.

    `waited_s` are the seconds between attempts and for the rate limit, `attempts` at least 1;
    `note` says what the request found out, `lost` what answers were billed for that were none.
    """

    values: Any
    billed: Billed | None
    waited_s: float
    attempts: int
    note: str = ""
    lost: tuple[Billed, ...] = ()


Request = Callable[[Sequence[str], threading.Event], Reply]
"""`request(texts, stop)` makes one request; it raises Cancelled soon after `stop` is set."""


class Calls:
    """Makes one request for each batch of texts, at most `parallel` at once.

    A batch that a server refuses as too large is divided, down to single texts, unless the scores
    of parts cannot be merged (`whole`). A server that is busy with several requests gets one at a
    time. Every request is entered in the account before it is sent.
    """

    def __init__(
        self,
        request: Request,
        texts: Sequence[str],
        batches: Sequence[Batch],
        parallel: int,
        account: Account,
        *,
        whole: bool = False,
    ) -> None:
        self._request, self._texts, self._account, self._whole = request, texts, account, whole
        self._waiting, self._parallel = deque(batches), parallel
        self._replies: dict[Batch, Reply] = {}
        self._sent: set[Batch] = set()
        self._alone: set[Batch] = set()
        self._open = self._workers = 0
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._taken: set[Batch] = set()
        self.most = 0
        self.too_large: list[tuple[int, Sequence[str]]] = []
        self._busy = False

    def run(self, progress: Progress) -> None:
        """Make all requests; `progress` is called until the last is answered, and may raise.

        Raises the first error of any request.
        """
        self._start()
        total = len(self._texts)
        try:
            while (done := self._done()) < total:
                progress(done, total)
                with self._changed:
                    if self._error is None and self._done() < total:
                        self._changed.wait(POLL_SECONDS)
                if self._error is not None:
                    raise self._error
        finally:
            self._stop.set()
        progress(total, total)

    def drain(self, seconds: float) -> None:
        """Wait for the requests under way, as long as that: they are paid for. None follows."""
        self._stop.set()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, seconds)

    def fresh(self) -> list[tuple[Batch, Reply]]:
        """Return the replies that came since this was last called."""
        with self._changed:
            fresh = [(b, reply) for b, reply in self._replies.items() if b not in self._taken]
            self._taken.update(batch for batch, _ in fresh)
        return fresh

    def _done(self) -> int:
        return sum(len(batch) for batch in list(self._replies))

    def _start(self) -> None:
        """Start as many threads as there is work for."""
        with self._changed:
            new = min(self._parallel - self._workers, len(self._waiting))
            self._workers += max(0, new)
        for _ in range(new):
            threading.Thread(target=self._work, name="remote", daemon=True).start()

    def _take(self) -> Batch | None:
        """Return the next batch, or None where this thread is not needed any more."""
        with self._changed:
            if self._stop.is_set() or not self._waiting or self._workers > self._parallel:
                self._workers -= 1
                return None
            if self._parallel == 1 or not (self._open or len(self._waiting) > 1):
                self._alone.add(self._waiting[0])
            self._open += 1
            return self._waiting.popleft()

    def _work(self) -> None:
        while (batch := self._take()) is not None:
            try:
                self._send(batch)
            except BaseException as exc:  # it is raised again in the caller's thread
                with self._changed:
                    self._error = self._error or exc
                    self._stop.set()
                    self._changed.notify()
            finally:
                with self._changed:
                    self._open -= 1
                    self._changed.notify()

    def _send(self, batch: Batch) -> None:
        """Make the request of a batch, or divide it and leave its parts to be sent."""
        if self.most and len(batch) > self.most:
            self._divide(batch)
            return
        texts = [self._texts[i] for i in batch]
        with self._changed:
            self._sent.add(batch)
        try:
            reply = self._request(texts, self._stop)
        except ProviderError as exc:
            if not exc.charged:
                with self._changed:
                    self._sent.discard(batch)
            if not self._goes_on(batch, exc):
                raise
            return
        with self._changed:
            self._replies[batch] = reply
            self._changed.notify()

    def _goes_on(self, batch: Batch, exc: ProviderError) -> bool:
        """Send a refused batch again where that helps: alone, or in parts; return whether it is."""
        if exc.busy:
            self._busy, self._parallel = True, 1
            if batch not in self._alone:
                with self._changed:
                    self._waiting.appendleft(batch)
                return True
        if self._whole or len(batch) == 1 or not (exc.busy or exc.most is not None):
            return False
        if exc.most is not None:
            self.too_large.append((exc.most, [self._texts[i] for i in batch]))
        named = exc.most or 0
        size = named if 0 < named < len(batch) else len(batch) // 2
        with self._changed:
            self.most = min(self.most or size, size)
        self._divide(batch)
        return True

    def _divide(self, batch: Batch) -> None:
        parts = [batch[i : i + self.most] for i in range(0, len(batch), self.most)]
        self._account.divide(batch, parts)
        with self._changed:
            self._waiting.extendleft(reversed(parts))
        self._start()

    def in_order(self) -> list[Reply]:
        """Return the replies in the order of the texts; all are there once `run` returned."""
        return [self._replies[b] for b in sorted(self._replies, key=lambda batch: batch.start)]

    def bills(self) -> dict[Batch, Billed]:
        """Return what each request that may be billed is billed for.

        It is estimated without a reply, and where a reply reports nothing.
        """
        with self._changed:
            replies, sent = dict(self._replies), sorted(self._sent, key=lambda b: b.start)
        reported = {batch: reply.billed for batch, reply in replies.items()}
        return {batch: reported.get(batch) or self._account.estimate(batch) for batch in sent}

    @property
    def wait_ms(self) -> float:
        """Return the milliseconds that the request that waited longest spent waiting."""
        return max(reply.waited_s for reply in self.in_order()) * 1000

    def notes(self) -> tuple[str, ...]:
        """Return how the scores came about, where it is not the usual way."""
        replies = self.in_order()
        again = sum(reply.attempts - 1 for reply in replies)
        refused = f"split to {count(self.most, 'text')} a request: the server refused larger ones"
        lines = [
            count(len(replies), "request") if len(replies) > 1 else "",
            refused if self.most else "",
            "one request at a time: the server was busy" if self._busy else "",
            f"{again} retried" if again else "",
            *{reply.note: None for reply in replies},
        ]
        return tuple(line for line in lines if line)
