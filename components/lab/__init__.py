"""One lab: settings, a vector store, and the corpora indexed in it."""

from components.lab.lab import (
    CORPORA_IN_MEMORY,
    LATE_LIMIT,
    TOKEN_SPACE,
    Lab,
    Measured,
    Report,
    no_report,
    space_of,
)

__all__ = [
    "CORPORA_IN_MEMORY",
    "LATE_LIMIT",
    "TOKEN_SPACE",
    "Lab",
    "Measured",
    "Report",
    "no_report",
    "space_of",
]
