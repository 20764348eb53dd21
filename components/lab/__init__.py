"""One lab: settings, a vector store, and the corpora indexed in it."""

from components.lab.lab import (
    CORPORA_IN_MEMORY,
    LATE_LIMIT,
    MEASUREMENTS,
    TOKEN_SCHEMA,
    Lab,
    Measured,
    StoredTokens,
)
from components.lab.settings import read_settings
from components.lab.spending import amount_of, costs
from components.lab.work import PAID_PATIENCE_S, BackgroundTask, Step, StepReport, Worker, no_report

__all__ = [
    "CORPORA_IN_MEMORY",
    "LATE_LIMIT",
    "MEASUREMENTS",
    "PAID_PATIENCE_S",
    "TOKEN_SCHEMA",
    "BackgroundTask",
    "Lab",
    "Measured",
    "Step",
    "StepReport",
    "StoredTokens",
    "Worker",
    "amount_of",
    "costs",
    "no_report",
    "read_settings",
]
