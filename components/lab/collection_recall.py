"""What a collection's own dense search finds, compared with exact search."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from components.domain import Corpus, Encoder
from components.lab.work import StepReport
from components.models.gate import GATE
from components.retrieval.candidates import SLACK
from components.retrieval.engine import recall
from components.retrieval.engine.reader import Reader
from components.retrieval.schema import VectorQuery
from components.wording import count

RECALL_QUERIES: Final = 100
LONGEST_QUERY: Final = 500
"""Queries by which a graph is measured at most, and their characters."""


def measured_recall(corpus: Corpus, reader: Reader, encoder: Encoder, report: StepReport) -> str:
    """Return in words how much of what exact search finds a collection's own search finds.

    The corpus's own queries are asked, RECALL_QUERIES at most, or words of sampled documents where
    it has none; each of them twice, the second time exactly.
    """
    texts = [query.text for query in corpus.queries if len(query.text) < LONGEST_QUERY]
    own = bool(texts)
    texts = texts or [" ".join(d.passage.split()[:10]) for d in corpus.sample(RECALL_QUERIES)]
    texts, shares = texts[:RECALL_QUERIES], []
    for done, text in enumerate(texts):
        report("recall", done, len(texts))
        with GATE.hold(check=partial(report, "recall", done, len(texts))):
            row = encoder.encode_query(text)
        query, limit = [VectorQuery(reader.settings.vector, row)], [recall.DEPTH]
        [nearest] = reader.search(query, limit, payload=False)
        [exact] = reader.search(query, limit, exact=True, payload=False)
        last = min((point.score for point in exact), default=0.0)
        near = sum(point.score >= last - SLACK for point in nearest)  # a tie is none the worse
        shares.append(min(1.0, near / max(len(exact), 1)))
    whose = "query" if own else "query made of a document's words"
    return (
        f"recall@{recall.DEPTH} {np.mean(shares):.4f} against exact search on "
        f"{count(len(shares), whose, whose.replace('query', 'queries'))}"
    )
