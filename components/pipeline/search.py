"""The programmer's entry points: search a corpus, rerank a list of texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from components.corpora import open_corpus
from components.domain import Corpus, Document, Filter, Hit, Ranking
from components.lab import Lab, catalog, read_settings
from components.pipeline.comparison import in_thread
from components.pipeline.request import (
    NullWatcher,
    PipelineRun,
    Pipelines,
    QueryInput,
    Request,
    Watcher,
    check_depth,
    check_request,
)
from components.pipeline.stages import first_stage_ranking, rerank_candidates, retrieve


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
    filter: Iterable[str] = (),
    lab: Lab | None = None,
) -> list[Hit]:
    """Retrieve `initial_k` candidates, rerank them, return the best `final_k`.

    Each hit carries the document with its metadata, the rerank score and rank, and the first
    stage's score and rank. No candidates give an empty list. `corpus` is a sample's name, one
    in the library, a folder or a `Corpus`. Only documents that meet the `filter` are searched:
    conditions such as "product=desktop|mobile" and "year>=2020". Raises LabError where the search
    cannot be done.
    """
    lab = lab or default_lab()
    conditions = Filter.parse(filter)
    pipelines = Pipelines(first_stage, (reranker,), initial_k, instruction, filter=conditions)
    check_request(Request(pipelines, QueryInput(query)), lab)
    check_depth("final_k", final_k, initial_k)
    if isinstance(corpus, str):
        corpus = lab.library.opened(corpus) or open_corpus(corpus)
    run = PipelineRun(lab, corpus, pipelines)
    first = await in_thread(partial(retrieve, run, corpus, query))
    ranking = await in_thread(partial(rerank_candidates, run, query, first, reranker))
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
    instruction: str = "",
    lab: Lab | None = None,
    watcher: Watcher | None = None,
) -> Ranking:
    """Rerank plain texts, without any index; the ranking's first-stage rank is their order."""
    lab = lab or default_lab()
    pipelines = Pipelines(rerankers=(reranker,), instruction=instruction)
    check_request(Request(pipelines, QueryInput(query)), lab)
    given = [Document(str(i), "", text) for i, text in enumerate(documents)]
    first = first_stage_ranking("input", given, [0.0] * len(given))
    run = PipelineRun(lab, None, pipelines, watcher or NullWatcher())
    return rerank_candidates(run, query, first, reranker)


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
