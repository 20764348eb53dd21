"""The two stages: retrieve candidates, score them, sort, time. The only place that sorts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from components.domain import (
    Billed,
    Corpus,
    Document,
    Failure,
    Hit,
    Ranking,
    Recorded,
    Scores,
    Timing,
    Usage,
)
from components.lab import Lab, Measured, catalog
from components.models.gate import GATE
from components.pipeline.request import Request, Unwatched, Watcher
from components.pipeline.scoring import check_scores, score_texts, since
from components.rerankers.fusion import RRF, fuse
from components.rerankers.hosted.prices import usd_of

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
            embed_ms = since(begun)
    begun = time.perf_counter()
    found = lab.candidates(corpus, first, request.query, vector, request.initial_k)
    timing = Timing(embed_ms, since(begun), load_ms=load_ms, wait_ms=wait_ms)
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
    if texts and not done.scores.reused and not done.scores.cached:
        lab.note(system, Measured(len(texts), done.rerank_ms, usd))
    return replace(ranking, usage=replace(ranking.usage, usd=usd))


def sort(system: str, first_stage: Ranking, scores: Scores, timing: Timing) -> Ranking:
    """Order the candidates by score, ties by first-stage rank; raise RerankError on bad scores."""
    values = check_scores(system, scores, len(first_stage.hits))
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
        reused=scores.reused,
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
    spent = sum(r.timing.rerank_ms for r in rankings) + since(begun)
    return sort(RRF.key, first_stage, scores, replace(first_stage.timing, rerank_ms=spent))
