"""Duels over the project's samples with true grades; `tests.support.duels` has more seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from components.corpora import open_corpus
from components.domain import Corpus, Document
from components.judging.drawing import pool_of
from components.models.bm25 import Bm25
from tests.support.duels import gains_of, null_winners, permuted, simulate

SEEDS = 100
MISSES = 0.05 + 3 * (0.05 * 0.95 / SEEDS) ** 0.5
"""What a share of 5% stays below in so many duels, but for one set of them in a thousand."""


def best_of(corpus: Corpus, text: Callable[[Document], str]) -> dict[str, list[str]]:
    """Return each judged query's best ten documents by BM25 over one of their texts."""
    texts = {document.id: text(document) for document in corpus.documents}
    bm25 = Bm25(texts.values())
    runs = {}
    for query in corpus.queries:
        scores = {d: sum(bm25.contributions(query.text, t).values()) for d, t in texts.items()}
        runs[query.id] = sorted(scores, key=lambda d: -scores[d])[:10]
    return runs


@pytest.fixture(scope="module", params=["atlas", "helpdesk"])
def corpus(request: pytest.FixtureRequest) -> Corpus:
    return open_corpus(request.param)


def test_few_grades_and_no_false_word(corpus: Corpus) -> None:
    judgments = corpus.judgments
    highest = max(grade for row in judgments.values() for grade in row.values())
    whole = best_of(corpus, lambda document: document.passage)
    titles = best_of(corpus, lambda document: document.title)
    queries = [query.id for query in corpus.queries if query.id in judgments]
    pool = pool_of(titles, whole, queries)
    gains = gains_of(pool, judgments, highest)
    weighted = simulate(pool, gains, pool.mass, SEEDS)
    even = simulate(pool, gains, np.ones(len(gains)), SEEDS)
    assert weighted.never == even.never == 0
    assert weighted.mean <= 0.85 * even.mean
    for simulated in (weighted, even):
        assert simulated.miss <= MISSES
        assert simulated.wrong <= MISSES
    assert null_winners(whole, judgments, queries, highest, SEEDS) <= MISSES


def test_permuting_documents_of_equal_grade_changes_no_gain() -> None:
    ranking, grades = ["a", "b", "c", "d"], {"a": 2, "c": 2, "d": 1}
    others = {tuple(permuted(ranking, grades, seed)) for seed in range(20)}
    assert others == {("a", "b", "c", "d"), ("c", "b", "a", "d")}
