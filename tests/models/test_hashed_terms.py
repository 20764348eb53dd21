"""BM25's query vectors are those that fastembed 0.9.1 computed, but for its stop words."""

from __future__ import annotations

import pytest

from components.models.hashed_terms import LONGEST, numbers, query_vector

FASTEMBED = {
    "Red foxes jumped, didn't they?": (
        347068675,
        897065139,
        1621867415,
        1913189942,
        1979800029,
        2138999571,
    ),
    "Straße ÄÖ über_x 3.5 ﬁsh": (
        264741300,
        1065100303,
        1394226660,
        1825177928,
        1974227151,
        2095602437,
    ),
    "geologists adding lateral pastes": (1200518484, 1271291307, 1328124297, 1800420698),
}


@pytest.mark.parametrize("query", FASTEMBED)
def test_a_query_becomes_the_vector_that_fastembed_makes(query: str) -> None:
    vector = query_vector(query)
    assert vector.indices == FASTEMBED[query]
    assert set(vector.values) == {1.0}


def test_each_word_counts_in_a_document_and_once_in_a_query() -> None:
    assert len(numbers("red fox red")) == 3
    assert len(query_vector("red fox red").indices) == 2
    assert query_vector(" .,; ").indices == ()


def test_words_that_are_too_long_are_left_out() -> None:
    assert len(numbers("a" * LONGEST)) == 1
    assert numbers("a" * (LONGEST + 1)) == []
