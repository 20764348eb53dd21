"""Two stages: retrieve candidates, rerank them, sort, time. The only place that sorts.

`two_stage_search` and `rerank` are the programmer's entry points; `compare` is what the app and
the command line run: one first stage, any number of rerankers over the same candidates.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Protocol, TypeVar

import numpy as np

from components import catalog
from components.config import read_settings
from components.corpus import open_corpus
from components.domain import (
    Billed,
    Cancelled,
    Comparison,
    Corpus,
    Document,
    Failure,
    Hit,
    InputError,
    LabError,
    Progress,
    Ranking,
    Recorded,
    Reranker,
    RerankError,
    Scores,
    Spec,
    Timing,
    Usage,
)
from components.lab import LATE_LIMIT, Lab, Measured
from components.lanes import GATE
from components.prices import usd_of
from components.rerankers.fusion import RRF, fuse

_log = logging.getLogger(__name__)
_NO_TIME = Timing()
T = TypeVar("T")


class Watcher(Protocol):
    """Somebody who wants to see a comparison as it fills. Every method may raise `Cancelled`."""

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Take note that a system is at `done` of `total` in a state such as load, wait, run."""
        ...

    def ranked(self, result: Ranking | Failure) -> None:
        """Take note that a system has ended; the first stage is the first to do so."""
        ...


class Unwatched:
    """Watches nothing."""

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Ignore a step."""

    def ranked(self, result: Ranking | Failure) -> None:
        """Ignore a result."""


@dataclass
class Together:
    """One watcher for several threads: once it has stopped one of them, it stops them all."""

    watcher: Watcher
    stopped: bool = False

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Pass a step on."""
        self._pass(partial(self.watcher.step, system, state, done, total))

    def ranked(self, result: Ranking | Failure) -> None:
        """Pass a result on."""
        self._pass(partial(self.watcher.ranked, result))

    def _pass(self, tell: Callable[[], None]) -> None:
        if self.stopped:
            raise Cancelled
        try:
            tell()
        except BaseException:
            self.stopped = True
            raise


@dataclass(frozen=True, slots=True)
class Request:
    """What to compare: a query, a first stage, rerankers, and how many candidates they see.

    An `instruction` goes to the rerankers that follow one, except where their name ends in
    `@plain`. `recorded` rankings join the computed ones; a `recorded_first` stands in for the
    first stage. `deadline_s` bounds the scoring of each reranker; without one, network rerankers
    have the configured deadline and local ones take their time.
    """

    query: str
    first_stage: str = catalog.DEFAULT_FIRST_STAGE
    rerankers: tuple[str, ...] = (catalog.DEFAULT_RERANKER,)
    initial_k: int = 100
    instruction: str = ""
    recorded: tuple[Recorded, ...] = ()
    recorded_first: Recorded | None = None
    deadline_s: float | None = None

    @property
    def systems(self) -> tuple[str, ...]:
        """Return the names of all columns but the first stage's."""
        return (*self.rerankers, *(r.key for r in self.recorded))


def check_request(request: Request, lab: Lab) -> None:
    """Raise InputError for a blank query, an unknown key, a key named twice or a bad depth."""
    check_query(request.query)
    catalog.require(request.first_stage, catalog.first_stages(), "first stage")
    for key in request.rerankers:
        spec = catalog.reranker_spec(catalog.base(key), lab.settings)
        if key != spec.key and not (spec.instructions and request.instruction.strip()):
            raise InputError(
                f"{key} means {spec.key} without the instruction, and there is none for it.",
                "Give an instruction, and choose a reranker that follows one.",
            )
    if len(set(request.systems)) < len(request.systems):
        raise InputError("A reranker is named twice.", "Name each one once.")
    check_depth("initial_k", request.initial_k)
    if request.instruction:
        check_query(request.instruction, "instruction")


def check_query(query: str, name: str = "query") -> None:
    """Raise InputError for a query that is blank or holds half a surrogate pair."""
    if not query.strip():
        raise InputError(f"The {name} is empty.", "Type a question or a few words.")
    if any("\ud800" <= c <= "\udfff" for c in query):
        raise InputError(f"The {name} is not valid Unicode text.", "Type it again, in UTF-8.")


