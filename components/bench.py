"""The benchmark: the local cross-encoder beside its peers, same pairs, same weights, one run.

The systems take turns, so that whatever else the machine does hits all alike; ratios within one
run mean something, seconds from different runs do not. Also measured: the share of the machine's
int8 peak that the lanes reach, the first stage over 10,000 documents, and whether a pair's score
depends on its company.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from components.bench_measures import (
    CANDIDATES,
    DOCUMENTS,
    SEARCHES,
    Int8Peak,
    Operations,
    Workload,
    import_onnx,
    largest_difference,
    make_workload,
    operations,
    time_first_stage,
)
from components.bench_peers import PEERS as PEER_SPECS
from components.bench_peers import Peer, ScoreTexts, Values, open_peer
from components.domain import Failure, InputError, Progress, UnavailableError
from components.lanes import LANES
from components.rerankers.cross_encoder import MODEL, OnnxCrossEncoder

PEERS = tuple(PEER_SPECS)
"""The keys of the peers."""
TARGETS: Mapping[str, Mapping[str, float]] = {
    "skewed": {"flashrank": 4.5, "fastembed": 2.5, "st": 4.0},
    "even": {"flashrank": 2.2, "fastembed": 2.2, "st": 2.2},
}
"""For each workload, how many times as long as the lanes each peer should take at least."""
INVARIANCE_TARGET = 1e-6
FIRST_STAGE_TARGET_MS = 50.0
_PAUSE_S = 0.2
"""Between turns: the last system's threads stop spinning before the next one is timed."""

Report = Callable[[str, int, int], None]
"""`report(step, done, total)`; it may raise `Cancelled`."""


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
    """A peer on one workload: its times beside the lanes', and how alike the scores are."""

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
    """One workload: the lanes' times, their int8 operations (None without onnx), the peers."""

    name: str
    lengths: tuple[int, ...]
    lanes: Times
    operations: int | None
    peers: tuple[PeerResult, ...]

    @property
    def gops(self) -> float | None:
        """Return the lanes' int8 operations per second in their best round, in 10⁹."""
        return None if self.operations is None else self.operations / self.lanes.best / 1e9


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Everything one run of the benchmark found; `peak_gops` is None without onnx."""

    threads: int
    repeats: int
    workloads: tuple[WorkloadResult, ...]
    peak_gops: float | None
    first_stage_ms: float
    max_difference: float
    skipped: tuple[Failure, ...]

    def share_of_peak(self, work: WorkloadResult) -> float | None:
        """Return the lanes' int8 operations per second over the machine's best."""
        return None if work.gops is None or not self.peak_gops else work.gops / self.peak_gops


# ---------------------------------------------------------------- the run


def run(peers: Sequence[str], repeats: int, progress: Report) -> BenchResult:
    """Run the whole benchmark; a peer that cannot be had is in `skipped`, with the reason."""
    _check(peers, repeats)
    model = OnnxCrossEncoder()
    skipped: list[Failure] = []
    with tempfile.TemporaryDirectory(prefix="rerank-lab-bench-") as folder:
        opened = _open(peers, Path(folder), skipped, progress)
        counted, peak = _int8(skipped)
        workloads = [make_workload(name) for name in TARGETS]
        results = tuple(
            _compare(work, model, opened, repeats, counted, peak, partial(progress, work.name))
            for work in workloads
        )
    return BenchResult(
        threads=LANES,
        repeats=repeats,
        workloads=results,
        peak_gops=peak.gops if peak else None,
        first_stage_ms=time_first_stage(partial(progress, "index documents")),
        max_difference=largest_difference(model, workloads[0], partial(progress, "pairs alone")),
        skipped=tuple(skipped),
    )


def _check(peers: Sequence[str], repeats: int) -> None:
    for peer in peers:
        if peer not in PEER_SPECS:
            raise InputError(f"There is no peer {peer!r}.", f"Choose from: {', '.join(PEERS)}.")
    if repeats < 1:
        raise InputError(f"repeats is {repeats}; it must be at least 1.", "Raise it.")


def _open(
    keys: Sequence[str], folder: Path, skipped: list[Failure], progress: Report
) -> list[Peer]:
    """Load the peers that can be had; note the others in `skipped`."""
    opened, wanted = [], tuple(dict.fromkeys(keys))
    for done, key in enumerate(wanted):
        progress("load peers", done, len(wanted))
        try:
            opened.append(open_peer(PEER_SPECS[key], folder))
        except UnavailableError as exc:
            skipped.append(Failure(key, exc.reason, exc.remedy))
    progress("load peers", len(wanted), len(wanted))
    return opened


def _int8(skipped: list[Failure]) -> tuple[Operations | None, Int8Peak | None]:
    """Return the model's operations and the peak to be sampled; neither without onnx."""
    try:
        return operations(import_onnx().load(str(MODEL.verify())).graph), Int8Peak()
    except UnavailableError as exc:
        skipped.append(Failure("int8-peak", exc.reason, exc.remedy))
        return None, None


