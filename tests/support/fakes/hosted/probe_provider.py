"""A hosted provider for tests, as one would be added to the project: one file, plain HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from components.domain import Limits, Price
from components.network.caller import Caller
from components.network.http import post
from components.network.providers import Provider
from components.rerankers.hosted.answers import Answer, Send, read_results
from components.rerankers.hosted.family import hosted_spec, provider_family

PROVIDER = Provider("probe", "Probe", "PROBE_API_KEY", "PROBE_API_URL", ("probe.example",))
ADDRESS = "https://probe.example/rerank"
SPECS = (
    hosted_spec(
        PROVIDER,
        "probe",
        "probe-rank-1",
        "A hosted probe.",
        scale="0 to 1",
        authors="Probe Ltd",
        license="hosted; Probe's terms",
        source="https://probe.example/models",
        languages="many",
        limits=Limits(documents=40, document_tokens=2048, per_minute=6000),
        price=Price(0.5, "tokens", "https://probe.example/pricing", date(2026, 11, 1)),
    ),
    hosted_spec(
        PROVIDER,
        "probe:listwise",
        "probe-rank-1-listwise",
        "A hosted probe that compares candidates.",
        scale="any",
        listwise=True,
        limits=Limits(documents=40),
    ),
)


def connect(caller: Caller, address: str, instruction: str) -> Send:
    """Return what sends one request."""

    def send(query: str, texts: Sequence[str], seconds: float) -> Answer:
        body = {"model": caller.model, "query": query, "documents": list(texts)}
        return read_results(caller, post(caller, address or ADDRESS, body, seconds))

    return send


FAMILY = provider_family(PROVIDER, SPECS, connect)
