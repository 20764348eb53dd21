"""One first stage and any number of rerankers over the same candidates, side by side."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from components.domain import (
    Cancelled,
    Comparison,
    Corpus,
    Failure,
    InputError,
    LabError,
    Ranking,
    Recorded,
)
from components.lab import catalog
from components.models.gate import QUEUE
from components.pipeline.request import PipelineRun, QueryInput, Request, Watcher, check_request
from components.pipeline.stages import (
    first_stage_ranking,
    fuse_rankings,
    place,
    rerank_candidates,
    retrieve,
)
from components.rerankers.fusion import RRF

_log = logging.getLogger(__name__)
T = TypeVar("T")


class SharedWatcher:
    """One watcher for several threads: once it has stopped one of them, it stops them all.

    It joins their results to one comparison, in the order of `systems`.
    """

    def __init__(self, watcher: Watcher, comparison: Comparison, systems: Sequence[str]) -> None:
        self.watcher = watcher
        self.comparison = comparison
        self.systems = systems
        self.stopped = False
        self._lock = threading.Lock()

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Pass a step on."""
        self._pass(partial(self.watcher.step, system, state, done, total))

    def scored(self, system: str, scores: Sequence[tuple[int, float]]) -> None:
        """Pass scores on."""
        self._pass(partial(self.watcher.scored, system, scores))

    def ranked(self, result: Ranking | Failure, comparison: Comparison | None = None) -> None:
        """Join a result to the comparison, and pass both on."""

        def join() -> None:
            self.comparison = self.comparison.with_result(result, self.systems)
            self.watcher.ranked(result, self.comparison)

        self._pass(join)

    def result(self, system: str) -> Ranking | Failure | None:
        """Return what became of a system, if it has ended."""
        return self.comparison.result(system)

    def stop(self) -> None:
        """Stop every thread at its next step; nothing is passed on once this has returned."""
        self.stopped = True  # before the lock, which a thread could take again for its next step
        with self._lock:  # a step that is being passed on ends first
            pass

    def _pass(self, tell: Callable[[], None]) -> None:
        with self._lock:  # no progress is passed on once another thread was stopped
            if self.stopped:
                raise Cancelled
            try:
                tell()
            except BaseException:
                self.stopped = True
                raise


async def compare(
    run: PipelineRun, query: QueryInput, cached: Mapping[str, Ranking] | None = None
) -> Comparison:
    """Run the first stage and every reranker over the same candidates; failures stay apart.

    Models on this machine's cores run one after another, all others beside them. `cached` rankings
    of the very same candidates are taken, and marked so, instead of being computed.
    """
    check_request(Request(run.pipelines, query), run.lab)
    first = await in_thread(partial(_logged_first_stage, run, query))
    run.watcher.ranked(first, Comparison(query.text, first))
    return await compare_candidates(run, query, first, cached)


def _logged_first_stage(run: PipelineRun, query: QueryInput) -> Ranking:
    """Run the first stage and note in the lab's search log how it ended."""
    log, corpus = run.lab.search_log, run.corpus
    if corpus is None:
        raise InputError("There is no corpus to search.", "Choose one.")
    try:
        first = (
            replace(
                _recorded_first_stage(query.recorded_first, corpus), filter=run.pipelines.filter
            )
            if query.recorded_first
            else retrieve(run, corpus, query.text)
        )
    except Cancelled:
        raise
    except LabError as exc:
        failure = Failure(run.pipelines.first_stage, exc.reason, exc.remedy)
        log.note(failure, first_stage=True, owner=run.lab.visitor)
        raise
    log.note(first, first_stage=True, owner=run.lab.visitor)
    return first


def _recorded_first_stage(recorded: Recorded, corpus: Corpus) -> Ranking:
    by_id = corpus.some([i for i, _ in recorded.documents])
    missing = [i for i, _ in recorded.documents if i not in by_id]
    if missing:
        raise InputError(
            f"The recording's candidates name {missing[0]!r}, which {corpus.name} lacks.",
            "Choose the corpus that it was made with.",
        )
    documents = [by_id[i] for i, _ in recorded.documents]
    scores = [score for _, score in recorded.documents]
    first = first_stage_ranking(recorded.key, documents, scores, recorded.timing)
    return replace(first, recorded=recorded.date, matching=recorded.matching)


