"""One pass of an LLM over the candidates: each alone, or a few together and call by call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.config import LlmServer, RemoteSettings
from components.domain import Billed, Limits, Progress, Scores, Spec, no_progress
from components.domain.billing import total_billed
from components.models.tokens import estimate_tokens
from components.network.caller import Caller
from components.network.capacity import Capacity
from components.network.metering import Meter
from components.rerankers.hosted.client import Estimate, Reading, RemoteReranker
from components.rerankers.llm.questions import Questions
from components.rerankers.llm.sorting import (
    heapsort,
    most_questions,
    settled_by_sliding,
    slide,
    windows,
)
from components.wording import count


@dataclass(frozen=True, slots=True)
class Estimates:
    """What one `call`, and a `whole` pass over the candidates, is billed for at most about."""

    call: Estimate
    whole: Estimate


class Llm:
    """A model that is asked about passages; every call is one request of a `RemoteReranker`."""

    def __init__(
        self,
        spec: Spec,
        server: LlmServer,
        caller: Caller,
        settings: RemoteSettings,
        estimates: Estimates,
        meter: Meter,
        instruction: str,
    ) -> None:
        self._spec, self._server, self._caller = spec, server, caller
        self._settings = replace(settings, deadline_s=server.deadline_s)
        self._estimates, self._meter, self._instruction = estimates, meter, instruction

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return one score for each text; raise ProviderError where the model gives none.

        Where it orders passages the scores are negated ranks, from -1 for the best. Raises
        BudgetError where the whole pass may not be spent: it is not begun then.
        """
        if not texts:
            return Scores(np.zeros(0))
        questions = Questions(self._caller, self._server, self._instruction)
        remote = self._remote(questions)
        query_tokens, *tokens = estimate_tokens([self._instruction + query, *texts])
        whole = self._estimates.whole(query_tokens, tokens)
        self._meter.reserve(self._spec, whole)(Billed(requests=0))
        if self._server.method == "pointwise":
            scores = remote.score(query, texts, progress)
        else:
            scores = _Pass(remote, query, texts, progress).sorted_by(self._server)
        return replace(scores, notes=(*scores.notes, *questions.notes()))

    def _remote(self, questions: Questions) -> RemoteReranker:
        one = Limits(
            documents=int(self._server.method == "pointwise"),
            document_tokens=self._server.passage_tokens,
        )
        return RemoteReranker(
            replace(self._spec, limits=one),
            self._caller,
            questions.send,
            self._settings,
            instruction=self._instruction,
            meter=self._meter,
            capacity=Capacity(),
            reading=Reading(cuts=True),
            estimate=self._estimates.call,
        )


class _Pass:
    """The calls of one pass, one after the other, and what they took together."""

    def __init__(
        self, remote: RemoteReranker, query: str, texts: Sequence[str], progress: Progress
    ) -> None:
        self._remote, self._query, self._texts, self._progress = remote, query, texts, progress
        self._calls: list[Scores] = []
        self._read, self._cut = [0] * len(texts), [0] * len(texts)
        self._planned = 1

    def sorted_by(self, server: LlmServer) -> Scores:
        """Return the scores of all texts, sorted as the server's table says."""
        n, size = len(self._texts), server.size
        if server.method == "setwise":
            self._planned = max(1, most_questions(n, size, server.depth))
            # one alone is asked about too: that tests a connection
            order = heapsort(n, size, server.depth, self._order) if n > 1 else self._order([0])
            settled, how = min(n, server.depth), "the others as the first stage had them"
        else:
            self._planned = server.passes * len(windows(n, size, server.step))
            order = slide(n, size, server.step, server.passes, self._order)
            settled = settled_by_sliding(n, size, server.step, server.passes)
            how = "the others only in part"
        self._progress(n, n)
        values = np.empty(n)
        values[list(order)] = -np.arange(1.0, n + 1)
        if settled == n:
            return self._together(values, ())
        scores = self._together(values, [f"the first {count(settled, 'rank')} sorted, {how}"])
        return replace(scores, settled=settled)

    def _order(self, places: Sequence[int]) -> list[int]:
        """Ask for the order of the texts at some places; return the places, the best first."""
        n, done = len(self._texts), len(self._calls)
        share = min(n - 1, n * done // self._planned)
        texts = [self._texts[place] for place in places]
        scores = self._remote.score(self._query, texts, lambda *_: self._progress(share, n))
        self._calls.append(scores)
        for i, place in enumerate(places):
            self._read[place], self._cut[place] = scores.tokens_read[i], scores.tokens_cut[i]
        return [places[i] for i in np.argsort(-scores.values, kind="stable")]

    def _together(self, values: npt.NDArray[np.float64], notes: Sequence[str]) -> Scores:
        times = Counter(note for call in self._calls for note in call.notes)
        repeated = [f"{note} ({count(n, 'time')})" if n > 1 else note for note, n in times.items()]
        requests = f"{count(len(self._calls), 'request')}, one after the other"
        return Scores(
            values,
            tokens_read=tuple(self._read),
            tokens_cut=tuple(self._cut),
            estimated=True,
            measured_ms=sum(call.measured_ms or 0.0 for call in self._calls),
            wait_ms=sum(call.wait_ms for call in self._calls),
            billed=total_billed([call.billed or Billed() for call in self._calls]),
            notes=(requests, *repeated, *notes),
        )
