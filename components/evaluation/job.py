"""An evaluation at work in a thread of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from components.domain import Corpus, LabError
from components.evaluation import Evaluation, Plan, evaluate
from components.evaluation.store import Snapshot, SnapshotStore, snapshot
from components.lab import Lab
from components.lab.work import Stage, Worker
from components.measures import Metrics

MEASURED_AT_ONCE = 200
"""Queries after which an evaluation at work measures what it has."""


_AT_WORK: list[Evaluating] = []


def at_work(fingerprints: Collection[str]) -> tuple[Evaluating, ...]:
    """Return the evaluations of these corpora that this process works on, whoever began them.

    A window that is closed or reloaded loses sight of its evaluation; the work goes on.
    """
    return tuple(e for e in list(_AT_WORK) if e.chosen.fingerprint in fingerprints)


class Evaluating(Worker):
    """One evaluation at work; when it ends, with what it has, it is measured and kept."""

    def __init__(
        self, lab: Lab, corpus: Corpus, chosen: Plan, before: Snapshot | None = None
    ) -> None:
        super().__init__("evaluation")
        self.lab, self.corpus, self.chosen = lab, corpus, chosen
        self.found = before.evaluation if before else Evaluation(chosen.systems)
        self.step = Stage()
        self.snapshot: Snapshot | None = None
        self.metrics: Mapping[str, Metrics] = {}
        self.not_kept: LabError | None = None
        self._id = before.id if before else ""
        self._next = MEASURED_AT_ONCE

    @property
    def shown(self) -> bool:
        """Return whether there is a result to show; keeping it may still go on."""
        return self.snapshot is not None or self.finished

    def seconds_left(self, system: str) -> float | None:
        """Return about how long a system still needs; None before it has ended a query."""
        ended = list(self.found.rankings.get(system, {}).values())
        if not ended:
            return None
        first = system == self.chosen.first_stage
        spent = [
            0.0
            if r.usage.reused == r.usage.pairs > 0
            else r.timing.total_ms
            if first
            else r.timing.rerank_ms
            for r in ended
        ]
        return sum(spent) / 1000 / len(ended) * (len(self.chosen.queries) - len(ended))

    def _report(self, system: str, done: int, total: int) -> None:
        self.check()
        self.step = Stage(system, done, total)
        if done >= self._next:  # measured on the way, so that nobody waits for it at the end
            self._next = done + MEASURED_AT_ONCE
            self.metrics = self.found.metrics(self.chosen.judgments, known=self.metrics)

    def _work(self) -> None:
        _AT_WORK.append(self)
        try:
            evaluate(self.lab, self.corpus, self.chosen, self._report, self.found)
        finally:
            _AT_WORK.remove(self)

    def _end(self) -> None:
        self.step = Stage("stopped" if self.stopped else "failed" if self.error else "done")
        if not self.found.rankings and not self.found.failures:
            return
        one = snapshot(self.chosen, self.found, self.lab.settings, self._id)
        self.metrics = self.found.metrics(self.chosen.judgments, known=self.metrics)
        self.snapshot = one
        if self.found.complete:
            try:
                SnapshotStore(self.lab.settings.data_dir).save(one, self.metrics)
            except LabError as exc:
                self.not_kept = exc
