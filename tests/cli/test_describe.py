"""`rerank-lab corpus describe`: the figures of a corpus, and the same as one JSON object."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.analysis.anatomy import AnatomyStore
from components.corpora import open_corpus
from components.lab import read_settings
from tests.support.command_line import HEADER, Run, complained

ROWS = [
    {"_id": "a", "title": "[bold]fox[/nothing]", "text": "a fox in snow", "year": "2020"},
    {"_id": "b", "title": "[bold]fox[/nothing]", "text": "A FOX in snow", "year": "1999"},
    {"_id": "c", "title": "", "text": "a ship in the harbour \u001b[31m", "pro\u202educt": "x"},
]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return a BEIR folder with a copy, and hostile texts."""
    (tmp_path / "made" / "qrels").mkdir(parents=True)
    folder = tmp_path / "made"
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "fox"}\n')
    (folder / "qrels" / "test.tsv").write_text(f"{HEADER}q1\ta\t2\n")
    return folder


def test_the_findings_come_first(run: Run, made: Path) -> None:
    ended = run("corpus", "describe", "--corpus", made)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[:4] == [
        "made: 3 passages; 1 query",
        "! 1 passage is an exact copy of another.",
        "! 1 copy of relevant passages is judged otherwise or not at all: a ranking that prefers "
        "it is marked down.",
        "Looked for and not there: empty passages, near-duplicates, passages with a title alone, "
        "passages of fewer than 5 words, passages that a model cuts, repeated queries, queries "
        "that are passages, queries that a model refuses, queries without judgments, queries "
        "without a relevant passage and judged passages that are missing.",
    ]
    assert "1 query of up to 1 word, half of them up to 1." in lines
    assert "minilm-l12: 508 tokens of a passage are read; 0 passages cut." in lines
    assert "Languages of 3 passages: cannot be told 3." in lines
    assert "Judgments test: 1 of 1 query, 1 a query; grade 2 1." in lines
    table = [line.split() for line in lines[-3:]]
    assert [row[:5] for row in table] == [
        ["title", "category", "67%", "1", "[bold]fox[/nothing]"],
        ["year", "number", "67%", "2", "1999"],
        ["pro\\u202educt", "text", "33%", "1"],
    ]
    assert "\u001b" not in ended.out


def test_json_has_the_same_figures(run: Run, made: Path) -> None:
    value = run("corpus", "describe", "--corpus", made, "--json").json
    assert (value["corpus"], value["total"], value["documents"]) == ("made", 3, 3)
    assert value["copies"] == {
        "number": 1,
        "pairs": [{"earlier": "a", "later": "b", "similarity": 1.0}],
    }
    assert [finding["key"] for finding in value["findings"]] == ["copies", "apart-test"]
    assert [field["name"] for field in value["fields"]] == ["title", "year", "pro\u202educt"]
    assert value["splits"][0]["grades"] == [{"grade": 2, "number": 1}]
    assert value["import"]["documents"] == 3
    kept = AnatomyStore(read_settings()).find(open_corpus(str(made)))
    assert kept is not None
    assert run("corpus", "describe", "--corpus", made, "--json").json == value


def test_a_sample_is_said(run: Run, made: Path) -> None:
    ended = run("corpus", "describe", "--corpus", made, "--sample", 2)
    assert ended.out.startswith("made: 2 of 3 passages, drawn at random; 1 query\n")
    value = run("corpus", "describe", "--corpus", made, "--sample", 2, "--json").json
    assert (value["total"], value["documents"]) == (3, 2)
    assert run("corpus", "describe", "--corpus", made, "--sample", 9, "--json").json["total"] == 3


def test_mistakes_are_named(run: Run, tmp_path: Path) -> None:
    complained(run("corpus", "describe", "--corpus", tmp_path / "no"), 2, "neither a sample")
    complained(run("corpus", "describe", "--sample", 0), 2, "sample")