def check_depth(name: str, value: int, limit: int | None = None) -> None:
    """Raise InputError for a depth under 1 or over `limit`."""
    if value < 1:
        raise InputError(f"{name} is {value}; it must be at least 1.", "Raise it.")
    if limit is not None and value > limit:
        raise InputError(
            f"{name} ({value}) is larger than initial_k ({limit}).",
            "Only candidates can be shown: lower final_k or raise initial_k.",
        )


# ---------------------------------------------------------------- first stage


def retrieve(lab: Lab, corpus: Corpus, request: Request, watcher: Watcher | None = None) -> Ranking:
    """Run the first stage: embed the query, search Qdrant, return at most initial_k candidates."""
    watch, first = watcher or Unwatched(), request.first_stage
    lab.index(corpus, first, lambda step, done, total: watch.step(first, step, done, total))
    key = catalog.encoder_of(first)
    watch.step(first, "load", 0, 0)
    encoder, load_ms = lab.encoder(key) if key else (None, 0.0)
    vector, embed_ms, wait_ms = None, 0.0, 0.0
    if encoder is not None:
        with GATE.hold(urgent=True, check=lambda: watch.step(first, "wait", 0, 0)) as wait_ms:
            begun = time.perf_counter()
            vector = encoder.encode_query(request.query)
            embed_ms = _since(begun)
    begun = time.perf_counter()
    found = lab.candidates(corpus, first, request.query, vector, request.initial_k)
    timing = Timing(embed_ms, _since(begun), load_ms=load_ms, wait_ms=wait_ms)
    documents = [corpus.documents[c.position] for c in found]
    return first_stage_ranking(first, documents, [c.score for c in found], timing)


def first_stage_ranking(
    system: str, documents: Sequence[Document], scores: Sequence[float], timing: Timing = _NO_TIME
) -> Ranking:
    """Return candidates, already in order, as a ranking."""
    hits = tuple(
        Hit(d, rank, score, rank, score)
        for rank, (d, score) in enumerate(zip(documents, scores, strict=True), start=1)
    )
    return Ranking(system, hits, timing)


def _since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000


# ---------------------------------------------------------------- second stage


def rerank_candidates(
    lab: Lab,
    corpus: Corpus | None,
    request: Request,
    first_stage: Ranking,
    system: str,
    watcher: Watcher | None = None,
) -> Ranking:
    """Score the candidates with one reranker and sort them; raise LabError where it fails."""
    texts = [hit.document.passage for hit in first_stage.hits]
    done = score_texts(lab, corpus, request, system, texts, watcher)
    timing = replace(
        first_stage.timing,
        rerank_ms=done.rerank_ms,
        load_ms=done.load_ms,
        wait_ms=done.wait_ms,
    )
    ranking = sort(system, first_stage, done.scores, timing)
    usd = usd_of(catalog.reranker_spec(system, lab.settings), done.scores.billed, lab.settings)
    if texts and not done.scores.cached:
        lab.note(system, Measured(len(texts), done.rerank_ms, usd))
    return replace(ranking, usage=replace(ranking.usage, usd=usd))


@dataclass(frozen=True, slots=True)
class Scored:
    """One scoring pass: its scores and its milliseconds, loading and waiting apart."""

    scores: Scores
    rerank_ms: float
    load_ms: float
    wait_ms: float


def score_texts(
    lab: Lab,
    corpus: Corpus | None,
    request: Request,
    system: str,
    texts: Sequence[str],
    watcher: Watcher | None = None,
) -> Scored:
    """Score texts against the request's query with one reranker; nothing is sorted."""
    watch = watcher or Unwatched()
    spec = catalog.reranker_spec(system, lab.settings)
    instruction = request.instruction.strip() if spec.instructions else ""
    ahead = request.recorded_first is None  # else only these candidates are ever asked for
    reranker, load_ms = _prepare(lab, corpus, spec, instruction, watch, ahead=ahead)
    with _gate(spec, "wait", watch) as wait_ms:
        begun = time.perf_counter()
        scores = reranker.score(request.query, texts, _steps(lab, request, spec, watch))
        # what comes from a cache shows the time it took when it was computed
        spent = _since(begun) if scores.measured_ms is None else scores.measured_ms
    return Scored(scores, spent, load_ms, wait_ms + scores.wait_ms)


