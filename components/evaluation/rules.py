"""The rules by which an evaluation counts queries, judgments and documents at the margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from components.domain import NO_FILTER, Count, Filter, Judgments, Query
from components.wording import count

_KINDS: Mapping[str, str] = {
    "identical": "documents that are the query itself",
    "zero_only": "queries without a relevant document",
    "dangling": "judgments of absent documents",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What an evaluation counts that it leaves out by default.

    `identical` ranks a document for the query that it is, which BEIR's evaluator does not.
    `zero_only` counts judged queries without a relevant document, as ir_measures does: their
    values are 0. `dangling` has judgments of documents that the corpus lacks count in the ideal
    ranking, as they do for ir_measures.
    """

    identical: bool = False
    zero_only: bool = False
    dangling: bool = False

    @property
    def outcomes(self) -> Mapping[str, str]:
        """Return what becomes of each kind, in a word, by the rule's name."""
        return {name: "counted" if on else "left out" for name, on in asdict(self).items()}

    @property
    def description(self) -> str:
        """Return what is counted that is left out by default, in words."""
        counted = [_KINDS[name] for name, on in asdict(self).items() if on]
        return f"counted: {', '.join(counted)}" if counted else "the usual"


@dataclass(frozen=True, slots=True)
class Marginal:
    """What the rules decide about, whether it is counted or not.

    `queries` are judged, and no counted judgment of theirs is above 0; `judgments` are theirs.
    `dangling` are grades of documents that the corpus lacks. `identical` are the ids of queries
    that are documents. `without_candidates` are judged queries that a file of candidates lacks, and
    `unasked` counts those that the corpus lacks: no rule can count them, for nothing ranks them.
    Of a set that is `drawn`, the queries were chosen among those that count. `outside` counts the
    judgments of documents that do not meet the filter, and `filtered` are the queries whose
    relevant documents all are such: no rule counts these.
    """

    queries: tuple[Query, ...] = ()
    judgments: Judgments = field(default_factory=dict)
    dangling: Judgments = field(default_factory=dict)
    identical: tuple[str, ...] = ()
    without_candidates: tuple[str, ...] = ()
    unasked: Count = field(default_factory=Count)
    drawn: bool = False
    outside: int = 0
    filtered: tuple[str, ...] = ()

    @property
    def n_dangling(self) -> int:
        """Return how many judgments are of documents that the corpus lacks."""
        return sum(map(len, self.dangling.values()))


def describe_rules(rules: Rules, marginal: Marginal, filter: Filter = NO_FILTER) -> str:
    """Return by which rules figures were computed, where that makes a difference; else nothing.

    A filter is always named, and comes first.
    """
    zero, dangling, own = len(marginal.queries), marginal.n_dangling, len(marginal.identical)
    parts = []
    if filter:
        parts.append(f"filter {filter}: {count(marginal.outside, 'judgment')} outside it left out")
    if marginal.filtered:
        n = len(marginal.filtered)
        whose = "whose relevant documents all lie outside the filter"
        parts.append(f"{count(n, 'query')} {whose} left out")
    if zero:
        how = "counted as 0" if rules.zero_only else "left out"
        parts.append(f"{count(zero, 'query')} without a relevant document {how}")
    if dangling:
        how = "counted in the ideal ranking" if rules.dangling else "left out"
        parts.append(f"{count(dangling, 'judgment')} of absent documents {how}")
    if own:
        how = "kept" if rules.identical else "left out"
        parts.append(f"the query itself {how} among the documents of {count(own, 'query')}")
    if marginal.unasked:
        parts.append(f"{count(marginal.unasked.number, 'judged query')} without a text left out")
    return "; ".join(parts)


def differing_rules(old: Rules, new: Rules) -> str:
    """Say which rules differ between two evaluations; empty where none does."""
    then, now = old.outcomes, new.outcomes
    changed = [f"{_KINDS[n]} {then[n]} then, {now[n]} now" for n in then if then[n] != now[n]]
    return f"The rules differ: {'; '.join(changed)}." if changed else ""
