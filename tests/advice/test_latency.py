from __future__ import annotations

from types import ModuleType

import pytest

from components.advice import latency
from components.domain import Corpus, Document, Query
from components.lab import Lab


@pytest.mark.models
def test_rerankers_take_turns_over_the_same_candidates(probes: ModuleType, lab: Lab) -> None:
    texts = ("apple pie", "apple", "a pie of apples and pears")
    documents = tuple(Document(str(n), "", text) for n, text in enumerate(texts))
    corpus = Corpus("turns", documents, (Query("q", "apple"),), fingerprint="turns")
    lab.measured.pop("probe-length", None)
    steps: list[str] = []
    times = latency.measure(
        lab, corpus, ["bm25", "probe-length"], 2, lambda key, done, total: steps.append(key)
    )
    assert list(dict.fromkeys(steps)) == ["bm25", "probe-length"]
    assert {key: len(taken) for key, taken in times.items()} == {
        "bm25": latency.ROUNDS,
        "probe-length": latency.ROUNDS,
    }
    assert [m.pairs for m in lab.measured["probe-length"]] == [2] * latency.ROUNDS
