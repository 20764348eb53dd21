"""Sending one request several times: when that may help, after which wait, and at whose cost."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from components.domain import Billed, Cancelled, Spec
from components.network.caller import Caller
from components.network.errors import ProviderError
from components.network.limits import RateLimiter
from components.network.metering import Meter
from components.network.refusals import ONE_TOO_LARGE

T = TypeVar("T")
ATTEMPTS = 3
"""How often one request is sent at most."""
BACKOFF_SECONDS = 0.5
"""The wait before the second attempt; it doubles, and up to a quarter is added at random."""
LONGEST_WAIT_SECONDS = 20.0
"""A provider that asks for a longer wait than this is not asked again."""


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """An answer, the seconds spent waiting for it, and how often it was asked for.

    `lost` is what earlier attempts may be billed for, estimated unless their answers said so.
    """

    answer: T
    waited_s: float
    times: int
    lost: tuple[Billed, ...]


@dataclass(frozen=True, slots=True)
class Attempts:
    """How the requests of one model are sent."""

    spec: Spec
    caller: Caller
    limiter: RateLimiter
    meter: Meter

    def make(
        self,
        send: Callable[[], T],
        stop: threading.Event,
        texts: int,
        estimate: Callable[[], Billed],
        *,
        divisible: bool,
    ) -> Made[T]:
        """Return what `send` returns, with further attempts where they may help.

        Where an attempt may be billed though no answer came, the meter is asked before the next
        one: its estimate stays entered, beside what the last attempt costs. A server that is busy
        is not asked the same again where it can be asked for less. Raises ProviderError where no
        answer comes, Cancelled soon after `stop` is set.
        """
        waited, path = 0.0, ""
        lost: list[Billed] = []
        for attempt in range(1, ATTEMPTS + 1):
            waited += self.limiter.wait(stop)
            try:
                return Made(send(), waited, attempt, tuple(lost))
            except ProviderError as exc:
                path = exc.path = self.caller.redact(exc.path or path)
                if exc.most is not None and texts == 1:
                    exc.remedy = self.caller.in_words(ONE_TOO_LARGE[self.caller.own])
                delay = None if exc.busy and divisible else retry_delay(exc, attempt)
                if delay is None:
                    raise exc.after_attempts(attempt) from exc
                waited += delay
                if stop.wait(delay):
                    raise Cancelled from exc
                if exc.charged:
                    settle = self.meter.reserve(self.spec, estimate())
                    if exc.billed:
                        settle(exc.billed)
                    lost.append(exc.billed or estimate())
        raise AssertionError("the last attempt returns or raises")


def retry_delay(error: ProviderError, attempt: int) -> float | None:
    """Return the seconds before the next attempt, or None where there shall be none."""
    if not error.retry or attempt == ATTEMPTS:
        return None
    if error.after is not None:
        return error.after if error.after <= LONGEST_WAIT_SECONDS else None
    return BACKOFF_SECONDS * 2.0 ** (attempt - 1) * (1 + random.random() / 4)
