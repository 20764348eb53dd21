"""Exports: the JSON that is promised, TREC lines, and an HTML report that is safe to open."""

from __future__ import annotations

import json

import pytest

from components.domain import Comparison, Corpus, Document, Failure, Hit, Ranking, Timing, Usage
from components.exports.as_json import comparison_json, failure_json, ranking_json
from components.exports.trec import file_name, qrels_lines, run_lines

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
            "reused": 0,
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
    assert list(value) == ["query", "corpus", "first_stage", "rankings", "failures", "filter"]
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


def test_judgments_are_trec_lines() -> None:
    judged = {"q 1": {"a b": 2, "c": 0}, "q2": {"ü": -1}}
    assert list(qrels_lines(judged)) == ["q%201 0 a%20b 2", "q%201 0 c 0", "q2 0 ü -1"]
