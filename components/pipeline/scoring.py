"""One scoring pass of one reranker: prepare it, pass the gate, score, time; reuse cached scores."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from components.domain import Reranker, RerankError, Scores, ScoringProgress, Spec
from components.lab import catalog
from components.models.gate import GATE
from components.pipeline.request import PipelineRun
from components.storage.score_cache import as_scores, merged, pair_keys
from components.wording import agree, count


@dataclass(frozen=True, slots=True)
class ScoringPass:
    """One pass of a reranker: its scores and its milliseconds, loading and waiting apart."""

    scores: Scores
    rerank_ms: float
    load_ms: float
    wait_ms: float


def score_texts(run: PipelineRun, query: str, system: str, texts: Sequence[str]) -> ScoringPass:
    """Score texts against a query with one reranker; nothing is sorted.

    With `reuse`, pairs whose scores are cached on disk are not scored again. A blank text is not
    sent over a network, where servers refuse it and with it the request: it stays unscored.
    """
    spec = catalog.reranker_spec(system, run.lab.settings)
    # BM25 and fusion depend on a whole corpus or on other systems, and take no time
    scores_pairs = (spec.runtime != "none" and spec.family != "fusion") or not spec.local
    score = _score_with_cache if run.pipelines.reuse and scores_pairs else _score
    places = [i for i, text in enumerate(texts) if spec.local or text.strip()]
    scored = score(run, query, spec, [texts[i] for i in places])
    if len(places) == len(texts):
        return scored
    check_scores(spec.key, scored.scores, len(places))
    return replace(scored, scores=_spread(scored.scores, places, len(texts)))


def _spread(scores: Scores, places: Sequence[int], n: int) -> Scores:
    """Return scores of the texts at some places of `n` as scores of all; the others have none."""
    values, read, cut = np.full(n, np.nan), np.zeros(n, int), np.zeros(n, int)
    values[list(places)] = scores.values
    if scores.tokens_read:
        read[list(places)], cut[list(places)] = scores.tokens_read, scores.tokens_cut
    blank = n - len(places)
    return replace(
        scores,
        values=values,
        tokens_read=tuple(read.tolist()),
        tokens_cut=tuple(cut.tolist()),
        unscored=tuple(sorted({*range(n)} - {*places})),
        notes=(*scores.notes, f"{count(blank, 'blank text')} not sent: last, without a score"),
    )


def _instruction(run: PipelineRun, spec: Spec) -> str:
    return run.pipelines.instruction.strip() if spec.instructions else ""


def _score(run: PipelineRun, query: str, spec: Spec, texts: Sequence[str]) -> ScoringPass:
    reranker, load_ms = _prepare(run, spec)
    with _gate(run, spec) as wait_ms:
        begun = time.perf_counter()
        scores = reranker.score(query, texts, _deadline(run, spec))
        # a cached result shows the time it took when it was computed
        spent = since(begun) if scores.measured_ms is None else scores.measured_ms
    return ScoringPass(scores, spent, load_ms, wait_ms + scores.wait_ms)


# ---------------------------------------------------------------- cached scores


def _score_with_cache(
    run: PipelineRun, query: str, spec: Spec, texts: Sequence[str]
) -> ScoringPass:
    """Take the scores that are cached, compute the others, cache those too."""
    settings, cache = run.lab.settings, run.lab.scores
    catalog.check_reranker(catalog.base(spec.key), settings)
    identity = catalog.identity(spec.key, settings, _instruction(run, spec))
    keys = pair_keys(identity, query, texts, listwise=spec.listwise)
    cached = cache.find(keys)
    places = [i for i, key in enumerate(keys) if key in cached]
    others = [i for i, key in enumerate(keys) if key not in cached]
    old = as_scores([cached[keys[i]] for i in places])
    if texts and not others:
        return ScoringPass(old, old.measured_ms or 0.0, 0.0, 0.0)
    new = _score(run, query, spec, [texts[i] for i in others])
    check_scores(spec.key, new.scores, len(others))
    now = catalog.identity(spec.key, settings, _instruction(run, spec))
    if now != identity:  # the answers told what kind of scores the server gives
        keys = pair_keys(now, query, texts, listwise=spec.listwise)
    cache.keep([keys[i] for i in others], new.scores, new.rerank_ms)
    if not places:
        return new
    if now != identity:
        return _score_with_cache(run, query, spec, texts)
    return replace(
        new,
        scores=merged(old, places, new.scores, others),
        rerank_ms=new.rerank_ms + (old.measured_ms or 0.0),
    )


# ---------------------------------------------------------------- scoring


def _deadline(run: PipelineRun, spec: Spec) -> ScoringProgress:
    """Return a progress that passes each step on, and raises once the deadline is over."""
    allowed = run.pipelines.deadline_s
    if allowed is None and not spec.local:
        allowed = spec.deadline_s or run.lab.settings.remote.deadline_s
    begun = time.monotonic()

    def step(done: int, total: int, scored: Sequence[tuple[int, float]] = (), /) -> None:
        if scored and not run.pipelines.reuse:  # else the places are those of uncached texts alone
            run.watcher.scored(spec.key, scored)
        run.watcher.step(spec.key, "run", done, total)
        if allowed is not None and done < total and time.monotonic() - begun > allowed:
            raise RerankError(
                f"{spec.label} had not finished after {allowed:g} "
                f"{agree(allowed, 'second', 'seconds')}, its deadline.",
                "Raise the deadline, or lower the number of candidates.",
            )

    return step


def _prepare(run: PipelineRun, spec: Spec) -> tuple[Reranker, float]:
    """Return a warm reranker and the milliseconds it took to fetch, load and bind it."""
    report = partial(run.watcher.step, spec.key)
    lab, corpus, key = run.lab, run.corpus, catalog.base(spec.key)
    begun = time.perf_counter()
    report("load", 0, 0)
    catalog.check_reranker(key, lab.settings)
    catalog.fetch_reranker(key, lab.settings, partial(report, "download"))
    with _gate(run, spec, loading=True) as wait_ms:
        report("load", 0, 0)
        catalog.warm_reranker(key, lab.settings)
    reranker = catalog.load_reranker(key, lab.context(corpus, _instruction(run, spec)))
    return reranker, since(begun) - wait_ms


def _gate(run: PipelineRun, spec: Spec, *, loading: bool = False) -> AbstractContextManager[float]:
    """Return the gate for models that work on this machine's cores, an open door for others."""
    if spec.runtime == "none":
        return nullcontext(0.0)
    wait = partial(run.watcher.step, spec.key, "wait", 0, 0)
    return GATE.hold(loading=loading, check=wait)


def check_scores(system: str, scores: Scores, n: int) -> npt.NDArray[np.float64]:
    """Return the values of so many scores, NaN for the unscored texts.

    Raises RerankError unless all others are finite numbers.
    """
    values = np.asarray(scores.values, np.float64)
    if values.shape != (n,):
        raise RerankError(
            f"{system} returned {count(values.size, 'score')} for {count(n, 'document')}.",
            "This is a fault of the reranker; its scores were not used.",
        )
    bad = int(np.count_nonzero(~np.isfinite(np.delete(values, list(scores.unscored)))))
    if bad:
        raise RerankError(
            f"{system} returned {count(bad, 'score')} that "
            f"{agree(bad, 'is not a finite number', 'are not finite numbers')}.",
            "This is a fault of the reranker; its scores were not used.",
        )
    return values


def since(begun: float) -> float:
    """Return the milliseconds since a moment of the performance counter."""
    return (time.perf_counter() - begun) * 1000
