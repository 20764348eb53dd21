"""Exports: the JSON that is promised, TREC lines, and an HTML report that is safe to open."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from components.domain import (
    Comparison,
    Corpus,
    Document,
    Failure,
    Hit,
    InputError,
    Query,
    Ranking,
    Timing,
    Usage,
)
from components.evaluation import Evaluation, Plan, plan
from components.pipeline import Request
from components.report import (
    comparison_json,
    evaluation_html,
    failure_json,
    file_name,
    ranking_json,
    run_lines,
    write_evaluation,
)

NASTY = "<script>alert('x')</script>\"&"
FOX, HAT = Document("fox", "A fox", "It jumps."), Document("hat & co", "", "A hat.")
CORPUS = Corpus("small", (FOX, HAT), fingerprint="f" * 64)


def ranking(system: str = "s", *documents: Document, **more: object) -> Ranking:
    hits = (Hit(d, i, 2.5 - i, 3 - i, 0.1) for i, d in enumerate(documents or (FOX, HAT), 1))
    return Ranking(system, tuple(hits), **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------- JSON


def test_a_ranking_is_what_the_contract_says() -> None:
    timing = Timing(1.23456, 2.0, 3.5, 400.0, 50.0)
    full = ranking(timing=timing, usage=Usage(2, 17), cached=True)
    assert ranking_json(full, 10) == {
        "system": "s",
        "hits": [
            {
                "id": "fox",
                "rank": 1,
                "score": 1.5,
                "first_stage_rank": 2,
                "title": "A fox",
                "text": "It jumps.",
            },
            {
                "id": "hat & co",
                "rank": 2,
                "score": 0.5,
                "first_stage_rank": 1,
                "title": "",
                "text": "A hat.",
            },
        ],
        "timing": {"embed_ms": 1.235, "search_ms": 2.0, "rerank_ms": 3.5, "load_ms": 400.0},
        "truncated": 0,
        "cached": True,
        "usage": {
            "pairs": 2,
            "tokens": 17,
            "requests": 0,
            "searches": 0.0,
            "billed_tokens": 0,
            "usd": None,
            "estimated": False,
        },
    }


def test_a_ranking_is_cut_but_counts_all_that_was_truncated() -> None:
    hits = tuple(Hit(FOX, i, -i, i, -i, tokens_cut=i - 1) for i in range(1, 6))
    value = ranking_json(Ranking("s", hits), 2)
    assert [h["rank"] for h in value["hits"]] == [1, 2]
    assert value["truncated"] == 4


def test_a_comparison_is_what_the_contract_says() -> None:
    comparison = Comparison(
        "why?", ranking("first"), (Failure("x", "It broke.", "Mend it."), ranking("second"))
    )
    value = comparison_json(comparison, CORPUS, 1)
    assert list(value) == ["query", "corpus", "first_stage", "rankings", "failures"]
    assert value["query"] == "why?"
    assert value["corpus"] == {"name": "small", "documents": 2, "fingerprint": "f" * 64}
    assert value["first_stage"] == ranking_json(ranking("first"), 1)
    assert value["rankings"] == [ranking_json(ranking("second"), 1)]
    assert value["failures"] == [{"system": "x", "reason": "It broke.", "remedy": "Mend it."}]
    assert failure_json(Failure("x", "y")) == {"system": "x", "reason": "y", "remedy": ""}
    assert json.loads(json.dumps(value)) == value


# ---------------------------------------------------------------- TREC


def test_run_lines() -> None:
    run = {"q1": {"a": 1.5, "b": 0.1}, "q2": {"c": -2.0}}
    assert list(run_lines(run, "sys")) == [
        "q1 Q0 a 1 1.5 sys",
        "q1 Q0 b 2 0.1 sys",
        "q2 Q0 c 1 -2 sys",
    ]


def test_white_space_in_ids_is_encoded() -> None:
    run = {"q 1": {"two words": 1.0, "a\u00a0b": 0.5, "c\u2003d": 0.25, "é<": 0.125}}
    lines = list(run_lines(run, "compatible:my server"))
    assert lines == [
        "q%201 Q0 two%20words 1 1 compatible:my%20server",
        "q%201 Q0 a%C2%A0b 2 0.5 compatible:my%20server",
        "q%201 Q0 c%E2%80%83d 3 0.25 compatible:my%20server",
        "q%201 Q0 é< 4 0.125 compatible:my%20server",
    ]
    assert {len(line.split()) for line in lines} == {6}


def test_scores_survive_the_file() -> None:
    import numpy as np

    scores = [float(np.float32(s)) for s in (1 / 3, 1e-45, 3.4028235e38, 1.0000001, -1e-40)]
    lines = run_lines({"q": {str(i): s for i, s in enumerate(scores)}}, "s")
    assert [float(np.float32(line.split()[4])) for line in lines] == scores


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("minilm-l12", "minilm-l12.trec"),
        ("compatible:my server", "compatible%3Amy%20server.trec"),
        ("../../etc/x", "..%2F..%2Fetc%2Fx.trec"),
    ],
)
def test_file_names_stay_in_their_folder(system: str, name: str) -> None:
    assert file_name(system) == name


# ---------------------------------------------------------------- the report


class Reader(HTMLParser):
    """Notes a page's tags, its attributes and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def nasty() -> tuple[Corpus, Plan, Evaluation]:
    """Return an evaluation whose every text is hostile, with one failure."""
    documents = (Document(f"{NASTY} 1", NASTY, NASTY), Document(f"{NASTY} 2", "", "x"))
    queries = (Query(f"{NASTY} q", f"what is {NASTY}"), Query("q2", f"{NASTY} fails"))
    judgments = {q.id: {documents[0].id: 1} for q in queries}
    corpus = Corpus(f"corpus {NASTY}", documents, queries, judgments, "f" * 64)
    chosen = plan(corpus, Request("-", f"first {NASTY}", (f"second {NASTY}",)))
    result = Evaluation((f"first {NASTY}", f"second {NASTY}"))
    for system in result.systems:
        result.note(queries[0].id, ranking(system, *documents, timing=Timing(rerank_ms=1234.5)))
    result.note(queries[1].id, ranking(result.systems[0], *documents))
    result.note(queries[1].id, Failure(result.systems[1], f"reason {NASTY}", f"remedy {NASTY}"))
    return corpus, chosen, result


