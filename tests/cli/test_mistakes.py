"""Mistakes and faults: an exit code and one line of plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from components import evaluation
from tests.support.command_line import EXCEPTIONS, HEADER, Run, complained
from tests.support.servers.qdrant_server import Fault, QdrantServer

RANKED = "query-id\tcorpus-id\trank\n"


@pytest.mark.models
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("search", ""), ["The query is empty."]),
        (("search", " \t "), ["The query is empty."]),
        (("search", "caf\udce9"), ["not valid Unicode"]),
        (("search", "a", "--corpus", "nowhere"), ["'nowhere' is neither", "Samples: helpdesk"]),
        (("search", "a", "--corpus", ""), ["is neither a sample nor a folder"]),
        (("search", "a", "--corpus", "\udcff"), ["neither a sample nor a folder"]),
        (("search", "a", "--first-stage", "x"), ["no first stage 'x'", "Choose one of: bge-small"]),
        (("search", "a", "--reranker", "x"), ["no reranker 'x'", "Choose one of: minilm-l12"]),
        (("search", "a", "--reranker", "bm25", "--reranker", "bm25"), ["named twice"]),
        (("search", "a", "--final-k", "11", "--initial-k", "10"), ["final_k (11) is larger"]),
        (("search", "a", "--final-k", "101"), ["final_k (101) is larger than initial_k (100)"]),
        (("search", "a", "--final-k", "0"), ["final_k is 0"]),
        (("search", "a", "--initial-k", "0"), ["initial_k is 0"]),
        (("search", "a", "--initial-k", "0", "--final-k", "-1"), ["final_k is -1"]),
        (("search", "a", "--instruction", "x", "--reranker", "bm25"), ["takes an instruction"]),
        (("search", "raise " * 10_000, *EXCEPTIONS), ["10,008 tokens; bge-small reads at most"]),
        (("index", "--corpus", "nowhere"), ["'nowhere' is neither"]),
        (("index", "--first-stage", "x"), ["no first stage 'x'"]),
        (("rerank", "", "--documents", "x"), ["The query is empty."]),
        (("rerank", "a", "--documents", "nowhere.txt"), ["nowhere.txt: the file cannot be read"]),
        (("rerank", "a", "--documents", "."), ["cannot be read"]),
        (("rerank", "a", "--documents", "x", "--top-k", "0"), ["top_k is 0"]),
        (("rerank", "a", "--documents", "x", "--reranker", "y"), ["no reranker 'y'"]),
        (("bench", "--repeats", "0"), ["repeats is 0"]),
    ],
    ids=lambda value: (
        " ".join(value)[:40].encode(errors="replace").decode() if isinstance(value, tuple) else ""
    ),
)
def test_mistakes(run: Run, arguments: tuple[str, ...], words: list[str]) -> None:
    complained(run(*arguments), 2, *words)
    if arguments[0] != "bench":
        complained(run(*arguments, "--json"), 2, *words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["holds no text"]),
        (b"\n \n", ["holds no text"]),
        (b"one\ncaf\xe9\n", ["texts:2", "UTF-8"]),
        (b'{"text": "a"}\n{"txt": "b"}\n', ["texts:2", "'text' is missing"]),
        (b'{"text": "a"}\n{"text": \n', ["texts:2"]),
        (b'{"text": "a"}\n{"text": 7}\n', ["texts:2", "a number"]),
        (b"a\x00b\n", ["texts:1"]),
    ],
)
def test_documents_that_cannot_be_read(
    run: Run, tmp_path: Path, content: bytes, words: list[str]
) -> None:
    file = tmp_path / "texts"
    file.write_bytes(content)
    complained(run("rerank", "a", "--documents", file, "--reranker", "bm25", "--json"), 2, *words)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("corpus.jsonl", None, ["expected one corpus", "no documents"]),
        ("corpus.jsonl", b"", ["holds no documents"]),
        ("corpus.jsonl", b'{"_id": "a", "text": "caf\x81"}\n', ["corpus.jsonl:1", "UTF-8"]),
        ("corpus.jsonl", b'{"_id": "a", "text": "x"}\n{"_id"\n', ["corpus.jsonl:2"]),
        ("corpus.jsonl", b'{"_id": "a", "text": "x"}\n' * 2, ["corpus.jsonl:2", "already used"]),
        ("queries.jsonl", b"[]\n", ["queries.jsonl:1"]),
        ("qrels/test.tsv", b"q1\ta\n", ["qrels/test.tsv:1", "expected 3 columns"]),
        ("qrels/test.tsv", HEADER.encode() + b"q1\ta\thigh\n", ["test.tsv:2", "whole number"]),
    ],
)
def test_a_corpus_that_cannot_be_read(
    run: Run, folder: Path, tmp_path: Path, name: str, content: bytes | None, words: list[str]
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    out = tmp_path / "out"
    complained(run("search", "fox", "--corpus", folder, "--json"), 2, *words)
    complained(run("index", "--corpus", folder), 2, *words)
    complained(run("evaluate", "--corpus", folder, "--out", out, "--json"), 2, *words)
    assert not out.exists()


@pytest.mark.parametrize(
    ("option", "content", "words"),
    [
        ("qrels", None, ["given", "the file cannot be read"]),
        ("qrels", "", ["holds no rows"]),
        ("qrels", "ask\tfile\tmark\nq1\ta\tx\n", [":1: the score 'mark' is not a whole"]),
        ("qrels", f"{HEADER}q1\ta\n", [":2: expected 3 columns"]),
        ("qrels", f"{HEADER}q1\ta\t1.5\n", [":2: the score '1.5' is not a whole number"]),
        ("qrels", f"{HEADER}q1\ta\t1\nq1\ta\t2\n", [":3: query 'q1' with document 'a' has 2"]),
        (
            "qrels",
            f"{HEADER}other\ta\t1\n",
            ["None of the judged queries (1) is among the 2"],
        ),
        ("qrels", f"{HEADER}q1\ta\t0\n", ["No query of"]),
        ("qrels", f"{HEADER}q1\ta\t1\n".encode("utf-16-le"), ["UTF-8"]),
        ("candidates", None, ["given", "the file cannot be read"]),
        ("candidates", "q1 0 a 1\n", [":1: expected the header query-id, corpus-id, rank"]),
        ("candidates", f"{RANKED}q1\ta\tfirst\n", [":2: the rank 'first' is not"]),
        ("candidates", f"{RANKED}other\ta\t1\n", ["No query of", "candidates"]),
        ("split", "dev", ["qrels/dev.tsv: there is no such split", "Splits: test"]),
        ("split", "../../x", ["there is no such split"]),
        ("max-queries", "0", ["max_queries is 0"]),
        ("reranker", "nothing", ["no reranker 'nothing'"]),
        ("first-stage", "nothing", ["no first stage 'nothing'"]),
        ("initial-k", "0", ["initial_k is 0"]),
    ],
)
def test_an_evaluation_that_cannot_be_done(
    run: Run, folder: Path, tmp_path: Path, option: str, content: str | bytes, words: list[str]
) -> None:
    value: object = content
    if option in {"qrels", "candidates"}:
        value = tmp_path / "given.tsv"
        if content is not None:
            value.write_bytes(content if isinstance(content, bytes) else content.encode())
    out = tmp_path / "out"
    ended = run("evaluate", "--corpus", folder, f"--{option}", value, "--out", out, "--json")
    complained(ended, 2, *words)
    assert not out.exists()


def test_a_corpus_without_judgments(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "qrels" / "test.tsv").unlink()
    out = tmp_path / "out"
    ended = run("evaluate", "--corpus", folder, "--out", out)
    complained(ended, 2, "has no judgments", "--qrels")
    assert not out.exists()


def test_out_is_a_file(run: Run, folder: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    ended = run("evaluate", "--corpus", folder, "--first-stage", "bm25", "--out", taken)
    complained(ended, 2, "cannot be written", "Choose another --out.")
    assert taken.read_text() == "mine"


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where an evaluation begins."""
    monkeypatch.setattr(evaluation, "evaluate", lambda *args: pytest.fail("work has begun"))


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("place", ["file", "dangling", "busy", "/dev/full", "/proc/nowhere"])
def test_out_is_tried_before_any_work(run: Run, folder: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "busy" / "report.html").mkdir(parents=True)
    arguments = ("evaluate", "--corpus", folder, "--first-stage", "bm25")
    ended = run(*arguments, "--out", tmp_path / place, "--json")
    complained(ended, 2, f"{place} cannot be written", "Choose another --out.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["cannot be read", "RERANK_LAB_CONFIG must name a TOML file"]),
        ("[qdrant\n", ["cannot be read"]),
        ("[qdrant]\nshards = 0\n", ["shards must be a whole number of at least 1, not 0"]),
        ("[[hub]]\nmodel = 'x'\n", ["[[hub]] number 1: key is missing"]),
    ],
)
@pytest.mark.parametrize("command", [("models",), ("search", "a"), ("serve",)])
def test_a_bad_configuration(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    content: str | None,
    words: list[str],
) -> None:
    config = tmp_path / "lab.toml"
    if content is not None:
        config.write_text(content)
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
    complained(run(*command), 2, *words)


