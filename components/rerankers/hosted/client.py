"""How network rerankers run: split by the provider's limits, retried, cancelled while they hang.

The SDKs' own retries are off; the policy here is the only one.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from components.config import RemoteSettings
from components.domain import Billed, Limits, Progress, Scores, Spec, no_progress
from components.domain.billing import total_billed
from components.models.tokens import cut_texts, estimate_tokens
from components.network.account import Account
from components.network.attempts import Attempts
from components.network.caller import Caller
from components.network.calls import Calls, Reply
from components.network.capacity import Capacity
from components.network.errors import ProviderError
from components.network.limits import limiter_of, split
from components.network.metering import UNMETERED, Meter
from components.network.prices import DOCUMENTS_A_SEARCH
from components.rerankers.hosted.answers import Answer, Send, aligned
from components.wording import count

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
        limiter = limiter_of(caller, spec.limits.per_minute)
        self._attempts = Attempts(spec, caller, limiter, meter)
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
        """Make one request, with further attempts where they may help."""

        def send() -> tuple[npt.NDArray[np.float64], Answer]:
            answer = self._send(query, texts, self._settings.deadline_s)
            try:
                return aligned(self._caller, answer.results, len(texts)), answer
            except ProviderError as exc:
                exc.path = answer.path
                raise

        def estimate() -> Billed:
            query_tokens, *tokens = estimate_tokens([self._instruction + query, *texts])
            return self._estimate(query_tokens, tokens)

        divisible = len(texts) > 1 and not self._spec.listwise
        made = self._attempts.make(send, stop, len(texts), estimate, divisible=divisible)
        values, answer = made.answer
        lost = tuple(billed for billed in made.lost if not billed.estimated)
        return Reply(values, answer.billed, made.waited_s, made.times, answer.note, lost)

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
