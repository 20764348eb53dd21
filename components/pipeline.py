"""Two stages: retrieve candidates, rerank them, sort, time. The only place that sorts.

`two_stage_search` and `rerank` are the programmer's entry points; `compare` is what the app and
the command line run: one first stage, any number of rerankers over the same candidates.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Protocol

import numpy as np

from components import catalog
from components.config import read_settings
from components.corpus import open_corpus
from components.domain import (
    Cancelled,
    Comparison,
    Corpus,
    Document,
    Failure,
    Hit,
    InputError,
    LabError,
    Ranking,
    Reranker,
    RerankError,
    Scores,
    Spec,
    Timing,
    Usage,
)
from components.lab import LATE_LIMIT, Lab
from components.lanes import GATE
from components.rerankers.fusion import RRF, fuse

_log = logging.getLogger(__name__)
_NO_TIME = Timing()


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


@dataclass(frozen=True, slots=True)
class Request:
    """What to compare: a query, a first stage, rerankers, and how many candidates they see."""

    query: str
    first_stage: str = catalog.DEFAULT_FIRST_STAGE
    rerankers: tuple[str, ...] = (catalog.DEFAULT_RERANKER,)
    initial_k: int = 100


def check_request(request: Request, lab: Lab) -> None:
    """Raise InputError for a blank query, an unknown key, a key named twice or a bad depth."""
    check_query(request.query)
    catalog.require(request.first_stage, catalog.first_stages(), "first stage")
    known = catalog.reranker_specs(lab.settings)
    for key in request.rerankers:
        catalog.require(key, known, "reranker")
    if len(set(request.rerankers)) < len(request.rerankers):
        raise InputError("A reranker is named twice.", "Name each one once.")
    check_depth("initial_k", request.initial_k)


def check_query(query: str) -> None:
    """Raise InputError for a query that is blank or holds half a surrogate pair."""
    if not query.strip():
        raise InputError("The query is empty.", "Type a question or a few words.")
    if any("\ud800" <= c <= "\udfff" for c in query):
        raise InputError("The query is not valid Unicode text.", "Type it again, in UTF-8.")


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
    query: str,
    first_stage: Ranking,
    key: str,
    watcher: Watcher | None = None,
) -> Ranking:
    """Score the candidates with one reranker and sort them; raise LabError where it fails."""
    watch = watcher or Unwatched()
    spec = catalog.require(key, catalog.reranker_specs(lab.settings), "reranker")
    reranker, load_ms = _prepare(lab, corpus, spec, watch)
    with _gate(spec, "wait", watch) as wait_ms:
        begun = time.perf_counter()
        texts = [hit.document.passage for hit in first_stage.hits]
        scores = reranker.score(
            query, texts, lambda done, total: watch.step(key, "run", done, total)
        )
        # what comes from a cache shows the time it took when it was computed
        rerank_ms = _since(begun) if scores.measured_ms is None else scores.measured_ms
    timing = replace(first_stage.timing, rerank_ms=rerank_ms, load_ms=load_ms, wait_ms=wait_ms)
    return sort(key, first_stage, scores, timing)


def _prepare(lab: Lab, corpus: Corpus | None, spec: Spec, watch: Watcher) -> tuple[Reranker, float]:
    """Return a warm reranker and the milliseconds it took to fetch, load and bind it."""

    def report(step: str, done: int, total: int) -> None:
        watch.step(spec.key, step, done, total)

    begun = time.perf_counter()
    report("load", 0, 0)
    catalog.check_reranker(spec.key, lab.settings)
    catalog.fetch_reranker(spec.key, lab.settings, partial(report, "download"))
    with _gate(spec, "wait", watch, loading=True) as wait_ms:
        report("load", 0, 0)
        catalog.warm_reranker(spec.key, lab.settings)
    if spec.token_vectors and corpus is not None and len(corpus.documents) <= LATE_LIMIT:
        lab.index_tokens(corpus, report)
    reranker = catalog.load_reranker(spec.key, lab.context(corpus))
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
    cut = scores.cut or (0,) * len(values)
    hits = tuple(
        replace(first_stage.hits[i], rank=rank, score=float(values[i]), tokens_cut=cut[i])
        for rank, i in enumerate(np.argsort(-values, kind="stable"), start=1)
    )
    usage = Usage(pairs=len(values), tokens=sum(scores.kept))
    return Ranking(system, hits, timing, usage, scores.cached)


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
    lab: Lab, corpus: Corpus, request: Request, watcher: Watcher | None = None
) -> Comparison:
    """Run the first stage and every reranker over the same candidates; failures stay apart.

    Models on this machine's cores run one after another, all others beside them.
    """
    check_request(request, lab)
    watch = watcher or Unwatched()
    first = await asyncio.to_thread(retrieve, lab, corpus, request, watch)
    watch.ranked(first)
    return await compare_candidates(lab, corpus, request, first, watch)


async def compare_candidates(
    lab: Lab, corpus: Corpus | None, request: Request, first: Ranking, watch: Watcher
) -> Comparison:
    """Run every reranker over given candidates."""
    known = catalog.reranker_specs(lab.settings)
    alone = _scored(request)
    queued = [k for k in alone if known[k].runtime != "none"]
    results: dict[str, Ranking | Failure] = {}

    def run(keys: Sequence[str]) -> None:
        for key in keys:
            results[key] = _isolated(lab, corpus, request.query, first, key, watch)
            watch.ranked(results[key])

    beside = [[k] for k in alone if k not in queued]
    await asyncio.gather(*(asyncio.to_thread(run, keys) for keys in [*beside, queued] if keys))
    for key in request.rerankers:
        if key not in results:
            results[key] = _fuse_results(first, [results[k] for k in alone])
            watch.ranked(results[key])
    return Comparison(request.query, first, tuple(results[k] for k in request.rerankers))


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
    lab: Lab, corpus: Corpus | None, query: str, first: Ranking, key: str, watch: Watcher
) -> Ranking | Failure:
    try:
        return rerank_candidates(lab, corpus, query, first, key, watch)
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
    lab: Lab | None = None,
) -> list[Hit]:
    """Retrieve `initial_k` candidates, rerank them, return the best `final_k`.

    Each hit carries the document with its metadata, the rerank score and rank, and the first
    stage's score and rank. No candidates give an empty list. `corpus` is a sample's name, a
    folder or a `Corpus`. Raises LabError where the search cannot be done.
    """
    lab = lab or default_lab()
    request = Request(query, first_stage, (reranker,), initial_k)
    check_request(request, lab)
    check_depth("final_k", final_k, initial_k)
    found = open_corpus(corpus, keep_blank=True) if isinstance(corpus, str) else corpus
    first = await asyncio.to_thread(retrieve, lab, found, request)
    ranking = await asyncio.to_thread(rerank_candidates, lab, found, query, first, reranker)
    return list(ranking.hits[:final_k])


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
    lab: Lab | None = None,
    watcher: Watcher | None = None,
) -> Ranking:
    """Rerank plain texts, without any index; the ranking's first-stage rank is their order."""
    check_query(query)
    given = [Document(str(i), "", text) for i, text in enumerate(documents)]
    first = first_stage_ranking("input", given, [0.0] * len(given))
    return rerank_candidates(lab or default_lab(), None, query, first, reranker, watcher)


def rerank(
    query: str,
    documents: Sequence[str],
    top_k: int | None = None,
    *,
    reranker: str = catalog.DEFAULT_RERANKER,
    lab: Lab | None = None,
) -> list[RerankedText]:
    """Return the best `top_k` texts (all of them by default), best first."""
    check_depth("top_k", 1 if top_k is None else top_k)
    ranking = rerank_texts(query, documents, reranker=reranker, lab=lab)
    best = ranking.hits[:top_k]
    return [RerankedText(h.document.text, h.score, h.original_index) for h in best]
