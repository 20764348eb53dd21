"""The measures that ir_measures computes."""

from __future__ import annotations

from components.measures.records import Measure

MEASURES = (
    Measure(
        "nDCG",
        "the gain of the first k documents, discounted by rank, as a share of the best possible",
    ),
    Measure("RR", "one divided by the rank of the first relevant document, 0 beyond k"),
    Measure("P", "the share of relevant documents among the first k"),
    Measure("R", "the share of all relevant documents that stand among the first k", 100),
    Measure("AP", "the mean of the precision at the rank of every relevant document", None),
    Measure("Judged", "the share of the first k documents that are judged", quality=False),
)
