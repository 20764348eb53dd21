"""What a second stage costs on somebody's own traffic, and where an API stops being cheaper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from components.config import Settings
from components.domain import Billed, Corpus, Price, Spec
from components.evaluation import Evaluation, Plan
from components.models.tokens import estimate_tokens
from components.rerankers.hosted.prices import DOCUMENTS_A_SEARCH, price_of

T = TypeVar("T")
DAYS_A_MONTH = 365.25 / 12
SECONDS_A_DAY = 86_400
SAMPLE = 300
"""Texts at most whose tokens are counted."""


# ---------------------------------------------------------------- tokens


@dataclass(frozen=True, slots=True)
class Reading:
    """Mean tokens of a query and of a candidate, by the lab's own tokenizer, and of what."""

    query: float
    document: float
    source: str


def reading_of_corpus(corpus: Corpus) -> Reading:
    """Count the tokens of a corpus's queries and documents."""
    texts = [document.passage for document in _some(corpus.documents)]
    asked = [query.text for query in _some(corpus.queries)] or [texts[0][:60]]
    return Reading(_mean(asked), _mean(texts), f"{len(texts):,} documents of {corpus.name}")


def reading_of_run(plan: Plan, found: Evaluation, corpus: Corpus, depth: int) -> Reading:
    """Count the tokens of an evaluation's queries and of their first `depth` candidates.

    What is retrieved is often longer than the corpus on average.
    """
    ranked, documents = found.rankings[plan.first_stage], corpus.by_id
    asked = _some([query for query in plan.queries if query.id in ranked])
    ids = _some([i for query in asked for i in ranked[query.id].documents[:depth]])
    texts = [documents[i].passage for i in ids if i in documents]
    source = f"{len(texts):,} candidates of {len(asked):,} evaluated queries"
    return Reading(_mean([query.text for query in asked]), _mean(texts), source)


def _mean(texts: Sequence[str]) -> float:
    return float(np.mean(estimate_tokens(texts))) if texts else 0.0


def _some(found: Sequence[T]) -> Sequence[T]:
    """Return at most SAMPLE of them, evenly spread."""
    return found[:: math.ceil(len(found) / SAMPLE) or 1]


# ---------------------------------------------------------------- bills


@dataclass(frozen=True, slots=True)
class Traffic:
    """A day's queries, the candidates of each, and the tokens that one query makes a model read.

    `query_tokens` are the query's own; `document_tokens` those of one candidate, on average.
    """

    queries_a_day: float
    candidates: int
    query_tokens: float
    document_tokens: float

    def billed(self) -> Billed:
        """Return what one query is billed for: searches of up to 100 documents, or tokens."""
        tokens = self.candidates * (self.query_tokens + self.document_tokens)
        searches = math.ceil(self.candidates / DOCUMENTS_A_SEARCH)
        return Billed(1, searches, round(tokens), estimated=True)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a hosted reranker costs: dollars a query and a month, at a dated price."""

    spec: Spec
    price: Price
    usd_a_query: float
    usd_a_month: float


def bills(specs: Sequence[Spec], traffic: Traffic, settings: Settings) -> tuple[Bill, ...]:
    """Return the monthly cost of every hosted model whose price is on file, the cheapest first."""
    found, billed = [], traffic.billed()
    for spec in specs:
        price = price_of(spec, settings) if spec.provider else None
        if price is not None:
            usd = price.cost(billed)
            found.append(Bill(spec, price, usd, usd * traffic.queries_a_day * DAYS_A_MONTH))
    return tuple(sorted(found, key=lambda bill: (bill.usd_a_month, bill.spec.key)))


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of one's own: its price, how long it reranks one query, how busy it may be.

    `busy` is the share of the day's seconds that may be spent reranking: traffic has peaks.
    """

    usd_a_month: float
    seconds_a_query: float
    busy: float = 0.3

    @property
    def queries_a_day(self) -> float:
        """Return how many queries one machine reranks in a day."""
        return SECONDS_A_DAY * self.busy / self.seconds_a_query

    def needed(self, queries_a_day: float) -> int:
        """Return how many machines so many queries a day need, at least one."""
        return max(1, math.ceil(queries_a_day / self.queries_a_day - 1e-9))

    def cost(self, queries_a_day: float) -> float:
        """Return what the machines for so many queries a day cost, dollars a month."""
        return self.needed(queries_a_day) * self.usd_a_month


def break_even(machine: Machine, usd_a_query: float) -> float | None:
    """Return the queries a day from which one machine is cheaper than an API; None if never.

    Never, where a machine that is as busy as it may be costs more a query than the API.
    """
    if usd_a_query <= 0:
        return None
    found = machine.usd_a_month / (usd_a_query * DAYS_A_MONTH)
    return found if found <= machine.queries_a_day else None
