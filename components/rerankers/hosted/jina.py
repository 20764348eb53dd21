"""Jina's hosted rerankers, over plain HTTP."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import partial
from urllib.parse import urlsplit

from components.domain import Limits, Price
from components.network.caller import Caller
from components.network.http import post
from components.network.providers import Provider
from components.rerankers.hosted.answers import Answer, Send, at_path, read_results
from components.rerankers.hosted.family import hosted_spec, provider_family

PROVIDER = Provider("jina", "Jina", "JINA_API_KEY", "JINA_API_URL", ("api.jina.ai",))
ADDRESS = "https://api.jina.ai/v1/rerank"
_WINDOW = Limits(request_tokens=120_000, per_minute=500)  # of 131,072, read in one piece
_spec = partial(
    hosted_spec,
    PROVIDER,
    scale="cosine, among these candidates",
    source="https://jina.ai/reranker",
    authors="Jina AI",
    license="hosted; Jina's terms",
    languages="many",
    limits=_WINDOW,
)
SPECS = (
    _spec(
        "jina",
        "jina-reranker-v3",
        "Listwise: reads all candidates together, so a score depends on the others.",
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


class Jina:
    """One request to the rerank endpoint."""

    def __init__(self, caller: Caller, address: str) -> None:
        self._caller, self._address = caller, endpoint(address) if address else ADDRESS

    @property
    def path(self) -> str:
        """Return the path of the endpoint."""
        return urlsplit(self._address).path

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what Jina answers; raise ProviderError where it does not."""
        body = {
            "model": self._caller.model,
            "query": query,
            "documents": list(texts),
            "top_n": len(texts),
            "return_documents": False,
        }
        return read_results(self._caller, post(self._caller, self._address, body, seconds))


def endpoint(address: str) -> str:
    """Return the endpoint that an address names; one that ends early is completed."""
    base = address.rstrip("/")
    if re.search(r"/v\d+$", base):
        return f"{base}/rerank"
    return base if urlsplit(base).path else f"{base}/v1/rerank"


def _connect(caller: Caller, address: str, _: str) -> Send:
    sender = Jina(caller, address)
    return at_path(sender.path, sender.send)


FAMILY = provider_family(PROVIDER, SPECS, _connect)
