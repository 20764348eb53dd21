"""Past searches: what is noted, what is not, and the percentiles of it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from components.config import Settings
from components.domain import (
    Corpus,
    Document,
    Failure,
    InputError,
    Ranking,
    Recorded,
    Timing,
    Usage,
)
from components.lab import Lab
from components.pipeline import first_stage_ranking
from components.storage.search_log import FILE, SearchLog, StageTimes
from tests.support.asking import asked, compare

FAILED = Failure("a", "It refuses.", "Do not ask.")


def took(system: str, ms: float = 0.0, *, embed: float = 0.0, search: float = 0.0) -> Ranking:
    timing = Timing(embed, search, ms, load_ms=5000.0, wait_ms=7000.0)
    return first_stage_ranking(system, [Document("d", "", "text")], [1.0], timing)


def noted(folder: Path, results: Sequence[Ranking | Failure], *, first_stage: bool) -> SearchLog:
    log = SearchLog(folder)
    for result in results:
        log.note(result, first_stage=first_stage)
    return log


def test_percentiles_by_hand(tmp_path: Path) -> None:
    times = [50.0, 10.0, 30.0, 20.0, 40.0]
    log = noted(tmp_path, [took("a", ms, embed=1.0) for ms in times], first_stage=False)
    # between the 4th and the 5th of five: 40 + 0.8 * 10
    assert log.times() == [StageTimes("a", "rerank", 5, 0, 30.0, pytest.approx(48.0))]


def test_one_search_is_its_own_percentiles(tmp_path: Path) -> None:
    log = noted(tmp_path, [took("a", 12.5)], first_stage=False)
    assert log.times() == [StageTimes("a", "rerank", 1, 0, 12.5, 12.5)]


def test_a_first_stage_has_two_lines(tmp_path: Path) -> None:
    results = [took("bge", 99.0, embed=4.0, search=1.0), took("bge", 99.0, embed=8.0, search=3.0)]
    log = noted(tmp_path, results, first_stage=True)
    assert log.times() == [
        StageTimes("bge", "embed", 2, 0, 6.0, pytest.approx(7.8)),
        StageTimes("bge", "search", 2, 0, 2.0, pytest.approx(2.9)),
    ]


def test_what_never_embeds_has_no_line_for_it(tmp_path: Path) -> None:
    log = noted(tmp_path, [took("bm25", search=2.0)], first_stage=True)
    log.note(Failure("bm25", "no"), first_stage=True)
    assert log.times() == [StageTimes("bm25", "search", 1, 1, 2.0, 2.0)]


def test_failures_are_counted_and_not_timed(tmp_path: Path) -> None:
    log = noted(tmp_path, [took("a", 10.0), FAILED, took("a", 30.0), FAILED], first_stage=False)
    assert log.times() == [StageTimes("a", "rerank", 2, 2, 20.0, pytest.approx(29.0))]


def test_what_only_failed_has_no_time(tmp_path: Path) -> None:
    log = noted(tmp_path, [FAILED], first_stage=False)
    [times] = log.times()
    assert (times.system, times.stage, times.count, times.failures) == ("a", "rerank", 0, 1)
    assert math.isnan(times.p50)
    assert math.isnan(times.p95)


def test_first_stages_come_first_and_roles_are_kept_apart(tmp_path: Path) -> None:
    log = noted(tmp_path, [took("bm25", 5.0), took("a", 7.0)], first_stage=False)
    log.note(took("z", embed=3.0, search=1.0), first_stage=True)
    log.note(took("bm25", search=2.0), first_stage=True)
    assert [(one.system, one.stage, one.p50) for one in log.times()] == [
        ("bm25", "search", 2.0),
        ("z", "embed", 3.0),
        ("z", "search", 1.0),
        ("a", "rerank", 7.0),
        ("bm25", "rerank", 5.0),
    ]


@pytest.mark.parametrize("first_stage", [True, False])
def test_what_was_not_measured_now_is_ignored(tmp_path: Path, first_stage: bool) -> None:
    usual = took("a", 5.0, embed=5.0, search=5.0)
    results = [
        replace(usual, cached=True),
        replace(usual, recorded="1 May 2026"),
        replace(usual, usage=Usage(pairs=3, reused=1)),
    ]
    assert noted(tmp_path, results, first_stage=first_stage).times() == []


def test_only_searches_since_a_moment(tmp_path: Path) -> None:
    log = noted(tmp_path, [took("a", 10.0)], first_stage=False)
    time.sleep(0.02)
    moment = time.time()
    log.note(took("a", 30.0), first_stage=False)
    assert log.times(moment) == [StageTimes("a", "rerank", 1, 0, 30.0, 30.0)]
    assert log.times(time.time() + 60) == []
    assert log.times() == [StageTimes("a", "rerank", 2, 0, 20.0, pytest.approx(29.0))]


def test_all_can_be_forgotten(tmp_path: Path) -> None:
    log = noted(tmp_path, [took("a", 10.0), FAILED], first_stage=False)
    log.clear()
    assert log.times() == []
    log.note(took("a", 3.0), first_stage=False)
    assert [one.p50 for one in log.times()] == [3.0]


def test_a_later_process_reads_the_same_file(tmp_path: Path) -> None:
    noted(tmp_path / "deep", [took("a", 10.0)], first_stage=False)
    assert (tmp_path / "deep" / FILE).is_file()
    assert len(SearchLog(tmp_path / "deep").times()) == 1


def test_nothing_was_searched(tmp_path: Path) -> None:
    assert SearchLog(tmp_path).times() == []
    SearchLog(tmp_path / "other").clear()


def test_a_folder_that_cannot_be_used_costs_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    log = noted(tmp_path / "file" / "deep", [took("a", 10.0), FAILED], first_stage=False)
    assert log.times() == []
    log.clear()
    for consequence in ("is not noted", "are shown", "are not deleted"):
        assert f"{consequence}: The past searches in {tmp_path / 'file' / 'deep'}" in caplog.text


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 500)
    log = noted(tmp_path, [took("a", 10.0)], first_stage=False)
    assert len(log.times()) == 1
    assert (tmp_path / f"{FILE}.damaged").is_file()


# ---------------------------------------------------------------- through the pipeline


CORPUS = Corpus(
    "small",
    (Document("1", "", "a zebra in the snow"), Document("2", "", "a pelican")),
    fingerprint="d" * 64,
)


@pytest.fixture
def own(tmp_path: Path) -> Lab:
    """A lab with a search log of its own."""
    return Lab(Settings(cache_dir=tmp_path, data_dir=tmp_path))


@pytest.mark.usefixtures("probes")
def test_a_comparison_is_noted_without_its_texts(own: Lab) -> None:
    request = asked("zebra Wurzelbehandlung", "bm25", ("probe-length", "probe-refuse"), 10)
    asyncio.run(compare(own, CORPUS, request))
    times = {(one.system, one.stage): one for one in own.search_log.times()}
    assert {name: (one.count, one.failures) for name, one in times.items()} == {
        ("bm25", "search"): (1, 0),
        ("probe-length", "rerank"): (1, 0),
        ("probe-refuse", "rerank"): (0, 1),
    }
    assert times["probe-length", "rerank"].p50 > 0
    files = sorted(own.settings.data_dir.glob(f"{FILE}*"))
    content = b"".join(path.read_bytes() for path in files)
    assert b"probe-refuse" in content
    for word in (b"zebra", b"Wurzelbehandlung", b"pelican", b"The probe refuses"):
        assert word not in content


@pytest.mark.usefixtures("probes")
def test_reused_scores_are_not_measured_again(own: Lab) -> None:
    request = asked("zebra", "bm25", ("probe-length",), 10, reuse=True)
    for _ in range(3):
        asyncio.run(compare(own, CORPUS, request))
    counts = {(one.system, one.stage): one.count for one in own.search_log.times()}
    assert counts == {("bm25", "search"): 3, ("probe-length", "rerank"): 1}


@pytest.mark.usefixtures("probes")
def test_cached_and_recorded_columns_are_not_noted(own: Lab) -> None:
    recorded = Recorded("old", "old", "1 May 2026", (("1", 2.0), ("2", 1.0)), timing=Timing(1, 2))
    request = asked(
        "zebra", "bm25", ("probe-length",), 10, recorded=(recorded,), recorded_first=recorded
    )
    earlier = {"probe-length": took("probe-length", 4.0)}
    asyncio.run(compare(own, CORPUS, request, cached=earlier))
    assert own.search_log.times() == []


@pytest.mark.models
def test_a_first_stage_that_fails_is_noted(own: Lab) -> None:
    with pytest.raises(InputError, match="bge-small reads at most 510"):
        asyncio.run(compare(own, CORPUS, asked("snow " * 1000, "bge-small", (), 10)))
    assert [(one.system, one.stage, one.failures) for one in own.search_log.times()] == [
        ("bge-small", "search", 1)
    ]