def _compare(
    work: Workload,
    model: OnnxCrossEncoder,
    peers: Sequence[Peer],
    repeats: int,
    counted: Operations | None,
    peak: Int8Peak | None,
    progress: Progress,
) -> WorkloadResult:
    """Time the lanes and the peers on one workload, in turns, and sample the peak in between."""
    systems: dict[str, ScoreTexts] = {
        "lanes": lambda query, texts: model.score(query, texts).values
    }
    systems |= {peer.key: peer.score for peer in peers}
    between = peak.sample if peak else _nothing
    times, scores = take_turns(work, systems, repeats, progress, between)
    return WorkloadResult(
        work.name,
        work.lengths,
        times["lanes"],
        counted.count(work.lengths) if counted else None,
        tuple(beside_lanes(peer, work.name, times, scores) for peer in peers),
    )


def beside_lanes(
    peer: Peer, work: str, times: Mapping[str, Times], scores: Mapping[str, Values]
) -> PeerResult:
    """Return a peer's times and scores set against the lanes'."""
    return PeerResult(
        system=peer.key,
        label=peer.label,
        version=peer.version,
        times=times[peer.key],
        ratio=times[peer.key].median / times["lanes"].median,
        target=TARGETS[work][peer.key],
        spearman=spearman(scores["lanes"], scores[peer.key]),
        same_best=bool(scores["lanes"].argmax() == scores[peer.key].argmax()),
    )


def _nothing() -> None:
    """Stand in for a peak that is not sampled."""


def take_turns(
    work: Workload,
    systems: Mapping[str, ScoreTexts],
    repeats: int,
    progress: Progress,
    between: Callable[[], None],
) -> tuple[dict[str, Times], dict[str, Values]]:
    """Return each system's times and scores: one warm-up, then rounds, each begun by the next."""
    names, total = list(systems), (repeats + 1) * len(systems)
    scores: dict[str, Values] = {}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(total):
        progress(turn, total)
        time.sleep(_PAUSE_S)
        number, place = divmod(turn, len(names))
        name = names[(place + number) % len(names)]
        begun = time.perf_counter()
        scores[name] = systems[name](work.query, work.texts)
        if number:
            seconds[name].append(time.perf_counter() - begun)
        if place == 0:
            between()
    progress(total, total)
    return {name: Times(tuple(spent)) for name, spent in seconds.items()}, scores


def spearman(first: Values, second: Values) -> float:
    """Return Spearman's rank correlation, equal scores sharing their mean rank."""
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Values) -> Values:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place], np.float64)


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
        "lanes": {
            **_times_json(work.lanes),
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
    lines = [f"{result.threads} threads, {result.repeats} rounds, systems taking turns"]
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
        f"{work.name}: {len(work.lengths)} pairs, {sum(work.lengths):,} tokens",
        f"  {'lanes':26} best {work.lanes.best:6.2f} s  median {work.lanes.median:6.2f} s{reached}",
        *(
            f"  {peer.label:26} best {peer.times.best:6.2f} s  median {peer.times.median:6.2f} s  "
            f"{peer.ratio:5.2f} x the lanes (target {peer.target:g})  "
            f"Spearman {peer.spearman:.3f}"
            for peer in work.peers
        ),
    ]
