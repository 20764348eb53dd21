"""How encoders behind the network run: split by the provider's limits, retried, never paid twice.

Rows are handed on as each request is answered, so that what was paid for is kept whatever comes
after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from components.config import RemoteSettings
from components.domain import Billed, Matrix, Progress, Spec, Vector, no_progress
from components.domain.billing import total_billed
from components.models.bm25 import SparseVector
from components.models.tokens import estimate_tokens
from components.network.account import Account
from components.network.attempts import Attempts
from components.network.caller import Caller
from components.network.calls import Calls, Reply
from components.network.capacity import Capacity
from components.network.errors import ProviderError
from components.network.limits import limiter_of, split
from components.network.metering import UNMETERED, Meter
from components.wording import count

ROUND = 32
"""Requests that are entered with the meter together."""
Keep = Callable[[Sequence[int], Any], None]
"""`keep(places, rows)` takes the rows of some of the texts, as they come."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a server sent: one row a text, as they came, and what it charges for."""

    rows: object
    billed: Billed | None = None


Send = Callable[[Sequence[str], float], Embedded]
"""`send(texts, seconds)` makes one request; raises ProviderError where there is no answer."""


class Endpoint:
    """One model in one role: what turns queries, or documents, into rows.

    `read(caller, rows, count)` returns checked rows; it raises ProviderError for anything else.
    """

    def __init__(
        self,
        spec: Spec,
        caller: Caller,
        send: Send,
        read: Callable[[Caller, object, int], Any],
        settings: RemoteSettings,
        meter: Meter = UNMETERED,
        capacity: Capacity | None = None,
    ) -> None:
        self.spec, self.caller, self._send, self._read = spec, caller, send, read
        self._settings, self._meter = settings, meter
        self._capacity = capacity or Capacity()
        limiter = limiter_of(caller, spec.limits.per_minute)
        self._attempts = Attempts(spec, caller, limiter, meter)
        self.bills: list[Billed] = []

    def rows(self, texts: Sequence[str], progress: Progress, keep: Keep) -> None:
        """Give `keep` the rows of all texts that are not blank, in the order of the answers.

        Where `progress` raises, or a request fails, those that are under way at a provider are
        waited for, since they are paid for. Raises ProviderError, BudgetError.
        """
        places = [i for i, text in enumerate(texts) if text.strip()]
        asked = [texts[i] for i in places]
        most = self.spec.limits.document_tokens
        tokens = [min(n, most) if most else n for n in estimate_tokens(asked)] if asked else []
        at = 0
        while at < len(asked):  # limits may be learned on the way
            limits, label = self._capacity.bound(self.spec.limits), self.spec.label
            left = split(asked[at:], tokens[at:], 0, limits, listwise=False, label=label)
            some = left[:ROUND]
            part = slice(at, at + some[-1].stop)
            before = len(texts) - len(asked) + at

            def report(done: int, _: int, before: int = before) -> None:
                progress(before + done, len(texts))

            def hand_on(batch: range, rows: Any, at: int = at) -> None:  # noqa: ANN401
                keep(places[at + batch.start : at + batch.stop], rows)

            self._run(asked[part], tokens[part], some, report, hand_on)
            at = part.stop
        progress(len(texts), len(texts))

    def _run(
        self,
        texts: Sequence[str],
        tokens: Sequence[int],
        batches: Sequence[range],
        progress: Progress,
        keep: Callable[[range, Any], None],
    ) -> None:
        """Make the requests of a round."""

        def estimate(batch: range) -> Billed:
            return Billed(1, tokens=sum(tokens[batch.start : batch.stop]), estimated=True)

        def taking(done: int, total: int) -> None:
            for batch, reply in calls.fresh():
                keep(batch, reply.values)
            progress(done, total)

        account = Account(self._meter, self.spec, estimate)
        parallel = self._settings.parallel
        parallel = min(parallel, self._capacity.told.parallel or parallel)
        calls = Calls(self._request, texts, batches, parallel, account)
        account.enter(batches)
        try:
            calls.run(taking)
        finally:
            if not self.caller.own:
                calls.drain(self._settings.deadline_s)
            account.close(calls.bills())
            # what a server of one's own does not say is not estimated either
            own = [reply.billed or Billed() for reply in calls.in_order()]
            self.bills += calls.bills().values() if self.spec.hosted else own
            self.bills += [lost for reply in calls.in_order() for lost in reply.lost]
            for most, refused in calls.too_large:
                self._capacity.learn(most, refused)
            for batch, reply in calls.fresh():
                keep(batch, reply.values)

    def _request(self, texts: Sequence[str], stop: threading.Event) -> Reply:
        """Make one request, with further attempts where they may help."""

        def send() -> tuple[Any, Billed | None]:
            answer = self._send(texts, self._settings.deadline_s)
            return self._read(self.caller, answer.rows, len(texts)), answer.billed

        def estimate() -> Billed:
            return Billed(1, tokens=sum(estimate_tokens(texts)), estimated=True)

        made = self._attempts.make(send, stop, len(texts), estimate, divisible=len(texts) > 1)
        rows, billed = made.answer
        return Reply(rows, billed, made.waited_s, made.times, lost=made.lost)


