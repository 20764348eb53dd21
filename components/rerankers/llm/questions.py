"""The questions of one pass over the candidates: what is sent, how it is read, what was mended."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from components.config import LlmServer
from components.network.caller import Caller
from components.network.errors import ProviderError, malformed
from components.rerankers.hosted.answers import Answer
from components.rerankers.llm import prompts
from components.rerankers.llm.answers import (
    GRADES,
    UnreadableError,
    log_odds,
    read_best,
    read_grade,
    read_order,
)
from components.rerankers.llm.chat import Chat, Message
from components.rerankers.llm.prompts import Prompt
from components.wording import agree, count

Read = Callable[[Message, int], Sequence[float]]
"""`read(message, n)` returns the scores of n passages; raises UnreadableError."""


def best_alone(message: Message, n: int) -> Sequence[float]:
    """Return 1 for the passage that is named and 0 for the others."""
    best = read_best(message.content, n)
    return [float(place == best) for place in range(n)]


def graded(message: Message, n: int) -> Sequence[float]:
    """Return the grade of the one passage."""
    return [float(read_grade(message.content))]


class Questions:
    """Asks a model about a few passages at a time, and once more where its answer is none.

    Beside the answers it counts what was dropped, missing or a bound in them.
    """

    def __init__(self, caller: Caller, server: LlmServer, instruction: str) -> None:
        self._caller, self._server, self._instruction = caller, server, instruction
        self._chat = Chat(caller, server)
        self._asked_again: set[tuple[str, ...]] = set()
        self._counts: Counter[str] = Counter()
        self._lock, self._first = threading.Lock(), threading.Lock()

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return the model's scores of texts; raise ProviderError where it gives none."""
        n, capacity = len(texts), self._chat.capacity
        if self._server.method == "listwise":
            return self._ask(prompts.listwise(n), self._order, query, texts, seconds)
        if self._server.method == "setwise":
            return self._ask(prompts.setwise(n), best_alone, query, texts, seconds)
        if capacity.logprobs is None:
            with self._first:  # one finds out, the others wait: a pass has scores of one kind
                if capacity.logprobs is None:
                    return self._ask(prompts.YES_NO, self._log_odds, query, texts, seconds)
        if capacity.logprobs:
            return self._ask(prompts.YES_NO, self._log_odds, query, texts, seconds)
        with self._lock:
            self._counts["graded"] += 1
        return self._ask(prompts.GRADED, graded, query, texts, seconds)

    def _ask(
        self, prompt: Prompt, read: Read, query: str, texts: Sequence[str], seconds: float
    ) -> Answer:
        """Ask once, and let it be asked once more where the answer is none."""
        asked = (prompt.task, *texts)
        again = asked in self._asked_again
        messages = prompt.messages(query, self._instruction, texts, again=again)
        try:
            message = self._chat.ask(prompt, messages, seconds)
            scores = self._read(prompt, read, message, len(texts))
        except ProviderError as exc:
            if exc.unreadable:
                exc.retry, exc.after = not again, 0.0
                self._asked_again.add(asked)
            raise
        with self._lock:
            self._counts["again"] += again
            self._asked_again.discard(asked)
        return Answer(list(enumerate(scores)), message.billed, message.path, message.note)

    def _read(self, prompt: Prompt, read: Read, message: Message, n: int) -> Sequence[float]:
        fault = message.fault(whole=bool(prompt.field))
        try:
            if not fault:
                return read(message, n)
        except UnreadableError as exc:
            fault = self._caller.redact(str(exc))
        error = malformed(self._caller, fault)
        error.path, error.billed = message.path, message.billed
        error.remedy = "Nothing of it was used. Try again, or another model or method."
        if message.end == "length":
            error.remedy = (
                "Raise answer_tokens in its [[llm]] table: it may think before it answers."
            )
        raise error

    def _order(self, message: Message, n: int) -> Sequence[float]:
        order, mended = read_order(message.content, n)
        with self._lock:
            self._counts += mended
        ranks = {place: rank for rank, place in enumerate(order, start=1)}
        return [-ranks[place] for place in range(n)]

    def _log_odds(self, message: Message, n: int) -> Sequence[float]:
        """Read log odds; where there are none, the next attempt asks for a grade."""
        capacity = self._chat.capacity
        if message.tokens is None:
            before, capacity.logprobs = capacity.logprobs, False
            error = malformed(self._caller, "without log probabilities")
            error.retry, error.after, error.billed = before is None, 0.0, message.billed
            error.path, error.unreadable = message.path, False
            error.remedy = "It gave some before. Try again, and all are asked for grades."
            raise error
        odds = log_odds(message.tokens)
        if capacity.logprobs is None:  # else an answer that was on its way would say so again
            capacity.logprobs = True
        with self._lock:
            self._counts["bound"] += odds.bound
        return [odds.value]

    def notes(self) -> tuple[str, ...]:
        """Return in words how the answers were, where they were not as they should be."""
        counts, refused = self._counts, self._chat.capacity.refused
        dropped = {"named twice": counts["double"], "unknown": counts["unknown"]}
        parts = [f"{n:,} {what}" for what, n in dropped.items() if n]
        missing, again, bound = (counts[what] for what in ("missing", "again", "bound"))
        lines = {
            f"a passage was missing {count(missing, 'time')}: kept behind the others": missing,
            f"{' and '.join(parts)}: dropped": parts,
            f"{count(again, 'answer')} {agree(again, 'was', 'were')} none: asked once more": again,
            f"{count(bound, 'score')} from yes or no alone, the other unlikely: a bound": bound,
            f"grades from 0 to {GRADES[-1]}: the server gives no log probabilities": counts[
                "graded"
            ],
            "no JSON schema: the server refuses one": "response_format" in refused,
        }
        caution = "caution: a passage that holds instructions can sway it"
        return (*(line for line, said in lines.items() if said), caution)
