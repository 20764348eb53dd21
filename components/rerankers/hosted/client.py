"""How network rerankers run: split by the provider's limits, retried, cancelled while they hang.

The SDKs' own retries are off; the policy here is the only one.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Sequence
from functools import partial

import numpy as np

from components.config import RemoteSettings
from components.domain import Billed, Cancelled, Progress, Scores, Spec, no_progress
from components.domain.billing import total_billed
from components.models.tokens import estimate_tokens
from components.rerankers import UNMETERED, Meter
from components.rerankers.hosted.answers import Send, aligned
from components.rerankers.hosted.caller import Caller
from components.rerankers.hosted.calls import Calls, Reply
from components.rerankers.hosted.errors import ProviderError
from components.rerankers.hosted.limits import limiter_of, split
from components.rerankers.hosted.prices import DOCUMENTS_A_SEARCH
from components.wording import count

ATTEMPTS = 3
"""How often one request is sent at most."""
BACKOFF_SECONDS = 0.5
"""The wait before the second attempt; it doubles, and up to a quarter is added at random."""
LONGEST_WAIT_SECONDS = 20.0
"""A provider that asks for a longer wait than this is not asked again."""


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
    ) -> None:
        self._spec, self._caller, self._send, self._settings = spec, caller, send, settings
        self._instruction, self._meter = instruction, meter
        self._limiter = limiter_of(caller, spec.limits.per_minute)
        estimate_tokens(["warm up"])

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return one score for each text; raise ProviderError where the provider gives none."""
        if not texts:
            return Scores(np.zeros(0))
        spec, limits = self._spec, self._spec.limits
        (query_tokens, *tokens) = estimate_tokens([self._instruction + query, *texts])
        batches = split(
            texts, tokens, query_tokens, limits, listwise=spec.listwise, label=spec.label
        )
        calls = Calls(partial(self._request, query), texts, batches, self._settings.parallel)
        estimates = [self._estimate(query_tokens, [tokens[i] for i in batch]) for batch in batches]
        spent = self._run(calls, estimates, progress)
        cut = [max(0, n - limits.document_tokens) if limits.document_tokens else 0 for n in tokens]
        notes = calls.notes()
        if limits.query_tokens and query_tokens > limits.query_tokens:
            note = f"query of about {count(query_tokens, 'token')} cut at {limits.query_tokens:,}"
            notes = (*notes, note)
        return Scores(
            np.concatenate([reply.values for reply in calls.replies]),
            tokens_read=tuple(n - c for n, c in zip(tokens, cut, strict=True)),
            tokens_cut=tuple(cut),
            estimated=True,
            measured_ms=max(0.0, spent - calls.wait_ms),
            wait_ms=calls.wait_ms,
            billed=self._billed(calls, estimates),
            notes=notes,
        )

    def _run(self, calls: Calls, estimates: Sequence[Billed], progress: Progress) -> float:
        """Make all calls and return their milliseconds; the meter learns what they cost."""
        settle = self._meter.reserve(self._spec, total_billed(estimates))
        begun = time.perf_counter()
        try:
            calls.run(progress)
        finally:
            settle(total_billed(calls.bills(estimates)))
        return (time.perf_counter() - begun) * 1000

    def _request(self, query: str, texts: Sequence[str], stop: threading.Event) -> Reply:
        """Make one request, with further attempts where they may help.

        Where an attempt may be billed though no answer came, the meter is asked before the next
        one: its estimate stays entered, beside what the last attempt costs.
        """
        waited = 0.0
        for attempt in range(1, ATTEMPTS + 1):
            waited += self._limiter.wait(stop)
            try:
                answer = self._send(query, texts, self._settings.deadline_s)
                values = aligned(self._caller, answer.results, len(texts))
                return Reply(values, answer.billed, waited, attempt)
            except ProviderError as exc:
                delay = retry_delay(exc, attempt)
                if delay is None:
                    raise after_attempts(exc, attempt) from exc
                waited += delay
                if stop.wait(delay):
                    raise Cancelled from exc
                if exc.charged:
                    query_tokens, *tokens = estimate_tokens([self._instruction + query, *texts])
                    self._meter.reserve(self._spec, self._estimate(query_tokens, tokens))
        raise AssertionError("the last attempt returns or raises")

    def _estimate(self, query_tokens: int, tokens: Sequence[int]) -> Billed:
        """Return what a request is billed for, as far as the lab can tell."""
        searches = math.ceil(len(tokens) / DOCUMENTS_A_SEARCH)
        return Billed(1, searches, query_tokens * len(tokens) + sum(tokens), estimated=True)

    def _billed(self, calls: Calls, estimates: Sequence[Billed]) -> Billed:
        """Return what all requests are billed for, estimated where a provider does not say."""
        if self._spec.hosted:
            return total_billed(calls.bills(estimates))
        return total_billed([reply.billed or Billed() for reply in calls.replies])


def retry_delay(error: ProviderError, attempt: int) -> float | None:
    """Return the seconds before the next attempt, or None where there shall be none."""
    if not error.retry or attempt == ATTEMPTS:
        return None
    if error.after is not None:
        return error.after if error.after <= LONGEST_WAIT_SECONDS else None
    return BACKOFF_SECONDS * 2.0 ** (attempt - 1) * (1 + random.random() / 4)


def after_attempts(error: ProviderError, attempts: int) -> ProviderError:
    """Return the error with the number of attempts and the wait that the provider asks for."""
    wait = f" It asks to wait {count(round(error.after), 'second')}." if error.after else ""
    times = f" It was asked {count(attempts, 'time')}." if attempts > 1 else ""
    return ProviderError(f"{error.reason}{wait}{times}", error.remedy, charged=error.charged)