@pytest.mark.parametrize(
    "arguments",
    [("search",), ("search", "a", "--initial-k", "ten"), ("nothing",), ("rerank", "a"), ("--x",)],
)
def test_options_that_do_not_exist(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith(". See rerank-lab --help.\n")
    assert ended.err.count("\n") == 1


def test_a_store_that_fails_is_exit_1(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("search", "fox", "--corpus", folder, "--first-stage", "bm25")
    monkeypatch.setenv("QDRANT_API_KEY", "a-secret")
    with QdrantServer() as server:
        monkeypatch.setenv("QDRANT_URL", server.url)
        good = run(*arguments, "--json")
        assert [hit["id"] for hit in good.json["first_stage"]["hits"]] == ["a", "b b"]
        server.fault = Fault(403, b"a-secret is not allowed", "text/plain")
        refused = run(*arguments)
    assert "refuses the key (HTTP 403)" in refused.err
    assert "QDRANT_API_KEY" in refused.err
    gone = run("search", "fox", "--corpus", "exceptions", "--first-stage", "bm25", "--json")
    complained(gone, 1, "cannot be reached", "Start the server")
    out = tmp_path / "out"
    complained(run("evaluate", "--corpus", "exceptions", "--out", out), 1, "cannot be reached")
    assert not out.exists()
    assert "a-secret" not in refused.err + gone.err
