"""Monthly bills, machines of one's own and the break-even between them, all by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.advice.costs import (
    Machine,
    MeanTokens,
    Measured,
    Traffic,
    bills,
    break_even,
    charge_for_texts,
    machines,
    measured,
    tokens_of_corpus,
    tokens_of_run,
)
from components.config import PriceOverride, Settings
from components.domain import Billed, Corpus, Document, Price, Query, Timing, Usage
from components.evaluation import Evaluation, Plan, Ranked
from components.lab import Lab, catalog
from components.lab import Measured as LabMeasured
from components.network.prices import price_of
from components.pipeline import Pipelines
from tests.support.given_prices import OWN, TRAFFIC, hosted, spec

MONTH = 365.25 / 12


# ---------------------------------------------------------------- what one query is billed for


@pytest.mark.parametrize(
    ("candidates", "searches"), [(1, 1), (50, 1), (100, 1), (101, 2), (200, 2), (201, 3)]
)
def test_a_search_is_up_to_a_hundred_documents(candidates: int, searches: int) -> None:
    billed = Traffic(1, candidates, 10, 90).billed()
    assert billed == Billed(1, searches, candidates * 100, estimated=True)


def test_every_candidate_is_billed_the_querys_tokens_too() -> None:
    assert Traffic(1, 3, 7, 20).billed().tokens == 81
    assert Traffic(1, 3, 7.25, 20.25).billed().tokens == 82  # 82.5, to the even one
    assert Traffic(1, 3, 0, 0).billed() == Billed(1, 1, 0, estimated=True)


# ---------------------------------------------------------------- bills


def test_a_price_by_the_search() -> None:
    [bill] = bills([spec("cohere")], TRAFFIC, OWN)
    assert bill.spec.key == "cohere"
    assert bill.price == Price(4.0, "searches", "your configuration", None)
    assert bill.usd_a_query == pytest.approx(0.004)
    assert bill.usd_a_month == pytest.approx(4.0 * MONTH)  # 121.75


def test_a_price_by_the_token() -> None:
    [bill] = bills([spec("voyage")], TRAFFIC, OWN)
    assert bill.usd_a_query == pytest.approx(50 * 120 * 0.5 / 1_000_000)
    assert bill.usd_a_query == pytest.approx(0.003)
    assert bill.usd_a_month == pytest.approx(91.3125)


def test_more_than_a_hundred_candidates_are_two_searches() -> None:
    [at_100] = bills([spec("cohere")], Traffic(1000, 100, 10, 110), OWN)
    [at_101] = bills([spec("cohere")], Traffic(1000, 101, 10, 110), OWN)
    assert (at_100.usd_a_query, at_101.usd_a_query) == pytest.approx((0.004, 0.008))
    assert at_101.usd_a_month == pytest.approx(243.5)


def test_the_cheapest_comes_first() -> None:
    few = Traffic(1000, 50, 10, 110)
    many = Traffic(1000, 100, 10, 110)
    both = [spec("cohere"), spec("voyage")]
    assert [b.spec.key for b in bills(both, few, OWN)] == ["voyage", "cohere"]
    assert [b.spec.key for b in bills(both, many, OWN)] == ["cohere", "voyage"]
    assert [b.usd_a_query for b in bills(both, many, OWN)] == pytest.approx([0.004, 0.006])


def test_equal_bills_are_in_the_order_of_their_keys() -> None:
    own = Settings(prices=(PriceOverride("acme", "m", 1.0, "searches"),))
    found = bills([hosted("b", "m"), hosted("a", "m")], TRAFFIC, own)
    assert [bill.spec.key for bill in found] == ["a", "b"]


def test_models_without_a_price_are_left_out() -> None:
    offered = [spec("minilm-l12"), hosted("x", "unpriced"), spec("cohere"), spec("bm25")]
    assert [bill.spec.key for bill in bills(offered, TRAFFIC, OWN)] == ["cohere"]
    assert bills([], TRAFFIC, OWN) == ()


def test_the_prices_on_file_are_used_where_nothing_overrides_them() -> None:
    every = list(catalog.reranker_specs(Settings()).values())
    found = bills(every, TRAFFIC, Settings())
    assert all(bill.price.noted is not None and bill.spec.provider for bill in found)
    assert {"cohere", "voyage"} <= {bill.spec.key for bill in found}
    months = [bill.usd_a_month for bill in found]
    assert months == sorted(months)
    assert found[0].price == price_of(found[0].spec, Settings())


def test_no_traffic_costs_nothing() -> None:
    [bill] = bills([spec("cohere")], Traffic(0, 50, 10, 110), OWN)
    assert (bill.usd_a_query, bill.usd_a_month) == (pytest.approx(0.004), 0.0)


# ---------------------------------------------------------------- a machine of one's own


def test_a_machine_reranks_as_long_as_it_may() -> None:
    assert Machine(100, 0.5).queries_a_day == pytest.approx(51_840)  # 86,400 * 0.3 / 0.5
    assert Machine(100, 0.5, busy=1.0).queries_a_day == pytest.approx(172_800)
    assert Machine(100, 2.0, busy=0.5).queries_a_day == pytest.approx(21_600)


@pytest.mark.parametrize(
    ("queries", "machines"),
    [(0, 1), (1, 1), (21_600, 1), (21_601, 2), (43_200, 2), (43_201, 3), (216_000, 10)],
)
def test_machines_needed(queries: float, machines: int) -> None:
    machine = Machine(100, 2.0, busy=0.5)
    assert machine.needed(queries) == machines
    assert machine.cost(queries) == 100 * machines


def test_full_machines_are_not_rounded_up_to_one_more() -> None:
    for n in range(1, 200):
        machine = Machine(50, 0.7, busy=0.3)
        assert machine.needed(n * machine.queries_a_day) == n


# ---------------------------------------------------------------- break-even


def test_where_an_api_stops_being_cheaper() -> None:
    machine = Machine(121.75, 1.0, busy=0.5)  # 43,200 queries a day
    found = break_even(machine, 0.004)
    assert found == pytest.approx(1000)  # 1,000 * 0.004 * 30.4375 = 121.75
    assert found is not None
    assert found * 0.004 * MONTH == pytest.approx(machine.cost(found))


def test_an_api_that_costs_nothing_is_never_dearer() -> None:
    assert break_even(Machine(100, 1.0), 0.0) is None
    assert break_even(Machine(100, 1.0), -1.0) is None


def test_a_machine_that_is_dearer_at_full_use_never_pays() -> None:
    machine = Machine(121.75, 43.2, busy=0.5)  # 1,000 queries a day
    assert machine.queries_a_day == pytest.approx(1000)
    assert break_even(machine, 0.00399) is None
    assert break_even(machine, 0.00401) == pytest.approx(1000 * 0.004 / 0.00401)


def test_a_machine_that_costs_nothing_always_pays() -> None:
    assert break_even(Machine(0, 1.0), 0.001) == 0


# ---------------------------------------------------------------- speed


def test_the_speed_of_a_reranker_is_the_median_of_what_was_measured() -> None:
    lab = Lab()
    assert lab.ms_a_pair("minilm-l12") is None
    for pairs, ms in ((10, 100.0), (100, 2000.0), (4, 400.0), (0, 1.0)):
        lab.note("minilm-l12", LabMeasured(pairs, ms))
    assert lab.ms_a_pair("minilm-l12") == 20.0
    assert lab.ms_a_pair("late-bge") is None


def evaluated(**systems: list[tuple[float, Usage]]) -> tuple[Plan, Evaluation]:
    """Return an evaluation at depth 3 by its milliseconds and usages, one a query."""
    names = {key: key.replace("_", "-") for key in systems}
    plan = Plan(Pipelines("bm25", tuple(names.values()), 3), (), {})
    rankings = {
        names[key]: {
            f"q{n}": Ranked(("a",), (1.0,), Timing(rerank_ms=ms), usage)
            for n, (ms, usage) in enumerate(values)
        }
        for key, values in systems.items()
    }
    return plan, Evaluation(plan.systems, rankings)


def test_only_what_this_evaluation_measured_counts() -> None:
    """Of 10, 30, 50 and 900 ms the last is of an earlier run; the median of the others is 30."""
    new, old = Usage(pairs=3, usd=0.002), Usage(pairs=3, usd=0.5, reused=1)
    plan, evaluation = evaluated(
        minilm_l12=[(10.0, new), (30.0, new), (50.0, new), (900.0, old)],
        late_bge=[(5.0, old), (6.0, old)],
        cohere=[(100.0, new), (100.0, replace(new, usd=0.004))],
        voyage=[(100.0, new), (100.0, replace(new, usd=None))],
    )
    assert measured(plan, evaluation) == {
        "minilm-l12": Measured(3, 0.03, pytest.approx(0.002)),
        "late-bge": Measured(0, None, None),
        "cohere": Measured(2, 0.1, pytest.approx(0.003)),
        "voyage": Measured(2, 0.1, None),
    }


def test_a_machine_stands_for_each_local_reranker_of_the_evaluation() -> None:
    """At the time of its own depth, never scaled; fusion and BM25 need no machine of their own."""
    new, old = Usage(pairs=3), Usage(pairs=3, reused=3)
    plan, evaluation = evaluated(
        minilm_l12=[(500.0, new)], late_bge=[(5.0, old)], rrf=[(1.0, new)], bm25=[(1.0, new)]
    )
    found = machines(measured(plan, evaluation), Settings(), 60.0, 0.5)
    assert found == {"minilm-l12": Machine(60.0, 0.5, 0.5), "late-bge": None}


def test_what_an_evaluation_was_billed_goes_before_an_estimate() -> None:
    found = bills([spec("cohere"), spec("voyage")], TRAFFIC, OWN, {"voyage": 0.01})
    assert [(b.spec.key, b.usd_a_query, b.measured) for b in found] == [
        ("cohere", pytest.approx(0.004), False),
        ("voyage", 0.01, True),
    ]


# ---------------------------------------------------------------- texts of one's own


def test_texts_are_charged_by_request_and_price() -> None:
    """Two texts of one token beside a query of two: 6 tokens, at 0.5 dollars a million."""
    charge = charge_for_texts(spec("voyage"), "one two", ["apple", "apple"], OWN)
    assert charge.requests == 1
    assert charge.usd == pytest.approx(6 * 0.5 / 1e6)
    many = charge_for_texts(spec("cohere"), "one", ["apple"] * 1001, OWN)
    assert many.requests == 2  # a thousand documents a request
    assert many.usd == pytest.approx(11 * 4.0 / 1000)  # of a hundred documents each
    assert charge_for_texts(hosted("acme", "m"), "one", ["apple"], OWN).usd is None


# ---------------------------------------------------------------- tokens


def test_tokens_of_a_corpus_are_means_by_the_labs_tokenizer() -> None:
    documents = tuple(Document(str(n), "", "apple " * n) for n in (2, 4))
    corpus = Corpus("c", documents, (Query("q", "one two three"),))
    assert tokens_of_corpus(corpus) == MeanTokens(3.0, 3.0, "2 documents of c")


def test_tokens_of_a_run_are_of_its_candidates_alone() -> None:
    """Candidates b (4 tokens) and c (6) at depth 2 of one query; a (2) is never retrieved."""
    documents = tuple(Document(i, "", "apple " * n) for i, n in (("a", 2), ("b", 4), ("c", 6)))
    queries = (Query("q", "one two"), Query("unranked", "a b c d"))
    plan = Plan(Pipelines("bm25", (), 3), queries, {})
    ranked = Ranked(("b", "c", "a"), (3.0, 2.0, 1.0), Timing(), Usage())
    found = Evaluation(("bm25",), {"bm25": {"q": ranked}})
    read = tokens_of_run(plan, found, Corpus("c", documents, queries), 2)
    assert read == MeanTokens(2.0, 5.0, "2 candidates of 1 evaluated query")


def test_many_texts_are_sampled_evenly() -> None:
    documents = tuple(Document(str(n), "", "apple" if n % 2 else "apple pie") for n in range(900))
    read = tokens_of_corpus(Corpus("c", documents))
    assert read.source == "300 documents of c"
    assert read.document == 1.5
