"""Cohere's hosted rerankers, through its own SDK."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import httpx

from components.domain import Billed, Limits, Price, PriceUnit, Spec
from components.rerankers import Provider
from components.rerankers.hosted.client import Answer
from components.rerankers.hosted.family import provider_family
from components.rerankers.hosted.http import (
    Caller,
    Refused,
    malformed,
    no_cookies,
    quiet,
    refusal,
    timeout,
    transport_failure,
)

PROVIDER = Provider("cohere", "Cohere", "CO_API_KEY", "CO_API_URL")


def _spec(key: str, model: str, summary: str, **differences: Any) -> Spec:  # noqa: ANN401
    facts: dict[str, Any] = {
        "scale": "0 to 1, within one query",
        "languages": "more than 100",
        "limits": Limits(documents=1000, query_tokens=2048, document_tokens=4096, per_minute=1000),
    }
    return Spec(
        key=key,
        label=key,
        family="hosted",
        summary=summary,
        model=model,
        source="https://docs.cohere.com/docs/rerank",
        authors="Cohere",
        license="hosted; Cohere's terms",
        local=False,
        provider=PROVIDER.key,
        **facts | differences,
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


class Cohere:
    """One request to /v2/rerank; the SDK's retries are off, and it follows no redirect."""

    def __init__(self, caller: Caller, address: str) -> None:
        import cohere  # it and its client take a moment: part of loading, not of the first call

        self._caller, self._sdk = caller, cohere
        self._client = cohere.ClientV2(
            api_key=caller.key,
            base_url=address or None,
            max_retries=0,
            httpx_client=_http(),
            client_name="rerank-lab",
        )

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what Cohere answers; Refused where it does not."""
        _heard.answer = None
        try:
            found = self._client.rerank(
                model=self._caller.model,
                query=query,
                documents=list(texts),
                request_options={
                    "max_retries": 0,
                    "timeout": timeout(seconds),  # type: ignore[arg-type]
                },
            )
            return Answer(self._pairs(found.results), _billed(found.meta))
        # no error keeps the SDK's as its cause, which holds what the server said, the key included
        except self._sdk.core.ApiError as exc:
            if exc.status_code is None or 200 <= exc.status_code < 300:
                raise malformed(self._caller, "not with JSON") from None
            raise refusal(self._caller, exc.status_code, exc.body, exc.headers) from None
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise transport_failure(self._caller, exc, seconds) from None
        except (AttributeError, TypeError, ValueError, RecursionError):
            raise self._judged() from None

    def _judged(self) -> Refused:
        """Return the error for an answer that the SDK cannot read: its status, where it is one."""
        answer = _heard.answer
        if answer is None or answer.is_success:
            return malformed(self._caller, "not in the documented form")
        return refusal(self._caller, answer.status_code, answer.content, answer.headers)

    def _pairs(self, results: object) -> list[tuple[object, object]]:
        if not isinstance(results, list):
            raise malformed(self._caller, "without results")
        return [(item.index, item.relevance_score) for item in results]


_heard = threading.local()
"""The answer that this thread got last: the SDK fails over error bodies that are not UTF-8."""


def _hear(response: httpx.Response) -> None:
    _heard.answer = response


@cache
def _http() -> httpx.Client:
    """Return a client of the SDK's own, which remembers what it heard."""
    quiet("httpx", "httpcore")
    return httpx.Client(
        follow_redirects=False,
        cookies=no_cookies(),
        timeout=timeout(30),
        event_hooks={"response": [_hear]},
    )


def _billed(meta: Any) -> Billed | None:  # noqa: ANN401
    units = getattr(meta, "billed_units", None)
    searches, tokens = (_count(getattr(units, n, None)) for n in ("search_units", "input_tokens"))
    return Billed(1, searches, int(tokens)) if searches or tokens else None


def _count(value: object) -> float:
    """Return a number of units, or 0 for whatever is none."""
    fine = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return float(value) if fine else 0.0  # type: ignore[arg-type]


FAMILY = provider_family(PROVIDER, SPECS, lambda caller, address, _: Cohere(caller, address).send)
