"""The two stages: retrieve candidates, score them, sort, time. The only place that sorts."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from components.config import Settings
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
from components.lab import Measured, catalog
from components.network.prices import usd_of
from components.pipeline.encoding import encode
from components.pipeline.request import PipelineRun
from components.pipeline.scoring import check_scores, score_texts, since
from components.rerankers.fusion import RRF, fuse
from components.retrieval.first_stages import FirstStage
from components.wording import count, dollars

_NO_TIME = Timing()
SATURATED = 3
"""Documents that share the highest score from which on this is said."""


# ---------------------------------------------------------------- first stage


def retrieve(run: PipelineRun, corpus: Corpus, query: str) -> Ranking:
    """Run the first stage: embed the query, search Qdrant, return at most initial_k candidates."""
    lab, stage = run.lab, run.lab.first_stage(corpus, run.pipelines.first_stage)
    report, filter = partial(run.watcher.step, stage.key), run.pipelines.filter
    corpus.fields.check(filter)
    bills: list[Billed] = []
    lab.index(corpus, stage.key, report, bills.append)
    report("load", 0, 0)
    stage = lab.first_stage(corpus, stage.key)  # indexing may have fetched its model
    encoded = encode(lab, stage, query, report)
    begun = time.perf_counter()
    limit = run.pipelines.initial_k
    candidates = lab.candidates(corpus, stage, query, encoded.vectors, limit, filter)
    timing = replace(encoded.timing, search_ms=since(begun))
    documents = candidates.documents or corpus.at([c.position for c in candidates.best])
    scores = [candidate.score for candidate in candidates.best]
    ranking = first_stage_ranking(stage.key, documents, scores, timing)
    tied = candidates.tied
    notes = [f"{count(tied, 'document')} share the score at the cut"] if tied else []
    notes += [describe_indexing(stage, billed, lab.settings) for billed in bills if billed.requests]
    if filter:
        matching = lab.matching(corpus, stage, filter)
        ranking = replace(ranking, filter=filter, matching=matching)
    notes += lab.collections.notes(corpus) if corpus.remote else ()
    return replace(ranking, tied=tied, notes=tuple(notes), usage=encoded.usage)


def describe_indexing(stage: FirstStage, billed: Billed, settings: Settings) -> str:
    """Return in words what the requests that encoded a corpus are billed for."""
    costs = [usd_of(encoder.stored, billed, settings) for encoder in stage.encoders]
    usd = next((cost for cost in costs if cost is not None), None)
    tokens = f", {count(billed.tokens, 'token')}" if billed.tokens else ""
    price = "" if usd is None else f", {'about ' * billed.estimated}{dollars(usd)}"
    return f"documents encoded: {count(billed.requests, 'request')}{tokens}{price}"


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


def rerank_candidates(run: PipelineRun, query: str, first_stage: Ranking, system: str) -> Ranking:
    """Score the candidates with one reranker and sort them; raise LabError where it fails."""
    texts = [hit.document.passage for hit in first_stage.hits]
    scoring = score_texts(run, query, system, texts)
    timing = replace(
        first_stage.timing,
        rerank_ms=scoring.rerank_ms,
        load_ms=scoring.load_ms,
        wait_ms=scoring.wait_ms,
    )
    ranking, scores = sort(system, first_stage, scoring.scores, timing), scoring.scores
    settings = run.lab.settings
    usd = usd_of(catalog.reranker_spec(system, settings), scores.billed, settings)
    sent = len(texts) - len(scores.unscored)
    if sent and not scores.reused and not scores.cached:
        run.lab.note(system, Measured(sent, scoring.rerank_ms, usd))
    return replace(ranking, usage=replace(ranking.usage, usd=usd))


def sort(system: str, first_stage: Ranking, scores: Scores, timing: Timing) -> Ranking:
    """Order the candidates by score, ties by first-stage rank; raise RerankError on bad scores.

    Documents without a score come last, in the order of the first stage.
    """
    values = check_scores(system, scores, len(first_stage.hits))
    none = (0,) * len(values)
    tokens_cut, tokens_read = scores.tokens_cut or none, scores.tokens_read or none
    hits = tuple(
        replace(
            first_stage.hits[i],
            rank=rank,
            score=float(values[i]),
            tokens_cut=tokens_cut[i],
            tokens_read=tokens_read[i],
        )
        for rank, i in enumerate(np.argsort(-values, kind="stable"), start=1)
    )
    return Ranking(
        system,
        hits,
        timing,
        _usage(scores),
        scores.cached,
        cut_estimated=scores.estimated,
        notes=(*scores.notes, *_saturation(values)),
        settled=scores.settled,
    )


def _saturation(values: npt.NDArray[np.float64]) -> tuple[str, ...]:
    """Say where so many scores are equal at the top that the first stage decides their order."""
    scored = values[~np.isnan(values)]
    best = scored.max(initial=-np.inf)
    equal = int(np.count_nonzero(scored == best))
    if equal < SATURATED:
        return ()
    which = "all" if equal == len(scored) else f"{equal} of"
    scores = count(len(scored), "score")
    return (f"{which} {scores} are exactly {best:.6g}: among them the first stage decides",)


def provisional_ranking(system: str, first_stage: Ranking, scored: Mapping[int, float]) -> Ranking:
    """Return the order of some candidates, by place, whose scores are finite.

    A document's rank may still change with every candidate that is yet to be scored.
    """
    places = sorted(place for place, score in scored.items() if math.isfinite(score))
    part = replace(first_stage, hits=tuple(first_stage.hits[place] for place in places))
    values = np.array([scored[place] for place in places], np.float64)
    return sort(system, part, Scores(values), first_stage.timing)


def _usage(scores: Scores) -> Usage:
    billed = scores.billed or Billed(requests=0)
    return Usage(
        pairs=len(scores.values) - len(scores.unscored),
        tokens=sum(scores.tokens_read),
        requests=billed.requests,
        searches=billed.searches,
        billed_tokens=billed.tokens + billed.written,
        estimated=billed.estimated,
        reused=scores.reused,
    )


def place(recorded: Recorded, first_stage: Ranking, corpus: Corpus) -> Ranking | Failure:
    """Return a recorded ranking as a column beside this first stage; equal scores keep their order.

    A document that the first stage did not find has first-stage rank 0; one that the corpus does
    not have is left out, and the ranking's notes say how many.
    """
    documents = corpus.some([i for i, _ in recorded.documents])
    candidates = {hit.document.id: hit for hit in first_stage.hits}
    scored = [(i, score) for i, score in recorded.documents if i in documents]
    if recorded.documents and not scored:
        return Failure(
            recorded.key,
            f"The recording names no document of {corpus.name}.",
            "Choose the corpus that it was made with.",
        )
    scored.sort(key=lambda pair: math.inf if math.isnan(pair[1]) else -pair[1])
    hits = tuple(
        replace(candidates[i], rank=rank, score=score, tokens_cut=0)
        if i in candidates
        else Hit(documents[i], rank, score, 0, 0.0)
        for rank, (i, score) in enumerate(scored, start=1)
    )
    lost = len(recorded.documents) - len(scored)
    notes = (f"{count(lost, 'document')} not in this corpus",) if lost else ()
    timing = recorded.timing
    return Ranking(recorded.key, hits, timing, recorded.usage, recorded=recorded.date, notes=notes)


def fuse_rankings(first_stage: Ranking, rankings: Sequence[Ranking]) -> Ranking:
    """Return the reciprocal rank fusion of rankings of the same candidates.

    A single ranking is fused with the first stage. Its time is its members' time: it cannot be had
    without them.
    """
    n = len(first_stage.hits)
    ranks = [np.arange(1, n + 1)] if len(rankings) == 1 else []
    for ranking in rankings:
        by_candidate = np.empty(n, np.int64)
        for hit in ranking.hits:
            by_candidate[hit.original_index] = hit.rank
        ranks.append(by_candidate)
    begun = time.perf_counter()
    scores = Scores(fuse(ranks))
    spent = sum(r.timing.rerank_ms for r in rankings) + since(begun)
    return sort(RRF.key, first_stage, scores, replace(first_stage.timing, rerank_ms=spent))
