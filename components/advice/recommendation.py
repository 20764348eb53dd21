"""Which reranker for whom: what is needed rules some out, what matters most orders the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from components.config import Settings
from components.domain import Billed, Spec
from components.lab import Measured
from components.lab.catalog import Entry
from components.rerankers.hosted.prices import price_of

PAIRS = 100
"""Candidates for which latency and cost are given."""
FEWEST_PAIRS = 20
"""A pass over fewer pairs says too little of one over 100."""
# By reputation on public collections, the strongest first: a place to begin, not a measurement.
REPUTATION = (
    *("cohere", "voyage", "jina", "bge-v2-m3"),
    *("minilm-l12", "late-minilm", "bm25"),
)
_LEAD = {
    "quality": "the strongest by reputation of what fits; nobody has measured it on your queries",
    "cost": "the cheapest of what fits",
}
_LEFT_OUT = frozenset({"fusion", "bi-encoder"})


@dataclass(frozen=True, slots=True)
class Needs:
    """What somebody needs: every field that is set rules rerankers out, `priority` orders them."""

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
    """What is known of a reranker's speed and cost, for 100 candidates.

    `ms` is the median of `runs` scoring passes measured here, each scaled to 100 pairs; `usd` the
    cost of one query at the price on file.
    """

    ms: float | None
    runs: int
    usd: float | None


def figures(spec: Spec, measured: Sequence[Measured], settings: Settings, tokens: int) -> Figures:
    """Return a reranker's figures; `tokens` is the estimate for one query with 100 candidates."""
    took = [m.ms * PAIRS / m.pairs for m in measured if m.pairs >= FEWEST_PAIRS]
    price = price_of(spec, settings)
    usd = price.cost(Billed(1, searches=1.0, tokens=tokens)) if price else None
    return Figures(median(took) if took else None, len(took), usd if spec.provider else 0.0)


def options(
    entries: Sequence[Entry], needs: Needs, known: Mapping[str, Figures]
) -> tuple[Option, ...]:
    """Return all rerankers, the recommended first, those that are ruled out last."""
    found = [_option(e, needs, known[e.spec.key]) for e in entries if _eligible(e)]
    fit = [o for o in found if not o.ruled_out]
    fit.sort(key=lambda o: _order(o, needs, known[o.spec.key]))
    if fit:
        fit[0] = replace(fit[0], reasons=(_LEAD[needs.priority], *fit[0].reasons))
    return (*fit, *(o for o in found if o.ruled_out))


def alternatives(found: Sequence[Option]) -> tuple[Option, ...]:
    """Return, after the recommended one, the best fitting model of each other provider."""
    roots: dict[str, Option] = {}
    for option in (o for o in found if not o.ruled_out):
        roots.setdefault(_root(option.spec), option)
    return tuple(roots.values())[1:]


def _root(spec: Spec) -> str:
    return spec.key if spec.self_hosted else spec.key.split(":")[0]


def _eligible(entry: Entry) -> bool:
    return entry.stage == "reranker" and entry.spec.family not in _LEFT_OUT


def _option(entry: Entry, needs: Needs, known: Figures) -> Option:
    spec = entry.spec
    return Option(
        spec, entry.available, tuple(_reasons(spec, needs, known)), _obstacle(spec, needs, known)
    )


def _obstacle(spec: Spec, needs: Needs, known: Figures) -> str:
    """Return why a reranker is out of the question, or nothing."""
    if needs.self_hosted and spec.hosted:
        return "query and texts would leave your machines"
    if needs.instructions and not spec.instructions:
        return "it follows no instruction"
    if needs.many_languages and spec.languages == "English":
        return "it was made for English"
    if needs.latency_ms and known.ms is not None and known.ms > needs.latency_ms:
        return f"it took {known.ms:,.0f} ms for {PAIRS} candidates here"
    return ""


def _reasons(spec: Spec, needs: Needs, known: Figures) -> list[str]:
    """Return what speaks for a reranker, what was asked for first."""
    reasons = []
    if needs.self_hosted:
        reasons.append("runs on your own machines: no text leaves them")
    if needs.instructions:
        reasons.append("follows an instruction beside the query")
    if needs.many_languages:
        reasons.append(f"languages: {spec.languages}")
    if needs.latency_ms:
        reasons.append(_speed_words(known))
    reasons.append(_cost_words(spec, known))
    return reasons


def _speed_words(known: Figures) -> str:
    if known.ms is None:
        return "not measured here yet: measure it below before you decide"
    return f"took {known.ms:,.0f} ms for {PAIRS} candidates here (median of {known.runs})"


def _cost_words(spec: Spec, known: Figures) -> str:
    if not spec.hosted:
        return "costs nothing but the machine it runs on"
    if known.usd is None:
        return "its price is not on file"
    return f"about ${known.usd * 1000:,.2f} for 1,000 queries with {PAIRS} candidates each"


def _order(option: Option, needs: Needs, known: Figures) -> tuple[float, int, bool, str]:
    """Return what the fitting rerankers are sorted by: cost or reputation, then availability."""
    key = option.spec.key
    own = _root(option.spec)
    place = REPUTATION.index(own) if own in REPUTATION else len(REPUTATION)
    cost = known.usd if known.usd is not None else float("inf")
    first = cost if needs.priority == "cost" else float(place)
    return (first, place, not option.available, key)
