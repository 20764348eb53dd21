"""Traffic, and prices of one's own."""

from __future__ import annotations

from components.advice.costs import Traffic
from components.config import PriceOverride, Settings
from components.domain import Spec
from components.lab import catalog

TRAFFIC = Traffic(queries_a_day=1000, candidates=50, query_tokens=10, document_tokens=110)
A_SEARCH = PriceOverride("cohere", "rerank-v3.5", 4.0, "searches")
A_TOKEN = PriceOverride("voyage", "rerank-2.5", 0.5, "tokens")
OWN = Settings(prices=(A_SEARCH, A_TOKEN))


def spec(key: str) -> Spec:
    return catalog.reranker_spec(key, OWN)


def hosted(key: str, model: str) -> Spec:
    return Spec(key, key, "hosted", "", "", model, local=False, provider="acme")
