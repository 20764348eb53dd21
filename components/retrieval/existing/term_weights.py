"""Whether sparse vectors are those that the configured tokenizer makes of their points' texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from components.models import hashed_terms
from components.models.bm25 import K1, B, SparseVector
from components.retrieval.engine.points import Point
from components.retrieval.engine.reader import Reader
from components.retrieval.existing.checks import Check
from components.retrieval.existing.payload import document_of
from components.wording import count

ENOUGH = 0.9
"""The share of a vector's terms that must be in its text."""
NEAR = 0.1
"""By how much a mean length may differ, as a share of it."""


def check_terms(points: Sequence[Point], reader: Reader) -> Iterator[Check]:
    """Check terms and weights of some points' sparse vectors, of title and text or text alone."""
    settings = reader.settings
    pairs = [(document_of(p, reader), p.sparse) for p in points if p.sparse and p.sparse.indices]
    if not pairs:
        yield Check("terms", "a sparse vector for each point", "none", "BM25 finds no such point.")
        return
    texts = [[d.passage for d, _ in pairs], [d.text for d, _ in pairs]]
    ways = [
        [(Counter(hashed_terms.numbers(t)), v) for t, (_, v) in zip(way, pairs, strict=True)]
        for way in texts
    ]
    shares = [
        sum(sum(i in counts for i in v.indices) / len(v.indices) for counts, v in way) / len(way)
        for way in ways
    ]
    share, counted = max(zip(shares, ways, strict=True), key=lambda pair: pair[0])
    wanted = f"those that {settings.tokenizer} makes of the texts"
    if share < ENOUGH:
        came = f"{share:.0%} of their terms are in the texts"
        remedy = "BM25 may find little: queries are cut into terms by that tokenizer."
        yield Check("terms", wanted, came, remedy)
        return
    yield Check("terms", wanted, f"{share:.0%} of their terms are in the texts")
    lengths = [length for pair in counted for length in _mean_lengths(*pair)]
    if lengths:
        mean, own = median(lengths), settings.mean_length
        far = abs(mean - own) > NEAR * own
        remedy = "It is in the documents' weights already; searches are as they are." if far else ""
        yield Check("mean length", f"{own:g}", f"about {count(round(mean), 'word')}", remedy)


def _mean_lengths(counts: Counter[int], vector: SparseVector) -> Iterator[float]:
    """Yield for each term the mean length with which its weight was made; see `bm25.saturated`."""
    length = sum(counts[i] for i in vector.indices)  # stop words are in no vector
    for i, weight in zip(vector.indices, vector.values, strict=True):
        n = counts[i]
        norm = (n * (K1 + 1) / weight - n) / K1 if weight > 0 else 0.0
        if norm > 1 - B + 1e-6:
            yield B * length / (norm - 1 + B)
