"""Late interaction: the sum over query tokens of the best cosine with a document token (MaxSim)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from components.domain import Matrix, Scores, ScoringProgress, Spec, no_progress
from components.encoders import MiniLm, TokenVectors, check_query_length, encode_tokens, minilm
from components.models.files import MINILM_MODEL, MINILM_TOKENIZER
from components.rerankers import TokenStore, bundled_family

LATE_MINILM = Spec(
    key="late-minilm",
    label="late-minilm",
    family="late interaction",
    summary="Keeps a vector for every token. Each query token looks for its best document token, "
    "and the similarities are summed (MaxSim). Documents are encoded ahead, as by a bi-encoder; "
    "words still meet, as in a cross-encoder.",
    scale="MaxSim",
    model="sentence-transformers/all-MiniLM-L6-v2, token vectors",
    revision="tokens-1-53aa5117",
    source="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    authors="Sentence-Transformers, UKP Lab (TU Darmstadt)",
    license="Apache-2.0",
    size_mb=91.0,
    max_tokens=512,
    runtime="torch",
    token_vectors=True,
    caution="The model was trained as a bi-encoder, not for late interaction.",
)
CACHE_BYTES = 256 * 1024**2


class TokenCache:
    """Token vectors by text, at most `limit` bytes; the least recently used are dropped first."""

    def __init__(self, model: MiniLm, limit: int = CACHE_BYTES) -> None:
        self._model = model
        self._limit = limit
        self._vectors: OrderedDict[str, TokenVectors] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, text: str) -> TokenVectors:
        """Return the token vectors of a text, encoding it if they are not cached."""
        with self._lock:
            if text in self._vectors:
                self._vectors.move_to_end(text)
                return self._vectors[text]
        encoded = encode_tokens(self._model, text, LATE_MINILM.max_tokens)
        with self._lock:
            if text not in self._vectors:
                self._vectors[text] = encoded
                self._bytes += encoded.vectors.nbytes
            while self._bytes > self._limit:
                _, dropped = self._vectors.popitem(last=False)
                self._bytes -= dropped.vectors.nbytes
        return encoded


def maxsim(query: Matrix, document: Matrix) -> float:
    """Return the sum over query tokens of the best cosine with any document token."""
    return float((query @ document.T).max(axis=1).sum())


class LateInteraction:
    """MaxSim over all-MiniLM-L6-v2's token vectors, in Qdrant where they are stored."""

    def __init__(self, model: MiniLm, cache: TokenCache, store: TokenStore | None) -> None:
        self._model = model
        self._cache = cache
        self._store = store

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        """Return one MaxSim for each text, from 0 to about the number of query tokens."""
        limit = LATE_MINILM.max_tokens - 2
        check_query_length(self._model.count_tokens(query), limit, LATE_MINILM.label)
        if not texts:
            return Scores(np.zeros(0))
        vectors = self._model.token_vectors(query, LATE_MINILM.max_tokens)
        stored = self._store.maxsim(vectors, texts) if self._store else None
        if stored is not None:
            progress(len(texts), len(texts))
            return stored
        return self._score_on_demand(vectors, texts, progress)

    def _score_on_demand(
        self, query: Matrix, texts: Sequence[str], progress: ScoringProgress
    ) -> Scores:
        values, documents = np.zeros(len(texts), np.float64), []
        for i, text in enumerate(texts):
            documents.append(self._cache.get(text))
            values[i] = maxsim(query, documents[i].vectors)
            progress(i + 1, len(texts), ((i, float(values[i])),))
        return Scores(
            values,
            tokens_read=tuple(d.tokens_read for d in documents),
            tokens_cut=tuple(d.tokens_cut for d in documents),
        )


_CACHE = TokenCache(minilm())


FAMILY = bundled_family(
    LATE_MINILM,
    lambda context: LateInteraction(minilm(), _CACHE, context.tokens),
    MINILM_MODEL,
    MINILM_TOKENIZER,
)
