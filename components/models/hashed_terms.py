"""BM25's sparse vectors as fastembed's `Qdrant/bm25` and Qdrant's own inference make them.

A term's number is a hash of its stem, so that no vocabulary is needed. Stop words are in no
document's vector; in a query's they find nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

import mmh3
from py_rust_stemmers import SnowballStemmer

from components.models.bm25 import SparseVector

LONGEST = 40
"""Characters of a word; longer ones are left out."""
_WORD = re.compile(r"\w+")


@lru_cache(maxsize=100_000)
def _number(word: str) -> int:
    """Return the number of a word's stem."""
    # Its Snowball is older than PyStemmer's, and some stems differ.
    return abs(mmh3.hash(SnowballStemmer("english").stem_word(word)))


def numbers(text: str) -> list[int]:
    """Return the numbers of a text's terms, one for each word, stop words among them."""
    return [_number(word) for word in _WORD.findall(text.lower()) if len(word) <= LONGEST]


def query_vector(query: str) -> SparseVector:
    """Return a query's vector: each term once, with the weight 1."""
    terms = sorted(set(numbers(query)))
    return SparseVector(tuple(terms), (1.0,) * len(terms))
