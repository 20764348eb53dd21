"""Measuring rerankers: scoring passes that are repeated, and passes over fewer candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from components.domain import Ranking
from components.lab import StepReport, no_report
from components.pipeline.comparison import rerank_in_turn
from components.pipeline.request import NullWatcher, PipelineRun
from components.pipeline.stages import rerank_candidates
from components.wording import count


@dataclass
class _StopWatcher(NullWatcher):
    """Passes on, at every step of a pass, how many passes are done: the report may raise."""

    report: StepReport
    doing: str
    done: int
    total: int

    def step(self, system: str, state: str, done: int, total: int) -> None:
        self.report(self.doing, self.done, self.total)


def repeat(
    run: PipelineRun,
    query: str,
    first: Ranking,
    systems: Sequence[str],
    rounds: int,
    report: StepReport = no_report,
) -> dict[str, list[float]]:
    """Rerank the same candidates `rounds` times with each system; return milliseconds by system.

    The systems take turns, one at a time. Raises LabError where one fails.
    """
    times: dict[str, list[float]] = {system: [] for system in systems}
    total = rounds * len(systems)
    for done, (_, system) in enumerate(product(range(rounds), systems)):
        report(system, done, total)
        watched = replace(run, watcher=_StopWatcher(report, system, done, total))
        ranking = rerank_candidates(watched, query, first, system)
        times[system].append(ranking.timing.rerank_ms)
    return times


def time_depths(
    run: PipelineRun,
    firsts: Mapping[str, Ranking],
    depths: Sequence[int],
    report: StepReport = no_report,
) -> dict[str, dict[int, list[float]]]:
    """Score each query's first candidates anew at each depth; return milliseconds by system, depth.

    `firsts` are the queries' candidates by query text. No cached score is taken, and rerankers run
    one at a time. A failure leaves its place empty.
    """
    run = replace(run, pipelines=replace(run.pipelines, reuse=False))
    times: dict[str, dict[int, list[float]]] = {}
    passes = list(product(depths, firsts.items()))
    for done, (depth, (query, first)) in enumerate(passes):
        doing = count(depth, "candidate")
        report(doing, done, len(passes))
        watched = replace(run, watcher=_StopWatcher(report, doing, done, len(passes)))
        fewer = replace(first, hits=first.hits[:depth])
        for result in rerank_in_turn(watched, query, fewer):
            if isinstance(result, Ranking):
                by_depth = times.setdefault(result.system, {})
                by_depth.setdefault(depth, []).append(result.timing.rerank_ms)
    return times