def _steps(lab: Lab, request: Request, spec: Spec, watch: Watcher) -> Progress:
    """Return a progress that passes each step on, and raises once the deadline is over."""
    allowed = request.deadline_s
    if allowed is None and not spec.local:
        allowed = lab.settings.remote.deadline_s
    begun = time.monotonic()

    def step(done: int, total: int) -> None:
        watch.step(spec.key, "run", done, total)
        if allowed is not None and done < total and time.monotonic() - begun > allowed:
            raise RerankError(
                f"{spec.label} had not finished after {allowed:g} seconds, its deadline.",
                "Raise the deadline, or lower the number of candidates.",
            )

    return step


def _prepare(
    lab: Lab,
    corpus: Corpus | None,
    spec: Spec,
    instruction: str,
    watch: Watcher,
    *,
    ahead: bool,
) -> tuple[Reranker, float]:
    """Return a warm reranker and the milliseconds it took to fetch, load and bind it."""

    def report(step: str, done: int, total: int) -> None:
        watch.step(spec.key, step, done, total)

    begun, key = time.perf_counter(), catalog.base(spec.key)
    report("load", 0, 0)
    catalog.check_reranker(key, lab.settings)
    catalog.fetch_reranker(key, lab.settings, partial(report, "download"))
    with _gate(spec, "wait", watch, loading=True) as wait_ms:
        report("load", 0, 0)
        catalog.warm_reranker(key, lab.settings)
    small = corpus is not None and len(corpus.documents) <= LATE_LIMIT
    if ahead and spec.token_vectors and corpus is not None and small:
        lab.index_tokens(corpus, report)
    reranker = catalog.load_reranker(key, lab.context(corpus, instruction))
    return reranker, _since(begun) - wait_ms


def _gate(
    spec: Spec, state: str, watch: Watcher, *, loading: bool = False
) -> AbstractContextManager[float]:
    """Return the gate for models that work on this machine's cores, an open door for others."""
    if spec.runtime == "none":
        return nullcontext(0.0)
    return GATE.hold(loading=loading, check=lambda: watch.step(spec.key, state, 0, 0))


def sort(system: str, first_stage: Ranking, scores: Scores, timing: Timing) -> Ranking:
    """Order the candidates by score, ties by first-stage rank; raise RerankError on bad scores."""
    values = np.asarray(scores.values, np.float64)
    if values.shape != (len(first_stage.hits),):
        raise RerankError(
            f"{system} returned {values.size} scores for {len(first_stage.hits)} documents.",
            "This is a fault of the reranker; its scores were not used.",
        )
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise RerankError(
            f"{system} returned {bad} scores that are not finite numbers.",
            "This is a fault of the reranker; its scores were not used.",
        )
    cut, kept = (counts or (0,) * len(values) for counts in (scores.cut, scores.kept))
    hits = tuple(
        replace(
            first_stage.hits[i],
            rank=rank,
            score=float(values[i]),
            tokens_cut=cut[i],
            tokens_read=kept[i],
        )
        for rank, i in enumerate(np.argsort(-values, kind="stable"), start=1)
    )
    billed = scores.billed or Billed(requests=0)
    usage = Usage(
        pairs=len(values),
        tokens=sum(scores.kept),
        requests=billed.requests,
        searches=billed.searches,
        billed_tokens=billed.tokens,
        estimated=billed.estimated,
    )
    return Ranking(
        system,
        hits,
        timing,
        usage,
        scores.cached,
        cut_estimated=scores.estimated,
        notes=scores.notes,
    )


def place(recorded: Recorded, first_stage: Ranking, corpus: Corpus) -> Ranking | Failure:
    """Return a recorded ranking as a column beside this first stage; equal scores keep their order.

    A document that the first stage did not find has first-stage rank 0; one that the corpus does
    not have is left out, and the ranking's notes say how many.
    """
    documents = corpus.by_id
    found = {hit.document.id: hit for hit in first_stage.hits}
    known = [(i, score) for i, score in recorded.documents if i in documents]
    if not known:
        return Failure(
            recorded.key,
            f"The recording names no document of {corpus.name}.",
            "Choose the corpus that it was made with.",
        )
    known.sort(key=lambda pair: -pair[1])
    hits = tuple(
        replace(found[i], rank=rank, score=score, tokens_cut=0)
        if i in found
        else Hit(documents[i], rank, score, 0, 0.0)
        for rank, (i, score) in enumerate(known, start=1)
    )
    lost = len(recorded.documents) - len(known)
    notes = (f"{lost:,} documents are not in this corpus",) if lost else ()
    timing = recorded.timing
    return Ranking(recorded.key, hits, timing, recorded.usage, recorded=recorded.date, notes=notes)


