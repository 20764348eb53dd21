"""How network rerankers run: split by the provider's limits, retried, cancelled while they hang.

The SDKs' own retries are off; the policy here is the only one.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from components.config import RemoteSettings
from components.domain import Billed, Cancelled, Limits, Progress, Scores, Spec, no_progress
from components.domain.billing import total_billed
from components.models.tokens import cut_texts, estimate_tokens
from components.network.account import Account
from components.network.caller import Caller
from components.network.calls import Calls, Reply
from components.network.capacity import Capacity
from components.network.errors import ProviderError
from components.network.limits import limiter_of, split
from components.network.metering import UNMETERED, Meter
from components.network.prices import DOCUMENTS_A_SEARCH
from components.network.refusals import ONE_TOO_LARGE
from components.rerankers.hosted.answers import Send, aligned
from components.wording import count

ATTEMPTS = 3
"""How often one request is sent at most."""
BACKOFF_SECONDS = 0.5
"""The wait before the second attempt; it doubles, and up to a quarter is added at random."""
LONGEST_WAIT_SECONDS = 20.0
"""A provider that asks for a longer wait than this is not asked again."""
SPECIAL_TOKENS = 4
"""Tokens that a model's template puts around query and text, as far as the lab can tell."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What of a query and a text a server reads: `window` tokens of both, 0 where nobody knows.

    With `cuts` the lab cuts texts to it before they are sent.
    """

    window: int = 0
    cuts: bool = False

    def room(self, query_tokens: int) -> int:
        """Return how many tokens of a text are read, at least one; 0 where nobody knows."""
        return max(1, self.window - query_tokens - SPECIAL_TOKENS) if self.window else 0


Estimate = Callable[[int, Sequence[int]], Billed]
"""`estimate(query_tokens, tokens)` is what a request is billed for, as far as the lab can tell."""


def estimate_request(query_tokens: int, tokens: Sequence[int]) -> Billed:
    """Return what providers of rerankers bill a request for."""
    searches = math.ceil(len(tokens) / DOCUMENTS_A_SEARCH)
    return Billed(1, searches, query_tokens * len(tokens) + sum(tokens), estimated=True)


class RemoteReranker:
    """A reranker behind the network: one request, or several at once where it is pointwise."""

    def __init__(
        self,
        spec: Spec,
        caller: Caller,
        send: Send,
        settings: RemoteSettings,
        *,
        instruction: str = "",
        meter: Meter = UNMETERED,
        capacity: Capacity | None = None,
        reading: Reading | None = None,
        estimate: Estimate = estimate_request,
    ) -> None:
        self._spec, self._caller, self._send, self._settings = spec, caller, send, settings
        self._instruction, self._meter = instruction, meter
        self._reading = reading or Reading()
        self._capacity = capacity or Capacity()
        self._estimate = estimate
        self._limiter = limiter_of(caller, spec.limits.per_minute)
        estimate_tokens(["warm up"])

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return one score for each text; raise ProviderError where the provider gives none."""
        if not texts:
            return Scores(np.zeros(0))
        limits = self._capacity.bound(self._spec.limits)
        (query_tokens, *tokens) = estimate_tokens([self._instruction + query, *texts])
        room = limits.document_tokens or self._reading.room(query_tokens)
        read = [min(n, room) if room else n for n in tokens]
        cut = [n - r for n, r in zip(tokens, read, strict=True)]
        if self._reading.cuts:
            texts, tokens = cut_texts(texts, room), read
        calls, spent = self._run(query, query_tokens, texts, tokens, limits, progress)
        replies = calls.in_order()
        bills = (
            list(calls.bills().values())  # estimated where a provider does not say
            if self._spec.hosted
            else [reply.billed or Billed() for reply in replies]
        )
        return Scores(
            np.concatenate([reply.values for reply in replies]),
            tokens_read=tuple(read),
            tokens_cut=tuple(cut),
            estimated=True,
            measured_ms=max(0.0, spent - calls.wait_ms),
            wait_ms=calls.wait_ms,
            billed=total_billed([*bills, *(lost for reply in replies for lost in reply.lost)]),
            notes=(*calls.notes(), *self._notes(calls, limits, query_tokens)),
        )

    def _run(
        self,
        query: str,
        query_tokens: int,
        texts: Sequence[str],
        tokens: Sequence[int],
        limits: Limits,
        progress: Progress,
    ) -> tuple[Calls, float]:
        """Make all calls and return them with their milliseconds; the meter learns their cost."""
        spec = self._spec
        batches = split(
            texts, tokens, query_tokens, limits, listwise=spec.listwise, label=spec.label
        )
        account = Account(
            self._meter, spec, lambda b: self._estimate(query_tokens, tokens[b.start : b.stop])
        )
        request, parallel = partial(self._request, query), self._settings.parallel
        parallel = min(parallel, self._capacity.told.parallel or parallel)
        calls = Calls(request, texts, batches, parallel, account, whole=spec.listwise)
        account.enter(batches)
        begun = time.perf_counter()
        try:
            calls.run(progress)
        finally:
            account.close(calls.bills())
            for most, refused in calls.too_large:
                self._capacity.learn(most, refused)
        return calls, (time.perf_counter() - begun) * 1000

    def _request(self, query: str, texts: Sequence[str], stop: threading.Event) -> Reply:
        """Make one request, with further attempts where they may help.

        Where an attempt may be billed though no answer came, the meter is asked before the next
        one: its estimate stays entered, beside what the last attempt costs. A server that is busy
        is not asked the same again where it can be asked for less.
        """
        waited, path, divisible = 0.0, "", len(texts) > 1 and not self._spec.listwise
        lost: list[Billed] = []
        for attempt in range(1, ATTEMPTS + 1):
            waited += self._limiter.wait(stop)
            try:
                answer = self._send(query, texts, self._settings.deadline_s)
                path = answer.path
                values = aligned(self._caller, answer.results, len(texts))
                return Reply(values, answer.billed, waited, attempt, answer.note, tuple(lost))
            except ProviderError as exc:
                exc.path = self._caller.redact(exc.path or path)
                if exc.most is not None and len(texts) == 1:
                    exc.remedy = ONE_TOO_LARGE[self._caller.own]
                delay = None if exc.busy and divisible else retry_delay(exc, attempt)
                if delay is None:
                    raise exc.after_attempts(attempt) from exc
                waited += delay
                if stop.wait(delay):
                    raise Cancelled from exc
                if exc.charged:
                    query_tokens, *tokens = estimate_tokens([self._instruction + query, *texts])
                    settle = self._meter.reserve(self._spec, self._estimate(query_tokens, tokens))
                    if exc.billed:
                        settle(exc.billed)
                        lost.append(exc.billed)
        raise AssertionError("the last attempt returns or raises")

    def _notes(self, calls: Calls, limits: Limits, query_tokens: int) -> Iterator[str]:
        """Yield what limits made of the request."""
        most = self._spec.limits.query_tokens
        if most and query_tokens > most:
            yield f"query of about {count(query_tokens, 'token')} cut at {most:,}"
        if limits != self._spec.limits and len(calls.in_order()) > 1 and not calls.most:
            texts, size = limits.documents, limits.request_bytes
            yield "the server's limit: " + " and ".join(
                [count(texts, "text")] * bool(texts) + [count(size, "byte")] * bool(size)
            )


def retry_delay(error: ProviderError, attempt: int) -> float | None:
    """Return the seconds before the next attempt, or None where there shall be none."""
    if not error.retry or attempt == ATTEMPTS:
        return None
    if error.after is not None:
        return error.after if error.after <= LONGEST_WAIT_SECONDS else None
    return BACKOFF_SECONDS * 2.0 ** (attempt - 1) * (1 + random.random() / 4)
