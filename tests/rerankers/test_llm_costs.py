"""What LLMs cost: tokens read and written, estimates before, budgets, and what is entered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from components import pipeline
from components.advice.costs import MeanTokens, Traffic, bills, charge_for_texts
from components.advice.estimates import Estimate, estimate_queries, estimate_texts
from components.domain import BudgetError, Price, Reranker
from components.lab import Lab, catalog, costs, read_settings
from components.lab.lab import Lab as TheLab
from components.models.tokens import estimate_tokens
from components.network import capacity
from components.rerankers import Context
from components.rerankers.llm import prompts
from components.storage.spending import Amount
from tests.support.contracts.reranker_contract import RerankerContract, Subject
from tests.support.servers.llm_server import completion, saying, serve
from tests.support.servers.provider_server import KEY, Provider, Reply, Seen

QUERY, TEXTS = "how to reset", tuple(f"reset {'how ' * i}" for i in range(30))
METHODS = ("pointwise", "listwise", "setwise")
PRICES = {"input_usd": 2.0, "output_usd": 8.0}


@pytest.fixture
def server() -> Iterator[Provider]:
    with serve() as provider:
        capacity.forget()
        yield provider
    capacity.forget()


def lab_of(url: str, folder: Path, spending: str = "", **fields: object) -> TheLab:
    table = {"name": "m", "url": url, "model": "gpt"} | fields
    lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
    path = folder / "lab.toml"
    path.write_text("\n".join(["[[llm]]", *lines, "[spending]", spending]))
    env = {"RERANK_LAB_CONFIG": str(path), "RERANK_LAB_DATA": str(folder), "LLM_KEY": KEY}
    return Lab(read_settings(env | {"RERANK_LAB_CACHE": str(folder)}))


def spent(lab: TheLab) -> dict[str, Amount]:
    return {day.provider: day.amount for day in lab.spending.days()}


def test_the_price_is_that_of_its_table(tmp_path: Path) -> None:
    lab = lab_of("http://127.0.0.1:9", tmp_path, key_env="LLM_KEY", **PRICES)
    spec = catalog.reranker_spec("llm:m", lab.settings)
    assert spec.price == Price(2.0, "tokens", "your configuration", None, 8.0)
    assert str(spec.price) == "$2.00 per 1,000,000 tokens read, $8.00 written"
    assert spec.hosted
    own = catalog.reranker_spec("llm:m", lab_of("http://127.0.0.1:9", tmp_path).settings)
    assert (own.price, own.hosted) == (None, False)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("keyed", [True, False])
def test_what_is_shown_is_what_the_server_says_and_what_is_entered(
    server: Provider, tmp_path: Path, method: str, keyed: bool
) -> None:
    fields = PRICES | ({"key_env": "LLM_KEY"} if keyed else {})
    lab = lab_of(server.url, tmp_path, method=method, **fields)
    read, written = 0, 0

    def behave(seen: Seen, sound: dict[str, dict[str, int]]) -> Reply | None:
        nonlocal read, written
        broken = len(server.seen) == 2  # one answer is none, and billed all the same
        usage = completion(seen, "No idea")["usage"] if broken else sound["usage"]
        read, written = read + usage["prompt_tokens"], written + usage["completion_tokens"]
        return (
            saying(seen, "No idea", logprobs={"content": [{"token": "x", "logprob": 0}]})
            if broken
            else None
        )

    server.behave = behave
    usage = pipeline.rerank_texts(QUERY, TEXTS, reranker="llm:m", lab=lab).usage
    assert usage.billed_tokens == read + written
    assert usage.usd == pytest.approx((2.0 * read + 8.0 * written) / 1e6)
    assert usage.requests == len(server.seen)
    assert not usage.estimated
    entered = spent(lab)["llm:m"]
    assert (entered.usd, entered.requests) == (pytest.approx(usage.usd), usage.requests)


def test_a_server_without_usage_is_estimated(server: Provider, tmp_path: Path) -> None:
    server.changed(lambda sound: {k: v for k, v in sound.items() if k != "usage"})
    lab = lab_of(server.url, tmp_path, key_env="LLM_KEY", **PRICES)
    usage = pipeline.rerank_texts(QUERY, TEXTS[:2], reranker="llm:m", lab=lab).usage
    read = prompts.TOKENS + sum(estimate_tokens([QUERY, *TEXTS[:2]])) + 2 * prompts.TOKENS_A_PASSAGE
    assert (usage.billed_tokens, usage.estimated) == (read + 36, True)
    assert usage.usd == pytest.approx((2.0 * read + 8.0 * 36) / 1e6)


def test_a_server_without_price_counts_by_requests(server: Provider, tmp_path: Path) -> None:
    lab = lab_of(server.url, tmp_path, "visitor_requests = 3", key_env="LLM_KEY")
    spec = catalog.reranker_spec("llm:m", lab.settings)
    assert (spec.hosted, spec.price) == (True, None)
    usage = pipeline.rerank_texts(QUERY, TEXTS, reranker="llm:m", lab=lab).usage
    assert (usage.usd, usage.requests) == (None, 2)
    assert spent(lab) == {"llm:m": Amount(0.0, 2, 2)}
    with pytest.raises(BudgetError, match="Your budget of 3 requests"):
        pipeline.rerank_texts(QUERY, TEXTS, reranker="llm:m", lab=lab)
    assert len(server.seen) == 2  # a pass that cannot be paid to its end is not begun


def test_a_server_of_ones_own_charges_nothing(server: Provider, tmp_path: Path) -> None:
    lab = lab_of(server.url, tmp_path, "visitor_usd = 0.0\nvisitor_requests = 0")
    usage = pipeline.rerank_texts(QUERY, TEXTS, reranker="llm:m", lab=lab).usage
    assert usage.usd is None
    assert spent(lab) == {}
    assert not costs(catalog.reranker_spec("llm:m", lab.settings), lab.settings)
    assert estimate_texts(["llm:m"], QUERY, TEXTS, lab.settings) == Estimate()


def tokens_of(calls: int, passages: int, mean: MeanTokens) -> float:
    each = prompts.TOKENS_A_PASSAGE + mean.document
    return calls * (prompts.TOKENS + mean.query) + passages * each


@pytest.mark.parametrize(
    ("fields", "calls", "passages", "written"),
    [
        ({"method": "pointwise"}, 100, 100, 100 * 5),
        ({"method": "listwise"}, 9, 180, 9 * 180),
        ({"method": "listwise", "passes": 2}, 18, 360, 18 * 180),
        ({"method": "listwise", "answer_tokens": 7}, 9, 180, 9 * 7),
        # a heap of 100 with 3 below each: places 0, 1 to 3, 4 to 10 and 11 to 32 stand 4, 3, 2 and
        # 1 levels above the ground, 4 + 9 + 14 + 22; then the root sinks 4 levels, 9 times
        ({"method": "setwise"}, 85, 4 * 85, 20 * 85),
    ],
)
def test_estimates_count_every_call(
    tmp_path: Path, fields: dict[str, object], calls: int, passages: int, written: int
) -> None:
    lab = lab_of("http://127.0.0.1:9", tmp_path, key_env="LLM_KEY", **PRICES, **fields)
    mean = MeanTokens(10.0, 100.0, "x")
    expected = (2.0 * tokens_of(calls, passages, mean) + 8.0 * written) / 1e6
    one = estimate_queries(["llm:m"], 1, 100, lambda: mean, lab.settings)
    assert one.usd == pytest.approx(expected)
    assert estimate_queries(["llm:m"], 7, 100, lambda: mean, lab.settings).usd == pytest.approx(
        7 * expected
    )
    spec = catalog.reranker_spec("llm:m", lab.settings)
    (bill,) = bills([spec], Traffic(1000, 100, 10.0, 100.0), lab.settings)
    assert bill.usd_a_query == pytest.approx(expected)
    free = lab_of("http://127.0.0.1:9", tmp_path, key_env="LLM_KEY", **fields)
    assert estimate_queries(["llm:m"], 2, 100, lambda: mean, free.settings).unpriced == 2 * calls


@pytest.mark.parametrize("method", METHODS)
def test_an_estimate_is_what_it_costs_at_most(
    server: Provider, tmp_path: Path, method: str
) -> None:
    lab = lab_of(server.url, tmp_path, method=method, key_env="LLM_KEY", **PRICES)
    ranking = pipeline.rerank_texts(QUERY, TEXTS, reranker="llm:m", lab=lab)
    estimate = estimate_texts(["llm:m"], QUERY, TEXTS, lab.settings)
    assert 0 < (ranking.usage.usd or 0) <= estimate.usd
    charge = charge_for_texts(
        catalog.reranker_spec("llm:m", lab.settings), QUERY, TEXTS, lab.settings
    )
    assert charge.usd == pytest.approx(estimate.usd)
    assert charge.requests >= ranking.usage.requests


class TestContract(RerankerContract):
    """Every method keeps the contract; ranks are those of a list, as a fusion's are."""

    @pytest.fixture(params=METHODS)
    def subject(self, request: pytest.FixtureRequest, server: Provider, tmp_path: Path) -> Subject:
        lab = lab_of(server.url, tmp_path, method=request.param)
        spec = catalog.reranker_spec("llm:m", lab.settings)
        reranker: Reranker = catalog.load_reranker("llm:m", Context(lab.settings))
        alone = request.param == "pointwise"
        return Subject(spec, reranker, pointwise=alone, fusion=not alone)
