from __future__ import annotations

import pytest

from components.advice.recommendation import Figures, Needs, alternatives, figures, options
from components.domain import Spec
from components.lab import Measured, read_settings
from components.lab.catalog import Entry
from components.rerankers.cross_encoder import MINILM_L12
from components.rerankers.fusion import RRF
from components.rerankers.hosted.cohere import SPECS as COHERE
from components.rerankers.hosted.jina import SPECS as JINA
from components.rerankers.hosted.voyage import SPECS as VOYAGE
from components.rerankers.hub import BGE_V2_M3

SETTINGS = read_settings({})
SPECS = (MINILM_L12, RRF, COHERE[0], COHERE[1], VOYAGE[0], JINA[0], BGE_V2_M3)
ENTRIES = tuple(Entry(spec, "reranker", available=spec is MINILM_L12) for spec in SPECS)
KNOWN = {
    "minilm-l12": Figures(1000.0, 3, 0.0),
    "rrf": Figures(None, 0, 0.0),
    "cohere": Figures(None, 0, 0.002),
    "cohere:v5.0-pro": Figures(None, 0, 0.0005),
    "voyage": Figures(80.0, 5, 0.0006),
    "jina": Figures(None, 0, None),
    "bge-v2-m3": Figures(9000.0, 1, 0.0),
}


def keys(needs: Needs) -> list[str]:
    """Return the rerankers that fit, the recommended first."""
    return [o.spec.key for o in options(ENTRIES, needs, KNOWN) if not o.ruled_out]


def ruled_out(needs: Needs) -> dict[str, str]:
    return {o.spec.key: o.ruled_out for o in options(ENTRIES, needs, KNOWN) if o.ruled_out}


def test_quality_follows_reputation_and_cost_follows_the_price() -> None:
    assert keys(Needs())[:3] == ["cohere", "cohere:v5.0-pro", "voyage"]
    cheap = keys(Needs(priority="cost"))
    assert cheap[:4] == ["bge-v2-m3", "minilm-l12", "cohere:v5.0-pro", "voyage"]
    assert cheap[-1] == "jina"  # its price is not on file


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


def test_alternatives_name_each_provider_once() -> None:
    found = alternatives(options(ENTRIES, Needs(), KNOWN))
    assert [o.spec.key for o in found] == ["voyage", "jina", "bge-v2-m3", "minilm-l12"]


def test_the_recommended_one_says_why_first() -> None:
    best = options(ENTRIES, Needs(priority="cost", latency_ms=2000), KNOWN)[0]
    assert best.spec.key == "minilm-l12"
    assert best.reasons == (
        "the cheapest of what fits",
        "took 1,000 ms for 100 candidates here (median of 3)",
        "costs nothing but the machine it runs on",
    )


@pytest.mark.parametrize(
    ("spec", "usd"),
    [(COHERE[0], 0.002), (VOYAGE[0], 12_000 * 0.05 / 1e6), (MINILM_L12, 0.0), (JINA[0], None)],
)
def test_figures_take_the_median_of_what_was_measured_here(spec: Spec, usd: float | None) -> None:
    measured = [Measured(50, 400.0), Measured(100, 900.0), Measured(100, 1000.0), Measured(1, 90.0)]
    found = figures(spec, measured, SETTINGS, 12_000)
    assert found == Figures(900.0, 3, usd)  # 800, 900, 1000; one pair says nothing of a hundred
    assert figures(spec, [], SETTINGS, 12_000).ms is None
