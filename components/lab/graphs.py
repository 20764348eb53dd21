"""By which vectors the graph of a large collection is measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from components.domain import Corpus, Matrix
from components.encoders import EncoderEntry
from components.lab.vectors import Load, VectorShelf
from components.models.gate import GATE

GRAPH_QUERIES = 100
"""Queries at most by which a graph is measured: the corpus's own, else words of documents."""


def graph_queries(
    corpus: Corpus, entry: EncoderEntry, load: Load, shelf: VectorShelf, check: Callable[[], None]
) -> Matrix:
    """Return vectors of queries, shape (queries, dimension); none is sent for over the network.

    Where the encoder is behind one, every so many documents stand for queries.
    """
    if not entry.spec.local:
        rows = shelf.dense(corpus, entry, load)
        return np.array(rows[:: max(1, len(rows) // GRAPH_QUERIES)][:GRAPH_QUERIES])
    encoder = load()
    texts = [query.text for query in corpus.queries if len(query.text) < 500]
    if not texts:
        step = max(1, len(corpus.documents) // GRAPH_QUERIES)
        texts = [" ".join(d.passage.split()[:10]) for d in corpus.documents[::step]]
    vectors = []
    for text in texts[:GRAPH_QUERIES]:
        with GATE.hold(check=check):
            vectors.append(encoder.encode_query(text))
    return np.array(vectors)
