"""How network rerankers run: split by the provider's limits, in threads that can be left behind.

A call that hangs cannot be interrupted, so each runs in a daemon thread of its own while the
caller waits for it and looks around: `progress` may raise at any time, and the call is abandoned.
The SDKs' own retries are off; the policy here is the only one.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from components.config import RemoteSettings
from components.domain import (
    Billed,
    Cancelled,
    InputError,
    Limits,
    Progress,
    Scores,
    Spec,
    no_progress,
)
from components.models.tokens import estimate_tokens
from components.rerankers.hosted.http import Caller, Refused, malformed

ATTEMPTS = 3
"""How often one request is sent at most."""
BACKOFF_SECONDS = 0.5
"""The wait before the second attempt; it doubles, and up to a quarter is added at random."""
LONGEST_WAIT_SECONDS = 20.0
"""A provider that asks for more patience than this is not asked again."""
POLL_SECONDS = 0.05
MOST_REQUEST_BYTES = 8_000_000
"""Bytes of text that one request holds at most, where a provider names no limit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider sent: pairs of index and score as they came, and what it charges for."""

    results: Sequence[tuple[object, object]]
    billed: Billed | None = None


Send = Callable[[str, Sequence[str], float], Answer]
"""`send(query, texts, seconds)` makes one request; it raises Refused where there is no answer."""


class RemoteReranker:
    """A reranker behind the network: one request, or several side by side where it is pointwise."""

    def __init__(
        self,
        spec: Spec,
        who: Caller,
        send: Send,
        settings: RemoteSettings,
        *,
        instruction: str = "",
    ) -> None:
        self._spec, self._who, self._send, self._settings = spec, who, send, settings
        self._instruction = instruction
        estimate_tokens(["warm up"])

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return one score for each text; raise Refused where the provider does not give them."""
        if not texts:
            return Scores(np.zeros(0))
        spec, limits = self._spec, self._spec.limits
        (asked, *tokens) = estimate_tokens([self._instruction + query, *texts])
        batches = split(texts, tokens, asked, limits, listwise=spec.listwise, label=spec.label)
        calls = _Calls(self, query, texts, batches)
        begun = time.perf_counter()
        calls.run(progress)
        spent = (time.perf_counter() - begun) * 1000
        cut = [max(0, n - limits.document_tokens) if limits.document_tokens else 0 for n in tokens]
        return Scores(
            calls.values,
            tokens_read=tuple(n - c for n, c in zip(tokens, cut, strict=True)),
            tokens_cut=tuple(cut),
            estimated=True,
            measured_ms=max(0.0, spent - calls.wait_ms),
            wait_ms=calls.wait_ms,
            billed=_total([b or self._estimate(asked, tokens, i) for b, i in calls.billed()]),
            notes=(*calls.notes(), *_query_note(asked, limits)),
        )

    def _estimate(self, asked: int, tokens: Sequence[int], batch: range) -> Billed | None:
        """Return what one request is billed for, where the provider does not say."""
        if not self._spec.hosted:
            return Billed()
        total = asked * len(batch) + sum(tokens[i] for i in batch)
        return Billed(1, math.ceil(len(batch) / 100), total, estimated=True)

    def request(self, query: str, texts: Sequence[str], stop: threading.Event) -> _Reply:
        """Make one request, with further attempts where they may help."""
        waited, limiter = 0.0, _limiter(self._who, self._spec.limits.per_minute)
        for attempt in range(1, ATTEMPTS + 1):
            waited += limiter.wait(stop)
            try:
                answer = self._send(query, texts, self._settings.deadline_s)
                return _Reply(
                    placed(self._who, answer.results, len(texts)), answer.billed, waited, attempt
                )
            except Refused as exc:
                delay = _delay(exc, attempt)
                if delay is None:
                    raise _told(exc, attempt) from exc
                waited += delay
                if stop.wait(delay):
                    raise Cancelled from exc
        raise AssertionError("the last attempt returns or raises")

    @property
    def parallel(self) -> int:
        """Return how many requests may be under way at once."""
        return self._settings.parallel


def _delay(refused: Refused, attempt: int) -> float | None:
    """Return the seconds before the next attempt, or None where there shall be none."""
    if not refused.retry or attempt == ATTEMPTS:
        return None
    if refused.after is not None:
        return refused.after if refused.after <= LONGEST_WAIT_SECONDS else None
    return BACKOFF_SECONDS * 2.0 ** (attempt - 1) * (1 + random.random() / 4)


def _told(refused: Refused, attempt: int) -> Refused:
    """Return the error with how often it was tried and how long one is asked to wait."""
    asked = f" It asks to wait {refused.after:,.0f} seconds." if refused.after else ""
    tried = f" It was asked {attempt} times." if attempt > 1 else ""
    return Refused(f"{refused.reason}{asked}{tried}", refused.remedy)


def _query_note(asked: int, limits: Limits) -> tuple[str, ...]:
    if limits.query_tokens and asked > limits.query_tokens:
        return (f"query of about {asked:,} tokens cut at {limits.query_tokens:,}",)
    return ()


def _total(billed: Sequence[Billed | None]) -> Billed:
    found = [b for b in billed if b]
    return Billed(
        sum(b.requests for b in found),
        sum(b.searches for b in found),
        sum(b.tokens for b in found),
        any(b.estimated for b in found),
    )


# ---------------------------------------------------------------- what one request may hold


