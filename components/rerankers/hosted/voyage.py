"""Voyage's hosted rerankers, through its own SDK; they follow an instruction in the query."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import requests

from components.domain import Billed, Limits, Price, Spec
from components.rerankers import Provider
from components.rerankers.hosted.client import Answer, Send
from components.rerankers.hosted.family import provider_family
from components.rerankers.hosted.http import (
    Caller,
    Refused,
    malformed,
    no_cookies,
    quiet,
    refusal,
    transport_failure,
)

PROVIDER = Provider("voyage", "Voyage", "VOYAGE_API_KEY", "VOYAGE_API_URL")
LIMITS = Limits(
    documents=1000,
    request_tokens=540_000,  # of 600,000: the lab's tokens are not Voyage's
    query_tokens=8000,
    document_tokens=24_000,  # of 32,000 with the query
    per_minute=2000,
)


def _spec(key: str, model: str, summary: str, usd_per_1m_tokens: float) -> Spec:
    return Spec(
        key=key,
        label=key,
        family="hosted",
        summary=summary,
        scale="0 to 1",
        model=model,
        source="https://docs.voyageai.com/docs/reranker",
        authors="Voyage AI",
        license="hosted; Voyage's terms",
        local=False,
        provider=PROVIDER.key,
        instructions=True,
        languages="many",
        limits=LIMITS,
        price=Price(
            usd_per_1m_tokens,
            "tokens",
            "https://docs.voyageai.com/docs/pricing",
            date(2026, 11, 22),
        ),
    )


SPECS = (
    _spec(
        "voyage", "rerank-2.5", "A hosted reranker that follows an instruction in the query.", 0.05
    ),
    _spec(
        "voyage:2.5-lite", "rerank-2.5-lite", "The quicker, cheaper sibling of rerank-2.5.", 0.02
    ),
    _spec("voyage:3", "rerank-3", "The successor of rerank-2.5.", 0.05),
    _spec("voyage:3-lite", "rerank-3-lite", "The quicker, cheaper sibling of rerank-3.", 0.02),
)


_heard = threading.local()
"""The answer that this thread got last: the SDK's errors may come without status or headers."""


class NoRedirects(requests.Session):
    """A session that goes nowhere but where it is sent, as who it is told, and keeps no cookie."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = _as_it_is
        self.hooks["response"].append(_hear)
        self.cookies.set_policy(no_cookies()._policy)  # type: ignore[attr-defined]
        for scheme in ("https://", "http://"):
            self.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=64, max_retries=0))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Raise instead of naming the next address: query and texts would be sent there."""
        if resp.is_redirect:
            raise requests.exceptions.TooManyRedirects("a redirect", response=resp)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the key in place: without any `auth`, a password in ~/.netrc would replace it."""
    return request


def _hear(response: requests.Response, *args: object, **kwargs: object) -> None:
    _heard.answer = response


@cache
def _sdk() -> Any:  # noqa: ANN401
    """Import the SDK, which takes a second, and give it a session that follows no redirect."""
    import voyageai

    voyageai.requestssession = NoRedirects()
    quiet("voyage", "urllib3")
    return voyageai


class Voyage:
    """One request to /rerank; the SDK makes a single attempt."""

    def __init__(self, caller: Caller, address: str) -> None:
        self._caller, self._address = caller, address.rstrip("/")
        self._sdk = _sdk()

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what Voyage answers; Refused where it does not."""
        _heard.answer = None
        client = self._sdk.Client(
            api_key=self._caller.key,
            max_retries=1,  # the SDK counts attempts
            timeout=seconds,
            base_url=self._address or None,
        )
        try:
            found = client.rerank(query, list(texts), model=self._caller.model, truncation=True)
            billed = Billed(1, tokens=found.total_tokens) if _tokens(found.total_tokens) else None
            return Answer([(r.index, r.relevance_score) for r in found.results], billed)
        # no error keeps the SDK's as its cause, which holds what the server said, the key included
        except self._sdk.error.VoyageError as exc:
            raise self._translated(exc, seconds) from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
            raise self._judged() from None

    def _translated(self, exc: Any, seconds: float) -> Refused:  # noqa: ANN401
        cause = exc.__cause__
        response = getattr(cause, "response", None)
        if isinstance(cause, requests.exceptions.TooManyRedirects) and response is not None:
            return refusal(self._caller, response.status_code, "", response.headers)
        if _heard.answer is None or isinstance(cause, requests.exceptions.RequestException):
            return transport_failure(self._caller, exc, seconds)
        return self._judged("not with JSON")

    def _judged(self, fault: str = "not in the documented form") -> Refused:
        """Return the error for the answer that came: its status, or else that it is no ranking."""
        answer = _heard.answer
        if answer is None or 200 <= answer.status_code < 300:
            return malformed(self._caller, fault)
        return refusal(self._caller, answer.status_code, answer.content, answer.headers)


def _tokens(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**12


def _connect(caller: Caller, address: str, instruction: str) -> Send:
    sender = Voyage(caller, address)
    return lambda query, texts, seconds: sender.send(
        with_instruction(query, instruction), texts, seconds
    )


def with_instruction(query: str, instruction: str) -> str:
    """Return a query with an instruction written before it, as the models read it."""
    return f"Instruction: {instruction.strip()}\nQuery: {query}" if instruction.strip() else query


FAMILY = provider_family(PROVIDER, SPECS, _connect)
