"""Cohere's hosted encoders, through its own SDK."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from components.domain import Billed, Limits, Price
from components.encoders.hosted.family import (
    Ask,
    Model,
    Purpose,
    encoder_spec,
    provider_encoders,
)
from components.encoders.remote import Embedded
from components.network.billing import billed_units
from components.network.caller import Caller
from components.network.cohere import PROVIDER, CohereClient

_spec = partial(
    encoder_spec,
    PROVIDER,
    source="https://docs.cohere.com/docs/cohere-embed",
    authors="Cohere",
    license="hosted; Cohere's terms",
)
V4 = Model(
    _spec(
        "cohere:embed-v4.0",
        "embed-v4.0",
        "A hosted multilingual encoder that reads long documents.",
        languages="more than 100",
        # 115,000 of 128,000 tokens a request: the lab's tokens are not Cohere's
        limits=Limits(documents=96, request_tokens=115_000, document_tokens=115_000),
        price=Price(0.12, "tokens", "resellers' lists", date(2026, 11, 22)),
    ),
    dimension=1536,
    offered=(256, 512, 1024, 1536),
)
_SHORT = Limits(documents=96, document_tokens=512)
ENGLISH_V3 = Model(
    _spec(
        "cohere:embed-english-v3.0",
        "embed-english-v3.0",
        "An older encoder for English, which reads 512 tokens.",
        limits=_SHORT,
    ),
    dimension=1024,
    offered=(1024,),
)
MULTILINGUAL_V3 = Model(
    _spec(
        "cohere:embed-multilingual-v3.0",
        "embed-multilingual-v3.0",
        "An older multilingual encoder, which reads 512 tokens.",
        languages="more than 100",
        limits=_SHORT,
    ),
    dimension=1024,
    offered=(1024,),
)


def connect(caller: Caller, address: str) -> Ask:
    """Return what sends one request to /v2/embed."""
    client = CohereClient(caller, address)

    def ask(texts: Sequence[str], purpose: Purpose, dimension: int, seconds: float) -> Embedded:
        # the older models have one dimension and do not take the parameter
        own = {"output_dimension": dimension} if caller.model == V4.spec.model else {}

        def embed(sdk: Any, options: Any) -> Embedded:  # noqa: ANN401
            response = sdk.embed(
                model=caller.model,
                texts=list(texts),
                input_type=f"search_{purpose}",
                embedding_types=["float"],
                truncate="END",
                request_options=options,
                **own,
            )
            units = getattr(response.meta, "billed_units", None)
            tokens = int(billed_units(getattr(units, "input_tokens", None)))
            return Embedded(
                response.embeddings.float_, Billed(1, tokens=tokens) if tokens else None
            )

        return client.ask(embed, seconds)

    return ask


FAMILY = provider_encoders(PROVIDER, (V4, ENGLISH_V3, MULTILINGUAL_V3), connect)
