"""Recommends a reranker: one's own evaluations first, then what can run here, then reputation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from types import MappingProxyType
from typing import Literal

from components.advice.own_figures import OwnFigures
from components.config import Settings
from components.domain import Spec
from components.lab import Lab, Measured, catalog
from components.lab.catalog import Entry
from components.network.prices import usd_of
from components.wording import count, dollars, listed, milliseconds, signed

PAIRS = 100
"""Candidates for which latency and cost are given."""
FEWEST_PAIRS = 20
"""Passes over fewer pairs are left out: they say too little of one over 100."""
Standing = Literal["evaluated", "here", "elsewhere"]
STANDINGS: Mapping[Standing, str] = MappingProxyType(
    {
        "evaluated": "evaluated on your queries",
        "here": "can run here, not evaluated on your queries",
        "elsewhere": "cannot run here yet; by reputation",
    }
)
"""What is known of a reranker, the most first."""
_LEFT_OUT = frozenset({"fusion", "bi-encoder"})
"""Families that are no advice, unless one's own queries say so."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Requirements: every field that is set rules rerankers out; `priority` orders the others."""

    self_hosted: bool = False
    instructions: bool = False
    many_languages: bool = False
    latency_ms: float | None = None
    priority: Literal["quality", "cost"] = "quality"


@dataclass(frozen=True, slots=True)
class Figures:
    """A reranker's speed and cost, for 100 candidates.

    `ms` is the median of `runs` scoring passes measured here, each scaled to 100 pairs; `usd` the
    cost of one query at the price on file.
    """

    ms: float | None
    runs: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Option:
    """A reranker with the reasons that speak for it, or the one that rules it out.

    `missing` says what it takes to run it here; `own` is what one's own evaluation says of it.
    """

    spec: Spec
    standing: Standing
    figures: Figures
    own: OwnFigures | None = None
    missing: str = ""
    reasons: tuple[str, ...] = ()
    ruled_out: str = ""


def figures(spec: Spec, measured: Sequence[Measured], settings: Settings, tokens: int) -> Figures:
    """Return a reranker's figures; `tokens` is the estimate for one query with 100 candidates."""
    times = [m.ms * PAIRS / m.pairs for m in measured if m.pairs >= FEWEST_PAIRS]
    usd = usd_of(spec, catalog.estimate(spec, settings, 0.0, [tokens / PAIRS] * PAIRS), settings)
    return Figures(median(times) if times else None, len(times), usd if spec.provider else 0.0)


def all_figures(
    lab: Lab, tokens: int, own: Mapping[str, OwnFigures] = MappingProxyType({})
) -> dict[str, Figures]:
    """Return the figures of every reranker in the catalog, by key.

    Where the lab has measured none since it was started, the speed is that of one's own evaluation.
    """
    table = {}
    for key, spec in catalog.reranker_specs(lab.settings).items():
        of_lab = figures(spec, list(lab.measured.get(key, ())), lab.settings, tokens)
        mine = own.get(key)
        told = mine if mine is not None and mine.candidates >= FEWEST_PAIRS else None
        if of_lab.ms is None and told is not None and told.measured.seconds is not None:
            ms = told.measured.seconds * 1000 * PAIRS / told.candidates
            of_lab = replace(of_lab, ms=ms, runs=told.measured.n)
        table[key] = of_lab
    return table


def options(
    entries: Sequence[Entry],
    needs: Needs,
    figures_by_key: Mapping[str, Figures],
    own: Mapping[str, OwnFigures] = MappingProxyType({}),
) -> tuple[Option, ...]:
    """Return all rerankers, the recommended first, those that are ruled out last.

    `own` are in the order of `own_figures`.
    """
    considered = [
        _option(entry, needs, figures_by_key[entry.spec.key], own.get(entry.spec.key))
        for entry in entries
        if entry.stage == "reranker"
        and (entry.spec.family not in _LEFT_OUT or entry.spec.key in own)
    ]
    fit = [o for o in considered if not o.ruled_out]
    fit.sort(key=lambda o: _sort_key(o, needs, list(own)))
    if fit:
        fit[0] = replace(fit[0], reasons=(_lead(fit[0], needs), *fit[0].reasons))
    return (*fit, *(o for o in considered if o.ruled_out))


