"""What the board shows of a job: letters, states, cards."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from types import ModuleType

import pytest

from components.charts.palette import letters
from components.domain import RECORDED, Comparison, Document, Failure, Hit, Ranking, Timing
from components.lab import Lab, catalog, read_settings
from components.lab.work import Step
from components.pipeline.job import FIRST, ComparisonJob
from components.ui.compare.board.component import BoardData, ColumnView
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from components.wording import score as score_words
from tests.support.asking import asked, results
from tests.support.visits import Visit, ids, settle


def hit(name: str, rank: int, score: float, before: int, cut: int = 0) -> Hit:
    """Return a document at a rank that stood elsewhere before."""
    return Hit(Document(name, f"Title {name}", f"Text {name}"), rank, score, before, 0.0, cut)


def job_at_rest(rerankers: tuple[str, ...] = ("minilm-l12", "bm25")) -> ComparisonJob:
    """Return a job that was never begun, to be filled by hand: a, b, c, d in the first stage."""
    corpus = state.sample("exceptions")
    job = ComparisonJob(Lab(read_settings()), corpus, asked("x", "bge-small", rerankers, 4))
    first = tuple(hit(n, r, 1.0 - r / 10, r) for r, n in enumerate("abcd", start=1))
    tell(job, Ranking("bge-small", first, Timing(embed_ms=3, search_ms=1)))
    return job


def tell(job: ComparisonJob, result: Ranking | Failure) -> None:
    """Tell a job of a result, as its pipelines do."""
    if job.comparison is None and isinstance(result, Ranking):
        job.ranked(result, Comparison(job.request.query.text, result))
    elif job.comparison is not None:
        job.ranked(result, job.comparison.with_result(result, job.request.systems))


def reranked() -> Ranking:
    """Return d, b, a, c with scores 6, 3, 0, -4; half of d was not read."""
    hits = (hit("d", 1, 6, 4, cut=7), hit("b", 2, 3, 2), hit("a", 3, 0, 1), hit("c", 4, -4, 3))
    return Ranking("minilm-l12", hits, Timing(3, 1, 1200, load_ms=2500))


def columns(data: BoardData) -> dict[str, ColumnView]:
    """Return a board's columns by their letter."""
    return {column.letter: column for column in data.columns}


def test_cards_tell_where_each_document_comes_from() -> None:
    job = job_at_rest()
    tell(job, reranked())
    shown = columns(board_data(job, 3, {}))["B"].cards
    assert [(c.id, c.rank, c.first_rank, c.origin, c.delta) for c in shown] == [
        ("d", 1, 4, "from", 3),
        ("b", 2, 2, "same", 0),
        ("a", 3, 1, "down", 2),
    ]
    assert columns(board_data(job, 4, {}))["B"].cards[0].origin == "up"
    first = columns(board_data(job, 3, {}))["A"].cards
    assert [(c.id, c.origin, c.delta) for c in first] == [
        ("a", "first", 0),
        ("b", "first", 0),
        ("c", "first", 0),
    ]


def test_bars_lie_between_0_and_1_over_all_candidates_not_only_the_shown() -> None:
    job = job_at_rest()
    tell(job, reranked())
    shown = columns(board_data(job, 3, {}))["B"].cards
    assert [card.bar for card in shown] == pytest.approx([1.0, 0.7, 0.4])
    assert [card.score for card in shown] == ["6.00", "3.00", "0.0000"]


@pytest.mark.parametrize(
    ("score", "words"),
    [(12345.678, "12,345.68"), (1.5, "1.50"), (0.5, "0.500"), (0.05, "0.0500"), (-2, "−2.00")],
)
def test_scores_in_words(score: float, words: str) -> None:
    assert score_words(score) == words


def test_equal_scores_fill_their_bars() -> None:
    job = job_at_rest()
    tell(job, Ranking("bm25", (hit("a", 1, 0.0, 1), hit("b", 2, 0.0, 2))))
    assert [card.bar for card in columns(board_data(job, 10, {}))["D"].cards] == [1.0, 1.0]


