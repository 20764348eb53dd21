"""An evaluation at work in a thread of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from components.domain import Corpus, LabError
from components.evaluation.planning import Plan
from components.evaluation.running import Evaluation, evaluate
from components.evaluation.saved import SavedEvaluation, saved_evaluation
from components.evaluation.store import EvaluationStore
from components.lab import PAID_PATIENCE_S, Lab, catalog, costs
from components.lab.work import PROGRESS, Step, Worker
from components.measures import Metrics

GIVE_WAY_S = 0.003
"""Seconds of rest after each query: a first stage alone would hold the interpreter all the time."""
MEASURED_AT_ONCE = 200
"""Queries after which an evaluation at work measures what it has."""
_AT_WORK: list[EvaluationJob] = []


def at_work(owner: str) -> tuple[EvaluationJob, ...]:
    """Return an owner's evaluations that this process works on, in any session.

    A window that is closed or reloaded loses sight of its evaluation; the work goes on.
    """
    return tuple(job for job in list(_AT_WORK) if job.lab.visitor == owner)


def _costs(plan: Plan, lab: Lab) -> bool:
    """Return whether any of a plan's rerankers costs money."""
    specs = (catalog.reranker_spec(key, lab.settings) for key in plan.pipelines.rerankers)
    return any(costs(spec, lab.settings) for spec in specs)


class EvaluationJob(Worker):
    """One evaluation at work; when it ends, with what it has, it is measured and saved.

    One that costs money ends after a query once nothing has asked about it for PAID_PATIENCE_S.
    """

    def __init__(
        self,
        lab: Lab,
        corpus: Corpus,
        plan: Plan,
        before: SavedEvaluation | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        patience_s = PAID_PATIENCE_S if _costs(plan, lab) else math.inf
        super().__init__("evaluation", patience_s, clock)
        self.lab, self.corpus, self.plan = lab, corpus, plan
        self.evaluation = before.evaluation if before else Evaluation(plan.systems)
        self.step = Step()
        self.saved: SavedEvaluation | None = None
        self.metrics: Mapping[str, Metrics] = {}
        self.save_error: LabError | None = None
        self._id = before.id if before else ""
        self._next = MEASURED_AT_ONCE

    @property
    def has_ended(self) -> bool:
        """Return whether the last query has ended; saving the result may still go on."""
        return self.saved is not None or self.finished

    def seconds_left(self, system: str) -> float | None:
        """Return about how long a system still needs; None before it has ended a query."""
        ended = list(self.evaluation.rankings.get(system, {}).values())
        if not ended:
            return None
        first = system == self.plan.first_stage
        spent = sum(
            r.timing.total_ms if first else r.timing.rerank_ms
            for r in ended
            if not r.usage.reused == r.usage.pairs > 0
        )
        return spent / 1000 / len(ended) * (len(self.plan.queries) - len(ended))

    def _report(self, system: str, done: int, total: int) -> None:
        if done > self.step.done and self.forgotten:  # between queries: what is paid is kept
            self.stop()
        self.check()
        if done > self.step.done:
            time.sleep(GIVE_WAY_S)
        self.step = Step(system, done, total)
        self.news.tell(PROGRESS)
        if done >= self._next:  # measured on the way, so that the end does not wait for it
            self._next = done + MEASURED_AT_ONCE
            self.metrics = self.evaluation.metrics(self.plan.judgments, computed=self.metrics)

    def _work(self) -> None:
        _AT_WORK.append(self)
        try:
            evaluate(self.lab, self.corpus, self.plan, self._report, self.evaluation)
        finally:
            _AT_WORK.remove(self)

    def _end(self) -> None:
        self.step = Step("stopped" if self.stopped else "failed" if self.error else "done")
        if not self.evaluation.rankings and not self.evaluation.failures:
            return
        saved = saved_evaluation(self.plan, self.evaluation, self.lab.settings, self._id)
        self.metrics = self.evaluation.metrics(self.plan.judgments, computed=self.metrics)
        self.saved = saved
        if self.evaluation.complete:
            try:
                store = EvaluationStore(self.lab.settings.data_dir)
                store.save(saved, self.metrics, self.lab.visitor)
            except LabError as exc:
                self.save_error = exc
