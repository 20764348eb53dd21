"""Two stages: retrieve candidates, rerank them, sort, time. The only place that sorts.

`two_stage_search` and `rerank` are the programmer's entry points; `compare` is what the app and
the command line run: one first stage, any number of rerankers over the same candidates.
"""

from components.pipeline.comparison import (
    SharedWatcher,
    compare,
    compare_candidates,
    in_thread,
    rerank_in_turn,
)
from components.pipeline.request import (
    NullWatcher,
    PipelineRun,
    Pipelines,
    QueryInput,
    Request,
    Watcher,
    check_depth,
    check_pipelines,
    check_query,
    check_request,
)
from components.pipeline.scoring import ScoringPass, score_texts
from components.pipeline.search import (
    RerankedText,
    default_lab,
    rerank,
    rerank_texts,
    two_stage_search,
)
from components.pipeline.stages import (
    describe_indexing,
    first_stage_ranking,
    fuse_rankings,
    place,
    rerank_candidates,
    retrieve,
    sort,
)
from components.pipeline.timing import repeat, time_depths

__all__ = [
    "NullWatcher",
    "PipelineRun",
    "Pipelines",
    "QueryInput",
    "Request",
    "RerankedText",
    "ScoringPass",
    "SharedWatcher",
    "Watcher",
    "check_depth",
    "check_pipelines",
    "check_query",
    "check_request",
    "compare",
    "compare_candidates",
    "default_lab",
    "describe_indexing",
    "first_stage_ranking",
    "fuse_rankings",
    "in_thread",
    "place",
    "repeat",
    "rerank",
    "rerank_candidates",
    "rerank_in_turn",
    "rerank_texts",
    "retrieve",
    "score_texts",
    "sort",
    "time_depths",
    "two_stage_search",
]
