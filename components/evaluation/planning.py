"""What is evaluated: which queries, against which judgments, from which candidates."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

from components.domain import Corpus, Count, Filter, InputError, Judgments, Query
from components.evaluation.rules import Marginal, Rules
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
    """What to evaluate, by which rules, and of which corpus it was said.

    `judgments` are those that count, of `queries` alone. `metadata` is the digest of what a filter
    is about, empty without one.
    """

    pipelines: Pipelines
    queries: tuple[Query, ...]
    judgments: Judgments
    candidates: Mapping[str, Sequence[str]] | None = None
    corpus: str = ""
    fingerprint: str = ""
    documents: int = 0
    split: str = "test"
    subset: str = "all"
    rules: Rules = field(default=Rules())
    marginal: Marginal = field(default=Marginal())
    metadata: str = ""

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
    rules: Rules | None = None,
) -> Plan:
    """Choose the corpus's judged queries; raise InputError where there is nothing to evaluate.

    `judgments` stand in for the corpus's own; of documents that it lacks they are dangling.
    """
    subset, rules = subset or Subset(), rules or Rules()
    _check_filter(pipelines.filter, corpus, candidates)
    judged = _judged(corpus, judgments)
    if not judged.dangling and not (corpus.judgments if judgments is None else judgments):
        raise InputError(
            f"The corpus {corpus.name} has no judgments.",
            "Add qrels/test.tsv to its folder, or name a file with --qrels.",
        )
    judged, left_out = _inside(judged, pipelines.filter, corpus)
    grades = judged.counted(rules)
    usable = _usable_queries(corpus, grades, candidates, rules, pipelines.filter)
    queries = _subset_of(usable, subset, corpus.name)
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
        rules,
        replace(_marginal(corpus, judged, grades, candidates, queries, subset.tag), **left_out),
        corpus.fields.digest if pipelines.filter else "",
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """The judgments of a corpus's queries, by whether it has the document; others are counted."""

    inside: Judgments
    dangling: Judgments
    unasked: Count

    def counted(self, rules: Rules) -> dict[str, Mapping[str, int]]:
        """Return the judgments that count, an entry for every judged query."""
        others = self.dangling if rules.dangling else {}
        return {
            q: {**self.inside.get(q, {}), **others.get(q, {})}
            for q in dict.fromkeys((*self.inside, *self.dangling))
        }


def _judged(corpus: Corpus, judgments: Judgments | None) -> _Judged:
    own = corpus.dangling.get(corpus.split, {}) if judgments is None else {}
    given = corpus.judgments if judgments is None else judgments
    ids = corpus.present({document for row in given.values() for document in row})
    asked = {query.id for query in corpus.queries}
    inside: dict[str, Mapping[str, int]] = {}
    dangling: dict[str, Mapping[str, int]] = {q: row for q, row in own.items() if q in asked}
    for query, row in given.items():
        if query not in asked:
            continue
        inside[query] = {d: grade for d, grade in row.items() if d in ids}
        if len(inside[query]) < len(row):
            beyond = {d: grade for d, grade in row.items() if d not in ids}
            dangling[query] = {**dangling.get(query, {}), **beyond}
    others = [query for query in given if query not in asked]
    unasked = corpus.unasked.get(corpus.split, Count()) if judgments is None else Count()
    return _Judged(inside, dangling, Count(len(others), *others[:1]) if others else unasked)


def _check_filter(
    filter: Filter, corpus: Corpus, candidates: Mapping[str, Sequence[str]] | None
) -> None:
    """Raise InputError for a filter that cannot be applied to a corpus, or to given candidates."""
    corpus.fields.check(filter)
    if filter and candidates is not None:
        raise InputError(
            f"The filter {filter} narrows a first stage, and the candidates come from a file.",
            "Leave the filter out, or the file.",
        )


class _LeftOut(TypedDict, total=False):
    """What a filter leaves out, as in `Marginal`."""

    outside: int
    filtered: tuple[str, ...]


def _inside(judged: _Judged, filter: Filter, corpus: Corpus) -> tuple[_Judged, _LeftOut]:
    """Return what is judged of documents that meet a filter, and what is left out.

    Queries that had relevant documents and have none within the filter are left out whole.
    """
    if not filter:
        return judged, {}
    inside = {q: filter.inside(row, corpus.some) for q, row in judged.inside.items()}
    outside = sum(len(row) - len(inside[q]) for q, row in judged.inside.items())
    filtered = [
        q for q, row in judged.inside.items() if _has_relevant(row) and not _has_relevant(inside[q])
    ]
    for query in filtered:
        del inside[query]
    dangling = {q: row for q, row in judged.dangling.items() if q not in filtered}
    left_out: _LeftOut = {"outside": outside, "filtered": tuple(filtered)}
    return replace(judged, inside=inside, dangling=dangling), left_out


def _marginal(
    corpus: Corpus,
    judged: _Judged,
    grades: Judgments,
    candidates: Mapping[str, Sequence[str]] | None,
    queries: Sequence[Query],
    tag: str,
) -> Marginal:
    """Return what the rules decide about, of queries with a tag where one is asked for."""
    planned = {query.id for query in queries}
    tagged = [q for q in corpus.queries if q.id in grades and (not tag or tag in q.tags)]
    zero = tuple(q for q in tagged if not _has_relevant(grades[q.id]))
    counted = planned | {q.id for q in zero}
    lacking = tuple(
        q.id
        for q in tagged
        if candidates is not None and q.id not in candidates and q.id not in counted
    )
    missed = [q for q in tagged if q.id not in counted and q.id not in lacking]
    return Marginal(
        zero,
        {q.id: grades[q.id] for q in zero},
        {q: row for q, row in judged.dangling.items() if q in counted},
        tuple(q.id for q in queries if corpus.itself(q)),
        lacking,
        Count() if tag else judged.unasked,
        bool(missed),
    )


def _has_relevant(grades: Mapping[str, int]) -> bool:
    return any(grade > 0 for grade in grades.values())


def _usable_queries(
    corpus: Corpus,
    grades: Judgments,
    candidates: Mapping[str, Sequence[str]] | None,
    rules: Rules,
    filter: Filter,
) -> list[Query]:
    """Return the queries that count and, where a file gives them, have candidates."""
    usable = [
        q
        for q in corpus.queries
        if q.id in grades and (rules.zero_only or _has_relevant(grades[q.id]))
    ]
    if candidates is not None:
        usable = [q for q in usable if q.id in candidates]
    if not usable and filter:
        raise InputError(
            f"No judged query of {corpus.name} has a relevant document that meets the filter "
            f"{filter}.",
            "Leave a condition out.",
        )
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