def _option(entry: Entry, needs: Needs, figures: Figures, own: OwnFigures | None) -> Option:
    here: Standing = "evaluated" if own else "here"
    return Option(
        entry.spec,
        here if entry.available else "elsewhere",
        figures,
        own,
        "" if entry.available else f"{entry.reason} {entry.remedy}".strip(),
        tuple(_reasons(entry.spec, needs, figures, own)),
        _obstacle(entry.spec, needs, figures),
    )


def _lead(best: Option, needs: Needs) -> str:
    """Say why the recommended one is: what is known of it, no more."""
    if needs.priority == "cost":
        among = {"evaluated": "what you evaluated", "here": "what can run here"}
        return f"the cheapest of {among.get(best.standing, 'what fits')}"
    if best.standing == "evaluated" and best.own is not None:
        return _describe_gain(best.own)
    of = "what can run here" if best.standing == "here" else "what fits"
    return f"the strongest by reputation of {of}; nobody has measured it on your queries"


def _describe_gain(own: OwnFigures) -> str:
    """Say what one's own queries say of the best reranker beside the first stage alone."""
    alone = f"{own.first_stage} alone"
    if own.gain.distinguishable and own.gain.mean > 0:
        alike = [s for s in own.alike if s != own.first_stage]
        others = f", with no clear difference from {listed(alike)}" if alike else ""
        return f"the best on your own queries, clearly better than {alone}{others}"
    if own.harms:
        return f"the best on your own queries, but clearly worse than {alone}: use no reranker"
    return (
        f"the best on your own queries, but no clear difference from {alone}: a reranker may not "
        "be worth its time"
    )


def alternatives(ranked: Sequence[Option]) -> tuple[Option, ...]:
    """Return, after the recommended one, what was evaluated, and each other provider's best."""
    best: dict[str, Option] = {}
    for option in (o for o in ranked if not o.ruled_out):
        key, provider = option.spec.key, option.spec.provider
        best.setdefault(key if option.own else provider or key, option)
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


def _reasons(spec: Spec, needs: Needs, figures: Figures, own: OwnFigures | None) -> list[str]:
    """Return what speaks for a reranker: own figures, what was asked for, then its cost."""
    reasons = [_describe_own(own)] if own else []
    if needs.self_hosted:
        reasons.append("runs on your own machines: no text leaves them")
    if needs.instructions:
        reasons.append("follows an instruction beside the query")
    if needs.many_languages:
        reasons.append(f"languages: {spec.languages}")
    if figures.ms is not None:
        took = f"{milliseconds(figures.ms)} for {PAIRS} candidates"
        reasons.append(f"took {took} here (median of {figures.runs:,})")
    elif needs.latency_ms:
        reasons.append("not measured here yet: measure it below before you decide")
    if not spec.hosted:
        reasons.append("costs nothing but the machine it runs on")
    elif figures.usd is None:
        reasons.append("its price is not on file")
    else:
        cost = dollars(figures.usd * 1000, 2)
        reasons.append(f"about {cost} for 1,000 queries with {PAIRS} candidates each")
    return reasons


def _describe_own(own: OwnFigures) -> str:
    clear = "clear" if own.gain.distinguishable else "no clear difference"
    seconds = own.measured.seconds
    if seconds is None:
        time = ""
    else:
        depth = count(own.candidates, "candidate")
        time = f"; {milliseconds(seconds * 1000)} at the median for {depth}"
    return (
        f"over {count(own.mean.n, 'query')}: {own.measure} {own.mean.value:.3f}, "
        f"{signed(own.gain.mean)} against {own.first_stage} alone ({clear}), on "
        f"{own.made:%d %B %Y}{time}"
    )


def _sort_key(
    option: Option, needs: Needs, evaluated: Sequence[str]
) -> tuple[float, float, float, str]:
    """Return what the fitting rerankers are sorted by: standing, then cost or quality."""
    names, name = catalog.BY_REPUTATION, option.spec.provider or option.spec.key
    place = names.index(name) if name in names else len(names)
    if option.standing == "evaluated":
        place = evaluated.index(option.spec.key)
    usd = option.figures.usd
    cost = float("inf") if usd is None else usd
    first = cost if needs.priority == "cost" else float(place)
    order = float(list(STANDINGS).index(option.standing))
    if option.standing == "evaluated" and option.own and option.own.harms:
        order = 1.5  # after what can run here: better try another one
    return (order, first, place, option.spec.key)
