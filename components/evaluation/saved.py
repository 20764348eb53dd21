"""Saved evaluations as records: one with all that it takes to show it, and its line in a list."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from components.config import Settings
from components.domain import NO_FILTER, Filter
from components.evaluation.planning import CANDIDATES, Plan
from components.evaluation.rules import Rules
from components.evaluation.running import Evaluation
from components.lab import catalog
from components.wording import count


@dataclass(frozen=True, slots=True)
class SavedEvaluation:
    """One evaluation with all that it takes to show it again; `models` by system.

    `origin` says of one that was not made in this lab where it comes from.
    """

    id: str
    made: datetime
    plan: Plan
    evaluation: Evaluation
    models: Mapping[str, str]
    origin: str = ""

    @property
    def title(self) -> str:
        """Return what a list of evaluations shows."""
        plan, n = self.plan, len(self.evaluation.complete)
        return _title(self.made, plan.corpus, plan.pipelines.filter, n, plan.systems)


@dataclass(frozen=True, slots=True)
class EvaluationSummary:
    """What a list of saved evaluations shows of one: no rankings."""

    id: str
    made: datetime
    corpus: str
    fingerprint: str
    queries: int
    subset: str
    split: str
    systems: tuple[str, ...]
    initial_k: int
    means: Mapping[str, Mapping[str, float]]
    rules: Rules = field(default=Rules())
    filter: Filter = NO_FILTER

    @property
    def title(self) -> str:
        """Return what a list of evaluations shows."""
        return _title(self.made, self.corpus, self.filter, self.queries, self.systems)


def _title(made: datetime, corpus: str, filter: Filter, n: int, systems: Collection[str]) -> str:
    name = f"{corpus} ({filter})" if filter else corpus
    return f"{made:%d %b %Y %H:%M} UTC · {name} · {count(n, 'query')} · {', '.join(systems)}"


def saved_evaluation(
    plan: Plan, evaluation: Evaluation, settings: Settings, id: str = ""
) -> SavedEvaluation:
    """Return an evaluation as it is saved now; with an `id`, it takes that one's place."""
    models = models_of(plan, settings)
    return SavedEvaluation(id or uuid.uuid4().hex, datetime.now(UTC), plan, evaluation, models)


def models_of(plan: Plan, settings: Settings) -> dict[str, str]:
    """Return each system's model and revision."""
    specs = {key: catalog.reranker_spec(key, settings) for key in plan.pipelines.rerankers}
    if plan.first_stage != CANDIDATES:
        specs = {plan.first_stage: catalog.first_stage(plan.first_stage, settings).spec} | specs
    named = {
        key: " ".join(p for p in (s.model or s.label, s.revision) if p) for key, s in specs.items()
    }
    return {CANDIDATES: "candidates from a file"} | named if CANDIDATES in plan.systems else named
