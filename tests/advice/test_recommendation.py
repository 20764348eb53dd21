from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from components.advice.costs import Measured as Evaluated
from components.advice.own_figures import OwnFigures
from components.advice.recommendation import (
    FEWEST_PAIRS,
    Figures,
    Needs,
    Option,
    all_figures,
    alternatives,
    figures,
    options,
)
from components.domain import Spec
from components.evaluation.significance import Mean, differences
from components.lab import Lab, Measured, read_settings
from components.lab.catalog import Entry
from components.measures import Metrics
from components.rerankers.cross_encoder import MINILM_L12
from components.rerankers.fusion import RRF
from components.rerankers.hosted.cohere import SPECS as COHERE
from components.rerankers.hosted.jina import SPECS as JINA
from components.rerankers.hosted.voyage import SPECS as VOYAGE
from components.rerankers.hub import BGE_V2_M3

SETTINGS = read_settings({})
SPECS = (MINILM_L12, RRF, COHERE[0], COHERE[1], VOYAGE[0], JINA[0], BGE_V2_M3)
ENTRIES = tuple(
    Entry(spec, "reranker", available=True)
    if spec in (MINILM_L12, RRF)
    else Entry(spec, "reranker", available=False, reason="It has no key.", remedy="Set one.")
    for spec in SPECS
)
KNOWN = {
    "minilm-l12": Figures(1000.0, 3, 0.0),
    "rrf": Figures(None, 0, 0.0),
    "cohere": Figures(None, 0, 0.002),
    "cohere:v5.0-pro": Figures(None, 0, 0.0005),
    "voyage": Figures(80.0, 5, 0.0006),
    "jina": Figures(None, 0, None),
    "bge-v2-m3": Figures(9000.0, 1, 0.0),
}


