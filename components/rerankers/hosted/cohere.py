"""Cohere's hosted rerankers, through its own SDK."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from components.domain import Billed, Limits, Price, PriceUnit
from components.network.billing import billed_units
from components.network.caller import Caller
from components.network.cohere import PROVIDER, CohereClient, base_address
from components.rerankers.hosted.answers import Answer, Send, at_path
from components.rerankers.hosted.family import hosted_spec, provider_family

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


class Cohere:
    """One request to /v2/rerank."""

    def __init__(self, caller: Caller, address: str) -> None:
        self._caller, self._client = caller, CohereClient(caller, address)

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what Cohere answers; raise ProviderError where it does not."""

        def rerank(client: Any, options: Any) -> Answer:  # noqa: ANN401
            model, documents = self._caller.model, list(texts)
            return self._answer(
                client.rerank(
                    model=model, query=query, documents=documents, request_options=options
                )
            )

        return self._client.ask(rerank, seconds)

    def _answer(self, response: Any) -> Answer:  # noqa: ANN401
        """Read the SDK's response, which is not checked against its own types."""
        if not isinstance(response.results, list):
            raise self._client.unreadable("without results")
        results = [(item.index, item.relevance_score) for item in response.results]
        units = getattr(response.meta, "billed_units", None)
        searches = billed_units(getattr(units, "search_units", None))
        tokens = int(billed_units(getattr(units, "input_tokens", None)))
        return Answer(results, Billed(1, searches, tokens) if searches or tokens else None)


def _connect(caller: Caller, address: str, _: str) -> Send:
    path = urlsplit(base_address(address)).path + "/v2/rerank"
    return at_path(path, Cohere(caller, address).send)


FAMILY = provider_family(PROVIDER, SPECS, _connect)
