"""Collections that exist already: somebody else made and keeps them, and the lab only reads."""

from components.retrieval.existing.checks import Check
from components.retrieval.existing.documents import ExistingDocuments
from components.retrieval.existing.fields import clauses
from components.retrieval.existing.opening import Opened, changes, open_existing
from components.retrieval.existing.searching import search, stages_of

__all__ = [
    "Check",
    "ExistingDocuments",
    "Opened",
    "changes",
    "clauses",
    "open_existing",
    "search",
    "stages_of",
]
