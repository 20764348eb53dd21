"""What is evaluated: which queries, against which judgments, from which candidates."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.domain import Corpus, InputError, Judgments, Query
from components.pipeline import Pipelines

CANDIDATES = "candidates"


@dataclass(frozen=True, slots=True)
class Subset:
    """Which of the judged queries: with a tag, so many of them at random, the first of those.

    Nothing set means all.
    """

    tag: str = ""
    sample: int | None = None
    seed: int = 0
    first: int | None = None

    @property
    def description(self) -> str:
        """Return the subset in words."""
        parts = [
            f"tagged {self.tag}" if self.tag else "",
            f"{self.sample:,} at random, seed {self.seed}" if self.sample else "",
            f"the first {self.first:,}" if self.first else "",
        ]
        return ", ".join(part for part in parts if part) or "all"

    def of(self, queries: Sequence[Query]) -> tuple[Query, ...]:
        """Return the queries of the subset, in their order."""
        matching = [q for q in queries if not self.tag or self.tag in q.tags]
        if self.sample is not None and self.sample < len(matching):
            drawn = set(random.Random(self.seed).sample(range(len(matching)), self.sample))
            matching = [q for i, q in enumerate(matching) if i in drawn]
        return tuple(matching[: self.first])


@dataclass(frozen=True, slots=True)
class Plan:
    """What to evaluate, and of which corpus it was said."""

    pipelines: Pipelines
    queries: tuple[Query, ...]
    judgments: Judgments
    candidates: Mapping[str, Sequence[str]] | None = None
    corpus: str = ""
    fingerprint: str = ""
    documents: int = 0
    split: str = "test"
    subset: str = "all"

    @property
    def first_stage(self) -> str:
        """Return the key under which the first stage's run is kept."""
        return CANDIDATES if self.candidates is not None else self.pipelines.first_stage

    @property
    def depth(self) -> int:
        """Return how many candidates a query has at most; a small corpus has no more."""
        return min(self.pipelines.initial_k, self.documents or self.pipelines.initial_k)

    @property
    def systems(self) -> tuple[str, ...]:
        """Return all systems, the first stage first."""
        others = (key for key in self.pipelines.rerankers if key != self.first_stage)
        return (self.first_stage, *others)


def plan(
    corpus: Corpus,
    pipelines: Pipelines,
    judgments: Judgments | None = None,
    candidates: Mapping[str, Sequence[str]] | None = None,
    subset: Subset | None = None,
    split: str = "test",
) -> Plan:
    """Choose the corpus's judged queries; raise InputError where there is nothing to evaluate."""
    grades, subset = corpus.judgments if judgments is None else judgments, subset or Subset()
    if not grades:
        raise InputError(
            f"The corpus {corpus.name} has no judgments.",
            "Add qrels/test.tsv to its folder, or name a file with --qrels.",
        )
    queries = _subset_of(_usable_queries(corpus, grades, candidates), subset, corpus.name)
    return Plan(
        pipelines,
        queries,
        {q.id: grades[q.id] for q in queries},
        candidates,
        corpus.name,
        corpus.fingerprint,
        len(corpus.documents),
        split,
        subset.description,
    )


def _usable_queries(
    corpus: Corpus, grades: Judgments, candidates: Mapping[str, Sequence[str]] | None
) -> list[Query]:
    """Return the queries with a relevant document and, where a file gives them, candidates."""
    usable = [q for q in corpus.queries if any(g > 0 for g in grades.get(q.id, {}).values())]
    if candidates is not None:
        usable = [q for q in usable if q.id in candidates]
    if not usable:
        raise InputError(
            f"No query of {corpus.name} has both a relevant document and candidates.",
            "Check that the query ids of queries.jsonl, the qrels and the candidates agree.",
        )
    return usable


def _subset_of(usable: Sequence[Query], subset: Subset, name: str) -> tuple[Query, ...]:
    """Return the subset's queries; where there are none, their tags are at fault."""
    queries = subset.of(usable)
    if not queries:
        tags = sorted({tag for q in usable for tag in q.tags})
        raise InputError(
            f"No judged query of {name} is tagged {subset.tag!r}.",
            f"Its tags are: {', '.join(tags)}." if tags else "Its queries carry no tags.",
        )
    return queries
