"""What one reranker costs a month: bills and machines by hand, or nothing that was not measured."""

from __future__ import annotations

import pytest

from components.advice.costs import Traffic
from components.advice.monthly import Hosting, Month, month_of
from components.config import PriceOverride, Settings

OWN = Settings(prices=(PriceOverride("cohere", "rerank-v3.5", 4.0, "searches"),))
TRAFFIC = Traffic(queries_a_day=12_000, candidates=100, query_tokens=10, document_tokens=110)
HOSTING = Hosting(usd_a_month=60.0, busy=0.5)
VOLUME = "12,000 queries a day, 100 candidates each"


def month(system: str, ms_a_pair: float | None = None) -> Month:
    speeds = {} if ms_a_pair is None else {system: ms_a_pair}
    return month_of(system, TRAFFIC, speeds, HOSTING, OWN)


@pytest.mark.parametrize("system", ["cohere", "cohere@plain"])
def test_a_provider_bills_every_query(system: str) -> None:
    """One search a query, $4 for 1,000 searches, 365.25 / 12 days."""
    bill = month(system)
    assert bill.usd == pytest.approx(12_000 * 0.004 * 365.25 / 12)
    assert bill.amount == "$1,461"
    assert bill.basis == f"{VOLUME}, at $4.00 per 1,000 searches (your configuration)"


def test_a_model_of_ones_own_takes_machines() -> None:
    """100 pairs of 40 ms are 4 s; a machine that is half busy does 10,800 queries a day."""
    machine = month("minilm-l12", 40.0)
    assert (machine.usd, machine.amount) == (120.0, "$120")
    assert machine.basis == f"{VOLUME}, on 2 machines of $60 a month, busy 50% of the time"


@pytest.mark.parametrize(
    ("system", "ms"),
    [("minilm-l12", None), ("bm25", 0.1), ("rrf", 0.1), ("nobody", 1.0), ("voyage:9", 1.0)],
)
def test_what_is_not_measured_is_not_made_up(system: str, ms: float | None) -> None:
    assert month(system, ms) == Month(None, VOLUME)
    assert month(system, ms).amount == "not measured"
