"""What reranking costs at a given traffic, and from which traffic a machine is cheaper than an API.

All amounts are US dollars; a month has 365.25 / 12 days.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from components.config import Settings
from components.domain import Billed, Corpus, Price, Spec
from components.evaluation import Evaluation, Plan
from components.lab import catalog
from components.models.tokens import estimate_tokens
from components.network.prices import DOCUMENTS_A_SEARCH, price_of, usd_of
from components.wording import count

T = TypeVar("T")
DAYS_A_MONTH = 365.25 / 12
SECONDS_A_DAY = 86_400
SAMPLE = 300
"""The most texts whose tokens are counted."""


# ---------------------------------------------------------------- tokens


@dataclass(frozen=True, slots=True)
class MeanTokens:
    """Mean tokens of a query and of a candidate by the lab's tokenizer; `source` says of what."""

    query: float
    document: float
    source: str


def tokens_of_corpus(corpus: Corpus) -> MeanTokens:
    """Count the tokens of a corpus's queries and documents."""
    texts = [document.passage for document in corpus.sample(SAMPLE)]
    queries = [query.text for query in _sample(corpus.queries)] or [texts[0][:60]]
    return MeanTokens(
        _mean(queries), _mean(texts), f"{count(len(texts), 'document')} of {corpus.name}"
    )


def tokens_of_run(plan: Plan, evaluation: Evaluation, corpus: Corpus, depth: int) -> MeanTokens:
    """Count the tokens of an evaluation's queries and of their first `depth` candidates.

    What is retrieved is often longer than the corpus on average.
    """
    ranked = evaluation.rankings[plan.first_stage]
    queries = _sample([query for query in plan.queries if query.id in ranked])
    ids = _sample([i for query in queries for i in ranked[query.id].documents[:depth]])
    documents = corpus.some(ids)
    texts = [documents[i].passage for i in ids if i in documents]
    source = f"{count(len(texts), 'candidate')} of {count(len(queries), 'evaluated query')}"
    return MeanTokens(_mean([query.text for query in queries]), _mean(texts), source)


def _mean(texts: Sequence[str]) -> float:
    return float(np.mean(estimate_tokens(texts))) if texts else 0.0


def _sample(items: Sequence[T]) -> Sequence[T]:
    """Return at most SAMPLE of the items, evenly spread."""
    return items[:: math.ceil(len(items) / SAMPLE) or 1]


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
    """What a hosted reranker costs: dollars a query and a month, at a dated price.

    `measured` where an evaluation was billed so, else estimated from the traffic's tokens.
    """

    spec: Spec
    price: Price
    usd_a_query: float
    usd_a_month: float
    measured: bool = False


def bills(
    specs: Sequence[Spec],
    traffic: Traffic,
    settings: Settings,
    measured: Mapping[str, float] = MappingProxyType({}),
) -> tuple[Bill, ...]:
    """Return the monthly cost of every hosted model whose price is on file, the cheapest first.

    `measured` are dollars a query by model, such as an evaluation's. A model without any of the
    unit that it is priced by is left out: its cost is not known.
    """
    priced, candidates = [], [traffic.document_tokens] * traffic.candidates
    for spec in specs:
        billed = catalog.estimate(spec, settings, traffic.query_tokens, candidates)
        price, usd = price_of(spec, settings), usd_of(spec, billed, settings)
        usd = measured.get(spec.key, usd)
        if price is not None and usd is not None:
            month = usd * traffic.queries_a_day * DAYS_A_MONTH
            priced.append(Bill(spec, price, usd, month, spec.key in measured))
    return tuple(sorted(priced, key=lambda bill: (bill.usd_a_month, bill.spec.key)))


@dataclass(frozen=True, slots=True)
class Charge:
    """The requests that scoring some texts takes, and their cost; None without a price on file."""

    requests: int
    usd: float | None


def charge_for_texts(spec: Spec, query: str, texts: Sequence[str], settings: Settings) -> Charge:
    """Return what it takes to score texts that no first stage retrieved, estimated."""
    query_tokens, *tokens = estimate_tokens([query, *texts])
    billed = catalog.estimate(spec, settings, query_tokens, tokens)
    return Charge(billed.requests, usd_of(spec, billed, settings))


# ---------------------------------------------------------------- machines of one's own


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
    queries_a_day = machine.usd_a_month / (usd_a_query * DAYS_A_MONTH)
    return queries_a_day if queries_a_day <= machine.queries_a_day else None


@dataclass(frozen=True, slots=True)
class Measured:
    """What an evaluation measured of a reranker at its own depth, over n queries.

    Queries with scores that were kept from an earlier run do not count: their times and costs are
    of then. `seconds` is the median a query, `usd` the mean of what was billed; None where that
    was not measured.
    """

    n: int
    seconds: float | None
    usd: float | None


def measured(plan: Plan, evaluation: Evaluation) -> dict[str, Measured]:
    """Return what an evaluation measured of each of its rerankers."""
    result = {}
    for system in plan.systems[1:]:
        ranked = evaluation.rankings.get(system, {}).values()
        new = [r for r in ranked if r.usage.pairs and not r.usage.reused]
        times = [r.timing.rerank_ms / 1000 for r in new]
        prices = [r.usage.usd for r in new if r.usage.usd is not None]
        seconds = float(np.median(times)) if any(times) else None
        usd = float(np.mean(prices)) if prices and len(prices) == len(new) else None
        result[system] = Measured(len(new), seconds, usd)
    return result


def machines(
    evaluated: Mapping[str, Measured], settings: Settings, usd_a_month: float, busy: float
) -> dict[str, Machine | None]:
    """Return a machine for each local reranker of an evaluation, None where no time was measured.

    `busy` is a share from 0 to 1. BM25 and fusion keep no machine busy. A reranker that is not
    configured any more is left out.
    """
    specs = catalog.reranker_specs(settings)
    named = {system: specs.get(catalog.base(system)) for system in evaluated}
    local = [
        system
        for system, spec in named.items()
        if spec and spec.local and spec.runtime != "none" and spec.family != "fusion"
    ]
    times = {system: evaluated[system].seconds for system in local}
    return {s: Machine(usd_a_month, t, busy) if t else None for s, t in times.items()}
