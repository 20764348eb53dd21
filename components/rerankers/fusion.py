"""Reciprocal rank fusion: adds up 1 / (k + rank) over several rankings, whatever their scales."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.domain import Progress, Reranker, Scores, Spec, no_progress
from components.rerankers import bundled_family
from components.rerankers.cross_encoder import MODEL, TOKENIZER, minilm_l12
from components.rerankers.lexical import bm25

K = 60
RRF = Spec(
    key="rrf",
    label="rrf",
    family="fusion",
    summary="Reciprocal rank fusion: adds 1 / (60 + rank) over the other chosen rerankers. With "
    "one of them it joins the first stage; with none, minilm-l12 and bm25 are run for it.",
    scale="RRF",
    model=f"reciprocal rank fusion (k = {K})",
    revision="1",
    source="https://doi.org/10.1145/1571941.1572114",
    authors="Cormack, Clarke and Büttcher (2009); the code is the lab's own",
    license="Apache-2.0",
    runtime="onnx",  # alone, it runs minilm-l12
    listwise=True,
)


def ranks(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return each item's rank by falling score, from 1, shape (items,); ties keep their order."""
    order = np.argsort(-scores, kind="stable")
    by_item = np.empty(len(scores), np.int64)
    by_item[order] = np.arange(1, len(scores) + 1)
    return by_item


def fuse(rankings: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.float64]:
    """Return the fused score of each item from its rank in every ranking."""
    return np.asarray(sum(1.0 / (K + ranking) for ranking in rankings), np.float64)


class Fusion:
    """Reciprocal rank fusion of rerankers that it runs itself."""

    def __init__(self, members: Sequence[Reranker]) -> None:
        self._members = members

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return one fused score for each text."""
        total = len(texts) * len(self._members)
        scored: list[Scores] = []
        for member in self._members:
            before = len(scored) * len(texts)
            scored.append(
                member.score(query, texts, lambda n, *_, before=before: progress(before + n, total))
            )
        return Scores(
            fuse([ranks(s.values) for s in scored]),
            tokens_cut=tuple(
                max(cuts)
                for cuts in zip(*(s.tokens_cut for s in scored if s.tokens_cut), strict=True)
            ),
        )


# Alone, it fuses the two rerankers that run everywhere.
FAMILY = bundled_family(
    RRF, lambda context: Fusion([minilm_l12(), bm25(context)]), MODEL, TOKENIZER
)
