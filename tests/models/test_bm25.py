"""BM25's statistics, counted in one pass, against the plain way to count them; and vectors."""

from __future__ import annotations

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.domain import Corpus
from components.models.bm25 import Bm25, remember, statistics
from components.models.terms import PIECE, TermCounts, terms
from tests.support.hash_encoder import corpus_of

TEXTS = st.lists(
    st.text(st.sampled_from("aAbe sİßﬁ٣\n.’ run running runs the of"), max_size=30)
    | st.lists(st.sampled_from("the run runs running Apple of no".split())).map(" ".join)
    | st.text(max_size=8),
    max_size=8,
)


@hypothesis_settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_one_pass_counts_what_counting_each_text_counts(texts: list[str]) -> None:
    each = [Counter(terms(text)) for text in texts]
    documents = Counter(term for count in each for term in count)
    counts = TermCounts(keep=True)
    counts.add(texts)
    counted = counts.statistics()
    assert counted.terms == sorted(documents)
    assert counted.document_counts.tolist() == [documents[term] for term in counted.terms]
    assert counted.documents == len(texts)
    assert counted.mean_length == (sum(map(Counter.total, each)) / max(len(texts), 1) or 1.0)
    (piece,) = list(counts.take(counted)) or [None]
    assert (piece is None) == (not texts)
    if piece:
        assert piece.lengths.tolist() == [count.total() for count in each]
        rows = [sorted((counted.terms.index(t), n) for t, n in count.items()) for count in each]
        assert piece.distinct.tolist() == [len(row) for row in rows]
        assert list(zip(piece.numbers, piece.frequencies, strict=True)) == [*chain(*rows)]


def test_pieces_are_counted_as_one() -> None:
    texts = [f"word{i % 7} apple" for i in range(2 * PIECE + 3)]
    counts = TermCounts(keep=True)
    for start in range(0, len(texts), 900):
        counts.add(iter(texts[start : start + 900]))
    counted = counts.statistics()
    assert list(counted.terms) == ["appl", *(f"word{i}" for i in range(7))]
    assert counted.document_counts.tolist() == [2003, 287, 286, 286, 286, 286, 286, 286]
    assert sum(len(piece.lengths) for piece in counts.take(counted)) == 2003
    assert list(counts.take(counted)) == []


def test_a_querys_vector_times_a_documents_is_the_score() -> None:
    """3 documents; apple is in 2 of them, so its IDF is log(1 + 1.5 / 2.5)."""
    bm25 = Bm25(["apple apple fig", "apple", "banana"])
    query = bm25.query_vector("the apples, apple and banana zebra")
    assert query.indices == (0, 1)
    assert query.values == pytest.approx((2 * math.log(1.6), math.log(1 + 2.5 / 1.5)))
    # The mean length is 5 / 3: norm = 1.2 * (0.25 + 0.75 * 3 / (5 / 3)) = 1.92
    document = bm25.document_vector("apple apple fig")
    assert document.values == pytest.approx((2 * 2.2 / 3.92, 2.2 / 2.92))
    score = query.values[0] * document.values[0]
    assert sum(bm25.contributions("apples apple", "apple apple fig").values()) == pytest.approx(
        score
    )


# ---------------------------------------------------------------- remembered


def test_statistics_are_those_that_are_remembered() -> None:
    corpus = corpus_of("remembered", fingerprint="1" * 64)
    bm25 = Bm25(["else"])
    remember(corpus, bm25)
    assert statistics(corpus) is bm25
    judged = Corpus("other", corpus.documents, fingerprint="1" * 64, judgments={"q": {"0": 1}})
    assert statistics(judged) is bm25  # judgments count no words


def test_statistics_are_computed_once_by_many_threads() -> None:
    corpus = corpus_of(*(f"word{i}" for i in range(300)), fingerprint="2" * 64)
    with ThreadPoolExecutor(8) as pool:
        computed = list(pool.map(statistics, [corpus] * 8))
    assert all(bm25 is computed[0] for bm25 in computed)
    assert (computed[0].documents, computed[0].mean_length) == (300, 2.0)


def test_corpora_without_a_fingerprint_are_told_apart_by_their_documents() -> None:
    one, other = corpus_of("one", fingerprint=""), corpus_of("two", fingerprint="")
    assert "one" in statistics(one).vocabulary
    assert "two" in statistics(other).vocabulary
    np.testing.assert_equal(statistics(one).idf("two"), 0.0)
