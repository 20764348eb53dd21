"""Voyage's hosted encoders, through its own SDK; those of the fourth generation share a space."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from components.domain import Limits, Price
from components.encoders.answers import by_index
from components.encoders.hosted.family import (
    Ask,
    Model,
    Purpose,
    encoder_spec,
    provider_encoders,
)
from components.encoders.remote import Embedded
from components.network.billing import billed_tokens
from components.network.caller import Caller
from components.network.voyage import PROVIDER, VoyageClient

_DIMENSIONS = (256, 512, 1024, 2048)
_LARGE, _MIDDLE, _LITE = 108_000, 288_000, 900_000
"""Nine tenths of the tokens that a request may hold: the lab's tokens are not Voyage's."""


def _model(
    key: str,
    summary: str,
    request_tokens: int,
    usd: float | None = None,
    *,
    offered: tuple[int, ...] = _DIMENSIONS,
    read: int = 32_000,
    queries_by: tuple[str, ...] = (),
    languages: str = "many",
) -> Model:
    """Return `voyage:KEY`, whose model is voyage-KEY."""
    price = Price(usd, "tokens", "resellers' lists", date(2026, 11, 22)) if usd else None
    spec = encoder_spec(
        PROVIDER,
        f"voyage:{key}",
        f"voyage-{key}",
        summary,
        source="https://docs.voyageai.com/docs/embeddings",
        authors="Voyage AI",
        license="hosted; Voyage's terms",
        languages=languages,
        limits=Limits(documents=1000, request_tokens=request_tokens, document_tokens=read),
        price=price,
    )
    return Model(spec, 1024, offered, queries_by)


MODELS = (
    _model(
        "4-large",
        "The strongest of the fourth generation, which share a space.",
        _LARGE,
        0.12,
        queries_by=("voyage-4", "voyage-4-lite"),
    ),
    _model(
        "4", "The middle one of the fourth generation.", _MIDDLE, 0.06,
        queries_by=("voyage-4-lite",),
    ),
    _model("4-lite", "The quickest and cheapest of the fourth generation.", _LITE, 0.02),
    _model("3.5", "An earlier general encoder.", _MIDDLE),
    _model("3.5-lite", "Its quicker, cheaper sibling.", _LITE),
    _model("3-large", "The strongest of the third generation.", _LARGE),
    _model("code-3", "An encoder for source code.", _LARGE, 0.18),
    _model(
        "law-2", "An encoder for legal texts.", _LARGE, offered=(1024,), read=16_000,
        languages="English",
    ),
    _model(
        "finance-2", "An encoder for texts of finance.", _LARGE, offered=(1024,),
        languages="English",
    ),
)  # fmt: skip


def connect(caller: Caller, address: str) -> Ask:
    """Return what sends one request to /embeddings."""
    client = VoyageClient(caller, address)
    (model,) = (model for model in MODELS if model.spec.model == caller.model)

    def ask(texts: Sequence[str], purpose: Purpose, dimension: int, seconds: float) -> Embedded:
        def embed(sdk: Any) -> Embedded:  # noqa: ANN401
            reply = sdk.embed(
                list(texts),
                model=caller.model,
                input_type=purpose,
                truncation=True,
                output_dimension=dimension if len(model.offered) > 1 else None,
            )
            # the SDK takes the vectors as they come, whatever their index says
            items = [
                {"index": place, "embedding": row}
                for place, row in zip(client.indices(), reply.embeddings, strict=True)
            ]
            rows = by_index(caller, items, len(texts), "embedding")
            return Embedded(rows, billed_tokens(reply.total_tokens))

        return client.ask(embed, seconds)

    return ask


FAMILY = provider_encoders(PROVIDER, MODELS, connect)
