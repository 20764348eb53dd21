"""Rerankers for tests, found by the catalog like any other once their folder is on its path.

Each does one thing exactly, well or badly; `SEEN` notes what it was given.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from components.config import Settings
from components.domain import Progress, RerankError, Scores, ScoringProgress, Spec, no_progress
from components.rerankers import Context, Family

Behave = Callable[[str, Sequence[str], ScoringProgress], Scores]
SEEN: dict[str, tuple[str, ...]] = {}
LOAD_SECONDS = 0.05
running = threading.Event()
"""Set once probe-slow is at work."""
proceed = threading.Event()
"""Lets probe-slow end."""


def _length(query: str, texts: Sequence[str], progress: Progress) -> Scores:
    """Score by length; half of each text counts as cut."""
    lengths = [len(text) for text in texts]
    for done in range(1, len(texts) + 1):
        progress(done, len(texts))
    return Scores(
        np.array(lengths, np.float64),
        tokens_read=tuple(n - n // 2 for n in lengths),
        tokens_cut=tuple(n // 2 for n in lengths),
    )


def _ties(query: str, texts: Sequence[str], progress: Progress) -> Scores:
    return Scores(np.zeros(len(texts)))


def _short(query: str, texts: Sequence[str], progress: Progress) -> Scores:
    return Scores(np.zeros(max(0, len(texts) - 1)))


def _not_finite(value: float) -> Behave:
    def behave(query: str, texts: Sequence[str], progress: Progress) -> Scores:
        values = np.arange(len(texts), dtype=np.float64)
        values[:1] = value
        return Scores(values)

    return behave


def _crash(query: str, texts: Sequence[str], progress: Progress) -> Scores:
    raise ZeroDivisionError("a fault\nin two lines")


def _refuse(query: str, texts: Sequence[str], progress: Progress) -> Scores:
    raise RerankError("The probe refuses.", "Do not ask it.")


def _refuse_raise(query: str, texts: Sequence[str], progress: Progress) -> Scores:
    """Refuse queries that say so; score the others by length."""
    if "refuse" in query:
        raise RerankError("The probe refuses.", "Do not ask it.")
    return _length(query, texts, progress)


def _cached(query: str, texts: Sequence[str], progress: Progress) -> Scores:
    return Scores(np.zeros(len(texts)), cached=True, measured_ms=1234.5)


def _slow(query: str, texts: Sequence[str], progress: ScoringProgress) -> Scores:
    """Tell the first text's score until it may go on, for at most ten seconds."""
    running.set()
    for _ in range(1000):
        progress(1, len(texts), ((0, 0.0),))
        if proceed.wait(0.01):
            break
    return Scores(np.zeros(len(texts)))


@dataclass(frozen=True)
class Probe:
    """A reranker that behaves as told."""

    key: str
    behave: Behave

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        SEEN[self.key] = tuple(texts)
        return self.behave(query, texts, progress)


BEHAVIOURS: dict[str, Behave] = {
    "probe-length": _length,
    "probe-ties": _ties,
    "probe-short": _short,
    "probe-nan": _not_finite(np.nan),
    "probe-inf": _not_finite(np.inf),
    "probe-crash": _crash,
    "probe-refuse": _refuse,
    "probe-picky": _refuse_raise,
    "probe-cached": _cached,
    "probe-slow": _slow,
    "probe-loads": _length,
}


def _specs(settings: Settings) -> tuple[Spec, ...]:
    return tuple(
        Spec(key, key, "probe", "A probe.", "probe", local=key == "probe-loads")
        for key in BEHAVIOURS
    )


def _load(spec: Spec, context: Context) -> Probe:
    if spec.key == "probe-loads":
        time.sleep(LOAD_SECONDS)
    return Probe(spec.key, BEHAVIOURS[spec.key])


FAMILY = Family(_specs, _load)
