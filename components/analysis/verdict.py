"""What each reranker did to one query's ranking, in a sentence each, and how far that holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from components.analysis.agreement import order
from components.analysis.quality import DEPTH, NO_CHANGE, harms, quality
from components.analysis.unjudged import unsettled
from components.domain import Comparison, Ranking
from components.measures import DEFAULT, cutoff_of
from components.wording import count, listed, shortened

MUCH = 0.2
"""A difference of a measure, of one query, that is called much."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence for each reranker, and one of caution.

    The best comes first, then those that lowered the measure, the worst first, then the others.
    """

    lines: tuple[str, ...]
    caution: str


def verdict(
    comparison: Comparison,
    grades: Mapping[str, int],
    name: str = DEFAULT,
    names: Mapping[str, str] = MappingProxyType({}),
    highest: int | None = None,
) -> Verdict | None:
    """Say what each reranker that ranked did to the first stage's order, by a measure.

    `highest` is the highest grade that a document can have, by default that of these `grades`.
    `names` are the rerankers' names by key, where they have others. The order in which they were
    chosen plays no part.
    """
    if not comparison.rankings or not comparison.first_stage.hits:
        return None
    k = cutoff_of(name) or DEPTH
    named = sorted((names.get(r.system, r.system), r) for r in comparison.rankings if r.hits)
    before = quality(comparison.first_stage, grades, name)
    if before is None:
        caution = (
            "No judgments for this query: the lab shows what moved, not whether it got better."
        )
        return Verdict(tuple(f"{one} {_describe_top(r, k)}" for one, r in named), caution)
    after = {one: quality(ranking, grades, name) or 0.0 for one, ranking in named}
    best, *others = sorted(after, key=lambda one: -after[one])
    fallen = [one for one in reversed(others) if after[one] <= before - NO_CHANGE]
    in_order = dict.fromkeys((best, *fallen, *others))
    lines = [f"{one}: {_describe_change(before, after[one], name)}" for one in in_order]
    if len(named) == 1:
        lines[0] += f" It {_describe_top(named[0][1], k)}"
    return Verdict(tuple(lines), _caution(comparison, grades, name, dict(named), highest))


def _describe_change(before: float, after: float, name: str) -> str:
    """Say how one query's measure changed; of one query that is neither better nor worse."""
    change = after - before
    if abs(change) < NO_CHANGE:
        return f"{name} {after:.2f} on this query, as before."
    word = f"{'much ' if abs(change) >= MUCH else ''}{'higher' if change > 0 else 'lower'}"
    return f"{word} on this query, {name} {after:.2f}, was {before:.2f}."


def _describe_top(ranking: Ranking, k: int) -> str:
    """Say which document a reranker puts first, and where the first stage had it."""
    hit = ranking.hits[0]
    title = f"“{shortened(hit.document.title or hit.document.text, 81)}”"
    if hit.first_stage_rank == 1:
        return f"keeps the first stage's first document, {title}."
    if not hit.first_stage_rank:
        return f"puts {title} first; the first stage did not find it."
    where = ", below the cut-off" if hit.first_stage_rank > k else ""
    return f"puts {title} first; the first stage had it at {hit.first_stage_rank}{where}."


def _caution(
    comparison: Comparison,
    grades: Mapping[str, int],
    name: str,
    named: Mapping[str, Ranking],
    highest: int | None,
) -> str:
    """Say what fell, and whether documents that nobody judged could turn a change over."""
    parts, k = ["One query is an anecdote, not evidence."], cutoff_of(name) or DEPTH
    for system, ranking in named.items():
        fallen = len(harms(ranking, grades, k))
        if fallen:
            parts.append(f"{system} moved {count(fallen, 'relevant document')} down.")
    before, said = order(comparison.first_stage), defaultdict[str, list[str]](list)
    for system, ranking in named.items():
        said[unsettled(before, order(ranking), grades, name, highest).sentence].append(system)
    parts += [f"{listed(names)}: {s[0].lower()}{s[1:]}" for s, names in said.items() if s]
    return " ".join(parts)
