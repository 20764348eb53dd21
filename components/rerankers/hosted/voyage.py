"""Voyage's hosted rerankers, through its own SDK; they follow an instruction in the query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests

from components.domain import Limits, Price, Spec
from components.rerankers import Provider
from components.rerankers.hosted.answers import Answer, Send, at_path, billed_tokens
from components.rerankers.hosted.caller import Caller
from components.rerankers.hosted.errors import ProviderError, transport_failure
from components.rerankers.hosted.family import hosted_spec, provider_family
from components.rerankers.hosted.http import LastResponse, no_cookies, quiet
from components.rerankers.hosted.refusals import refusal

PROVIDER = Provider("voyage", "Voyage", "VOYAGE_API_KEY", "VOYAGE_API_URL", ("api.voyageai.com",))
LIMITS = Limits(
    documents=1000,
    request_tokens=540_000,  # of 600,000: the lab's tokens are not Voyage's
    query_tokens=8000,
    document_tokens=24_000,  # of 32,000 with the query
    per_minute=2000,
)


def _spec(key: str, model: str, summary: str, usd_per_1m_tokens: float) -> Spec:
    source = "https://docs.voyageai.com/docs/pricing"
    return hosted_spec(
        PROVIDER,
        key,
        model,
        summary,
        scale="0 to 1",
        source="https://docs.voyageai.com/docs/reranker",
        authors="Voyage AI",
        license="hosted; Voyage's terms",
        instructions=True,
        languages="many",
        limits=LIMITS,
        price=Price(usd_per_1m_tokens, "tokens", source, date(2026, 11, 22)),
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


_last = LastResponse()  # the SDK's errors may come without status or headers


class NoRedirects(requests.Session):
    """A session that follows no redirect, keeps no cookie and leaves the key as it was given."""

    def __init__(self) -> None:
        super().__init__()
        # without any `auth`, a password in ~/.netrc would replace the key
        self.auth = lambda request: request
        self.hooks["response"].append(_last.record)
        self.cookies.set_policy(no_cookies()._policy)  # type: ignore[attr-defined]
        for scheme in ("https://", "http://"):
            self.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=64, max_retries=0))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Raise instead of naming the next address: query and texts would be sent there."""
        if resp.is_redirect:
            raise requests.exceptions.TooManyRedirects("a redirect", response=resp)


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
        self._caller, self._address = caller, re.sub(r"(/rerank)?/*$", "", address)
        self.path = urlsplit(self._address or "/v1").path + "/rerank"
        self._sdk = _sdk()

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what Voyage answers; raise ProviderError where it does not."""
        _last.clear()
        client = self._sdk.Client(
            api_key=self._caller.key,
            max_retries=1,  # the SDK counts attempts
            timeout=seconds,
            base_url=self._address or None,
        )
        try:
            reply = client.rerank(query, list(texts), model=self._caller.model, truncation=True)
            results = [(r.index, r.relevance_score) for r in reply.results]
            return Answer(results, billed_tokens(reply.total_tokens))
        # no error keeps the SDK's as its cause, which holds what the server said, the key included
        except self._sdk.error.VoyageError as exc:
            raise self._translated(exc, seconds) from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
            raise _last.error(self._caller) from None

    def _translated(self, exc: Any, seconds: float) -> ProviderError:  # noqa: ANN401
        """Return the error for one of the SDK's: no answer, a redirect or an answer of its own."""
        cause = exc.__cause__
        response = getattr(cause, "response", None)
        if isinstance(cause, requests.exceptions.TooManyRedirects) and response is not None:
            return refusal(self._caller, response.status_code, "", response.headers)
        if _last.response is None or isinstance(cause, requests.exceptions.RequestException):
            return transport_failure(self._caller, exc, seconds)
        return _last.error(self._caller, "not with JSON")


def _connect(caller: Caller, address: str, instruction: str) -> Send:
    sender = Voyage(caller, address)

    def send(query: str, texts: Sequence[str], seconds: float) -> Answer:
        return sender.send(with_instruction(query, instruction), texts, seconds)

    return at_path(sender.path, send)


def with_instruction(query: str, instruction: str) -> str:
    """Return a query with an instruction written before it, as the models read it."""
    return f"Instruction: {instruction.strip()}\nQuery: {query}" if instruction.strip() else query


FAMILY = provider_family(PROVIDER, SPECS, _connect)
