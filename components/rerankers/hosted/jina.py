"""Jina's hosted rerankers, over plain HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from components.domain import Billed, Limits, Price, Spec
from components.rerankers import Provider
from components.rerankers.hosted.client import Answer, pairs
from components.rerankers.hosted.family import provider_family
from components.rerankers.hosted.http import Caller, malformed, post

PROVIDER = Provider("jina", "Jina", "JINA_API_KEY", "JINA_API_URL")
ADDRESS = "https://api.jina.ai/v1/rerank"
_WINDOW = Limits(request_tokens=120_000, per_minute=500)  # of 131,072, read in one piece


def _spec(key: str, model: str, summary: str, **differences: Any) -> Spec:  # noqa: ANN401
    facts: dict[str, Any] = {"scale": "cosine, among these candidates", "limits": _WINDOW}
    return Spec(
        key=key,
        label=key,
        family="hosted",
        summary=summary,
        model=model,
        source="https://jina.ai/reranker",
        authors="Jina AI",
        local=False,
        provider=PROVIDER.key,
        **{"languages": "many", "license": "hosted; Jina's terms"} | facts | differences,
    )


SPECS = (
    _spec(
        "jina",
        "jina-reranker-v3",
        "Listwise: reads all candidates together, so a score depends on its company.",
        listwise=True,
        license="hosted; the weights are CC-BY-NC-4.0",
    ),
    _spec(
        "jina:v3.5",
        "jina-reranker-v3.5",
        "The successor of v3, listwise too.",
        listwise=True,
    ),
    _spec(
        "jina:v2",
        "jina-reranker-v2-base-multilingual",
        "Pointwise and multilingual.",
        scale="0 to 1",
        limits=Limits(documents=1000, document_tokens=1024, per_minute=500),
        price=Price(0.05, "tokens", "https://jina.ai/reranker", date(2026, 11, 22)),
        license="hosted; the weights are CC-BY-NC-4.0",
    ),
    _spec(
        "jina:m0",
        "jina-reranker-m0",
        "Reads texts and pictures; the lab sends texts. Pointwise.",
        scale="0 to 1",
        limits=Limits(documents=1000, document_tokens=10_240, per_minute=500),
    ),
)


def read_results(caller: Caller, body: object) -> Answer:
    """Return the answer in a body with `results` and, where it is told, `usage.total_tokens`."""
    if not isinstance(body, dict):
        raise malformed(caller, "not with the object that was expected")
    usage = body.get("usage")
    tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
    counted = isinstance(tokens, int) and not isinstance(tokens, bool) and 0 < tokens < 10**12
    billed = Billed(1, tokens=tokens) if counted else None  # type: ignore[arg-type]
    return Answer(pairs(caller, body.get("results"), "index", "relevance_score"), billed)


class Jina:
    """One request to the rerank endpoint."""

    def __init__(self, caller: Caller, address: str) -> None:
        self._caller, self._address = caller, address or ADDRESS

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what Jina answers; Refused where it does not."""
        body = {
            "model": self._caller.model,
            "query": query,
            "documents": list(texts),
            "top_n": len(texts),
            "return_documents": False,
        }
        return read_results(self._caller, post(self._caller, self._address, body, seconds))


FAMILY = provider_family(PROVIDER, SPECS, lambda caller, address, _: Jina(caller, address).send)
