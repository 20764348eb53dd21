"""One lab: settings, a vector store, and the corpora indexed in it."""

from components.lab.lab import MEASUREMENTS, Lab, Measured
from components.lab.settings import read_settings
from components.lab.spending import amount_of, costs
from components.lab.work import PAID_PATIENCE_S, BackgroundTask, Step, StepReport, Worker, no_report

__all__ = [
    "MEASUREMENTS",
    "PAID_PATIENCE_S",
    "BackgroundTask",
    "Lab",
    "Measured",
    "Step",
    "StepReport",
    "Worker",
    "amount_of",
    "costs",
    "no_report",
    "read_settings",
]
