"""BM25 as a reranker: exact words, weighted by how rare they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from components.domain import Progress, Scores, no_progress
from components.models.bm25 import BM25, Bm25, statistics
from components.rerankers import Context, bundled_family
from components.wording import count


class Lexical:
    """BM25 over the candidates, with the corpus's statistics or else the candidates' own."""

    def __init__(self, bm25: Bm25 | None = None) -> None:
        self._bm25 = bm25

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return one BM25 score for each text; 0 where no query word occurs."""
        bm25 = self._bm25 or Bm25(texts)
        values = np.zeros(len(texts), np.float64)
        for i, text in enumerate(texts):
            values[i] = sum(bm25.contributions(query, text).values())
            progress(i + 1, len(texts))
        sampled = f"words counted in a sample of {count(bm25.documents, 'document')}"
        return Scores(values, notes=(sampled,) if bm25.sampled else ())


def bm25(context: Context) -> Lexical:
    """Return BM25 with the corpus's statistics, where there is a corpus."""
    return Lexical(statistics(context.corpus) if context.corpus else None)


FAMILY = bundled_family(BM25, bm25)
