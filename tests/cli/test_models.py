"""`rerank-lab models`."""

from __future__ import annotations

from tests.support.command_line import Run

ENTRY = "key label family stage available reason remedy license source".split()


def test_models(run: Run, ghost: str) -> None:
    ended = run("models", "--json")
    assert ended.code == 0
    assert list(ended.json) == ["models", "spending"]
    models = ended.json["models"]
    assert all(list(m)[: len(ENTRY)] == ENTRY for m in models)
    keys = [(m["stage"], m["key"]) for m in models]
    firsts = ["bge-small", "minilm-l6", "bm25", "hybrid"]
    named = [key for stage, key in keys if stage == "first stage"]
    assert named[:4] == firsts
    assert {"cohere:embed-v4.0", "voyage:4-large:4-lite"} <= set(named)
    rerankers = [key for stage, key in keys if stage == "reranker"]
    local = ["minilm-l12", "late-bge", "bm25", "rrf"]
    assert rerankers[:8] == [*local, "cohere", "voyage", "jina", "bge-v2-m3"]
    assert {"biencoder-minilm", ghost} <= set(rerankers)
    by_key = {m["key"]: m for m in models if m["stage"] == "reranker"}
    assert (by_key["minilm-l12"]["available"], by_key["minilm-l12"]["reason"]) == (True, "")
    assert by_key[ghost]["available"] is False
    assert "has no config.json" in by_key[ghost]["reason"]
    assert by_key[ghost]["remedy"]
    assert all(m["license"] for m in models)


def test_models_as_a_table(run: Run) -> None:
    ended = run("models")
    assert ended.code == 0
    for key in ("bge-small", "minilm-l12", "rrf"):
        assert key in ended.out
