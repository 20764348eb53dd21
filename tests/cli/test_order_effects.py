"""`rerank-lab search --order-effects`: what the candidates' order and chance change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.network import capacity
from tests.support.command_line import EXCEPTIONS, Run, complained
from tests.support.servers.llm_server import serve
from tests.support.servers.provider_server import KEY, Provider

SEARCH = ("search", "raise an exception", *EXCEPTIONS, "--first-stage", "bm25")
LLM = ("--reranker", "llm:m")
PRICES = "input_usd = 1.0\noutput_usd = 1.0\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    with serve() as provider:
        capacity.forget()
        config = tmp_path / "lab.toml"
        table = f'[[llm]]\nname = "m"\nurl = "{provider.url}"\nmodel = "gpt"\nkey_env = "LLM_KEY"\n'
        config.write_text(f"{table}{PRICES}[spending]\nconfirm_usd = 0.005\n")
        monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
        monkeypatch.setenv("RERANK_LAB_DATA", str(tmp_path))
        monkeypatch.setenv("LLM_KEY", KEY)
        yield provider
    capacity.forget()


def test_ranks_are_told_without_scores(run: Run, server: Provider) -> None:
    ended = run(*SEARCH, *LLM, "--final-k", 3)
    assert ended.code == 0
    assert "llm:m: caution: a passage that holds instructions can sway it" in ended.err
    rows = ended.out.split("llm:m")[1].splitlines()
    assert [row.split()[2] for row in rows if row.strip()[:1].isdigit()][:3] == ["none"] * 3
    value = run(*SEARCH, *LLM, "--json").json
    [ranking] = value["rankings"]
    assert [hit["score"] for hit in ranking["hits"]][:2] == [-1.0, -2.0]
    assert "order_effects" not in value


def test_order_and_chance_are_measured_on_request(run: Run, server: Provider) -> None:
    ended = run(*SEARCH, *LLM, "--order-effects", "--yes", "--json")
    [effects] = ended.json["order_effects"]
    assert effects["system"] == "llm:m"
    assert [trial["shuffled"] for trial in effects["trials"]] == [False, *[True] * 5]
    assert all(trial["same"] for trial in effects["trials"])
    assert effects["requests"] == 6
    assert len(server.seen) == 7
    plain = run(*SEARCH, *LLM, "--order-effects", "--yes")
    assert "llm:m: The same candidates once more: the same order" in plain.out
    assert "llm:m: 5 shuffles of the candidates:" in plain.out


def test_all_passes_are_estimated_before(run: Run, server: Provider) -> None:
    assert run(*SEARCH, *LLM).code == 0
    sent = len(server.seen)
    ended = run(*SEARCH, *LLM, "--order-effects")
    complained(ended, 2, "llm:m", "--yes")
    assert len(server.seen) == sent


def test_it_is_a_mistake_where_nothing_depends_on_the_order(run: Run) -> None:
    ended = run(*SEARCH, "--reranker", "bm25", "--order-effects")
    complained(ended, 2, "None of the chosen rerankers depends on the order")
