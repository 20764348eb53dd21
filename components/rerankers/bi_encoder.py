"""A bi-encoder used as a reranker: an anti-pattern, offered for teaching and labelled so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from components.domain import Scores, ScoringProgress, Spec, no_progress
from components.encoders import MINILM_L6, check_query_length, minilm
from components.models.files import MINILM_MODEL, MINILM_TOKENIZER
from components.rerankers import bundled_family

BIENCODER_MINILM = Spec(
    key="biencoder-minilm",
    label="biencoder-minilm",
    family="bi-encoder",
    summary="Encodes every candidate anew and compares vectors: a cross-encoder's price for a "
    "bi-encoder's view.",
    scale="cosine",
    model=MINILM_L6.model,
    revision=MINILM_L6.revision,
    source=MINILM_L6.source,
    authors=MINILM_L6.authors,
    license=MINILM_L6.license,
    size_mb=MINILM_L6.size_mb,
    max_tokens=MINILM_L6.max_tokens,
    runtime="torch",
    caution="An anti-pattern, for teaching: a second bi-encoder adds little that the first stage "
    "did not know.",
)


class BiEncoderReranker:
    """all-MiniLM-L6-v2 as a reranker: cosine of query and document vectors."""

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        """Return one cosine for each text; a document is cut at 256 tokens, a query never."""
        model, limit = minilm(), BIENCODER_MINILM.max_tokens
        check_query_length(model.count_tokens(query), limit - 2, BIENCODER_MINILM.label)
        vector = model.sentence_vector(query, limit)
        values, tokens = np.zeros(len(texts), np.float64), []
        for i, text in enumerate(texts):
            values[i] = float(vector @ model.sentence_vector(text, limit))
            tokens.append(model.count_tokens(text))
            progress(i + 1, len(texts), ((i, float(values[i])),))
        return Scores(
            values,
            tokens_read=tuple(min(n, limit - 2) for n in tokens),
            tokens_cut=tuple(max(0, n - (limit - 2)) for n in tokens),
        )


FAMILY = bundled_family(
    BIENCODER_MINILM, lambda _: BiEncoderReranker(), MINILM_MODEL, MINILM_TOKENIZER
)