class _Remote:
    """What dense and sparse encoders behind the network share: two endpoints, and their bills."""

    def __init__(self, queries: Endpoint, documents: Endpoint) -> None:
        self._queries, self._documents = queries, documents
        estimate_tokens(["warm up"])

    @property
    def billed(self) -> Billed:
        """Return what this encoder's requests so far may be billed for."""
        bills = [*self._queries.bills, *self._documents.bills]
        return total_billed(bills) if bills else Billed(requests=0)

    def _one(self, text: str, progress: Progress) -> Any:  # noqa: ANN401
        """Return the rows of one query; None for a blank one, which is not sent."""
        answers: list[Any] = []
        self._queries.rows([text], progress, lambda _, rows: answers.append(rows))
        return answers[0] if answers else None


class RemoteEncoder(_Remote):
    """A bi-encoder behind the network.

    Without a `dimension` one text is encoded to learn it, when it is first asked for.
    """

    def __init__(self, queries: Endpoint, documents: Endpoint, dimension: int = 0) -> None:
        super().__init__(queries, documents)
        self._dimension = dimension

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        if not self._dimension:
            rows: list[Matrix] = []
            self._documents.rows(["length"], no_progress, lambda _, one: rows.append(one))
            self._dimension = rows[0].shape[1]
        return self._dimension

    def encode_query(self, text: str, progress: Progress = no_progress) -> Vector:
        """Return the query's unit vector; zeros for a blank one."""
        rows = self._one(text, progress)
        return np.zeros(self.dimension, np.float32) if rows is None else rows[0]

    def encode_documents(
        self, texts: Sequence[str], progress: Progress = no_progress, keep: Keep | None = None
    ) -> Matrix:
        """Return one unit row for each text, zeros for a blank one; `keep` gets them as they come.

        With `keep` the rows of an encoding that ends early are not lost.
        """
        matrix = np.zeros((len(texts), self.dimension), np.float32)

        def take(places: Sequence[int], rows: Matrix) -> None:
            if rows.shape[1] != self.dimension:
                raise ProviderError(
                    f"{self._documents.caller.label} now gives vectors of "
                    f"{count(rows.shape[1], 'number')}, and gave {self.dimension:,} before.",
                    "Has its model changed? Give the encoder another name, and it is indexed anew.",
                )
            matrix[list(places)] = rows
            if keep is not None:
                keep(places, rows)

        blank = [i for i, text in enumerate(texts) if not text.strip()]
        if blank and keep is not None:
            keep(blank, matrix[blank])
        self._documents.rows(texts, progress, take)
        return matrix


class RemoteSparseEncoder(_Remote):
    """A learned sparse encoder behind the network."""

    def encode_query(self, text: str, progress: Progress = no_progress) -> SparseVector:
        """Return the query's weights by term; none for a blank one."""
        row = self._one(text, progress)
        if row is None:
            return SparseVector((), ())
        return SparseVector(tuple(row.indices.tolist()), tuple(row.data.tolist()))

    def encode_documents(
        self, texts: Sequence[str], progress: Progress = no_progress
    ) -> csr_array[np.float32]:
        """Return one row for each text, shape (len(texts), the highest term's number + 1)."""
        lines: list[tuple[list[int], list[float]]] = [([], []) for _ in texts]

        def take(places: Sequence[int], rows: csr_array[np.float32]) -> None:
            for i, place in enumerate(places):
                part = slice(*rows.indptr[i : i + 2])
                lines[place] = (rows.indices[part].tolist(), rows.data[part].tolist())

        self._documents.rows(texts, progress, take)
        ends = np.cumsum([0, *(len(terms) for terms, _ in lines)])
        terms = [term for row, _ in lines for term in row]
        values = np.array([v for _, row in lines for v in row], np.float32)
        shape = (len(lines), max(terms, default=-1) + 1)
        return csr_array((values, np.array(terms, np.int32), ends), shape)
