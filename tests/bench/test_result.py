"""The result of a benchmark: its JSON object and its lines."""

from __future__ import annotations

from components.bench.result import (
    BenchResult,
    PeerResult,
    Times,
    WorkloadResult,
    result_json,
    result_lines,
)
from components.domain import Failure

PEER = PeerResult("st", "sentence-transformers", "6", Times((8.0, 6.0)), 3.5, 4.0, 0.99, True)
WORK = WorkloadResult("skewed", (100, 50), Times((2.0, 2.0)), 8_000_000_000, (PEER,))
RESULT = BenchResult(2, 2, (WORK,), 16.0, 49.9, 2e-6, (Failure("flashrank", "Gone.", "Get it."),))


def test_json_holds_figures_targets_and_whether_they_were_met() -> None:
    as_json = result_json(RESULT)
    (work,) = as_json["workloads"]
    assert work["lanes"] == {
        "seconds": [2.0, 2.0],
        "best_s": 2.0,
        "median_s": 2.0,
        "int8_operations": 8_000_000_000,
        "int8_gops": 4.0,
        "share_of_peak": 0.25,
    }
    (peer,) = work["peers"]
    assert (peer["ratio"], peer["target"], peer["met"], peer["spearman"]) == (3.5, 4.0, False, 0.99)
    assert (peer["best_s"], peer["median_s"], peer["version"]) == (6.0, 7.0, "6")
    assert (work["pairs"], work["tokens"], work["median_tokens"]) == (2, 150, 75)
    assert as_json["int8_peak_gops"] == 16.0
    assert (as_json["first_stage"]["met"], as_json["invariance"]["met"]) == (True, False)
    assert as_json["skipped"] == [{"system": "flashrank", "reason": "Gone.", "remedy": "Get it."}]


def test_without_onnx_the_share_is_unknown_not_zero() -> None:
    work = WorkloadResult("even", (100,), Times((1.0,)), None, ())
    result = BenchResult(2, 1, (work,), None, 50.0, 0.0, ())
    assert result_json(result)["workloads"][0]["lanes"]["share_of_peak"] is None
    assert "not measured" in "\n".join(result_lines(result))
    assert result_json(result)["first_stage"]["met"] is False


def test_lines_say_the_same() -> None:
    text = "\n".join(result_lines(RESULT))
    for words in (
        "skewed: 2 pairs, 150 tokens",
        "4 int8 GOPS, 25% of the peak",
        "3.50 x the lanes (target 4)",
        "Spearman 0.990",
        "49.9 ms (target: under 50 ms)",
        "differs by 2.0e-06",
        "skipped flashrank: Gone. Get it.",
    ):
        assert words in text
