"""Documents that a reranker did not score: last, and without a score where scores are written."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from components.analysis.comparison import relative_scores
from components.analysis.explanations import occlusion
from components.domain import Comparison, Corpus, Document, RerankError, Scores, Timing
from components.exports.as_json import ranking_json
from components.exports.recordings import Saved, bundle, read_bundle
from components.exports.tables import comparison_csv
from components.measures import run_scores
from components.pipeline.stages import first_stage_ranking, fuse_rankings, place, sort
from components.storage.score_cache import as_scores
from components.wording import score

NAN = math.nan
DOCUMENTS = tuple(Document(i, "", "" if i in "be" else f"text {i}") for i in "abcde")
CORPUS = Corpus("tiny", DOCUMENTS, fingerprint="f" * 64)
FIRST = first_stage_ranking("bm25", DOCUMENTS, [5.0, 4.0, 3.0, 2.0, 1.0])
SCORES = Scores(np.array([0.1, NAN, 0.5, 0.3, NAN]), unscored=(1, 4))


def ids(ranking: object) -> str:
    return "".join(hit.document.id for hit in ranking.hits)  # type: ignore[attr-defined]


RANKING = sort("cohere", FIRST, SCORES, Timing())


def test_they_come_last_in_the_order_of_the_first_stage() -> None:
    assert ids(RANKING) == "cdabe"
    assert [hit.scored for hit in RANKING.hits] == [True, True, True, False, False]
    assert [hit.rank for hit in RANKING.hits] == [1, 2, 3, 4, 5]
    assert RANKING.usage.pairs == 3


def test_a_score_that_is_missing_elsewhere_is_still_a_fault() -> None:
    for scores in (replace(SCORES, unscored=()), replace(SCORES, unscored=(1,))):
        with pytest.raises(RerankError, match=r"not (a )?finite number"):
            sort("cohere", FIRST, scores, Timing())


def test_a_run_has_them_right_below_the_last() -> None:
    run = run_scores(RANKING)
    values = list(run.values())
    assert "".join(run) == "cdabe"
    assert all(a > b for a, b in pairwise(values))
    assert values[2] == pytest.approx(values[4], rel=1e-6)
    nothing = sort("cohere", FIRST, Scores(np.full(5, NAN), unscored=(0, 1, 2, 3, 4)), Timing())
    assert list(run_scores(nothing).values()) == [-1, -2, -3, -4, -5]
    assert ids(nothing) == "abcde"
    assert nothing.notes == ()


def test_no_score_is_written_as_none() -> None:
    hits = ranking_json(RANKING, 5)["hits"]
    assert [hit["score"] for hit in hits] == [0.5, 0.3, 0.1, None, None]
    json.dumps(hits, allow_nan=False)
    rows = list(csv.DictReader(io.StringIO(comparison_csv([RANKING], {}))))
    assert [row["score"] for row in rows] == ["0.5", "0.3", "0.1", "", ""]
    assert score(NAN) == "no score"
    assert relative_scores([0.5, 0.3, 0.1, NAN]) == (1.0, pytest.approx(0.5), 0.0, 0.0)
    assert relative_scores([NAN]) == (0.0,)


def test_a_recording_of_them_comes_back() -> None:
    saved = Saved(Comparison("q", FIRST, (RANKING,)), 5, "", {}, {}, {})
    data = bundle([saved], CORPUS, datetime(2026, 11, 26, tzinfo=UTC)).encode()
    assert b"NaN" not in data
    (query,) = read_bundle(data, "x.json").queries
    again = place(query.columns[0], FIRST, CORPUS)
    assert ids(again) == "cdabe"
    assert [hit.scored for hit in again.hits] == [True, True, True, False, False]  # type: ignore[union-attr]


def test_a_fusion_takes_their_ranks() -> None:
    fused = fuse_rankings(FIRST, [RANKING])
    assert all(hit.scored for hit in fused.hits)
    assert ids(fused)[-1] == "e"


def test_a_piece_without_which_nothing_is_left_is_not_explained() -> None:
    whole = occlusion(lambda texts: np.array([0.5] + [NAN] * (len(texts) - 1)), "alone", "word")
    assert (whole.full, whole.pieces) == (0.5, ())


def test_cached_scores_know_nothing_of_them() -> None:
    assert as_scores([]).unscored == ()