def test_columns_tell_their_state_time_and_badges() -> None:
    job = job_at_rest()
    shown = columns(board_data(job, 3, {}))
    assert (shown["A"].state, shown["A"].latency, shown["A"].scale) == ("done", "4.0 ms", "cosine")
    assert (shown["B"].state, shown["D"].state) == ("waiting", "waiting")
    job.steps["minilm-l12"] = Step("run", 30, 100)
    job.steps["bm25"] = Step("load")
    shown = columns(board_data(job, 3, {}))
    assert (shown["B"].state, shown["B"].done, shown["B"].total) == ("running", 30, 100)
    assert shown["D"].state == "loading"
    tell(job, reranked())
    tell(job, Failure("bm25", "It broke.", "Mend it."))
    shown = columns(board_data(job, 3, {}))
    assert (shown["B"].state, shown["B"].latency) == ("done", "1,204 ms")
    assert shown["B"].notes == ("1 cut", "cold start 2.5 s")
    assert shown["B"].cards[0].cut == 7
    assert (shown["D"].state, shown["D"].reason) == ("failed", "It broke.")
    assert shown["D"].remedy == "Mend it."


def test_grades_reach_the_cards_and_unjudged_stays_unjudged() -> None:
    job = job_at_rest()
    tell(job, reranked())
    data = board_data(job, 3, {"d": 3, "a": 0})
    assert data.max_grade == 3
    assert [(c.id, c.grade) for c in columns(data)["B"].cards] == [("d", 3), ("b", None), ("a", 0)]
    # Only d is relevant: at rank 1 here, at rank 4 in the first stage, 1 / log2(5).
    assert columns(data)["B"].quality == "nDCG@10 1.00"
    assert columns(data)["A"].quality == "nDCG@10 0.43"
    assert board_data(job, 3, {}).max_grade == 0
    assert board_data(job, 3, {"d": 5}).max_grade == 5
    assert columns(board_data(job, 3, {}))["B"].quality == ""


def test_a_system_keeps_its_letter_whatever_stands_beside_it() -> None:
    settings = read_settings()
    known = list(catalog.reranker_specs(settings))[:7]
    together = letters(known, settings)
    assert list(together.values()) == list("BCDEFGH")
    for key in known:
        assert letters((key,), settings) == {key: together[key]}


def test_a_recording_has_its_systems_letter_unless_the_system_is_there_too() -> None:
    settings = read_settings()
    own = letters(("late-bge",), settings)["late-bge"]
    replayed = letters((f"{RECORDED}bm25", f"{RECORDED}late-bge"), settings)
    assert replayed[f"{RECORDED}late-bge"] == own
    both = letters((f"{RECORDED}late-bge", "late-bge"), settings)
    assert both["late-bge"] == own
    assert both[f"{RECORDED}late-bge"] != own


def test_systems_beyond_the_seventh_take_the_first_free_letter(probes: ModuleType) -> None:
    found = letters(("probe-ties", "bm25", "probe-slow"), read_settings())
    assert found["bm25"] == letters(("bm25",), read_settings())["bm25"]
    assert len(set(found.values())) == 3


def test_bm25_twice_is_two_columns(visit: Visit) -> None:
    job = settle(visit())
    shown = board_data(job, 10, {}).columns
    assert [column.key for column in shown] == [FIRST, "bm25"]
    assert [column.letter for column in shown] == ["A", "D"]
    assert ids(job.first_stage) == ids(results(job)["bm25"])
    assert state.lab().store.has(
        job.corpus, catalog.first_stage("bm25", state.lab().settings).schema
    )


def test_a_document_without_a_score_is_last_and_says_so() -> None:
    job = job_at_rest()
    blank = "1 blank text not sent: last, without a score"
    hits = (hit("d", 1, 6, 4), hit("b", 2, 3, 2), hit("a", 3, 3, 1), hit("c", 4, math.nan, 3))
    tell(job, Ranking("minilm-l12", hits, notes=(blank,)))
    data = board_data(job, 4, {})
    column = columns(data)["B"]
    assert [card.score for card in column.cards] == ["6.00", "3.00", "3.00", "no score"]
    assert [card.bar for card in column.cards] == [1.0, 0.0, 0.0, 0.0]
    assert blank in column.notes
    json.dumps(asdict(data), allow_nan=False)  # the browser reads no NaN