def split(
    texts: Sequence[str],
    tokens: Sequence[int],
    asked: int,
    limits: Limits,
    *,
    listwise: bool,
    label: str,
) -> list[range]:
    """Return which texts go into which request; a listwise model's never go into two.

    `tokens` are the texts' token counts, `asked` that of the query, which each text carries.
    """
    batches: list[range] = []
    begun, held_tokens, held_bytes = 0, 0, 0
    for i, text in enumerate(texts):
        cost, size = asked + tokens[i], len(text.encode("utf-8", "replace"))
        full = (
            (limits.documents and i - begun >= limits.documents)
            or (limits.request_tokens and held_tokens + cost > limits.request_tokens)
            or held_bytes + size > (limits.request_bytes or MOST_REQUEST_BYTES)
        )
        if full and i > begun:
            batches.append(range(begun, i))
            begun, held_tokens, held_bytes = i, 0, 0
        held_tokens, held_bytes = held_tokens + cost, held_bytes + size
    batches.append(range(begun, len(texts)))
    if listwise and len(batches) > 1:
        raise InputError(
            f"{label} compares all candidates with each other, and these {len(texts):,} (about "
            f"{sum(tokens):,} tokens) are more than one request may hold.",
            "Lower the number of candidates: its scores from two requests cannot be merged.",
        )
    return batches


# ---------------------------------------------------------------- threads


@dataclass(frozen=True, slots=True)
class _Reply:
    """The scores of one request, aligned with its texts."""

    values: npt.NDArray[np.float64]
    billed: Billed | None
    waited_s: float
    attempts: int


@dataclass
class _Calls:
    """The requests of one scoring pass, on daemon threads that nobody has to wait for."""

    reranker: RemoteReranker
    query: str
    texts: Sequence[str]
    batches: Sequence[range]
    replies: dict[int, _Reply] = field(default_factory=dict)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._waiting = deque(range(len(self.batches)))

    def run(self, progress: Progress) -> None:
        """Make all requests; `progress` is called until the last is answered, and may raise."""
        for _ in range(min(self.reranker.parallel, len(self.batches))):
            threading.Thread(target=self._work, name="remote", daemon=True).start()
        try:
            while len(self.replies) < len(self.batches):
                progress(self._done(), len(self.texts))
                with self._news:
                    if self.error is None and len(self.replies) < len(self.batches):
                        self._news.wait(POLL_SECONDS)
                if self.error is not None:
                    raise self.error
        finally:
            self._stop.set()
        progress(len(self.texts), len(self.texts))

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._news:
                if not self._waiting:
                    return
                i = self._waiting.popleft()
            try:
                texts = [self.texts[j] for j in self.batches[i]]
                reply = self.reranker.request(self.query, texts, self._stop)
            except BaseException as exc:  # it is raised again where somebody waits for it
                with self._news:
                    self.error = self.error or exc
                    self._stop.set()
                    self._news.notify()
                return
            with self._news:
                self.replies[i] = reply
                self._news.notify()

    def _done(self) -> int:
        return sum(len(self.batches[i]) for i in list(self.replies))

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """Return all scores, aligned with the texts."""
        return np.concatenate([self.replies[i].values for i in range(len(self.batches))])

    @property
    def wait_ms(self) -> float:
        """Return the milliseconds that the request that waited longest spent not being answered."""
        return max(reply.waited_s for reply in self.replies.values()) * 1000

    def billed(self) -> list[tuple[Billed | None, range]]:
        """Return what each request is billed for, with its texts."""
        return [(self.replies[i].billed, batch) for i, batch in enumerate(self.batches)]

    def notes(self) -> tuple[str, ...]:
        """Return what a reader should know of how the scores came about."""
        again = sum(reply.attempts - 1 for reply in self.replies.values())
        notes = [f"{len(self.batches)} requests"] if len(self.batches) > 1 else []
        return (*notes, *([f"{again} retried"] if again else []))


class _Limiter:
    """Lets at most `per_minute` requests begin in any minute."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._begun: deque[float] = deque()
        self._lock = threading.Lock()

    def wait(self, stop: threading.Event) -> float:
        """Wait for a turn and return the seconds it took; raise Cancelled once it is not wanted."""
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


_limiters: dict[tuple[str, int, int], _Limiter] = {}
_limiters_lock = threading.Lock()


def _limiter(who: Caller, per_minute: int) -> _Limiter:
    """Return the limiter that all sessions with the same key share."""
    key = (who.label, hash(who.key), per_minute)
    with _limiters_lock:
        return _limiters.setdefault(key, _Limiter(per_minute))


# ---------------------------------------------------------------- what came back


def placed(
    who: Caller, results: Sequence[tuple[object, object]], count: int
) -> npt.NDArray[np.float64]:
    """Return the scores in the order of the texts; raise Refused unless each text has just one."""
    values = np.full(count, np.nan)
    seen: set[int] = set()
    if len(results) != count:
        raise malformed(who, f"it scored {len(results):,} documents where {count:,} were sent")
    for index, score in results:
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < count:
            raise malformed(who, f"it scored document {_shown(index)} of {count:,}")
        if index in seen:
            raise malformed(who, f"it scored document {index} twice")
        value = _number(score)
        if value is None:
            raise malformed(who, f"the score of document {index} is {_shown(score)}, not a number")
        seen.add(index)
        values[index] = value
    return values


def _number(score: object) -> float | None:
    """Return a finite number, or None for anything else, text that looks like one included."""
    if isinstance(score, bool) or not isinstance(score, int | float):
        return None
    try:
        value = float(score)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _shown(value: object) -> str:
    if value is None or isinstance(value, int | float):
        return f"{value!r:.20}"
    return type(value).__name__


def pairs(who: Caller, items: object, index: str, score: str) -> list[tuple[object, object]]:
    """Return the index and the score of each item of a JSON list."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise malformed(who, "without the list of results that was expected")
    missing = next((n for n in (index, score) for item in items if n not in item), None)
    if missing:
        raise malformed(who, f"with a result that has no {missing}")
    return [(item[index], item[score]) for item in items]
