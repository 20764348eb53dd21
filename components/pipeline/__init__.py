"""Two stages: retrieve candidates, rerank them, sort, time. The only place that sorts.

`two_stage_search` and `rerank` are the programmer's entry points; `compare` is what the app and
the command line run: one first stage, any number of rerankers over the same candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from components.config import read_settings
from components.corpora import open_corpus
from components.domain import Corpus, Document, Hit, Ranking
from components.lab import Lab, catalog
from components.pipeline.comparison import (
    compare,
    compare_candidates,
    in_thread,
    rerank_in_turn,
    with_query,
)
from components.pipeline.request import (
    Request,
    Unwatched,
    Watcher,
    check_depth,
    check_query,
    check_request,
)
from components.pipeline.scoring import Scored, score_texts
from components.pipeline.stages import (
    first_stage_ranking,
    fuse_rankings,
    place,
    rerank_candidates,
    retrieve,
    sort,
)

__all__ = [
    "Request",
    "RerankedText",
    "Scored",
    "Unwatched",
    "Watcher",
    "check_depth",
    "check_query",
    "check_request",
    "compare",
    "compare_candidates",
    "default_lab",
    "first_stage_ranking",
    "fuse_rankings",
    "in_thread",
    "place",
    "rerank",
    "rerank_candidates",
    "rerank_in_turn",
    "rerank_texts",
    "retrieve",
    "score_texts",
    "sort",
    "two_stage_search",
    "with_query",
]


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
    lab: Lab | None = None,
) -> list[Hit]:
    """Retrieve `initial_k` candidates, rerank them, return the best `final_k`.

    Each hit carries the document with its metadata, the rerank score and rank, and the first
    stage's score and rank. No candidates give an empty list. `corpus` is a sample's name, a
    folder or a `Corpus`. Raises LabError where the search cannot be done.
    """
    lab = lab or default_lab()
    request = Request(query, first_stage, (reranker,), initial_k, instruction)
    check_request(request, lab)
    check_depth("final_k", final_k, initial_k)
    found = open_corpus(corpus, keep_blank=True) if isinstance(corpus, str) else corpus
    first = await in_thread(partial(retrieve, lab, found, request))
    rank = partial(rerank_candidates, lab, found, request, first, reranker)
    return list((await in_thread(rank)).hits[:final_k])


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
    request = Request(query, rerankers=(reranker,), instruction=instruction)
    check_request(request, lab)
    given = [Document(str(i), "", text) for i, text in enumerate(documents)]
    first = first_stage_ranking("input", given, [0.0] * len(given))
    return rerank_candidates(lab, None, request, first, reranker, watcher)


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
