"""Scores, hits, rankings and comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.domain.documents import Document
from components.domain.filters import NO_FILTER, Filter


@dataclass(frozen=True, slots=True)
class Billed:
    """What a provider charges for: searches or tokens, in how many requests.

    `written` are the tokens of an answer that a model wrote, beside the `tokens` that it read.
    `estimated` where the provider did not say and the lab counted for itself.
    """

    requests: int = 1
    searches: float = 0.0
    tokens: int = 0
    estimated: bool = False
    written: int = 0


@dataclass(frozen=True, slots=True)
class Scores:
    """What a reranker returns: one finite score a text, aligned with the input, higher is better.

    `unscored` are the places of texts that were not sent to a model; their values are NaN.

    `tokens_read` and `tokens_cut` count each text's tokens that the model did and did not read;
    where `estimated` they are counted with the lab's tokenizer instead of the model's. A cached
    result carries in `measured_ms` the time it took when it was computed. `wait_ms` was spent
    waiting for a rate limit or before another attempt; `billed` is what a provider charges for.
    `reused` counts the texts whose scores were cached by an earlier run. The first `settled` ranks
    are the model's order, and those below it only in part; 0 stands for all.
    """

    values: npt.NDArray[np.float64]
    tokens_read: tuple[int, ...] = ()
    tokens_cut: tuple[int, ...] = ()
    estimated: bool = False
    cached: bool = False
    measured_ms: float | None = None
    wait_ms: float = 0.0
    billed: Billed | None = None
    notes: tuple[str, ...] = ()
    reused: int = 0
    unscored: tuple[int, ...] = ()
    settled: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One document at one rank. Ranks count from 1.

    `score` is on the scale of the system that ranked, NaN for a document that it did not score and
    that stands last for that reason; `first_stage_score` is on the scale of the first stage.
    `tokens_cut` and `tokens_read` count the document's tokens that the model did not read and did,
    where they are counted. A ranking that was made elsewhere may hold documents that the first
    stage did not find: their `first_stage_rank` is 0 and their movement is not a number of ranks,
    but 0.
    """

    document: Document
    rank: int
    score: float
    first_stage_rank: int
    first_stage_score: float
    tokens_cut: int = 0
    tokens_read: int = 0

    @property
    def scored(self) -> bool:
        """Return whether the system scored the document."""
        return not math.isnan(self.score)

    @property
    def original_index(self) -> int:
        """Return the candidate's position before reranking, counted from 0."""
        return self.first_stage_rank - 1

    @property
    def movement(self) -> int:
        """Return how many ranks the document rose (positive) or fell (negative)."""
        return self.first_stage_rank - self.rank if self.first_stage_rank else 0


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds by stage. `load` and `wait` are not part of the work and never added to it."""

    embed_ms: float = 0.0
    search_ms: float = 0.0
    rerank_ms: float = 0.0
    load_ms: float = 0.0
    wait_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """Return the work of both stages, without loading and waiting."""
        return self.embed_ms + self.search_ms + self.rerank_ms


@dataclass(frozen=True, slots=True)
class Usage:
    """What a scoring pass consumed: query-document pairs, tokens read where they are counted.

    `requests`, `searches` and `billed_tokens` are what a provider charges for, `usd` what that
    costs at the prices on file (None where it costs nothing or no price is known). `estimated`
    where the provider did not say. `reused` pairs were scored in an earlier run: what they took and
    cost is of then.
    """

    pairs: int = 0
    tokens: int = 0
    requests: int = 0
    searches: float = 0.0
    billed_tokens: int = 0
    usd: float | None = None
    estimated: bool = False
    reused: int = 0


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates in the order one system gives them; readers cut at their own final_k.

    `recorded` is the date of a ranking that was made earlier or elsewhere, empty for one made now.
    `cut_estimated` says that tokens cut were counted with another tokenizer than the model's.
    `tied` documents of a first stage have the score at the cut, where the cut parts them. The first
    `settled` ranks are the model's order, and those below it only in part; 0 stands for all. A
    first stage's `filter` is met by `matching` documents of the corpus, and only those were
    searched.
    """

    system: str
    hits: tuple[Hit, ...]
    timing: Timing = Timing()
    usage: Usage = Usage()
    cached: bool = False
    recorded: str = ""
    cut_estimated: bool = False
    notes: tuple[str, ...] = ()
    tied: int = 0
    settled: int = 0
    filter: Filter = NO_FILTER
    matching: int = 0

    @property
    def truncated(self) -> int:
        """Return how many documents were not read to their end."""
        return sum(hit.tokens_cut > 0 for hit in self.hits)


@dataclass(frozen=True, slots=True)
class Failure:
    """A system that did not rank: why, and what to do."""

    system: str
    reason: str
    remedy: str = ""


RECORDED = "recorded:"
"""Begins the keys of recorded systems, which may stand beside the same system computed now."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A system's ranking of one query, made earlier or elsewhere: shown, never computed.

    `key` is the system's name in this session; `documents` are ids with scores, best first;
    `date` says when it was made, in words. Of a first stage under a filter, `matching` documents
    met that.
    """

    key: str
    label: str
    date: str
    documents: tuple[tuple[str, float], ...]
    scale: str = "as recorded"
    timing: Timing = Timing()
    usage: Usage = Usage()
    matching: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One query, the first stage's ranking, and what became of each reranker."""

    query: str
    first_stage: Ranking
    results: tuple[Ranking | Failure, ...] = ()

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """Return the rerankers that ranked."""
        return tuple(r for r in self.results if isinstance(r, Ranking))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Return the rerankers that did not."""
        return tuple(r for r in self.results if isinstance(r, Failure))

    def result(self, system: str) -> Ranking | Failure | None:
        """Return what became of a reranker; None where it has not ended."""
        return next((r for r in self.results if r.system == system), None)

    def with_result(self, result: Ranking | Failure, systems: Sequence[str]) -> Comparison:
        """Return the comparison with one more result, in the order of `systems`."""
        results = {r.system: r for r in (*self.results, result)}
        return replace(self, results=tuple(results[s] for s in systems if s in results))
