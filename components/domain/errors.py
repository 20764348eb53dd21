"""The tree of errors: a reason and a remedy, both plain sentences.

LabError                a reason and a remedy
 ├─ InputError          the user's mistake: a query, an option, a key that does not exist
 │   └─ CorpusError     a file that cannot be read as a corpus; names file and line
 ├─ UnavailableError    a model that cannot run here: missing, damaged, no hub, no key
 ├─ StoreError          Qdrant is down, slow, refuses the key or answers nonsense
 ├─ RerankError         a reranker failed while scoring, or a provider refused
 └─ Cancelled           the work was stopped, or a newer search took its place
"""

from __future__ import annotations


class LabError(Exception):
    """Anything the lab can explain: what happened, and what to do about it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        """Return reason and remedy as one line."""
        return f"{self.reason} {self.remedy}".strip()


class InputError(LabError):
    """The user asked for something that cannot be done as asked."""


class CorpusError(InputError):
    """A corpus file is not what it should be."""


class UnavailableError(LabError):
    """A model cannot run here."""


class StoreError(LabError):
    """The vector store did not do what was asked."""


class RerankError(LabError):
    """A reranker failed while scoring."""


class BudgetError(LabError):
    """A call that costs money was not sent, because the budget for it is spent."""


class Cancelled(LabError):  # noqa: N818  (it is not an error)
    """The work was stopped on purpose."""

    def __init__(self, reason: str = "Stopped.", remedy: str = "") -> None:
        super().__init__(reason, remedy)
