"""One exchange with a server that speaks OpenAI's /v1/chat/completions, in the fields it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from components.config import LlmServer
from components.domain import Billed
from components.network.addresses import chat_addresses, first_answer
from components.network.billing import billed_units, finite_number
from components.network.caller import Caller
from components.network.capacity import capacity_of
from components.network.errors import ProviderError
from components.network.http import post
from components.network.refusals import without_scores
from components.rerankers.llm.answers import Token
from components.rerankers.llm.prompts import FEWER, TOP, Prompt
from components.wording import shortened, visible

Body = dict[str, Any]
_REFUSING = frozenset({400, 422})
_REMEDY = "Check the model's name, or lower window or passage_tokens in its [[llm]] table."
_WORDS: Mapping[str, tuple[str, ...]] = {
    "top_logprobs": ("top_logprobs", "logprobs count"),
    "logprobs": ("logprob",),
    "max_tokens": ("max_tokens", "max_completion_tokens"),
    "temperature": ("temperature",),
    "response_format": ("response_format", "json_schema", "schema", "structured", "grammar"),
}
"""The fields without which a question can be asked, and words of refusals that mean each."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a model said: its text, and the likeliest tokens of its first word where there are any.

    `note` says how the path was found out, `end` is why the answer ended, and `refusal` the words
    in which the server says that the model refused.
    """

    content: str
    tokens: tuple[Token, ...] | None = None
    billed: Billed | None = None
    end: str = ""
    refusal: str = ""
    note: str = ""
    path: str = ""

    def fault(self, *, whole: bool) -> str:
        """Return why there is no answer in it, empty where there may be one.

        A `whole` answer is wanted to its end; else its first word is enough.
        """
        if self.refusal:
            return f"with a refusal: “{shortened(visible(self.refusal), 80)}”"
        if self.end == "content_filter":
            return "its content filter left the answer out"
        if whole and self.end == "length":
            return "its answer was cut off before its end"
        return "" if self.content.strip() else "with an empty text"


class Chat:
    """Questions to one server and model; fields that the server refuses are left out from then on.

    `refused` of the server's capacity names them.
    """

    def __init__(self, caller: Caller, server: LlmServer) -> None:
        self._caller, self._server = caller, server
        self.capacity = capacity_of(server)

    def ask(self, prompt: Prompt, messages: list[dict[str, str]], seconds: float) -> Message:
        """Return what the model says; raise ProviderError where the server gives no message."""
        dropped: frozenset[str] = frozenset()
        first: ProviderError | None = None
        while True:
            body = self._body(prompt, messages, self.capacity.refused | dropped)
            try:
                message = self._send(body, seconds)
            except ProviderError as exc:
                field = _refused(exc, body, dropped)
                first = first or exc
                if not field:
                    if first.status in {*_REFUSING, 413}:
                        first.remedy = _REMEDY
                    raise first from None
                dropped |= {field}
                continue
            self.capacity.refused |= dropped
            return message

    def _body(
        self, prompt: Prompt, messages: list[dict[str, str]], without: frozenset[str]
    ) -> Body:
        limit = self._server.answer_tokens or prompt.answer_tokens
        name = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        body: Body = {"model": self._server.model, "messages": messages, "stream": False}
        body |= {name: limit, "temperature": 0}
        if prompt.field:
            body["response_format"] = prompt.response_format()
        else:
            top = FEWER if "top_logprobs" in without else TOP
            body |= {"logprobs": True, "top_logprobs": top}
        out = {"temperature", "response_format", "logprobs"} & without
        out |= {"top_logprobs"} if "logprobs" in out else set()
        return {field: value for field, value in body.items() if field not in out}

    def _send(self, body: Body, seconds: float) -> Message:
        def ask(address: str) -> Message:
            answer = post(self._caller, address, body, seconds)
            return read_message(self._caller, answer)

        addresses = chat_addresses(self._server.url)
        message, note = first_answer(addresses, self.capacity, ask)
        return replace(message, note=note, path=self.capacity.path)


def _refused(exc: ProviderError, body: Body, dropped: frozenset[str]) -> str:
    """Return the field of a request that a refusal is about, as far as its words tell.

    Where they tell nothing it is the one that not every server takes; empty where there is none.
    """
    if exc.status not in _REFUSING:
        return ""
    said = exc.said.lower()
    left = [field for field in _WORDS if field in body and field not in dropped]
    named = (field for field in left if any(word in said for word in _WORDS[field]))
    rare = (field for field in left if field in {"response_format", "logprobs"})
    return next(named, next(rare, ""))


def read_message(caller: Caller, body: object) -> Message:
    """Return the message in a chat completion; raise ProviderError where there is none."""
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(body, dict) or not isinstance(choice, dict) or not isinstance(message, dict):
        raise without_scores(caller, body, "without the message that was expected")
    content, refusal, end = (
        message.get("content"),
        message.get("refusal"),
        choice.get("finish_reason"),
    )
    return Message(
        content if isinstance(content, str) else "",
        _tokens(choice.get("logprobs")),
        billed_by(body.get("usage")),
        end if isinstance(end, str) else "",
        caller.redact(refusal) if isinstance(refusal, str) else "",
    )


def _tokens(logprobs: object) -> tuple[Token, ...] | None:
    """Return the likeliest tokens where the answer's first word begins; None without any."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list):
        return None
    for entry in content:
        if isinstance(entry, dict) and str(entry.get("token", "")).strip(" \r\n\t\"'*`"):
            top = entry.get("top_logprobs")
            pairs = [entry, *(top if isinstance(top, list) else [])]
            return tuple(
                (pair["token"], min(0.0, number))
                for pair in pairs
                if isinstance(pair, dict) and isinstance(pair.get("token"), str)
                if (number := finite_number(pair.get("logprob"))) is not None
            )
    return ()


def billed_by(usage: object) -> Billed | None:
    """Return what an answer is billed for: tokens read and written; None where it does not say."""
    if not isinstance(usage, dict):
        return None
    read, written = (
        int(billed_units(usage.get(f"{name}_tokens"))) for name in ("prompt", "completion")
    )
    return Billed(1, tokens=read, written=written) if read else None
