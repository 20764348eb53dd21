"""What kept evaluations of a corpus say of rerankers: the figures that count when choosing one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from components.advice.costs import Measured, measured
from components.evaluation.saved import EvaluationSummary, SavedEvaluation
from components.evaluation.significance import Difference, Mean, differences, means
from components.measures import DEFAULT, Metrics

MOST = 3
"""Evaluations that are read: an old one of few queries adds little."""


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """What one evaluation says of one of its rerankers.

    `gain` is the difference from the first stage; of the best one `alike` are the systems from
    which the evaluation cannot tell it apart. `measured` is its time and cost for so many
    `candidates`.
    """

    measure: str
    mean: Mean
    gain: Difference
    alike: tuple[str, ...]
    first_stage: str
    candidates: int
    made: datetime
    measured: Measured

    @property
    def harms(self) -> bool:
        """Return whether the first stage alone is clearly better."""
        return self.gain.distinguishable and self.gain.mean < 0


def telling_evaluations(
    summaries: Sequence[EvaluationSummary], fingerprint: str, systems: Collection[str]
) -> list[EvaluationSummary]:
    """Return the evaluations of a corpus to read, those of most queries first, then the newest.

    Each adds at least one of the systems; one query is no evidence, and what was measured under a
    filter is not of the corpus.
    """
    of_corpus = [
        s for s in summaries if s.fingerprint == fingerprint and s.queries > 1 and not s.filter
    ]
    wanted = set(systems)
    telling: list[EvaluationSummary] = []
    for summary in sorted(of_corpus, key=lambda s: (-s.queries, -s.made.timestamp())):
        evaluated = {s for s, m in summary.means.items() if m} & wanted
        if evaluated and len(telling) < MOST:
            telling.append(summary)
            wanted -= evaluated
    return telling


def own_figures(
    evaluations: Sequence[SavedEvaluation], measure: str = DEFAULT
) -> dict[str, OwnFigures]:
    """Return the figures of rerankers by key, each of the first evaluation that has it.

    Evaluation by evaluation, the best mean first: means of different evaluations are of different
    queries or candidates, and are not compared.
    """
    figures: dict[str, OwnFigures] = {}
    for saved in evaluations:
        plan = saved.plan
        metrics = saved.evaluation.metrics(plan.judgments, (measure,))
        ranked = {system: m for system, m in metrics.items() if m.per_query}
        if plan.first_stage in ranked and len(saved.evaluation.complete) > 1:
            figures |= {
                system: own
                for system, own in _of(saved, ranked, measure).items()
                if system not in figures
            }
    return figures


def _of(
    saved: SavedEvaluation,
    ranked: Mapping[str, Metrics],
    measure: str,
) -> dict[str, OwnFigures]:
    plan = saved.plan
    by_system = {s: values[measure] for s, values in means(ranked, (measure,)).items()}
    rerankers = sorted(
        (s for s in by_system if s != plan.first_stage), key=lambda s: -by_system[s].value
    )
    gains = {d.system: d for d in differences(ranked, plan.first_stage, measure)}
    best = differences(ranked, rerankers[0], measure) if rerankers else ()
    alike = tuple(d.system for d in best if not d.distinguishable)
    times = measured(plan, saved.evaluation)
    return {
        s: OwnFigures(
            measure,
            by_system[s],
            gains[s],
            alike if s == rerankers[0] else (),
            plan.first_stage,
            plan.depth,
            saved.made,
            times[s],
        )
        for s in rerankers
    }
