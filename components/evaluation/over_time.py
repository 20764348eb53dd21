"""Two evaluations compared: what changed from the earlier one to the later."""

from __future__ import annotations

from dataclasses import dataclass

from components.evaluation.rules import differing_rules
from components.evaluation.saved import SavedEvaluation
from components.evaluation.significance import Difference, paired
from components.wording import count


@dataclass(frozen=True, slots=True)
class ChangeOverTime:
    """A system's mean in two evaluations, over the queries of both, and their difference."""

    system: str
    before: float
    after: float
    difference: Difference


def changes(old: SavedEvaluation, new: SavedEvaluation, name: str) -> tuple[ChangeOverTime, ...]:
    """Return each shared system's change of a measure, paired over the queries of both.

    All systems are tested at once, over the queries that each of them ranked in both evaluations.
    """
    before, after = (
        saved.evaluation.metrics(saved.plan.judgments, (name,)) for saved in (old, new)
    )
    systems = [s for s in new.plan.systems if s in before and s in after]
    ranked = [s for s in systems if before[s].per_query and after[s].per_query]
    pairs = {
        system: [
            (before[system].per_query[q][name], values[name])
            for q, values in after[system].per_query.items()
            if q in before[system].per_query
        ]
        for system in ranked  # of one evaluation, all of these have the same queries
    }
    return tuple(ChangeOverTime(d.system, d.before, d.after, d) for d in paired(name, pairs) if d.n)


def unlike(old: SavedEvaluation, new: SavedEvaluation) -> list[str]:
    """Say what else than the systems differs between two evaluations, one sentence each."""
    lines = []
    if old.plan.fingerprint != new.plan.fingerprint:
        lines.append("The corpora differ: nothing below is a like-for-like comparison.")
    before, after = old.plan.pipelines.filter, new.plan.pipelines.filter
    if before != after:
        lines.append(
            f"The filters differ: {before or 'none'} then, {after or 'none'} now. Other documents "
            "were searched and judged: nothing below is a like-for-like comparison."
        )
    elif old.plan.metadata != new.plan.metadata:
        lines.append("The metadata differ, and so may the documents that meet the filter.")
    rules = differing_rules(old.plan.rules, new.plan.rules)
    if rules:
        lines.append(f"{rules} Their figures are not those of one benchmark.")
    if old.plan.judgments != new.plan.judgments:
        lines.append("The judged queries or their judgments differ; shared queries are compared.")
    then, now = old.plan.pipelines.initial_k, new.plan.pipelines.initial_k
    if then != now:
        lines.append(f"{count(then, 'candidate')} then, {now:,} now.")
    changed = [s for s in new.models if s in old.models and old.models[s] != new.models[s]]
    return [*lines, *(f"{s} was {old.models[s]}, and is {new.models[s]}." for s in changed)]
