"""Repeated scoring passes, and passes over fewer candidates, with probes that note their input."""

from __future__ import annotations

from types import ModuleType

import pytest

from components import pipeline
from components.domain import Cancelled, Corpus, Document, Ranking, RerankError
from components.lab import Lab
from components.pipeline import PipelineRun, Pipelines, first_stage_ranking

TEXTS = ("a", "bbb", "cc", "dddd", "eeeee")
DOCUMENTS = tuple(Document(text[0], "", text) for text in TEXTS)
CORPUS = Corpus("letters", DOCUMENTS, fingerprint="timing")


def first() -> Ranking:
    """Return the documents as candidates, in the order of the corpus."""
    return first_stage_ranking("bm25", DOCUMENTS, [-float(i) for i in range(len(DOCUMENTS))])


def run(lab: Lab, *systems: str) -> PipelineRun:
    return PipelineRun(lab, CORPUS, Pipelines("bm25", systems, 5))


@pytest.mark.usefixtures("probes")
def test_systems_take_turns(lab: Lab) -> None:
    steps: list[tuple[str, int, int]] = []
    times = pipeline.repeat(
        run(lab), "q", first(), ["bm25", "probe-length"], 2, lambda *step: steps.append(step)
    )
    assert {system: len(values) for system, values in times.items()} == {
        "bm25": 2,
        "probe-length": 2,
    }
    assert all(ms > 0 for values in times.values() for ms in values)
    assert list(dict.fromkeys(steps)) == [
        ("bm25", 0, 4),
        ("probe-length", 1, 4),
        ("bm25", 2, 4),
        ("probe-length", 3, 4),
    ]


@pytest.mark.usefixtures("probes")
def test_a_system_that_fails_ends_the_repetition(lab: Lab) -> None:
    with pytest.raises(RerankError, match="The probe refuses"):
        pipeline.repeat(run(lab), "q", first(), ["bm25", "probe-refuse"], 2)


def test_the_first_candidates_are_scored_at_each_depth(lab: Lab, probes: ModuleType) -> None:
    seen: list[tuple[str, ...]] = []

    def report(doing: str, done: int, total: int) -> None:
        seen.append(probes.SEEN.pop("probe-length", ()))
        assert (doing, total) == (f"{(2, 5)[done // 2]} candidates", 4)

    firsts = {"one": first(), "two": first()}
    times = pipeline.time_depths(run(lab, "probe-length", "bm25"), firsts, [2, 5], report)
    assert [texts for texts in seen if texts] == [TEXTS[:2], TEXTS[:2], TEXTS, TEXTS]
    assert {s: {depth: len(ms) for depth, ms in by.items()} for s, by in times.items()} == {
        "probe-length": {2: 2, 5: 2},
        "bm25": {2: 2, 5: 2},
    }


@pytest.mark.usefixtures("probes")
def test_a_failure_leaves_its_place_empty(lab: Lab) -> None:
    firsts = {"fine": first(), "refuse this": first()}
    times = pipeline.time_depths(run(lab, "probe-picky", "probe-refuse"), firsts, [3])
    assert list(times) == ["probe-picky"]
    assert {depth: len(ms) for depth, ms in times["probe-picky"].items()} == {3: 1}


@pytest.mark.usefixtures("probes")
def test_the_work_can_be_stopped_within_a_pass(lab: Lab) -> None:
    calls: list[int] = []

    def report(doing: str, done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        pipeline.repeat(run(lab), "q", first(), ["probe-length"], 1, report)
    assert calls == [0, 0, 0]
