"""Frozen records, protocols and the tree of errors. Imports nothing of ours."""

from components.domain.corpus import Corpus, Document, Judgments, Query
from components.domain.errors import (
    Cancelled,
    CorpusError,
    InputError,
    LabError,
    RerankError,
    StoreError,
    UnavailableError,
)
from components.domain.models import (
    Encoder,
    Limits,
    Matrix,
    Progress,
    Reranker,
    Spec,
    Vector,
    no_progress,
)
from components.domain.rankings import (
    Billed,
    Comparison,
    Failure,
    Hit,
    Ranking,
    Recorded,
    Scores,
    Timing,
    Usage,
)

__all__ = [
    "Billed",
    "Cancelled",
    "Comparison",
    "Corpus",
    "CorpusError",
    "Document",
    "Encoder",
    "Failure",
    "Hit",
    "InputError",
    "Judgments",
    "LabError",
    "Limits",
    "Matrix",
    "Progress",
    "Query",
    "Ranking",
    "Recorded",
    "RerankError",
    "Reranker",
    "Scores",
    "Spec",
    "StoreError",
    "Timing",
    "UnavailableError",
    "Usage",
    "Vector",
    "no_progress",
]
