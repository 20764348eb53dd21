"""`rerank-lab index`, `search` and `rerank`: one JSON object on standard output, or a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.domain import Corpus
from components.lab import Lab, read_settings
from tests.support.command_line import Ended, Run, complained

RANKING = ["system", "hits", "timing", "truncated", "cached", "usage"]
HIT = ["id", "rank", "score", "first_stage_rank", "title", "text"]
TIMING = ["embed_ms", "search_ms", "rerank_ms", "load_ms"]


# ---------------------------------------------------------------- index and search


@pytest.mark.models
def test_index(
    run: Run, exceptions: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RERANK_LAB_CACHE", str(tmp_path))
    ended = run("index", "--corpus", "exceptions", "--no-tokens", "--json")
    assert ended.code == 0
    value = ended.json
    assert value["corpus"] == {
        "name": "exceptions",
        "documents": 9,
        "fingerprint": exceptions.fingerprint,
    }
    assert (value["first_stage"], value["token_vectors"]) == ("bge-small", False)
    assert list(value["collections"].values()) == [9]
    assert value["store"].startswith(f"embedded Qdrant, in {tmp_path}")
    plain = run("index", "--corpus", "exceptions", "--no-tokens", "--first-stage", "bm25")
    assert plain == Ended(0, f"exceptions: 9 documents in {value['store']}\n", plain.err)


@pytest.mark.models
def test_token_vectors_of_a_small_corpus_are_encoded_ahead(
    run: Run, exceptions: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RERANK_LAB_CACHE", str(tmp_path))
    passages = [document.passage for document in exceptions.documents]
    keys = ("index", "--corpus", "exceptions", "--first-stage", "bm25", "--json")
    assert run(*keys, "--no-tokens").json["token_vectors"] is False
    assert Lab(read_settings()).tokens.missing(passages) == passages
    assert run(*keys).json["token_vectors"] is True
    assert Lab(read_settings()).tokens.missing(passages) == []


@pytest.mark.models
def test_search(run: Run, exceptions: Corpus) -> None:
    ended = run(
        *("search", "except*", "--corpus", "exceptions", "--json"),
        *("--reranker", "minilm-l12", "--reranker", "bm25", "--reranker", "rrf"),
        *("--initial-k", 7, "--final-k", 3),
    )
    assert ended.code == 0
    value = ended.json
    assert list(value) == [
        "query",
        "corpus",
        "first_stage",
        "rankings",
        "failures",
        "filter",
        "import",
    ]
    assert value["query"] == "except*"
    assert value["corpus"] == {
        "name": "exceptions",
        "documents": 9,
        "fingerprint": exceptions.fingerprint,
    }
    assert [r["system"] for r in value["rankings"]] == ["minilm-l12", "bm25", "rrf"]
    assert value["failures"] == []
    for ranking in (value["first_stage"], *value["rankings"]):
        assert list(ranking) == RANKING
        assert list(ranking["timing"]) == TIMING
        assert [list(hit) for hit in ranking["hits"]] == [HIT] * 3
        assert [hit["rank"] for hit in ranking["hits"]] == [1, 2, 3]
        assert all(1 <= hit["first_stage_rank"] <= 7 for hit in ranking["hits"])
        assert ranking["cached"] is False
        for hit in ranking["hits"]:
            assert hit["text"] == exceptions.by_id[hit["id"]].text
    assert value["first_stage"]["system"] == "bge-small"
    assert value["rankings"][0]["usage"]["pairs"] == 7


@pytest.mark.models
def test_a_former_key_is_the_one_that_took_its_place(run: Run, tmp_path: Path) -> None:
    notice = "late-minilm is now late-bge, which takes its place."
    file = tmp_path / "two.txt"
    file.write_text("a cat\na dog\n")
    former, now = (
        run("rerank", "cat", "--documents", file, "--reranker", key, "--json")
        for key in ("late-minilm", "late-bge")
    )
    assert (former.code, former.err.splitlines()) == (0, [notice])
    assert former.json["results"] == now.json["results"]
    assert former.json["results"][0]["text"] == "a cat"
    ended = run(
        *("search", "raise", "--corpus", "exceptions", "--first-stage", "bm25", "--json"),
        *("--reranker", "late-minilm", "--reranker", "bm25"),
    )
    assert [r["system"] for r in ended.json["rankings"]] == ["late-bge", "bm25"]
    assert notice in ended.err.splitlines()


def test_search_of_a_folder_without_rerankers(run: Run, folder: Path) -> None:
    ended = run("search", "fox", "--corpus", folder, "--first-stage", "bm25", "--json")
    value = ended.json
    assert ended.code == 0
    assert value["rankings"] == []
    assert [hit["id"] for hit in value["first_stage"]["hits"]] == ["a", "b b"]


def test_no_candidates_are_no_hits(run: Run) -> None:
    ended = run(
        *("search", "zyzzyva", "--corpus", "exceptions", "--first-stage", "bm25"),
        *("--reranker", "bm25", "--json"),
    )
    assert ended.code == 0
    assert ended.json["first_stage"]["hits"] == []
    assert ended.json["rankings"][0]["hits"] == []


def test_a_table_shows_hostile_titles_as_they_are(run: Run, folder: Path) -> None:
    keys = ("--first-stage", "bm25", "--reranker", "bm25")
    ended = run("search", "fox", "--corpus", folder, *keys)
    assert ended.code == 0
    assert ended.out.count("[bold]fox[/nothing]") == 2
    assert ended.out.count("<b>hat</b>") == 2


def test_a_system_that_failed_is_exit_1(run: Run, ghost: str) -> None:
    keys = ("--first-stage", "bm25", "--reranker", ghost, "--reranker", "bm25")
    ended = run("search", "raise", "--corpus", "exceptions", *keys, "--json")
    assert ended.code == 1
    assert [r["system"] for r in ended.json["rankings"]] == ["bm25"]
    [failure] = ended.json["failures"]
    assert list(failure) == ["system", "reason", "remedy"]
    assert failure["system"] == ghost
    table = run("search", "raise", "--corpus", "exceptions", *keys)
    assert table.code == 1
    assert "has no config.json" in table.err
    assert "raise-from" in table.out


@pytest.mark.models
def test_a_long_query_fails_in_the_column_that_cannot_read_it(run: Run) -> None:
    keys = ("--first-stage", "bm25", "--reranker", "minilm-l12", "--reranker", "bm25")
    ended = run("search", "raise " * 10_000, "--corpus", "exceptions", *keys, "--json")
    assert ended.code == 1
    assert [f["system"] for f in ended.json["failures"]] == ["minilm-l12"]


# ---------------------------------------------------------------- rerank


def test_rerank_of_lines(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("a green hat\n\na [red]fox[/nothing] in the snow\n")
    arguments = ("rerank", "fox", "--documents", file, "--reranker", "bm25")
    ended = run(*arguments, "--json")
    assert ended.code == 0
    assert list(ended.json)[:2] == ["results", "timing"]
    assert list(ended.json["timing"]) == TIMING
    best, last = ended.json["results"]
    assert list(best) == ["text", "relevance_score", "original_index"]
    assert (best["text"], best["original_index"]) == ("a [red]fox[/nothing] in the snow", 1)
    assert (last["relevance_score"], last["original_index"]) == (0.0, 0)
    plain = run(*arguments, "--top-k", 1)
    assert plain.out.endswith("[1]  a [red]fox[/nothing] in the snow\n")
    assert plain.out.count("\n") == 1


@pytest.mark.models
def test_rerank_of_json_lines(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "weather"}\n{"text": "log a traceback\\nwith logging", "x": 1}\n')
    ended = run("rerank", "how to log a traceback", "--documents", file, "--top-k", 1, "--json")
    assert ended.code == 0
    [best] = ended.json["results"]
    assert (best["text"], best["original_index"]) == ("log a traceback\nwith logging", 1)


def test_rerank_with_what_cannot_run_is_exit_1(run: Run, ghost: str, tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("a fox\n")
    ended = run("rerank", "fox", "--documents", file, "--reranker", ghost, "--json")
    complained(ended, 1, "has no config.json")
