"""An evaluation as it is looked at: by which measure, against whom, and what that shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.charts.palette import DARK, LIGHT, SystemStyle, evaluated_styles
from components.config import Settings
from components.domain import Corpus
from components.evaluation import Plan
from components.evaluation import summary as evidence
from components.evaluation.significance import Difference, differences, sentence
from components.evaluation.store import Snapshot
from components.lab.catalog import reranker_specs
from components.measures import MEASURES, Metrics

DIFFERENCES = (
    "paired by query. The interval is of the mean difference (bootstrap), p of a paired "
    "randomisation test, then corrected for the number of systems (Holm); the effect size is the "
    "mean in standard deviations; the last column counts the further queries that would show half "
    "the difference four times out of five."
)


@dataclass(frozen=True, slots=True)
class Dossier:
    """An evaluation with the view that is taken of it.

    `corpus` gives titles to documents; without it they are shown by their ids.
    """

    snapshot: Snapshot
    metrics: Mapping[str, Metrics]
    settings: Settings
    corpus: Corpus | None = None
    baseline: str = ""
    measure: str = MEASURES[0]
    dark: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the measures, the chosen one first."""
        known = next((list(m.mean) for m in self.metrics.values() if m.mean), list(MEASURES))
        return (self.measure, *(name for name in known if name != self.measure))

    @property
    def base(self) -> str:
        """Return the baseline: the first stage unless another was chosen."""
        return self.baseline or self.snapshot.plan.first_stage

    @property
    def styles(self) -> dict[str, SystemStyle]:
        """Return the systems' letters and colours."""
        return evaluated_styles(
            self.snapshot.plan.systems, self.settings, DARK if self.dark else LIGHT
        )

    @property
    def listwise(self) -> frozenset[str]:
        """Return the systems whose scores depend on the other candidates."""
        specs = reranker_specs(self.settings)
        return frozenset(s for s in self.snapshot.plan.systems if s in specs and specs[s].listwise)

    @property
    def ranked(self) -> dict[str, Metrics]:
        """Return the metrics of the systems that ranked anything."""
        return {s: m for s, m in self.metrics.items() if m.per_query}


def with_rerankers(chosen: Plan, rerankers: Sequence[str]) -> Plan:
    """Return the same plan for other rerankers."""
    return replace(chosen, request=replace(chosen.request, rerankers=tuple(rerankers)))


def verdicts(view: Dossier, known: Sequence[Difference] | None = None) -> list[str]:
    """Return one sentence a system: whether it differs from the baseline, and how sure.

    Differences that are `known` already are not computed again.
    """
    if not view.ranked:
        return ["No query was ranked by every system: there is nothing to compare."]
    if view.base not in view.ranked:
        return [f"{view.base} ranked no query: there is nothing to compare with."]
    found = [sentence(d, view.base) for d in (changed(view) if known is None else known)]
    return found or [f"{view.base} was evaluated alone: choose a second system to compare it with."]


def changed(view: Dossier) -> tuple[Difference, ...]:
    """Return how every system differs from the baseline; empty where there is none to compare."""
    return differences(view.ranked, view.base, view.measure) if view.base in view.ranked else ()


def hosted_systems(styles: Mapping[str, SystemStyle]) -> tuple[str, ...]:
    """Return the systems that a provider bills for: remote ones, save servers of one's own."""
    return tuple(
        s for s, style in styles.items() if style.remote and not s.startswith("compatible:")
    )


def reused_words(times: Sequence[evidence.StageTime]) -> str:
    """Say which times are of an earlier run; empty where none is."""
    old = {t.system: t for t in times if t.reused}
    words = ", ".join(f"{s} on {t.reused:,} of {t.n:,} queries" for s, t in old.items())
    return f"Times of scores kept from an earlier run are of that run: {words}." if old else ""
