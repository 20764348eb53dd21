"""The two stages: retrieve candidates, score them, sort, time. The only place that sorts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from components import catalog
from components.domain import (
    Billed,
    Corpus,
    Document,
    Failure,
    Hit,
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
from components.pipeline.request import Request, Unwatched, Watcher
from components.prices import usd_of
from components.rerankers.fusion import RRF, fuse

_NO_TIME = Timing()


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
