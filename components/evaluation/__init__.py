"""Many judged queries through any number of systems: a plan, its run, and the measures."""

from components.evaluation.planning import CANDIDATES, Plan, Subset, plan
from components.evaluation.rules import Marginal, Rules
from components.evaluation.running import Evaluation, Ranked, evaluate, evaluate_corpus, ranked
from components.measures import (
    Metrics,
    Run,
    check_measure,
    measure,
    measures_at,
    run_scores,
    usual_measures,
)

__all__ = [
    "CANDIDATES",
    "Evaluation",
    "Marginal",
    "Metrics",
    "Plan",
    "Ranked",
    "Rules",
    "Run",
    "Subset",
    "check_measure",
    "evaluate",
    "evaluate_corpus",
    "measure",
    "measures_at",
    "plan",
    "ranked",
    "run_scores",
    "usual_measures",
]