async def compare_candidates(
    run: PipelineRun,
    query: QueryInput,
    first: Ranking,
    cached: Mapping[str, Ranking] | None = None,
) -> Comparison:
    """Run every reranker over given candidates."""
    systems = Request(run.pipelines, query).systems
    shared = SharedWatcher(run.watcher, Comparison(query.text, first), systems)
    watched = replace(run, watcher=shared)
    scored = _scored(run)
    if run.corpus is not None:
        for recorded in query.recorded:
            shared.ranked(place(recorded, first, run.corpus))
    for system in scored:
        if cached and system in cached:
            shared.ranked(replace(cached[system], cached=True))
    rest = [s for s in scored if shared.result(s) is None]
    models = [s for s in rest if catalog.reranker_spec(s, run.lab.settings).runtime != "none"]
    work = [partial(_rank, watched, shared, query, [s]) for s in rest if s not in models]
    work += [partial(_rank_in_turn, watched, shared, query, models)] if models else []
    try:
        await asyncio.gather(*map(in_thread, work))
    except BaseException:
        shared.stop()  # the caller has gone, so the threads end too
        raise
    if RRF.key in run.pipelines.rerankers and shared.result(RRF.key) is None:
        shared.ranked(_fuse_results(first, [shared.result(s) for s in scored]))
    return shared.comparison


def _rank(
    run: PipelineRun, shared: SharedWatcher, query: QueryInput, systems: Sequence[str]
) -> None:
    """Rank with each system, and note in the lab's search log how it ended."""
    for system in systems:
        result = _isolated(run, query.text, shared.comparison.first_stage, system)
        run.lab.search_log.note(result, first_stage=False, owner=run.lab.visitor)
        shared.ranked(result)


def _rank_in_turn(
    run: PipelineRun, shared: SharedWatcher, query: QueryInput, systems: Sequence[str]
) -> None:
    """Rank with models of this machine once all comparisons that came before have ended theirs."""

    def wait(place: int) -> None:
        for system in systems:
            shared.step(system, "wait", place, 0)

    with QUEUE.turn(check=wait):
        _rank(run, shared, query, systems)


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a daemon thread of its own.

    Threads of asyncio's own pool are few, and the process could not end before they do.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def end(result: T | None, exc: BaseException | None) -> None:
        if not future.done():
            future.set_exception(exc) if exc else future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as exc:  # raised again where the future is awaited
            error = exc
        with suppress(RuntimeError):  # the loop has gone, and the caller with it
            loop.call_soon_threadsafe(end, result, error)

    threading.Thread(target=run, name="pipeline", daemon=True).start()
    return await future


def rerank_in_turn(run: PipelineRun, query: str, first: Ranking) -> Iterator[Ranking | Failure]:
    """Run every reranker over given candidates, each after the other, so that none disturbs one."""
    scored = _scored(run)
    results = {system: _isolated(run, query, first, system) for system in scored}
    for system in run.pipelines.rerankers:
        if system not in results:
            results[system] = _fuse_results(first, [results[s] for s in scored])
    yield from (results[system] for system in run.pipelines.rerankers)


def _scored(run: PipelineRun) -> list[str]:
    """Return the rerankers that score by themselves: all but a fusion of others."""
    others = [s for s in run.pipelines.rerankers if s != RRF.key]
    return others or list(run.pipelines.rerankers)


def _isolated(run: PipelineRun, query: str, first: Ranking, system: str) -> Ranking | Failure:
    try:
        return rerank_candidates(run, query, first, system)
    except Cancelled:
        raise
    except LabError as exc:
        return Failure(system, exc.reason, exc.remedy)
    except Exception as exc:  # a fault in one reranker must not cost the others
        _log.exception("%s failed", system)
        reason = " ".join(f"{system} failed: {type(exc).__name__}: {exc}".split())
        return Failure(system, reason, "See the lab's log.")


def _fuse_results(first: Ranking, results: Sequence[Ranking | Failure | None]) -> Ranking | Failure:
    failed = [r.system for r in results if isinstance(r, Failure)]
    if failed:
        return Failure(
            RRF.key,
            f"There is nothing whole to fuse: {', '.join(failed)} failed.",
            "Remove what failed from the chosen rerankers, or mend it.",
        )
    return fuse_rankings(first, [r for r in results if isinstance(r, Ranking)])
