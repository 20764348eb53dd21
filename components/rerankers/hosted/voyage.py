"""Voyage's hosted rerankers, through its own SDK; they follow an instruction in the query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from components.domain import Limits, Price, Spec
from components.network.billing import billed_tokens
from components.network.caller import Caller
from components.network.voyage import PROVIDER, VoyageClient
from components.rerankers.hosted.answers import Answer, Send, at_path
from components.rerankers.hosted.family import hosted_spec, provider_family

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


def _connect(caller: Caller, address: str, instruction: str) -> Send:
    client = VoyageClient(caller, address)

    def send(query: str, texts: Sequence[str], seconds: float) -> Answer:
        asked, documents = with_instruction(query, instruction), list(texts)
        return client.ask(
            lambda sdk: _answer(sdk.rerank(asked, documents, model=caller.model, truncation=True)),
            seconds,
        )

    return at_path(f"{client.path}/rerank", send)


def _answer(reply: Any) -> Answer:  # noqa: ANN401
    results = [(r.index, r.relevance_score) for r in reply.results]
    return Answer(results, billed_tokens(reply.total_tokens))


def with_instruction(query: str, instruction: str) -> str:
    """Return a query with an instruction written before it, as the models read it."""
    return f"Instruction: {instruction.strip()}\nQuery: {query}" if instruction.strip() else query


FAMILY = provider_family(PROVIDER, SPECS, _connect)
