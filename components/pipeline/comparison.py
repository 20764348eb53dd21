"""One first stage and any number of rerankers over the same candidates, side by side."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from components.domain import Cancelled, Comparison, Corpus, Failure, InputError, LabError, Ranking
from components.lab import Lab, catalog
from components.pipeline.request import Request, Unwatched, Watcher, check_request
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


@dataclass
class Together:
    """One watcher for several threads: once it has stopped one of them, it stops them all."""

    watcher: Watcher
    stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Pass a step on."""
        self._pass(partial(self.watcher.step, system, state, done, total))

    def ranked(self, result: Ranking | Failure) -> None:
        """Pass a result on."""
        self._pass(partial(self.watcher.ranked, result))

    def _pass(self, tell: Callable[[], None]) -> None:
        with self._lock:  # nobody may tell anything once another thread was stopped
            if self.stopped:
                raise Cancelled
            try:
                tell()
            except BaseException:
                self.stopped = True
                raise


async def compare(
    lab: Lab,
    corpus: Corpus,
    request: Request,
    watcher: Watcher | None = None,
    held: Mapping[str, Ranking] | None = None,
) -> Comparison:
    """Run the first stage and every reranker over the same candidates; failures stay apart.

    Models on this machine's cores run one after another, all others beside them. `held` rankings
    of the very same candidates are shown again, as cached, instead of being computed.
    """
    check_request(request, lab)
    watch = watcher or Unwatched()
    first = await in_thread(partial(_noted_first_stage, lab, corpus, request, watch))
    watch.ranked(first)
    return await compare_candidates(lab, corpus, request, first, watch, held)


def _noted_first_stage(lab: Lab, corpus: Corpus, request: Request, watch: Watcher) -> Ranking:
    """Run the first stage and note in the lab's history how it ended."""
    try:
        first = _first_stage(lab, corpus, request, watch)
    except Cancelled:
        raise
    except LabError as exc:
        failed = Failure(request.first_stage, exc.reason, exc.remedy)
        lab.history.note(failed, first_stage=True)
        raise
    lab.history.note(first, first_stage=True)
    return first


def _first_stage(lab: Lab, corpus: Corpus, request: Request, watch: Watcher) -> Ranking:
    if request.recorded_first is None:
        return retrieve(lab, corpus, request, watch)
    recorded = request.recorded_first
    documents = corpus.by_id
    missing = [i for i, _ in recorded.documents if i not in documents]
    if missing:
        raise InputError(
            f"The recording's candidates name {missing[0]!r}, which {corpus.name} lacks.",
            "Choose the corpus that it was made with.",
        )
    found = [documents[i] for i, _ in recorded.documents]
    first = first_stage_ranking(
        recorded.key, found, [score for _, score in recorded.documents], recorded.timing
    )
    return replace(first, recorded=recorded.date)


async def compare_candidates(
    lab: Lab,
    corpus: Corpus | None,
    request: Request,
    first: Ranking,
    watch: Watcher,
    held: Mapping[str, Ranking] | None = None,
) -> Comparison:
    """Run every reranker over given candidates."""
    alone = _scored(request)
    results: dict[str, Ranking | Failure] = {}
    together = Together(watch)

    def end(result: Ranking | Failure) -> None:
        results[result.system] = result
        together.ranked(result)

    def run(systems: Sequence[str]) -> None:
        for system in systems:
            result = _isolated(lab, corpus, request, first, system, together)
            lab.history.note(result, first_stage=False)
            end(result)

    for result in _at_hand(corpus, request, first, held or {}):
        end(result)
    rest = [k for k in alone if k not in results]
    queued = [k for k in rest if catalog.reranker_spec(k, lab.settings).runtime != "none"]
    beside = [[k] for k in rest if k not in queued]
    try:
        await asyncio.gather(*(in_thread(partial(run, keys)) for keys in [*beside, queued] if keys))
    except BaseException:
        together.stopped = True  # whoever awaited this has gone: so do the threads
        raise
    for key in request.rerankers:
        if key not in results:
            end(_fuse_results(first, [results[k] for k in alone]))
    return Comparison(request.query, first, tuple(results[k] for k in request.systems))


def _at_hand(
    corpus: Corpus | None, request: Request, first: Ranking, held: Mapping[str, Ranking]
) -> Iterator[Ranking | Failure]:
    """Yield the columns that need no computing: recorded ones, and those held from before."""
    if corpus is not None:
        yield from (place(recorded, first, corpus) for recorded in request.recorded)
    alone = _scored(request)
    yield from (replace(held[system], cached=True) for system in alone if system in held)


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
        except BaseException as exc:  # it is raised again where somebody awaits it
            error = exc
        with suppress(RuntimeError):  # the loop has gone: nobody awaits it any more
            loop.call_soon_threadsafe(end, result, error)

    threading.Thread(target=run, name="pipeline", daemon=True).start()
    return await future


def rerank_in_turn(
    lab: Lab, corpus: Corpus, request: Request, first: Ranking, watch: Watcher
) -> Iterator[Ranking | Failure]:
    """Run every reranker over given candidates, each after the other, so that none disturbs one."""
    alone = _scored(request)
    results = {key: _isolated(lab, corpus, request, first, key, watch) for key in alone}
    for key in request.rerankers:
        if key not in results:
            results[key] = _fuse_results(first, [results[k] for k in alone])
    yield from (results[key] for key in request.rerankers)


def with_query(request: Request, query: str) -> Request:
    """Return the same request for another query."""
    return replace(request, query=query)


def _scored(request: Request) -> list[str]:
    """Return the rerankers that score by themselves: all but a fusion of others."""
    others = [k for k in request.rerankers if k != RRF.key]
    return others or list(request.rerankers)


def _isolated(
    lab: Lab, corpus: Corpus | None, request: Request, first: Ranking, key: str, watch: Watcher
) -> Ranking | Failure:
    try:
        return rerank_candidates(lab, corpus, request, first, key, watch)
    except Cancelled:
        raise
    except LabError as exc:
        return Failure(key, exc.reason, exc.remedy)
    except Exception as exc:  # a fault in one reranker must not cost the others
        _log.exception("%s failed", key)
        reason = " ".join(f"{key} failed: {type(exc).__name__}: {exc}".split())
        return Failure(key, reason, "See the lab's log.")


def _fuse_results(first: Ranking, results: Sequence[Ranking | Failure]) -> Ranking | Failure:
    failed = [r.system for r in results if isinstance(r, Failure)]
    if failed:
        return Failure(
            RRF.key,
            f"There is nothing whole to fuse: {', '.join(failed)} failed.",
            "Remove what failed from the chosen rerankers, or mend it.",
        )
    return fuse_rankings(first, [r for r in results if isinstance(r, Ranking)])