def own(
    value: float, gain: float = 0.1, *, clear: bool = True, alike: tuple[str, ...] = ()
) -> OwnFigures:
    """Return figures over 90 queries; where the gain is not clear, half of them lose as much."""
    n, name = 90, "nDCG@10"
    changes = [gain + 0.01 * (-1) ** (i // 2) if clear or i % 2 else -gain for i in range(n)]
    metrics = {
        "bge-small": Metrics({}, {str(i): {name: 0.5} for i in range(n)}),
        "s": Metrics({}, {str(i): {name: 0.5 + change} for i, change in enumerate(changes)}),
    }
    [difference] = differences(metrics, "bge-small", name)
    assert difference.distinguishable == clear
    mean = Mean(value, value - 0.05, value + 0.05, n)
    made = datetime(2026, 5, 1, tzinfo=UTC)
    return OwnFigures(
        name, mean, difference, alike, "bge-small", 100, made, Evaluated(80, 1.1, None)
    )


def ranked(needs: Needs, own: Mapping[str, OwnFigures] = MappingProxyType({})) -> list[Option]:
    return [o for o in options(ENTRIES, needs, KNOWN, own) if not o.ruled_out]


def keys(needs: Needs, own: Mapping[str, OwnFigures] = MappingProxyType({})) -> list[str]:
    """Return the rerankers that fit, the recommended first."""
    return [o.spec.key for o in ranked(needs, own)]


def ruled_out(needs: Needs) -> dict[str, str]:
    return {o.spec.key: o.ruled_out for o in options(ENTRIES, needs, KNOWN) if o.ruled_out}


def test_what_can_run_here_goes_first_then_reputation_or_the_price() -> None:
    assert keys(Needs())[:4] == ["minilm-l12", "cohere", "cohere:v5.0-pro", "voyage"]
    cheap = keys(Needs(priority="cost"))
    assert cheap[:4] == ["minilm-l12", "bge-v2-m3", "cohere:v5.0-pro", "voyage"]
    assert cheap[-1] == "jina"  # its price is not on file
    best, second = ranked(Needs())[:2]
    assert best.reasons[0] == (
        "the strongest by reputation of what can run here; nobody has measured it on your queries"
    )
    assert (best.standing, best.missing) == ("here", "")
    assert (second.standing, second.missing) == ("elsewhere", "It has no key. Set one.")


def test_ones_own_figures_go_before_everything_else() -> None:
    mine = {"rrf": own(0.8, alike=("minilm-l12",)), "minilm-l12": own(0.7)}
    best, second = ranked(Needs(), mine)[:2]
    assert [best.spec.key, second.spec.key] == ["rrf", "minilm-l12"], "a fusion, if queries say so"
    assert (best.standing, second.standing) == ("evaluated", "evaluated")
    assert best.reasons[:2] == (
        "the best on your own queries, clearly better than bge-small alone, with no clear "
        "difference from minilm-l12",
        "over 90 queries: nDCG@10 0.800, +0.100 against bge-small alone (clear), on 01 May 2026; "
        "1,100 ms at the median for 100 candidates",
    )
    assert "rrf" not in keys(Needs())
    by_cost = ranked(Needs(priority="cost"), mine)[0]
    assert (by_cost.spec.key, by_cost.reasons[0]) == ("rrf", "the cheapest of what you evaluated")


def test_what_was_evaluated_but_cannot_run_now_comes_with_its_figures_behind() -> None:
    option = next(o for o in ranked(Needs(), {"cohere": own(0.9)}) if o.spec.key == "cohere")
    assert (option.standing, option.own is not None) == ("elsewhere", True)
    assert keys(Needs(), {"cohere": own(0.9)})[0] == "minilm-l12"


def test_no_clear_difference_from_the_first_stage_is_said() -> None:
    best = ranked(Needs(), {"minilm-l12": own(0.7, clear=False)})[0]
    assert best.reasons[0] == (
        "the best on your own queries, but no clear difference from bge-small alone: a reranker "
        "may not be worth its time"
    )


def test_what_harms_ones_own_queries_is_advised_last_of_what_can_run() -> None:
    entries = [replace(e, available=e.spec.key in {"minilm-l12", "voyage"}) for e in ENTRIES]
    found = options(entries, Needs(), KNOWN, {"minilm-l12": own(0.4, -0.2)})
    assert [o.spec.key for o in found][:3] == ["voyage", "minilm-l12", "cohere"]
    alone = options(ENTRIES, Needs(), KNOWN, {"minilm-l12": own(0.4, -0.2)})[0]
    assert alone.reasons[0] == (
        "the best on your own queries, but clearly worse than bge-small alone: use no reranker"
    )


def test_each_need_rules_out_with_its_reason() -> None:
    assert ruled_out(Needs(self_hosted=True)).keys() == {
        "cohere",
        "cohere:v5.0-pro",
        "voyage",
        "jina",
    }
    assert keys(Needs(instructions=True)) == ["voyage"]
    assert ruled_out(Needs(many_languages=True)) == {"minilm-l12": "it was made for English"}
    assert ruled_out(Needs(latency_ms=500)) == {
        "minilm-l12": "it took 1,000 ms for 100 candidates here",
        "bge-v2-m3": "it took 9,000 ms for 100 candidates here",
    }


def test_needs_that_nobody_meets_leave_nothing() -> None:
    assert keys(Needs(self_hosted=True, instructions=True)) == []
    assert alternatives(options(ENTRIES, Needs(self_hosted=True, instructions=True), KNOWN)) == ()


def test_alternatives_name_each_provider_once_and_all_that_was_evaluated() -> None:
    found = alternatives(options(ENTRIES, Needs(), KNOWN))
    assert [o.spec.key for o in found] == ["cohere", "voyage", "jina", "bge-v2-m3"]
    mine = {"cohere": own(0.7), "cohere:v5.0-pro": own(0.6)}
    found = alternatives(options(ENTRIES, Needs(), KNOWN, mine))
    assert [o.spec.key for o in found][:2] == ["cohere", "cohere:v5.0-pro"]


def test_the_recommended_one_says_why_first() -> None:
    best = options(ENTRIES, Needs(priority="cost", latency_ms=2000), KNOWN)[0]
    assert best.spec.key == "minilm-l12"
    assert best.reasons == (
        "the cheapest of what can run here",
        "took 1,000 ms for 100 candidates here (median of 3)",
        "costs nothing but the machine it runs on",
    )


def test_ones_own_evaluation_gives_the_speed_where_none_was_measured_since() -> None:
    lab = Lab(SETTINGS)
    assert all_figures(lab, 12_000)["minilm-l12"] == Figures(None, 0, 0.0)
    evaluated = all_figures(lab, 12_000, {"minilm-l12": own(0.7)})
    assert evaluated["minilm-l12"] == Figures(1100.0, 80, 0.0)
    few = {"minilm-l12": replace(own(0.7), candidates=FEWEST_PAIRS - 1)}
    assert all_figures(lab, 12_000, few)["minilm-l12"].ms is None
    lab.measured.setdefault("minilm-l12", deque()).append(Measured(100, 900.0))
    assert all_figures(lab, 12_000, {"minilm-l12": own(0.7)})["minilm-l12"].ms == 900.0


@pytest.mark.parametrize(
    ("spec", "usd"),
    [(COHERE[0], 0.002), (VOYAGE[0], 12_000 * 0.05 / 1e6), (MINILM_L12, 0.0), (JINA[0], None)],
)
def test_figures_take_the_median_of_what_was_measured_here(spec: Spec, usd: float | None) -> None:
    measured = [Measured(50, 400.0), Measured(100, 900.0), Measured(100, 1000.0), Measured(1, 90.0)]
    found = figures(spec, measured, SETTINGS, 12_000)
    assert found == Figures(900.0, 3, usd)  # 800, 900, 1000; one pair says nothing of a hundred
    assert figures(spec, [], SETTINGS, 12_000).ms is None
