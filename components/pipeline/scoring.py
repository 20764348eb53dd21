"""One scoring pass of one reranker: prepare it, pass the gate, score, time; reuse what is kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from components.domain import Corpus, Progress, Reranker, RerankError, Scores, Spec
from components.lab import LATE_LIMIT, Lab, catalog
from components.models.gate import GATE
from components.pipeline.request import Request, Unwatched, Watcher
from components.storage.score_cache import as_scores, merged, pair_keys


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
    """Score texts against the request's query with one reranker; nothing is sorted.

    With `request.reuse`, pairs whose scores are kept on disk are not scored again.
    """
    watch = watcher or Unwatched()
    spec = catalog.reranker_spec(system, lab.settings)
    if request.reuse and _worth_keeping(spec):
        return _reuse(lab, corpus, request, spec, texts, watch)
    return _score(lab, corpus, request, spec, texts, watch)


def _instruction(request: Request, spec: Spec) -> str:
    return request.instruction.strip() if spec.instructions else ""


def _score(
    lab: Lab,
    corpus: Corpus | None,
    request: Request,
    spec: Spec,
    texts: Sequence[str],
    watch: Watcher,
) -> Scored:
    instruction = _instruction(request, spec)
    ahead = request.recorded_first is None  # else only these candidates are ever asked for
    reranker, load_ms = _prepare(lab, corpus, spec, instruction, watch, ahead=ahead)
    with _gate(spec, "wait", watch) as wait_ms:
        begun = time.perf_counter()
        scores = reranker.score(request.query, texts, _steps(lab, request, spec, watch))
        # what comes from a cache shows the time it took when it was computed
        spent = since(begun) if scores.measured_ms is None else scores.measured_ms
    return Scored(scores, spent, load_ms, wait_ms + scores.wait_ms)


# ---------------------------------------------------------------- scores kept on disk


def _worth_keeping(spec: Spec) -> bool:
    """Return whether scores cost more to compute than to read, and are of the pair alone.

    BM25 and fusion depend on a whole corpus or on other systems, and take no time.
    """
    return (spec.runtime != "none" and spec.family != "fusion") or not spec.local


def _reuse(
    lab: Lab,
    corpus: Corpus | None,
    request: Request,
    spec: Spec,
    texts: Sequence[str],
    watch: Watcher,
) -> Scored:
    """Take what is kept, score the rest, keep that too."""
    catalog.check_reranker(catalog.base(spec.key), lab.settings)
    identity = catalog.identity(spec.key, lab.settings, _instruction(request, spec))
    keys = pair_keys(identity, request.query, texts, listwise=spec.listwise)
    found = lab.scores.find(keys)
    places = [i for i, key in enumerate(keys) if key in found]
    others = [i for i, key in enumerate(keys) if key not in found]
    old = as_scores([found[keys[i]] for i in places])
    if texts and not others:
        return Scored(old, old.measured_ms or 0.0, 0.0, 0.0)
    done = _score(lab, corpus, request, spec, [texts[i] for i in others], watch)
    check_scores(spec.key, done.scores, len(others))
    lab.scores.keep([keys[i] for i in others], done.scores, done.rerank_ms)
    if not places:
        return done
    return replace(
        done,
        scores=merged(old, places, done.scores, others),
        rerank_ms=done.rerank_ms + (old.measured_ms or 0.0),
    )


# ---------------------------------------------------------------- scoring


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
    return reranker, since(begun) - wait_ms


def _gate(
    spec: Spec, state: str, watch: Watcher, *, loading: bool = False
) -> AbstractContextManager[float]:
    """Return the gate for models that work on this machine's cores, an open door for others."""
    if spec.runtime == "none":
        return nullcontext(0.0)
    return GATE.hold(loading=loading, check=lambda: watch.step(spec.key, state, 0, 0))


def check_scores(system: str, scores: Scores, count: int) -> npt.NDArray[np.float64]:
    """Return the values of so many scores; raise RerankError unless all are finite numbers."""
    values = np.asarray(scores.values, np.float64)
    if values.shape != (count,):
        raise RerankError(
            f"{system} returned {values.size} scores for {count} documents.",
            "This is a fault of the reranker; its scores were not used.",
        )
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise RerankError(
            f"{system} returned {bad} scores that are not finite numbers.",
            "This is a fault of the reranker; its scores were not used.",
        )
    return values


def since(begun: float) -> float:
    """Return the milliseconds since a moment of the performance counter."""
    return (time.perf_counter() - begun) * 1000
