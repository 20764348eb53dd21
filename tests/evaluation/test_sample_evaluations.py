"""The evaluations that come with the samples: found by fingerprint, marked as not made here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from components.domain import Query, Timing, Usage
from components.evaluation import Evaluation, Plan, Ranked
from components.evaluation.samples import FILE, sample_evaluation, write_sample_evaluation
from components.evaluation.saved import SavedEvaluation
from components.pipeline import Pipelines

PLAN = Plan(
    Pipelines("bm25", ("minilm-l12",)),
    (Query("q", "what is it", ("paraphrase",)),),
    {"q": {"b": 2}},
    None,
    "small",
    "5" * 64,
    2,
    "test",
    "all",
)
FIRST = Ranked(("a", "b"), (2.0, 1.0), Timing(1.0, 2.0), Usage())
SECOND = Ranked(("b", "a"), (0.5, -1.5), Timing(1.0, 2.0, 300.0), Usage(2))
SAVED = SavedEvaluation(
    "sample-small",
    datetime(2026, 11, 26, 14, 5, tzinfo=UTC),
    PLAN,
    Evaluation(("bm25", "minilm-l12"), {"bm25": {"q": FIRST}, "minilm-l12": {"q": SECOND}}),
    {"bm25": "BM25 1"},
)


def test_what_is_written_is_read_again_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    metrics = SAVED.evaluation.metrics(PLAN.judgments)
    path = tmp_path / "small" / FILE
    write_sample_evaluation(SAVED, metrics, "2 cores of a processor", path)
    first = path.read_bytes()
    write_sample_evaluation(SAVED, metrics, "2 cores of a processor", path)
    assert path.read_bytes() == first

    assert sample_evaluation("6" * 64, tmp_path) is None
    saved = sample_evaluation("5" * 64, tmp_path)
    assert saved is not None
    assert saved.origin == (
        "Comes with the sample: recorded on 26 November 2026 on 2 cores of a processor. Nothing of "
        "it was measured here."
    )
    assert replace(saved, origin="") == SAVED
