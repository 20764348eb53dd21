"""`--filter`: repeated for and, in the answer, and every mistake in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import HEADER, Run, complained
from tests.support.given_fields import DOCUMENTS, JUDGMENTS, QUERIES


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """Return the corpus of `given_fields` as a folder."""
    made = tmp_path / "fields"
    (made / "qrels").mkdir(parents=True)
    rows = [
        {"_id": d.id, "text": d.text}
        | {n: json.loads(v) if v.startswith("[") else v for n, v in d.metadata.items()}
        for d in DOCUMENTS
    ]
    asked = [{"_id": q.id, "text": q.text} for q in QUERIES]
    for name, objects in (("corpus", rows), ("queries", asked)):
        (made / f"{name}.jsonl").write_text("".join(json.dumps(o) + "\n" for o in objects))
    lines = [f"{q}\t{d}\t{g}\n" for q, row in JUDGMENTS.items() for d, g in row.items()]
    (made / "qrels" / "test.tsv").write_text(HEADER + "".join(lines))
    return made


def test_search_narrows_to_what_meets_all_conditions(run: Run, fields: Path) -> None:
    command = ("search", "red", "--corpus", fields, "--first-stage", "bm25", "--reranker", "bm25")
    narrowed = (*command, "--filter", "product=desktop|mobile", "--filter", "year>=2020")
    value = run(*narrowed, "--json").json
    assert value["filter"] == {
        "conditions": ["product=desktop|mobile", "year>=2020"],
        "matching": 3,
    }
    for ranking in (value["first_stage"], *value["rankings"]):
        assert {hit["id"] for hit in ranking["hits"]} == {"b", "c", "e"}
    plain = run(*narrowed)
    said = "Searched: 3 documents that meet the filter product=desktop|mobile and year>=2020.\n"
    assert (plain.code, said in plain.err) == (0, True)
    assert run(*command, "--json").json["filter"] is None
    nothing = run(*command, "--filter", "product=none", "--json")
    assert (nothing.code, nothing.json["first_stage"]["hits"]) == (0, [])


def test_evaluate_counts_what_lies_outside(run: Run, fields: Path, tmp_path: Path) -> None:
    command = ("evaluate", "--corpus", fields, "--first-stage", "bm25", "--out", tmp_path / "out")
    value = run(*command, "--filter", "product=desktop", "--no-save", "--json").json
    assert (value["queries"], value["filter"]) == (2, ["product=desktop"])
    assert value["outside_filter"] == {"judgments": 3, "queries": ["q2"]}
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["filter"] == ["product=desktop"]
    assert "filter product=desktop" in (tmp_path / "out" / "report.html").read_text()
    ranked = (tmp_path / "out" / "runs" / "bm25.trec").read_text().split("\n")
    assert {line.split()[2] for line in ranked if line} == {"a", "c", "e"}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (
            "colour=red",
            "the corpus has no field 'colour'. Fields to filter on: product, year, when",
        ),
        ("product>=5", "'product' holds texts"),
        ("product", "'product' is not a condition of a filter"),
        ("year>=soon", "compares with a text"),
    ],
)
def test_a_mistake_is_one_line(run: Run, fields: Path, condition: str, reason: str) -> None:
    ended = run("search", "red", "--corpus", fields, "--first-stage", "bm25", "--filter", condition)
    complained(ended, 2, reason)
