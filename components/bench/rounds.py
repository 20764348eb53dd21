"""The benchmark: the local cross-encoder beside its peers, same pairs, same weights, one run.

The systems take turns, so that other load on the machine affects all of them; ratios within one
run can be compared, seconds of different runs cannot. Also measured: the share of the machine's
int8 peak that the lab reaches, the first stage over 10,000 documents, and whether a pair's score
depends on the other pairs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from components.bench.peers import PEERS as PEER_SPECS
from components.bench.peers import Peer, PeerSpec, ScoreTexts, Values, open_peer
from components.bench.result import (
    LAB,
    TARGETS,
    BenchResult,
    PeerResult,
    Times,
    WorkloadResult,
    result_json,
    result_lines,
)
from components.bench.timings import (
    Int8Peak,
    Operations,
    Workload,
    import_onnx,
    largest_difference,
    make_workload,
    operations,
    sample_passages,
    time_first_stage,
)
from components.domain import Failure, InputError, Progress, UnavailableError
from components.models.runtime import THREADS
from components.rerankers.cross_encoder import MODEL, OnnxCrossEncoder

__all__ = ["PEERS", "BenchResult", "result_json", "result_lines", "run"]

PEERS = tuple(PEER_SPECS)
"""The keys of the peers."""
_PAUSE_S = 0.2
"""Between turns: the last system's threads stop spinning before the next one is timed."""

Report = Callable[[str, int, int], None]
"""`report(step, done, total)`; it may raise `Cancelled`."""


# ---------------------------------------------------------------- the run


def run(peers: Sequence[str], repeats: int, progress: Report) -> BenchResult:
    """Run the whole benchmark; a peer that cannot be loaded is in `skipped`, with the reason.

    Raises InputError for an unknown peer or fewer than one round.
    """
    specs = select_peers(peers, repeats)
    model, passages = OnnxCrossEncoder(), sample_passages()
    workloads = [make_workload(name, passages) for name in TARGETS]
    with tempfile.TemporaryDirectory(prefix="rerank-lab-bench-") as folder:
        opened, skipped = open_peers(specs, Path(folder), partial(progress, "load peers"))
        counted: Operations | None = None
        peak: Int8Peak | None = None
        try:
            counted, peak = operations(import_onnx().load(str(MODEL.verify())).graph), Int8Peak()
        except UnavailableError as exc:
            skipped.append(Failure("int8-peak", exc.reason, exc.remedy))
        results = tuple(
            _compare(work, model, opened, repeats, counted, peak, partial(progress, work.name))
            for work in workloads
        )
    return BenchResult(
        threads=THREADS,
        repeats=repeats,
        workloads=results,
        peak_gops=peak.gops if peak else None,
        first_stage_ms=time_first_stage(passages, partial(progress, "index documents")),
        max_difference=largest_difference(model, workloads[0], partial(progress, "pairs alone")),
        skipped=tuple(skipped),
    )


def select_peers(peers: Sequence[str], repeats: int) -> list[PeerSpec]:
    """Return the peers' specs, each once; raise InputError for an unknown peer or no round."""
    for peer in peers:
        if peer not in PEER_SPECS:
            raise InputError(f"There is no peer {peer!r}.", f"Choose from: {', '.join(PEERS)}.")
    if repeats < 1:
        raise InputError(f"repeats is {repeats}; it must be at least 1.", "Raise it.")
    return [PEER_SPECS[peer] for peer in dict.fromkeys(peers)]


def open_peers(
    specs: Sequence[PeerSpec], folder: Path, progress: Progress
) -> tuple[list[Peer], list[Failure]]:
    """Return the peers that could be loaded, and why the others could not."""
    opened, skipped = [], []
    for done, spec in enumerate(specs):
        progress(done, len(specs))
        try:
            opened.append(open_peer(spec, folder))
        except UnavailableError as exc:
            skipped.append(Failure(spec.key, exc.reason, exc.remedy))
    progress(len(specs), len(specs))
    return opened, skipped


def _compare(
    work: Workload,
    model: OnnxCrossEncoder,
    peers: Sequence[Peer],
    repeats: int,
    counted: Operations | None,
    peak: Int8Peak | None,
    progress: Progress,
) -> WorkloadResult:
    """Time the lab and the peers on one workload, in turns, and sample the peak in between."""
    systems: dict[str, ScoreTexts] = {LAB: lambda query, texts: model.score(query, texts).values}
    systems |= {peer.key: peer.score for peer in peers}
    between = peak.sample if peak else lambda: None
    times, scores = take_turns(work, systems, repeats, progress, between)
    return WorkloadResult(
        work.name,
        work.lengths,
        times[LAB],
        counted.count(work.lengths) if counted else None,
        tuple(compare_with_lab(peer, work.name, times, scores) for peer in peers),
    )


def compare_with_lab(
    peer: Peer, work: str, times: Mapping[str, Times], scores: Mapping[str, Values]
) -> PeerResult:
    """Return a peer's times and scores against the lab's."""
    return PeerResult(
        system=peer.key,
        label=peer.label,
        version=peer.version,
        times=times[peer.key],
        ratio=times[peer.key].median / times[LAB].median,
        target=TARGETS[work][peer.key],
        spearman=spearman(scores[LAB], scores[peer.key]),
        same_best=bool(scores[LAB].argmax() == scores[peer.key].argmax()),
    )


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
