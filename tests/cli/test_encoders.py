"""Commands with encoders behind the network: index, search and evaluate, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import EXCEPTIONS, Run, complained
from tests.support.own_encoders import table
from tests.support.servers.provider_server import Provider, serve

KEY = "voyage:4-large"
CONFIG = """
[prices]
"voyage/voyage-4-large" = {per_1m_tokens = 1000.0}
[spending]
confirm_usd = 0.5
"""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    with serve() as server:
        own = table("own", url=server.url, shape="tei", kind="sparse")
        (tmp_path / "lab.toml").write_text(CONFIG + own)
        names = {"CONFIG": tmp_path / "lab.toml", "DATA": tmp_path / "data", "CACHE": tmp_path}
        variables = {f"RERANK_LAB_{name}": str(path) for name, path in names.items()}
        for name, value in (server.environment() | variables).items():
            monkeypatch.setenv(name, value)
        yield server


def test_indexing_for_money_wants_yes_and_says_what_it_cost(run: Run, provider: Provider) -> None:
    command = ["index", *EXCEPTIONS, "--first-stage", KEY, "--no-tokens"]
    complained(run(*command), 2, "This is estimated to cost about $1.0", KEY, "Add --yes")
    assert provider.seen == []
    done = run(*command, "--yes", "--json")
    assert done.code == 0
    assert "voyage:4-large: documents encoded: 1 request, 836 tokens, $0.836" in done.err
    [billed] = json.loads(done.out)["billed"]
    assert (billed["requests"], billed["tokens"], billed["estimated"]) == (1, 836, False)
    again = run(*command, "--json")  # indexed already: nothing to pay
    assert (again.code, json.loads(again.out)["billed"]) == (0, [])
    assert len(provider.seen) == 1


def test_a_search_that_would_index_wants_yes_too(run: Run, provider: Provider) -> None:
    command = ["search", "raise", *EXCEPTIONS, "--first-stage", f"{KEY}:4-lite"]
    complained(run(*command), 2, "This is estimated to cost", KEY, "Add --yes")
    assert provider.seen == []
    assert run(*command, "--yes").code == 0
    assert [seen.body["model"] for seen in provider.seen] == ["voyage-4-large", "voyage-4-lite"]
    assert run(*command).code == 0


def test_an_own_encoder_indexes_searches_and_evaluates(
    run: Run, provider: Provider, tmp_path: Path
) -> None:
    own = [*EXCEPTIONS, "--first-stage", "encoder:own"]
    assert run("index", *own, "--no-tokens").code == 0
    found = json.loads(run("search", "raise an exception", *own, "--json").out)
    assert found["first_stage"]["system"] == "encoder:own"
    options = ["--reranker", "bm25", "--max-queries", 3, "--out", tmp_path / "out", "--no-save"]
    assert run("evaluate", *own, *options).code == 0
    assert set(json.loads((tmp_path / "out" / "metrics.json").read_text())) == {
        "encoder:own",
        "bm25",
    }
    models = json.loads(run("models", "--json").out)["models"]
    assert "encoder:own" in [m["key"] for m in models if m["stage"] == "first stage"]


def test_an_unknown_encoder_is_a_mistake(run: Run, provider: Provider) -> None:
    complained(
        run("search", "x", *EXCEPTIONS, "--first-stage", "encoder:other"),
        2,
        "There is no first stage 'encoder:other'.",
    )
