"""More corpora than embedded Qdrant holds, searched at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from components.config import Settings
from components.corpora import fingerprint
from components.domain import Corpus, Document, Ranking
from components.lab import CORPORA_IN_MEMORY, Lab, catalog
from components.pipeline import NullWatcher, PipelineRun, Pipelines
from components.pipeline.stages import first_stage_ranking, rerank_candidates, retrieve

PATIENCE = 30
SCHEMA = catalog.first_stage("bm25").schema


def corpus(n: int) -> Corpus:
    """Return a corpus of two documents, of which the second is about its own number."""
    documents = (Document("a", "", f"beta gamma{n}"), Document("b", "", f"alpha{n} beta"))
    return Corpus(f"c{n}", documents, fingerprint=fingerprint(documents))


CORPORA = [corpus(n) for n in range(CORPORA_IN_MEMORY + 1)]


class Halting(NullWatcher):
    """Halts a search where it says that it loads, until it is released."""

    def __init__(self) -> None:
        self.reached, self.released = threading.Event(), threading.Event()

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Halt in the state "load"."""
        if state == "load":
            self.reached.set()
            assert self.released.wait(PATIENCE)


def found(ranking: Ranking) -> list[str]:
    return [hit.document.id for hit in ranking.hits]


def searched(lab: Lab, n: int, watcher: NullWatcher | None = None) -> Ranking:
    run = PipelineRun(lab, CORPORA[n], Pipelines("bm25", ("bm25",)), watcher or NullWatcher())
    return retrieve(run, CORPORA[n], f"alpha{n} beta")


def reranked(lab: Lab, n: int, watcher: NullWatcher | None = None) -> Ranking:
    run = PipelineRun(lab, CORPORA[n], Pipelines("bm25", ("bm25",)), watcher or NullWatcher())
    first = first_stage_ranking("bm25", CORPORA[n].documents, [2.0, 1.0])
    return rerank_candidates(run, f"alpha{n} beta", first, "bm25")


def here(lab: Lab) -> list[bool]:
    """Return which of the corpora are in the store."""
    return [lab.store.has(corpus, SCHEMA) for corpus in CORPORA]


@pytest.mark.parametrize("work", [searched, reranked], ids=["first stage", "reranker"])
def test_a_corpus_that_is_being_searched_stays(
    tmp_path: Path, work: Callable[..., Ranking]
) -> None:
    lab, halting = Lab(Settings(cache_dir=tmp_path, data_dir=tmp_path)), Halting()
    lab.index(CORPORA[0], "bm25")
    with ThreadPoolExecutor() as threads:
        halted = threads.submit(partial(work, lab, 0, halting))
        try:
            assert halting.reached.wait(PATIENCE)
            for n in range(1, len(CORPORA)):
                assert found(searched(lab, n)) == ["b", "a"]
            assert here(lab) == [True, False, *[True] * (CORPORA_IN_MEMORY - 1)]
        finally:
            halting.released.set()
        assert found(halted.result(PATIENCE)) == ["b", "a"]
    searched(lab, 1)
    assert here(lab) == [False, *[True] * CORPORA_IN_MEMORY]


def test_more_corpora_than_fit_are_searched_at_once(tmp_path: Path) -> None:
    lab = Lab(Settings(cache_dir=tmp_path, data_dir=tmp_path))
    halting = [Halting() for _ in CORPORA]
    with ThreadPoolExecutor(len(CORPORA)) as threads:
        halted = [threads.submit(searched, lab, n, halt) for n, halt in enumerate(halting)]
        try:
            assert all(halt.reached.wait(PATIENCE) for halt in halting)
            assert all(here(lab))
        finally:
            for halt in halting:
                halt.released.set()
        assert [found(search.result(PATIENCE)) for search in halted] == [["b", "a"]] * len(CORPORA)
    searched(lab, 0)
    assert sum(here(lab)) == CORPORA_IN_MEMORY


def test_many_threads_search_more_corpora_than_fit(tmp_path: Path) -> None:
    lab = Lab(Settings(cache_dir=tmp_path, data_dir=tmp_path))
    with ThreadPoolExecutor(len(CORPORA)) as threads:
        order = [n for _ in range(10) for n in range(len(CORPORA))]
        rankings = list(threads.map(partial(searched, lab), order))
    assert {tuple(found(ranking)) for ranking in rankings} == {("b", "a")}
