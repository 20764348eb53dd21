"""What a hosted reranker charges: prices on file, of one's own, and of a server of one's own."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from components.advice.costs import (
    Charge,
    Machine,
    Traffic,
    bills,
    break_even,
    charge_for_texts,
)
from components.advice.recommendation import figures
from components.config import PriceOverride, Settings
from components.domain import Billed
from components.domain.billing import total_billed
from components.network.prices import price_of, usd_of
from components.wording import dollars
from tests.support.given_prices import OWN, TRAFFIC, hosted, spec


def test_what_was_billed_costs_its_unit_alone() -> None:
    billed = Billed(requests=3, searches=2, tokens=40_000)
    assert usd_of(spec("cohere"), billed, OWN) == pytest.approx(0.008)
    assert usd_of(spec("voyage"), billed, OWN) == pytest.approx(0.02)


def test_a_cost_is_unknown_where_the_priced_unit_was_not_billed() -> None:
    assert usd_of(spec("cohere"), Billed(searches=0, tokens=40_000), OWN) is None
    assert usd_of(spec("voyage"), Billed(searches=2, tokens=0), OWN) is None
    assert usd_of(spec("voyage"), None, OWN) is None
    assert usd_of(hosted("x", "unpriced"), Billed(searches=2, tokens=9), OWN) is None
    assert usd_of(spec("minilm-l12"), Billed(searches=2, tokens=9), OWN) is None


def test_an_estimate_is_unknown_where_the_priced_unit_is_not_counted() -> None:
    nothing = Traffic(1000, 0, 0.0, 0.0)
    assert bills([spec("cohere"), spec("voyage")], nothing, Settings()) == ()
    assert figures(spec("voyage"), [], Settings(), 0).usd is None
    assert figures(spec("cohere"), [], Settings(), 0).usd == pytest.approx(0.002)
    assert charge_for_texts(spec("cohere"), "q", [], Settings()).usd is None
    assert charge_for_texts(spec("voyage"), "q", ["a"], Settings()).usd is not None


ELSEWHERE = (
    "http://127.0.0.1:8000",
    "http://localhost/rerank",
    "https://gateway.example/api.cohere.com",
    "https://api.cohere.com.example/v2",
    "https://api.voyageai.com",  # another provider's
    "http://[::1]:80",
)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_server_of_ones_own_has_no_price_of_the_providers(address: str) -> None:
    cohere, billed = spec("cohere"), Billed(searches=2, tokens=9)
    elsewhere = Settings(addresses={"cohere": address})
    assert price_of(cohere, elsewhere) is None
    assert usd_of(cohere, billed, elsewhere) is None
    assert bills([cohere], TRAFFIC, elsewhere) == ()
    assert figures(cohere, [], elsewhere, 10_000).usd is None
    assert charge_for_texts(cohere, "q", ["a"], elsewhere) == Charge(1, None)
    assert price_of(spec("voyage"), elsewhere) == spec("voyage").price
    priced = replace(elsewhere, prices=(PriceOverride("cohere", "rerank-v3.5", 1.0, "searches"),))
    assert usd_of(cohere, billed, priced) == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("cohere", "https://api.cohere.com"),
        ("cohere", "https://API.Cohere.com.:443/"),
        ("voyage", "https://api.voyageai.com/v1"),
        ("jina:v2", "https://api.jina.ai/v1/rerank"),
    ],
)
def test_the_providers_own_address_has_its_price(key: str, address: str) -> None:
    settings = Settings(addresses={spec(key).provider: address})
    assert price_of(spec(key), settings) == spec(key).price is not None


def test_requests_of_which_one_does_not_report_a_unit_have_no_sum_of_it() -> None:
    whole = Billed(1, 2.0, 30)
    assert total_billed([whole, whole]) == Billed(2, 4.0, 60)
    assert total_billed([whole, Billed(1, 1.0, 0, estimated=True)]) == Billed(2, 3.0, 0, True)
    assert total_billed([Billed(1, 0.0, 10), whole]) == Billed(2, 0.0, 40)


def test_a_price_of_nothing_is_a_price() -> None:
    free = Settings(prices=(PriceOverride("cohere", "rerank-v3.5", 0.0, "searches"),))
    assert usd_of(spec("cohere"), Billed(searches=2), free) == 0.0
    [bill] = bills([spec("cohere")], TRAFFIC, free)
    assert (bill.usd_a_month, break_even(Machine(9, 1.0), bill.usd_a_query)) == (0.0, None)


def test_a_price_of_ones_own_goes_before_that_on_file() -> None:
    on_file = price_of(spec("cohere"), Settings())
    assert on_file is not None
    assert on_file.source.startswith("https://")
    own = price_of(spec("cohere"), OWN)
    assert own is not None
    assert (own.usd, str(own), own.origin) == (
        4.0,
        "$4.00 per 1,000 searches",
        "your configuration",
    )
    other = price_of(spec("voyage"), OWN)
    assert other is not None
    assert str(other) == "$0.50 per 1,000,000 tokens"


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        (0.0, "$0"),
        (1234.5, "$1,234.50"),
        (1.0, "$1.00"),
        (0.9999999, "$1.00"),
        (0.25, "$0.25"),
        (0.004, "$0.004"),
        (0.000001, "$0.000001"),
        (0.0000009, "<$0.000001"),
    ],
)
def test_amounts_in_words(usd: float, words: str) -> None:
    assert dollars(usd) == words


def test_a_month_is_a_twelfth_of_a_year() -> None:
    [bill] = bills([spec("cohere")], TRAFFIC, OWN)
    assert math.isclose(bill.usd_a_month * 12, 4.0 * 365.25)
