"""Late interaction: the sum over query tokens of the best cosine with a document token (MaxSim)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np

from components.domain import (
    Document,
    Matrix,
    Progress,
    Scores,
    ScoringProgress,
    Spec,
    StoreError,
    TokenVectors,
    no_progress,
)
from components.encoders import BGE_SMALL, BgeEncoder, bge_small
from components.models.files import BGE_MODEL, BGE_TOKENIZER
from components.models.gate import GATE
from components.models.runtime import run_parallel
from components.rerankers import TokenStore, bundled_family
from components.storage.token_store import TokenScore, maxsim
from components.wording import count

LATE_BGE = Spec(
    key="late-bge",
    label="late-bge",
    family="late interaction",
    summary="Keeps a vector for every token. Each query token looks for its best document token, "
    "and the similarities are summed (MaxSim). A document's vectors are computed once, as by a "
    "bi-encoder; words still meet, as in a cross-encoder.",
    scale="MaxSim",
    model="BAAI/bge-small-en-v1.5 (int8 ONNX), token vectors",
    revision="tokens-1-68807e3f",
    source=BGE_SMALL.source,
    authors=BGE_SMALL.authors,
    license=BGE_SMALL.license,
    size_mb=BGE_SMALL.size_mb,
    max_tokens=BGE_SMALL.max_tokens,
    runtime="onnx",
    token_vectors=True,
    caution="The model was trained as a bi-encoder, not for late interaction.",
)
SLICE = 32
"""Texts that are looked up, and whose new token vectors are kept, at once."""
AT_ONCE = 1_000
"""Documents that are in memory while they are encoded ahead."""
NOT_KEPT = "token vectors could not be kept on disk: the next search computes them again"
_log = logging.getLogger(__name__)


class LateInteraction:
    """MaxSim over bge-small's token vectors, which a store keeps once they were computed."""

    def __init__(self, encoder: BgeEncoder, store: TokenStore | None) -> None:
        self._encoder = encoder
        self._store = store

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        """Return one MaxSim for each text, from 0 to about the number of query tokens.

        A document is cut at 512 tokens, a query never. Where `progress` raises, what was encoded
        until then is kept.
        """
        self._encoder.check_token_query(query, LATE_BGE.label)
        if not texts:
            return Scores(np.zeros(0))
        vectors = np.asarray(self._encoder.encode_tokens(query).rows, np.float32)
        scoring = _Scoring(self._encoder, self._store, vectors, texts, progress)
        for start in range(0, len(texts), SLICE):
            scoring.score(range(start, min(start + SLICE, len(texts))))
        scores = [scoring.scores[text] for text in texts]
        return Scores(
            np.array([score.value for score in scores], np.float64),
            tokens_read=tuple(score.tokens_read for score in scores),
            tokens_cut=tuple(score.tokens_cut for score in scores),
            notes=scoring.notes,
        )


class _Scoring:
    """One query against texts: what is scored so far, by text, and what is to be said of it."""

    def __init__(
        self,
        encoder: BgeEncoder,
        store: TokenStore | None,
        query: Matrix,
        texts: Sequence[str],
        progress: ScoringProgress,
    ) -> None:
        self._encoder, self._store = encoder, store
        self._query, self._texts, self._progress = query, texts, progress
        self._done, self._encoded = 0, 0
        self._failed = False
        self.scores: dict[str, TokenScore] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is to be said of the scores and their time."""
        if self._failed:
            return (NOT_KEPT,)
        if not self._encoded or not self._store:
            return ()
        return (f"time includes encoding {count(self._encoded, 'text')}, once",)

    def score(self, places: Sequence[int]) -> None:
        """Score the texts at some places: those that are kept, then the others in their order."""
        by_text: dict[str, list[int]] = {}
        for place in places:
            by_text.setdefault(self._texts[place], []).append(place)
        with self._sparing() as store:
            if store:
                new = [text for text in by_text if text not in self.scores]
                self.scores |= store.maxsim(self._query, new)
        self._tell([place for text in by_text if text in self.scores for place in by_text[text]])
        others, encoded = [text for text in by_text if text not in self.scores], {}

        def take(done: int, at: int, tokens: TokenVectors) -> None:
            encoded[text := others[at]] = tokens
            value = maxsim(self._query, tokens.rows)
            self.scores[text] = TokenScore(value, tokens.tokens_read, tokens.tokens_cut)
            self._tell(by_text[text])

        try:
            run_parallel(self._encoder.encode_tokens, others, take)
        finally:
            with self._sparing() as store:
                if store:
                    store.keep(encoded)
            self._encoded += sum(len(by_text[text]) for text in encoded)

    def _tell(self, places: Sequence[int]) -> None:
        if places:
            self._done += len(places)
            scored = [(place, self.scores[self._texts[place]].value) for place in places]
            self._progress(self._done, len(self._texts), scored)

    @contextmanager
    def _sparing(self) -> Iterator[TokenStore | None]:
        """Yield the store until it fails: a disk that cannot be used costs time alone."""
        try:
            yield self._store
        except StoreError as exc:
            _log.warning("token vectors are not kept: %s", exc)
            self._store, self._failed = None, True


def encode_ahead(
    store: TokenStore, documents: Sequence[Document], progress: Progress = no_progress
) -> None:
    """Keep the token vectors of documents that are not kept yet.

    The gate is held for a slice alone, and some of the texts are in memory at once. Raises
    StoreError where vectors cannot be kept; what was encoded when `progress` raises is kept.
    """
    total = len(documents)
    for begun in range(0, total, AT_ONCE):
        texts = [document.passage for document in documents[begun : begun + AT_ONCE]]
        missing = store.missing(texts)
        done = begun + len(texts) - len(missing)
        for start in range(0, len(missing), SLICE):
            part = missing[start : start + SLICE]
            with GATE.hold(check=partial(progress, done + start, total)):
                vectors = run_parallel(bge_small().encode_tokens, part)
            store.keep(dict(zip(part, vectors, strict=True)))
            progress(done + start + len(part), total)


FAMILY = bundled_family(
    LATE_BGE,
    lambda context: LateInteraction(bge_small(), context.tokens),
    BGE_MODEL,
    BGE_TOKENIZER,
)
