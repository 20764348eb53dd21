"""A collection that exists already, by its name on the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components import cli
from components.lab import catalog
from components.retrieval import first_stages
from tests.support.added import FAKES, added
from tests.support.collections import ENCODER, READER, config, foreign, payloads_of, serve
from tests.support.commands import Command
from tests.support.servers.qdrant_server import QdrantServer

TEXTS = tuple(f"word{i} word{i + 1}" for i in range(20))
FIRST = ("--corpus", "mine", "--first-stage", ENCODER)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QdrantServer]:
    """A server with a collection that the configuration names, with queries beside it."""
    (tmp_path / "q.jsonl").write_text(json.dumps({"_id": "q", "text": "word3 word4"}))
    (tmp_path / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t3\t1\n")
    with (
        added(first_stages, FAKES / "first_stages", catalog.offered_first_stages.cache_clear),
        serve(foreign(payloads_of(TEXTS))) as running,
    ):
        path = config(tmp_path, running.url, queries="q.jsonl", qrels="test.tsv")
        monkeypatch.setenv("RERANK_LAB_CONFIG", str(path))
        monkeypatch.setenv("READER_KEY", READER)
        yield running
        assert running.writes() == []


def test_it_is_indexed_searched_evaluated_and_listed(
    command: Command, server: QdrantServer, tmp_path: Path
) -> None:
    told = command("index", *FIRST)
    assert told["collection"]["where"] == f"prod at {server.url}"
    assert [c["name"] for c in told["collection"]["checks"]][-2:] == ["text field", "title field"]
    assert told["token_vectors"] is False
    answer = command("search", "word3 word4", *FIRST, "--reranker", "bm25", "--final-k", "1")
    assert answer["query"] == "word3 word4"
    assert answer["first_stage"]["hits"][0]["id"] == "3"
    command("evaluate", *FIRST, "--reranker", "bm25", "--out", tmp_path / "out", "--no-save")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics[ENCODER]["RR@10"] == 1.0
    html = (tmp_path / "out" / "report.html").read_text()
    assert "The first stage is the collection&#39;s own: exact" in html
    listed = command("corpus", "list")
    assert [(c["name"], c["points"]) for c in listed["collections"]] == [("mine", 20)]
    described = command("corpus", "describe", "--corpus", "mine")
    assert (described["total"], described["documents"]) == (20, 20)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("search", "x", "--corpus", "mine"), "mine cannot be searched by bge-small"),
        (("search", "x", *FIRST, "--text-column", "b"), "which names its fields"),
        (("evaluate", *FIRST, "--split", "dev", "--out", "x"), "there is no such split"),
        (("index", *FIRST, "--tokens"), "it is never read whole"),
    ],
)
def test_mistakes_end_with_2(
    arguments: tuple[str, ...],
    reason: str,
    server: QdrantServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rerank-lab", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
