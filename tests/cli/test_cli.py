"""The command line: one JSON object on standard output, exit codes, plain words for mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components import cli
from components.corpora import SAMPLES
from components.domain import Corpus
from tests.support.servers.qdrant_server import Fault, QdrantServer

ROOT = Path(__file__).resolve().parents[2]
RANKING = ["system", "hits", "timing", "truncated", "cached", "usage"]
HIT = ["id", "rank", "score", "first_stage_rank", "title", "text"]
TIMING = ["embed_ms", "search_ms", "rerank_ms", "load_ms"]
ENTRY = "key label family stage available reason remedy license source".split()
HEADER = "query-id\tcorpus-id\tscore\n"
RANKED = "query-id\tcorpus-id\trank\n"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        """Return the one JSON object that standard output holds."""
        assert self.out.count("\n") == 1
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, as the console script does."""

    def ended(*args: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["rerank-lab", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        code = caught.value.code
        assert isinstance(code, int)
        return Ended(code, *capsys.readouterr())

    return ended


@pytest.fixture
def ghost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Configure a reranker that cannot run here; return its key."""
    config = tmp_path / "lab.toml"
    config.write_text('[[hub]]\nkey = "ghost"\npath = "/nowhere/at/all"\n')
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
    return "ghost"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a small BEIR folder with a hostile title."""
    made = tmp_path / "[red]corpus"
    (made / "qrels").mkdir(parents=True)
    rows = [
        {"_id": "a", "title": "[bold]fox[/nothing]", "text": "a fox in the snow"},
        {"_id": "b b", "title": "<b>hat</b>", "text": "a green hat, no fox"},
        {"_id": "c", "text": "a ship in the harbour"},
    ]
    (made / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    queries = [{"_id": "q1", "text": "fox"}, {"_id": "q2", "text": "green hat"}]
    (made / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (made / "qrels" / "test.tsv").write_text(f"{HEADER}q1\ta\t2\nq2\tb b\t1\n")
    return made


def complained(ended: Ended, code: int, *words: str) -> None:
    """Check for nothing on standard output, and one line with these words on the other."""
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.endswith("\n")
    assert ended.err.count("\n") == 1, ended.err
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err


# ---------------------------------------------------------------- models


def test_models(run: Run, ghost: str) -> None:
    ended = run("models", "--json")
    assert ended.code == 0
    assert list(ended.json) == ["models"]
    models = ended.json["models"]
    assert all(list(m)[: len(ENTRY)] == ENTRY for m in models)
    keys = [(m["stage"], m["key"]) for m in models]
    firsts = ["bge-small", "minilm-l6", "bm25", "hybrid"]
    assert [key for stage, key in keys if stage == "first stage"] == firsts
    rerankers = [key for stage, key in keys if stage == "reranker"]
    local = ["minilm-l12", "late-minilm", "bm25", "rrf"]
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


# ---------------------------------------------------------------- index and search


@pytest.mark.models
def test_index(run: Run, exceptions: Corpus) -> None:
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
    assert value["store"] == "embedded Qdrant, in memory"
    plain = run("index", "--corpus", "exceptions", "--no-tokens", "--first-stage", "bm25")
    assert plain == Ended(0, "exceptions: 9 documents in embedded Qdrant, in memory\n", plain.err)


@pytest.mark.models
def test_search(run: Run, exceptions: Corpus) -> None:
    ended = run(
        *("search", "except*", "--corpus", "exceptions", "--json"),
        *("--reranker", "minilm-l12", "--reranker", "bm25", "--reranker", "rrf"),
        *("--initial-k", 7, "--final-k", 3),
    )
    assert ended.code == 0
    value = ended.json
    assert list(value) == ["query", "corpus", "first_stage", "rankings", "failures"]
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


# ---------------------------------------------------------------- evaluate


@pytest.mark.models
def test_evaluate(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run(
        *("evaluate", "--corpus", folder, "--first-stage", "bm25", "--reranker", "minilm-l12"),
        *("--out", out, "--json"),
    )
    assert ended.code == 0
    value = ended.json
    assert (value["queries"], value["failures"], value["out"]) == (2, [], str(out))
    assert value["metrics"] == json.loads((out / "metrics.json").read_text())
    bm25 = value["metrics"]["bm25"]
    assert [bm25[m] for m in ("nDCG@10", "RR@10", "P@10", "R@100", "AP")] == [1, 1, 0.1, 1, 1]
    lines = (out / "runs" / "bm25.trec").read_text().splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["q1", "Q0", "a", "1"],
        ["q1", "Q0", "b%20b", "2"],
        ["q2", "Q0", "b%20b", "1"],
    ]
    assert (out / "runs" / "minilm-l12.trec").is_file()
    assert "<!doctype html>" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("limit", "code", "words"),
    [
        ("bm25:nDCG@10=0.9", 0, ""),
        ("bm25:P@10=0.5", 1, "bm25 P@10 0.1000 is under 0.5000."),
        ("bm25:nDCG@10", 2, "is not SYSTEM:MEASURE=VALUE"),
        ("bm25:MAP=0.5", 2, "There is no measure 'MAP'"),
        ("bm25:P@3=0.5", 1, "bm25 P@3 0.3333 is under 0.5000."),
        ("voyage:nDCG@10=0.5", 2, "which is not evaluated"),
    ],
)
def test_evaluate_fails_under_a_limit(
    run: Run, folder: Path, tmp_path: Path, limit: str, code: int, words: str
) -> None:
    ended = run(
        *("evaluate", "--corpus", folder, "--first-stage", "bm25", "--out", tmp_path / "out"),
        *("--fail-under", limit),
    )
    assert ended.code == code
    assert words in ended.err


@pytest.mark.models
def test_evaluate_says_whether_it_is_more_than_noise(run: Run, tmp_path: Path) -> None:
    ended = run(
        *("evaluate", "--corpus", "helpdesk", "--first-stage", "bge-small", "--reranker", "bm25"),
        *("--out", tmp_path / "out", "--json"),
    )
    (line,) = ended.json["verdicts"]
    assert line.startswith("bm25 ")
    assert "bge-small by" in line
    assert "95% CI" in line
    assert "n = 90" in line
    assert line.replace("&", "&amp;") in (tmp_path / "out" / "report.html").read_text()


def test_evaluate_with_candidates_and_other_judgments(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    qrels, candidates = tmp_path / "more.tsv", tmp_path / "candidates.tsv"
    qrels.write_text(f"{HEADER}q1\tb b\t1\nq1\televen\t1\nq7\ta\t1\n")
    candidates.write_text(f"{RANKED}q1\tb b\t2\nq1\tc\t1\n")
    ended = run(
        *("evaluate", "--corpus", folder, "--qrels", qrels, "--candidates", candidates),
        *("--reranker", "bm25", "--out", tmp_path / "out", "--json"),
    )
    assert ended.code == 0
    assert ended.json["queries"] == 1
    assert ended.json["metrics"]["candidates"]["RR@10"] == 0.5
    assert ended.json["metrics"]["bm25"]["RR@10"] == 1.0
    assert ended.json["metrics"]["bm25"]["R@100"] == 0.5  # "eleven" still counts
    assert "Of 2 judged queries 1 and of 3 judged documents 1 are not in [red]corpus;" in (
        ended.err
    )


def test_evaluate_of_a_few_queries_as_a_table(run: Run, tmp_path: Path) -> None:
    ended = run(
        *("evaluate", "--corpus", "exceptions", "--first-stage", "bm25", "--max-queries", 2),
        *("--out", tmp_path / "out"),
    )
    assert ended.code == 0
    assert "nDCG@10" in ended.out
    assert "2 queries" in ended.out
    assert len(json.loads((tmp_path / "out/per_query.json").read_text())["bm25"]) == 2


def test_evaluate_with_a_system_that_fails(
    run: Run, ghost: str, folder: Path, tmp_path: Path
) -> None:
    ended = run(
        *("evaluate", "--corpus", folder, "--first-stage", "bm25", "--reranker", ghost),
        *("--reranker", "bm25", "--out", tmp_path / "out", "--json"),
    )
    assert ended.code == 1
    assert ended.json["queries"] == 2
    assert ended.json["metrics"]["bm25"]["RR@10"] == 1.0
    assert ended.json["metrics"][ghost] == {}
    assert [(f["system"], f["query"]) for f in ended.json["failures"]] == [
        (ghost, "q1"),
        (ghost, "q2"),
    ]


# ---------------------------------------------------------------- mistakes


EXCEPTIONS = ("--corpus", "exceptions")


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
        (("search", "a", "--initial-k", "0"), ["(10) is larger than initial_k (0)"]),
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
        ("corpus.jsonl", None, ["there is no corpus.jsonl"]),
        ("corpus.jsonl", b"", ["holds no documents"]),
        ("corpus.jsonl", b'{"_id": "a", "text": "caf\xe9"}\n', ["corpus.jsonl:1", "UTF-8"]),
        ("corpus.jsonl", b'{"_id": "a", "text": "x"}\n{"_id"\n', ["corpus.jsonl:2"]),
        ("corpus.jsonl", b'{"_id": "a", "text": "x"}\n' * 2, ["corpus.jsonl:2", "already used"]),
        ("queries.jsonl", b"[]\n", ["queries.jsonl:1"]),
        ("qrels/test.tsv", b"q1\ta\t1\n", ["qrels/test.tsv:1", "expected the header"]),
        ("qrels/test.tsv", HEADER.encode() + b"q1\ta\thigh\n", ["test.tsv:2", "an integer"]),
        ("qrels/test.tsv", HEADER.encode() + b"q1\tz\t1\n", ["'z' is not in the corpus"]),
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
        ("qrels", "query\tdoc\tgrade\nq1\ta\t1\n", [":1: expected the header query-id"]),
        ("qrels", f"{HEADER}q1\ta\n", [":2: expected 3 columns"]),
        ("qrels", f"{HEADER}q1\ta\t1.5\n", [":2: the score '1.5' is not an integer"]),
        ("qrels", f"{HEADER}q1\ta\t1\nq1\ta\t2\n", [":3: query 'q1' with document 'a' has 2"]),
        ("qrels", f"{HEADER}other\ta\t1\n", ["None of the 1 judged queries is among the 2"]),
        ("qrels", f"{HEADER}q1\ta\t0\n", ["No query of"]),
        ("qrels", f"{HEADER}q1\ta\t1\n".encode("utf-16"), ["UTF-8"]),
        ("candidates", None, ["given", "the file cannot be read"]),
        ("candidates", "q1\ta\t1\n", [":1: expected the header query-id, corpus-id, rank"]),
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


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
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
    complained(refused, 1, "refuses the key (HTTP 403)", "QDRANT_API_KEY")
    gone = run(*arguments, "--json")
    complained(gone, 1, "cannot be reached", "Start the server")
    out = tmp_path / "out"
    complained(run("evaluate", "--corpus", folder, "--out", out), 1, "cannot be reached")
    assert not out.exists()
    assert "a-secret" not in refused.err + gone.err


# ---------------------------------------------------------------- as a process


def process(*arguments: bytes | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "components.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


def test_a_process_that_succeeds() -> None:
    ended = process("search", "except*", *EXCEPTIONS, "--reranker", "bm25", "--json")
    assert ended.returncode == 0
    assert ended.stdout.count("\n") == 1
    assert json.loads(ended.stdout)["rankings"][0]["system"] == "bm25"
    assert "{" not in ended.stderr


def test_a_process_that_cannot() -> None:
    ended = process("search", b"caf\xe9", *EXCEPTIONS)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "The query is not valid Unicode text. Type it again, in UTF-8.\n"


def test_the_samples_are_where_the_command_line_says(run: Run) -> None:
    ended = run("search", "a", "--corpus", "nowhere")
    for name in sorted(path.parent.name for path in SAMPLES.glob("*/corpus.jsonl")):
        assert name in ended.err
