"""Recommends a reranker: needs rule some out, and reputation or cost orders the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from components.config import Settings
from components.domain import Billed, Spec
from components.lab import Lab, Measured, catalog
from components.lab.catalog import Entry
from components.rerankers.hosted.prices import usd_of
from components.wording import dollars

PAIRS = 100
"""Candidates for which latency and cost are given."""
FEWEST_PAIRS = 20
"""Passes over fewer pairs are left out: they say too little of one over 100."""
_LEAD = {
    "quality": "the strongest by reputation of what fits; nobody has measured it on your queries",
    "cost": "the cheapest of what fits",
}
_LEFT_OUT = frozenset({"fusion", "bi-encoder"})


@dataclass(frozen=True, slots=True)
class Needs:
    """Requirements: every field that is set rules rerankers out; `priority` orders the others."""

    self_hosted: bool = False
    instructions: bool = False
    many_languages: bool = False
    latency_ms: float | None = None
    priority: Literal["quality", "cost"] = "quality"


@dataclass(frozen=True, slots=True)
class Option:
    """A reranker with the reasons that speak for it, or the one that rules it out."""

    spec: Spec
    available: bool
    reasons: tuple[str, ...] = ()
    ruled_out: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """A reranker's speed and cost, for 100 candidates.

    `ms` is the median of `runs` scoring passes measured here, each scaled to 100 pairs; `usd` the
    cost of one query at the price on file.
    """

    ms: float | None
    runs: int
    usd: float | None


def figures(spec: Spec, measured: Sequence[Measured], settings: Settings, tokens: int) -> Figures:
    """Return a reranker's figures; `tokens` is the estimate for one query with 100 candidates."""
    times = [m.ms * PAIRS / m.pairs for m in measured if m.pairs >= FEWEST_PAIRS]
    usd = usd_of(spec, Billed(1, searches=1.0, tokens=tokens), settings)
    return Figures(median(times) if times else None, len(times), usd if spec.provider else 0.0)


def all_figures(lab: Lab, tokens: int) -> dict[str, Figures]:
    """Return the figures of every reranker in the catalog, by key."""
    return {
        key: figures(spec, list(lab.measured.get(key, ())), lab.settings, tokens)
        for key, spec in catalog.reranker_specs(lab.settings).items()
    }


def options(
    entries: Sequence[Entry], needs: Needs, figures_by_key: Mapping[str, Figures]
) -> tuple[Option, ...]:
    """Return all rerankers, the recommended first, those that are ruled out last."""
    considered = [
        Option(
            entry.spec,
            entry.available,
            tuple(_reasons(entry.spec, needs, figures_by_key[entry.spec.key])),
            _obstacle(entry.spec, needs, figures_by_key[entry.spec.key]),
        )
        for entry in entries
        if entry.stage == "reranker" and entry.spec.family not in _LEFT_OUT
    ]
    fit = [o for o in considered if not o.ruled_out]
    fit.sort(key=lambda o: _sort_key(o, needs, figures_by_key[o.spec.key]))
    if fit:
        fit[0] = replace(fit[0], reasons=(_LEAD[needs.priority], *fit[0].reasons))
    return (*fit, *(o for o in considered if o.ruled_out))


def alternatives(ranked: Sequence[Option]) -> tuple[Option, ...]:
    """Return, after the recommended one, the best fitting model of each other provider."""
    best: dict[str, Option] = {}
    for option in (o for o in ranked if not o.ruled_out):
        best.setdefault(option.spec.provider or option.spec.key, option)
    return tuple(best.values())[1:]


def _obstacle(spec: Spec, needs: Needs, figures: Figures) -> str:
    """Return why a reranker is out of the question, or nothing."""
    if needs.self_hosted and spec.hosted:
        return "query and texts would leave your machines"
    if needs.instructions and not spec.instructions:
        return "it follows no instruction"
    if needs.many_languages and spec.languages == "English":
        return "it was made for English"
    if needs.latency_ms and figures.ms is not None and figures.ms > needs.latency_ms:
        return f"it took {figures.ms:,.0f} ms for {PAIRS} candidates here"
    return ""


def _reasons(spec: Spec, needs: Needs, figures: Figures) -> list[str]:
    """Return what speaks for a reranker: what was asked for first, then its cost."""
    reasons = []
    if needs.self_hosted:
        reasons.append("runs on your own machines: no text leaves them")
    if needs.instructions:
        reasons.append("follows an instruction beside the query")
    if needs.many_languages:
        reasons.append(f"languages: {spec.languages}")
    if needs.latency_ms and figures.ms is None:
        reasons.append("not measured here yet: measure it below before you decide")
    elif needs.latency_ms:
        reasons.append(
            f"took {figures.ms:,.0f} ms for {PAIRS} candidates here (median of {figures.runs})"
        )
    if not spec.hosted:
        reasons.append("costs nothing but the machine it runs on")
    elif figures.usd is None:
        reasons.append("its price is not on file")
    else:
        cost = dollars(figures.usd * 1000, 2)
        reasons.append(f"about {cost} for 1,000 queries with {PAIRS} candidates each")
    return reasons


def _sort_key(option: Option, needs: Needs, figures: Figures) -> tuple[float, int, bool, str]:
    """Return what the fitting rerankers are sorted by: cost or reputation, then availability."""
    names, name = catalog.BY_REPUTATION, option.spec.provider or option.spec.key
    place = names.index(name) if name in names else len(names)
    cost = figures.usd if figures.usd is not None else float("inf")
    first = cost if needs.priority == "cost" else float(place)
    return (first, place, not option.available, option.spec.key)
