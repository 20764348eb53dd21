"""Jina's hosted rerankers, over plain HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.config import Settings
from components.domain import Billed, Limits, Spec
from components.rerankers import Context, provider_key
from components.rerankers.hosted.client import Answer, RemoteReranker, pairs
from components.rerankers.hosted.http import Caller, malformed, post

PROVIDER = "jina"
LABEL = "Jina"
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
        provider=PROVIDER,
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


def read_results(who: Caller, body: object) -> Answer:
    """Return the answer in a body with `results` and, where it is told, `usage.total_tokens`."""
    if not isinstance(body, dict):
        raise malformed(who, "not with the object that was expected")
    usage = body.get("usage")
    tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
    counted = isinstance(tokens, int) and not isinstance(tokens, bool) and 0 < tokens < 10**12
    billed = Billed(1, tokens=tokens) if counted else None  # type: ignore[arg-type]
    return Answer(pairs(who, body.get("results"), "index", "relevance_score"), billed)


class Jina:
    """One request to the rerank endpoint."""

    def __init__(self, who: Caller, address: str) -> None:
        self._who, self._address = who, address or ADDRESS

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what Jina answers; Refused where it does not."""
        body = {
            "model": self._who.model,
            "query": query,
            "documents": list(texts),
            "top_n": len(texts),
            "return_documents": False,
        }
        return read_results(self._who, post(self._who, self._address, body, seconds))


def specs(settings: Settings) -> tuple[Spec, ...]:
    """Return Jina's models."""
    return SPECS


def check(spec: Spec, settings: Settings) -> None:
    """Raise UnavailableError without a key."""
    provider_key(spec, settings, LABEL)


def load(spec: Spec, context: Context) -> RemoteReranker:
    """Return a reranker with the session's key."""
    key, variable = provider_key(spec, context.settings, LABEL)
    who = Caller(LABEL, spec.model, key, variable)
    sender = Jina(who, context.settings.addresses.get(PROVIDER, ""))
    return RemoteReranker(spec, who, sender.send, context.settings.remote)
