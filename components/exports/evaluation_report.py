"""An evaluation by one measure, against one baseline: what its page and its files show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.charts.palette import LIGHT, Palette, SystemStyle, evaluated_styles
from components.config import Settings
from components.domain import Corpus
from components.evaluation.cautions import cautions
from components.evaluation.counting import describe_counting
from components.evaluation.rules import describe_rules
from components.evaluation.saved import SavedEvaluation
from components.evaluation.significance import Difference, differences, sentence
from components.evaluation.summary import StageTime
from components.evaluation.unjudged import Standing, standings
from components.lab import catalog
from components.measures import DEFAULT, Metrics, usual_measures
from components.wording import count, dollars

HOW_DIFFERENCES_READ = (
    "paired by query. p and the interval of the mean difference come from one randomisation test "
    "of all systems at once, so that the interval leaves out 0 exactly where p is below 0.05: only "
    "then a difference is clear. The effect size is the mean in standard deviations; the last "
    "column is the difference that these queries would show four times out of five."
)
HOW_TAGS_READ = (
    "and the difference from the baseline; better and worse are said where it is clear, all kinds "
    "and systems tested at once. “Too few” stands where the queries could not show any difference"
)


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """An evaluation with its metrics by system, the measure that it is judged by, and a baseline.

    Without a `corpus` documents are named by their ids instead of their titles. An empty `baseline`
    is the first stage. `palette` colours the styles; files take their colours from style sheets.
    """

    saved: SavedEvaluation
    metrics: Mapping[str, Metrics]
    settings: Settings
    corpus: Corpus | None = None
    baseline: str = ""
    measure: str = DEFAULT
    palette: Palette = LIGHT

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all measures, the one that it is judged by first."""
        measured = next((list(m.mean) for m in self.metrics.values() if m.mean), usual_measures())
        return (self.measure, *(name for name in measured if name != self.measure))

    @property
    def base(self) -> str:
        """Return the key of the baseline."""
        return self.baseline or self.saved.plan.first_stage

    @property
    def styles(self) -> dict[str, SystemStyle]:
        """Return the systems' letters and colours by key."""
        return evaluated_styles(self.saved.plan.systems, self.settings, self.palette)

    @property
    def listwise(self) -> frozenset[str]:
        """Return the systems whose scores depend on the other candidates."""
        specs = catalog.reranker_specs(self.settings)
        return frozenset(s for s in self.saved.plan.systems if s in specs and specs[s].listwise)

    @property
    def hosted(self) -> frozenset[str]:
        """Return the systems that a provider charges for; servers of one's own are not hosted."""
        specs = catalog.reranker_specs(self.settings)
        bases = {s: catalog.base(s) for s in self.saved.plan.systems}
        return frozenset(s for s, key in bases.items() if key in specs and specs[key].hosted)

    @property
    def ranked(self) -> dict[str, Metrics]:
        """Return the metrics of the systems that ranked any query."""
        return {s: m for s, m in self.metrics.items() if m.per_query}

    @property
    def others(self) -> list[str]:
        """Return the systems to compare with the baseline; none where it ranked no query."""
        return [s for s in self.ranked if s != self.base] if self.base in self.ranked else []

    def differences(self) -> tuple[Difference, ...]:
        """Return how each of `others` differs from the baseline; takes a tenth of a second."""
        return differences(self.ranked, self.base, self.measure) if self.others else ()

    def standings(self, differing: Sequence[Difference]) -> tuple[Standing, ...]:
        """Return what unjudged documents could do to each difference, where that can be asked."""
        plan, evaluation = self.saved.plan, self.saved.evaluation
        return standings(plan, evaluation, self.ranked, self.base, differing)

    @property
    def rules(self) -> str:
        """Return by which rules the figures count, where that makes a difference; else nothing."""
        plan = self.saved.plan
        return describe_rules(plan.rules, plan.marginal, plan.pipelines.filter)

    def counting(self) -> tuple[str, ...]:
        """Return what the rules count and leave out, and the means that counting it would give."""
        saved = self.saved
        return describe_counting(saved.plan, saved.evaluation, self.metrics, self.measure)

    def cautions(self, k: int) -> tuple[str, ...]:
        """Return what a reader must know before believing the figures; `k` documents are read."""
        origin = (self.saved.origin,) if self.saved.origin else ()
        more = cautions(self.saved.plan, self.saved.evaluation, k)
        return (*origin, *self.counting(), *more, *self.beyond_settled(k))

    def beyond_settled(self, k: int) -> tuple[str, ...]:
        """Return which systems sort fewer ranks than the first `k`, which are measured."""
        plan, specs = self.saved.plan, catalog.reranker_specs(self.settings)
        named = {s: specs[catalog.base(s)] for s in plan.systems if catalog.base(s) in specs}
        return tuple(
            f"{system} sorts the first {count(spec.settled, 'rank')}, and those below only in "
            f"part: beyond them {self.measure} measures its first stage, too."
            for system, spec in named.items()
            if 0 < spec.settled < k and spec.settled + spec.limits.documents < plan.depth
        )

    def verdicts(
        self,
        computed: Sequence[Difference] | None = None,
        standing: Sequence[Standing] | None = None,
    ) -> list[str]:
        """Return a line a system: its difference from the baseline, how sure, how robust.

        What is `computed` already, and how it is `standing`, is not computed again.
        """
        if not self.ranked:
            return ["No query was ranked by every system: there is nothing to compare."]
        if self.base not in self.ranked:
            return [f"{self.base} ranked no query: there is nothing to compare with."]
        if not self.others:
            return [f"{self.base} was evaluated alone: choose a second system to compare it with."]
        differing = self.differences() if computed is None else computed
        standing = self.standings(differing) if standing is None else standing
        more = {s.system: s.sentence for s in standing}
        return [f"{sentence(d, self.base)} {more.get(d.system, '')}".strip() for d in differing]


def describe_reused(times: Sequence[StageTime]) -> str:
    """Return a sentence on times that were measured in an earlier run; empty where none was."""
    old = {t.system: t for t in times if t.reused}
    counts = ", ".join(f"{s} on {t.reused:,} of {count(t.n, 'query')}" for s, t in old.items())
    return f"Times of scores kept from an earlier run are of that run: {counts}." if old else ""


def describe_cost(time: StageTime, usd_a_query: Mapping[str, float]) -> str:
    """Return what 1,000 queries cost; empty for a stage that nobody charges for."""
    if time.stage != "rerank":
        return ""
    usd = usd_a_query.get(time.system)
    return "unknown" if usd is None else dollars(1000 * usd)