def fuse_rankings(first_stage: Ranking, rankings: Sequence[Ranking]) -> Ranking:
    """Return the reciprocal rank fusion of rankings of the same candidates.

    Its time is its members' time: it cannot be had without them.
    """
    n = len(first_stage.hits)
    places = [np.arange(1, n + 1)] if len(rankings) == 1 else []
    for ranking in rankings:
        by_candidate = np.empty(n, np.int64)
        for hit in ranking.hits:
            by_candidate[hit.original_index] = hit.rank
        places.append(by_candidate)
    begun = time.perf_counter()
    scores = Scores(fuse(places))
    spent = sum(r.timing.rerank_ms for r in rankings) + _since(begun)
    return sort(RRF.key, first_stage, scores, replace(first_stage.timing, rerank_ms=spent))


# ---------------------------------------------------------------- comparison


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
    first = await in_thread(partial(_first_stage, lab, corpus, request, watch))
    watch.ranked(first)
    return await compare_candidates(lab, corpus, request, first, watch, held)


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
            end(_isolated(lab, corpus, request, first, system, together))

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


def rerank_all(
    lab: Lab, corpus: Corpus, request: Request, first: Ranking
) -> tuple[Ranking | Failure, ...]:
    """Run every reranker over given candidates and wait for all of them."""
    comparison = asyncio.run(compare_candidates(lab, corpus, request, first, Unwatched()))
    return comparison.results


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


# ---------------------------------------------------------------- for programmers


@cache
def default_lab() -> Lab:
    """Return the process's lab, configured from the environment."""
    return Lab(read_settings())


async def two_stage_search(
    query: str,
    corpus: Corpus | str,
    *,
    first_stage: str = catalog.DEFAULT_FIRST_STAGE,
    reranker: str = catalog.DEFAULT_RERANKER,
    initial_k: int = 100,
    final_k: int = 10,
    instruction: str = "",
    lab: Lab | None = None,
) -> list[Hit]:
    """Retrieve `initial_k` candidates, rerank them, return the best `final_k`.

    Each hit carries the document with its metadata, the rerank score and rank, and the first
    stage's score and rank. No candidates give an empty list. `corpus` is a sample's name, a
    folder or a `Corpus`. Raises LabError where the search cannot be done.
    """
    lab = lab or default_lab()
    request = Request(query, first_stage, (reranker,), initial_k, instruction)
    check_request(request, lab)
    check_depth("final_k", final_k, initial_k)
    found = open_corpus(corpus, keep_blank=True) if isinstance(corpus, str) else corpus
    first = await in_thread(partial(retrieve, lab, found, request))
    rank = partial(rerank_candidates, lab, found, request, first, reranker)
    return list((await in_thread(rank)).hits[:final_k])


@dataclass(frozen=True, slots=True)
class RerankedText:
    """A text of a reranked list and where it stood, counted from 0."""

    text: str
    relevance_score: float
    original_index: int


def rerank_texts(
    query: str,
    documents: Sequence[str],
    *,
    reranker: str = catalog.DEFAULT_RERANKER,
    instruction: str = "",
    lab: Lab | None = None,
    watcher: Watcher | None = None,
) -> Ranking:
    """Rerank plain texts, without any index; the ranking's first-stage rank is their order."""
    lab = lab or default_lab()
    request = Request(query, rerankers=(reranker,), instruction=instruction)
    check_request(request, lab)
    given = [Document(str(i), "", text) for i, text in enumerate(documents)]
    first = first_stage_ranking("input", given, [0.0] * len(given))
    return rerank_candidates(lab, None, request, first, reranker, watcher)


def rerank(
    query: str,
    documents: Sequence[str],
    top_k: int | None = None,
    *,
    reranker: str = catalog.DEFAULT_RERANKER,
    instruction: str = "",
    lab: Lab | None = None,
) -> list[RerankedText]:
    """Return the best `top_k` texts (all of them by default), best first."""
    check_depth("top_k", 1 if top_k is None else top_k)
    ranking = rerank_texts(query, documents, reranker=reranker, instruction=instruction, lab=lab)
    best = ranking.hits[:top_k]
    return [RerankedText(h.document.text, h.score, h.original_index) for h in best]
