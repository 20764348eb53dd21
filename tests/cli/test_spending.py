"""Commands never prompt: what costs more than a little wants --yes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import EXCEPTIONS, Run, complained
from tests.support.servers.provider_server import Provider, serve

CONFIG = """
[prices]
"cohere/rerank-v3.5" = {per_1k_searches = 20.0}
[spending]
confirm_usd = 0.05
confirm_requests = 3
"""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    with serve() as server:
        (tmp_path / "lab.toml").write_text(CONFIG)
        settings = {"RERANK_LAB_CONFIG": tmp_path / "lab.toml", "RERANK_LAB_DATA": tmp_path}
        for name, value in (server.environment() | settings).items():
            monkeypatch.setenv(name, str(value))
        yield server


def evaluate(run: Run, tmp_path: Path, reranker: str, *more: object) -> list[object]:
    first = ["evaluate", *EXCEPTIONS, "--first-stage", "bm25", "--out", tmp_path / "out"]
    return [*first, "--reranker", reranker, "--initial-k", 5, "--json", *more]


@pytest.mark.parametrize("reranker", ["cohere", "voyage"])
def test_an_evaluation_above_the_limit_wants_yes(
    run: Run, tmp_path: Path, provider: Provider, reranker: str
) -> None:
    command = evaluate(run, tmp_path, reranker, "--max-queries", 5)
    complained(run(*command), 2, "This is estimated to cost", reranker, "Add --yes")
    assert provider.seen == []
    assert run(*command, "--yes").code == 0
    assert len(provider.seen) == 5


def test_a_little_needs_no_yes(run: Run, tmp_path: Path, provider: Provider) -> None:
    assert run(*evaluate(run, tmp_path, "voyage", "--max-queries", 3)).code == 0
    assert (
        run("search", "keys", *EXCEPTIONS, "--first-stage", "bm25", "--reranker", "cohere").code
        == 0
    )
    assert len(provider.seen) == 4


def test_texts_above_the_limit_want_yes(run: Run, tmp_path: Path, provider: Provider) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(f"text {i}" for i in range(500)))
    command = ["rerank", "query", "--documents", tmp_path / "texts.txt", "--reranker", "cohere"]
    complained(run(*command), 2, "about $0.10 for cohere", "Add --yes")
    assert provider.seen == []
    assert run(*command, "--yes").code == 0


def test_models_tells_what_was_spent(run: Run, provider: Provider) -> None:
    assert run("models", "--json").json["spending"] == []
    for reranker in ("cohere", "voyage"):
        run("search", "keys", *EXCEPTIONS, "--first-stage", "bm25", "--reranker", reranker)
    [cohere, voyage] = run("models", "--json").json["spending"]
    assert (cohere["provider"], cohere["usd"], cohere["requests"]) == ("cohere", 0.02, 1)
    assert (voyage["provider"], voyage["usd"], voyage["unpriced"]) == ("voyage", 0, 1)
    out = run("models").out
    assert "cohere                    $0.02 in 1 request\n" in out
    assert "voyage                    1 request, price not on file\n" in out
