"""Two evaluations compared: what changed from the earlier one to the later."""

from __future__ import annotations

from dataclasses import dataclass

from components.evaluation.saved import SavedEvaluation
from components.evaluation.significance import Difference, difference, holm


@dataclass(frozen=True, slots=True)
class ChangeOverTime:
    """A system's mean in two evaluations, over the queries of both, and their difference."""

    system: str
    before: float
    after: float
    difference: Difference


def changes(old: SavedEvaluation, new: SavedEvaluation, name: str) -> tuple[ChangeOverTime, ...]:
    """Return each shared system's change of a measure, paired over the queries of both.

    The p-values are Holm's. Systems without a query in common are left out.
    """
    before, after = (
        saved.evaluation.metrics(saved.plan.judgments, (name,)) for saved in (old, new)
    )
    differences: list[Difference] = []
    means: list[tuple[float, float]] = []
    for system in (s for s in new.plan.systems if s in before and s in after):
        then, now = before[system].per_query, after[system].per_query
        shared = [query for query in now if query in then]
        if shared:
            values = [then[q][name] for q in shared], [now[q][name] for q in shared]
            differences.append(difference(system, name, *values))
            means.append((sum(values[0]) / len(shared), sum(values[1]) / len(shared)))
    return tuple(
        ChangeOverTime(d.system, then, now, d)
        for (then, now), d in zip(means, holm(differences), strict=True)
    )


def unlike(old: SavedEvaluation, new: SavedEvaluation) -> list[str]:
    """Say what else than the systems differs between two evaluations, one sentence each."""
    lines = []
    if old.plan.fingerprint != new.plan.fingerprint:
        lines.append("The corpora differ: nothing below is a like-for-like comparison.")
    if old.plan.judgments != new.plan.judgments:
        lines.append("The judged queries or their judgments differ; shared queries are compared.")
    then, now = old.plan.pipelines.initial_k, new.plan.pipelines.initial_k
    if then != now:
        lines.append(f"{then:,} candidates then, {now:,} now.")
    changed = [s for s in new.models if s in old.models and old.models[s] != new.models[s]]
    return [*lines, *(f"{s} was {old.models[s]}, and is {new.models[s]}." for s in changed)]
