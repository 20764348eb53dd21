"""First stages of two others: a dense and a sparse one, joined by reciprocal rank fusion."""

from __future__ import annotations

from dataclasses import replace

from components.domain import InputError, Spec
from components.encoders import BGE_SMALL, ENCODERS
from components.models.bm25 import BM25
from components.retrieval.first_stages import FirstStage
from components.retrieval.first_stages.dense import dense_stage
from components.retrieval.first_stages.sparse import matching
from components.retrieval.schema import EncodedQuery, VectorQuery

PREFIX = "hybrid:"
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


def fusion(dense: FirstStage, sparse: FirstStage, weights: tuple[float, float]) -> FirstStage:
    """Return `hybrid:A+B`, the weighted fusion of two first stages.

    BM25 is searched in the dense stage's collection, which has its vectors. Raises InputError
    unless the first searches dense vectors and the second sparse ones.
    """
    for stage, fits, wanted in (
        (dense, bool(dense.encoder) and not dense.sparse and not dense.fused, "dense"),
        (sparse, sparse.sparse, "sparse"),
    ):
        if not fits or stage.parts:
            raise InputError(
                f"{stage.key} is no {wanted} first stage.",
                f"{PREFIX}A+B takes a dense one as A and a sparse one as B.",
            )
    if sparse.key == BM25.key:
        sparse = replace(sparse, schema=dense.schema)
    names = f"{dense.spec.label} and {sparse.spec.label}"
    weighted = "" if len(set(weights)) == 1 else f", weights {weights[0]:g} and {weights[1]:g}"
    spec = replace(
        HYBRID,
        key=f"{PREFIX}{dense.key}+{sparse.key}",
        label=f"{PREFIX}{dense.key}+{sparse.key}",
        summary=f"{names}, joined by reciprocal rank fusion{weighted}.",
        model=f"{names}, reciprocal rank fusion (k = 60{weighted})",
        authors="; ".join(dict.fromkeys(s.spec.authors for s in (dense, sparse) if s.spec.authors)),
        license="as its parts",
    )
    return FirstStage(
        spec, dense.schema, dense.queries, parts=(dense, sparse), weights=tuple(map(float, weights))
    )


FIRST_STAGES = hybrid(HYBRID, dense_stage(ENCODERS[BGE_SMALL.key]))
