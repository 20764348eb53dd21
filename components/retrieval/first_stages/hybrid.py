"""A first stage of two others: a bi-encoder and BM25, joined by reciprocal rank fusion."""

from __future__ import annotations

from components.domain import Spec
from components.encoders import BGE_SMALL, ENCODERS
from components.retrieval.first_stages import FirstStage
from components.retrieval.first_stages.dense import dense_stage
from components.retrieval.first_stages.sparse import matching
from components.retrieval.schema import EncodedQuery, VectorQuery

HYBRID = Spec(
    key="hybrid",
    label="hybrid",
    family="fusion",
    summary="bge-small and BM25 searched at once and joined by reciprocal rank fusion.",
    scale="RRF",
    model="bge-small and BM25, reciprocal rank fusion (k = 60)",
    revision="1",
    source="https://doi.org/10.1145/1571941.1572114",
    authors="Beijing Academy of Artificial Intelligence (BAAI); Robertson and Zaragoza (2009)",
    license="MIT and Apache-2.0",
)


def hybrid(spec: Spec, dense: FirstStage) -> FirstStage:
    """Return the fusion of a dense first stage and BM25, both in the dense stage's collection."""

    def queries(query: EncodedQuery) -> tuple[VectorQuery, ...]:
        return (*dense.queries(query), *matching(query))

    return FirstStage(spec, dense.schema, queries, dense.encoder, fused=True)


FIRST_STAGES = hybrid(HYBRID, dense_stage(ENCODERS[BGE_SMALL.key]))
