"""Cohere's hosted rerankers, through its own SDK."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from components.domain import Billed, Limits, Price, PriceUnit
from components.rerankers import Provider
from components.rerankers.hosted.answers import Answer, Send, at_path, billed_units
from components.rerankers.hosted.caller import Caller
from components.rerankers.hosted.errors import malformed, transport_failure
from components.rerankers.hosted.family import hosted_spec, provider_family
from components.rerankers.hosted.http import LastResponse, new_client, timeout
from components.rerankers.hosted.refusals import refusal

PROVIDER = Provider(
    "cohere", "Cohere", "CO_API_KEY", "CO_API_URL", ("api.cohere.com", "api.cohere.ai")
)
_spec = partial(
    hosted_spec,
    PROVIDER,
    scale="0 to 1, within one query",
    source="https://docs.cohere.com/docs/rerank",
    authors="Cohere",
    license="hosted; Cohere's terms",
    languages="more than 100",
    limits=Limits(documents=1000, query_tokens=2048, document_tokens=4096, per_minute=1000),
)


def _price(usd: float, unit: PriceUnit) -> Price:
    return Price(usd, unit, "https://cohere.com/pricing", date(2026, 11, 22))


_LONG_QUERY = {
    "limits": Limits(documents=1000, query_tokens=16_384, document_tokens=4096, per_minute=1000)
}
_CALIBRATED = {"scale": "0 to 1, calibrated", **_LONG_QUERY}
SPECS = (
    _spec(
        "cohere",
        "rerank-v3.5",
        "A hosted multilingual reranker, billed by the search.",
        price=_price(2.00, "searches"),
    ),
    _spec(
        "cohere:v5.0-pro",
        "rerank-v5.0-pro",
        "The strongest of the v5 models.",
        price=_price(0.05, "tokens"),
        **_CALIBRATED,
    ),
    _spec(
        "cohere:v5.0-fast",
        "rerank-v5.0-fast",
        "The quicker, cheaper v5.",
        price=_price(0.02, "tokens"),
        **_CALIBRATED,
    ),
    _spec(
        "cohere:v4.0-pro",
        "rerank-v4.0-pro",
        "The stronger of the v4 models.",
        price=_price(2.50, "searches"),
        **_LONG_QUERY,
    ),
    _spec(
        "cohere:v4.0-fast",
        "rerank-v4.0-fast",
        "The quicker of the v4 models.",
        price=_price(2.00, "searches"),
        **_LONG_QUERY,
    ),
    _spec(
        "cohere:english-v3.0",
        "rerank-english-v3.0",
        "An older model for English.",
        languages="English",
    ),
    _spec(
        "cohere:multilingual-v3.0",
        "rerank-multilingual-v3.0",
        "An older multilingual model.",
    ),
)


_last = LastResponse()  # the SDK fails over error bodies that are not UTF-8


class Cohere:
    """One request to /v2/rerank; the SDK's retries are off, and it follows no redirect."""

    def __init__(self, caller: Caller, address: str) -> None:
        import cohere  # it and its client take a moment: part of loading, not of the first call

        self._caller, self._sdk = caller, cohere
        self._client = cohere.ClientV2(
            api_key=caller.key,
            base_url=base_address(address) or None,
            max_retries=0,
            httpx_client=_http(),
            client_name="rerank-lab",
        )

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what Cohere answers; raise ProviderError where it does not."""
        _last.clear()
        try:
            response = self._client.rerank(
                model=self._caller.model,
                query=query,
                documents=list(texts),
                request_options={
                    "max_retries": 0,
                    "timeout": timeout(seconds),  # type: ignore[arg-type]
                },
            )
            return self._answer(response)
        # no error keeps the SDK's as its cause, which holds what the server said, the key included
        except self._sdk.core.ApiError as exc:
            if exc.status_code is None or 200 <= exc.status_code < 300:
                raise malformed(self._caller, "not with JSON") from None
            raise refusal(self._caller, exc.status_code, exc.body, exc.headers) from None
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise transport_failure(self._caller, exc, seconds) from None
        except (AttributeError, TypeError, ValueError, RecursionError):
            raise _last.error(self._caller) from None

    def _answer(self, response: Any) -> Answer:  # noqa: ANN401
        """Read the SDK's response, which is not checked against its own types."""
        if not isinstance(response.results, list):
            raise _last.error(self._caller, "without results")
        results = [(item.index, item.relevance_score) for item in response.results]
        units = getattr(response.meta, "billed_units", None)
        searches = billed_units(getattr(units, "search_units", None))
        tokens = int(billed_units(getattr(units, "input_tokens", None)))
        return Answer(results, Billed(1, searches, tokens) if searches or tokens else None)


@cache
def _http() -> httpx.Client:
    """Return a client for the SDK alone, which records every response."""
    return new_client(timeout=timeout(30), event_hooks={"response": [_last.record]})


def _connect(caller: Caller, address: str, _: str) -> Send:
    path = urlsplit(base_address(address)).path + "/v2/rerank"
    return at_path(path, Cohere(caller, address).send)


def base_address(address: str) -> str:
    """Return an address without the version and the path that the SDK adds to it."""
    return re.sub(r"(/v\d+)?(/rerank)?/*$", "", address)


FAMILY = provider_family(PROVIDER, SPECS, _connect)
