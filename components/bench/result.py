"""The results of a benchmark run: records with their targets, as JSON and as lines of text."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.bench.timings import CANDIDATES, DOCUMENTS, SEARCHES
from components.domain import Failure
from components.wording import count

TARGETS: Mapping[str, Mapping[str, float]] = {
    "skewed": {"flashrank": 4.5, "fastembed": 2.5, "st": 4.0},
    "even": {"flashrank": 2.2, "fastembed": 2.2, "st": 2.2},
}
"""For each workload, how many times as long as the lab each peer should take at least."""
LAB = "lanes"
"""The name of the lab's own runtime in results: a field of the JSON, and the printed system."""
INVARIANCE_TARGET = 1e-6
FIRST_STAGE_TARGET_MS = 50.0


# ---------------------------------------------------------------- records


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of one system's timed rounds, in their order."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        """Return the shortest round."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """Return the median round."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class PeerResult:
    """A peer on one workload.

    `ratio` is its median time over the lab's, `spearman` the rank correlation of the scores and
    `same_best` whether both put the same text first.
    """

    system: str
    label: str
    version: str
    times: Times
    ratio: float
    target: float
    spearman: float
    same_best: bool


@dataclass(frozen=True, slots=True)
class WorkloadResult:
    """One workload: the lab's times, its int8 operations (None without onnx), the peers."""

    name: str
    lengths: tuple[int, ...]
    times: Times
    operations: int | None
    peers: tuple[PeerResult, ...]

    @property
    def gops(self) -> float | None:
        """Return the lab's int8 operations per second in its best round, in 10⁹."""
        return None if self.operations is None else self.operations / self.times.best / 1e9


@dataclass(frozen=True, slots=True)
class BenchResult:
    """The figures of one run; `peak_gops` is None without onnx."""

    threads: int
    repeats: int
    workloads: tuple[WorkloadResult, ...]
    peak_gops: float | None
    first_stage_ms: float
    max_difference: float
    skipped: tuple[Failure, ...]

    def share_of_peak(self, work: WorkloadResult) -> float | None:
        """Return the lab's int8 operations per second over the machine's best."""
        return None if work.gops is None or not self.peak_gops else work.gops / self.peak_gops


# ---------------------------------------------------------------- results for readers


def result_json(result: BenchResult) -> dict[str, Any]:
    """Return a result as one JSON object; a figure with a target says whether it was met."""
    return {
        "threads": result.threads,
        "repeats": result.repeats,
        "workloads": [_workload_json(result, work) for work in result.workloads],
        "int8_peak_gops": result.peak_gops,
        "first_stage": {
            "documents": DOCUMENTS,
            "candidates": CANDIDATES,
            "searches": SEARCHES,
            "median_ms": result.first_stage_ms,
            "target_ms": FIRST_STAGE_TARGET_MS,
            "met": result.first_stage_ms < FIRST_STAGE_TARGET_MS,
        },
        "invariance": {
            "max_difference": result.max_difference,
            "target": INVARIANCE_TARGET,
            "met": result.max_difference <= INVARIANCE_TARGET,
        },
        "skipped": [
            {"system": f.system, "reason": f.reason, "remedy": f.remedy} for f in result.skipped
        ],
    }


def _workload_json(result: BenchResult, work: WorkloadResult) -> dict[str, Any]:
    return {
        "name": work.name,
        "pairs": len(work.lengths),
        "tokens": sum(work.lengths),
        "median_tokens": statistics.median(work.lengths),
        LAB: {
            **_times_json(work.times),
            "int8_operations": work.operations,
            "int8_gops": work.gops,
            "share_of_peak": result.share_of_peak(work),
        },
        "peers": [
            {
                "system": peer.system,
                "label": peer.label,
                "version": peer.version,
                **_times_json(peer.times),
                "ratio": peer.ratio,
                "target": peer.target,
                "met": peer.ratio >= peer.target,
                "spearman": peer.spearman,
                "same_best": peer.same_best,
            }
            for peer in work.peers
        ],
    }


def _times_json(times: Times) -> dict[str, Any]:
    return {"seconds": list(times.seconds), "best_s": times.best, "median_s": times.median}


def result_lines(result: BenchResult) -> list[str]:
    """Return a result as lines of text, one figure with its target a line."""
    lines = [
        f"{count(result.threads, 'thread')}, {count(result.repeats, 'round')}, systems taking turns"
    ]
    for work in result.workloads:
        lines += _workload_lines(result, work)
    peak = "not measured" if result.peak_gops is None else f"{result.peak_gops:,.0f} GOPS"
    return [
        *lines,
        f"int8 matrix-product peak of this machine: {peak}",
        f"first stage over {DOCUMENTS:,} documents: {result.first_stage_ms:.1f} ms "
        f"(target: under {FIRST_STAGE_TARGET_MS:.0f} ms)",
        f"a pair's score alone, among others, shuffled: differs by {result.max_difference:.1e} "
        f"(target: at most {INVARIANCE_TARGET:.0e})",
        *(f"skipped {f.system}: {f.reason} {f.remedy}" for f in result.skipped),
    ]


def _workload_lines(result: BenchResult, work: WorkloadResult) -> list[str]:
    share = result.share_of_peak(work)
    reached = "" if share is None else f", {work.gops:,.0f} int8 GOPS, {share:.0%} of the peak"
    return [
        f"{work.name}: {count(len(work.lengths), 'pair')}, {count(sum(work.lengths), 'token')}",
        f"  {LAB:26} best {work.times.best:6.2f} s  median {work.times.median:6.2f} s{reached}",
        *(
            f"  {peer.label:26} best {peer.times.best:6.2f} s  median {peer.times.median:6.2f} s  "
            f"{peer.ratio:5.2f} x the {LAB} (target {peer.target:g})  "
            f"Spearman {peer.spearman:.3f}"
            for peer in work.peers
        ),
    ]