def test_the_report_shows_hostile_text_as_text() -> None:
    corpus, chosen, result = nasty()
    page = evaluation_html(corpus, chosen, result, result.metrics(chosen.judgments))
    found = read(page)
    assert "script" not in found.tags
    assert "<script" not in page
    for shown in ("corpus ", "first ", "second ", "what is ", "reason ", "remedy "):
        assert f"{shown}{NASTY}" in found.text
    assert "1 queries" in found.text
    assert "1,234" in found.text  # the median latency


def test_the_report_needs_nothing_from_outside() -> None:
    corpus, chosen, result = nasty()
    page = evaluation_html(corpus, chosen, result, result.metrics(chosen.judgments))
    found = read(page)
    assert set(found.tags) <= set(
        "html head meta title style body h1 h2 p div table tr th td".split()
    )
    assert {name for name, _ in found.attributes} <= {"lang", "charset", "name", "content", "class"}
    assert "http" not in page
    assert "url(" not in page
    assert page.startswith('<!doctype html><html lang="en">')


def test_written_files(tmp_path: Path) -> None:
    corpus, chosen, result = nasty()
    folder = tmp_path / "new" / "folder"
    metrics = write_evaluation(folder, corpus, chosen, result)
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    runs = [f"runs/{file_name(s)}" for s in result.systems]
    assert names == sorted(["metrics.json", "per_query.json", "report.html", *runs])
    assert {p.parent for p in folder.rglob("*.trec")} == {folder / "runs"}
    means = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert means == {s: m.mean for s, m in metrics.items()}
    assert means[result.systems[0]] == {"nDCG@10": 1.0, "RR@10": 1.0, "P@10": 0.1, "R@100": 1.0}
    values = json.loads((folder / "per_query.json").read_text(encoding="utf-8"))
    assert list(values[result.systems[0]]) == [f"{NASTY} q"]
    lines = (folder / runs[0]).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert {len(line.split()) for line in lines} == {6}
    write_evaluation(folder, corpus, chosen, result)  # over the old ones


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    corpus, chosen, result = nasty()
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match="cannot be written") as caught:
        write_evaluation(tmp_path / "taken", corpus, chosen, result)
    assert caught.value.remedy == "Choose another --out."


def test_a_report_of_nothing() -> None:
    corpus, chosen, _ = nasty()
    result = Evaluation(("a", "b"))
    result.note("q2", Failure("a", "No."))
    text = read(evaluation_html(corpus, chosen, result, result.metrics(chosen.judgments))).text
    assert "0 queries" in text
    assert "No." in text
