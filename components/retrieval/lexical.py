"""interim"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from components.domain import Corpus, Progress, no_progress
from components.models.bm25 import Bm25, statistics


@dataclass(frozen=True)
class Lexicon:
    bm25: Bm25
    vectors: csr_array


@lru_cache(8)
def _lex(corpus: Corpus) -> Lexicon:
    bm25 = statistics(corpus)
    rows = [bm25.document_vector(d.passage) for d in corpus.documents]
    indptr = np.cumsum([0] + [len(r.indices) for r in rows])
    data = np.array([v for r in rows for v in r.values], np.float32)
    ind = np.array([v for r in rows for v in r.indices], np.int64)
    return Lexicon(bm25, csr_array((data, ind, indptr), shape=(len(rows), len(bm25.vocabulary))))


def lexicon(corpus: Corpus, folder: Path, progress: Progress = no_progress) -> Lexicon:
    return _lex(corpus)
