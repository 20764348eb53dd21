"""What work with API keys will cost, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from components.advice.costs import MeanTokens
from components.config import Settings, SpendingSettings
from components.domain import Billed, Corpus, Spec
from components.lab import Lab, amount_of, catalog, costs
from components.lab.vectors import documents_with_vectors
from components.models.tokens import estimate_tokens
from components.wording import count, dollars


@dataclass(frozen=True, slots=True)
class Estimate:
    """The models that are called with an API key, and about what they charge.

    `usd` is what the priced ones cost; `unpriced` are the requests to the others.
    """

    systems: tuple[str, ...] = ()
    usd: float = 0.0
    unpriced: int = 0

    def needs_confirmation(self, spending: SpendingSettings) -> bool:
        """Return whether this is more than may be sent without asking."""
        return self.usd > spending.confirm_usd or self.unpriced > spending.confirm_requests

    def __add__(self, other: Estimate) -> Estimate:
        """Return the estimate of both."""
        systems = tuple(dict.fromkeys((*self.systems, *other.systems)))
        return Estimate(systems, self.usd + other.usd, self.unpriced + other.unpriced)

    def times(self, n: int) -> Estimate:
        """Return the estimate of doing the same n times."""
        return Estimate(self.systems, self.usd * n, self.unpriced * n)

    def __str__(self) -> str:
        """Return the estimate in words: about $3.20 for cohere, voyage."""
        requests = f"{count(self.unpriced, 'request')} to models without a price"
        usd = dollars(self.usd, 2) if self.usd >= 0.01 else dollars(self.usd)
        parts = [f"about {usd}"] if self.usd else []
        parts += [requests] if self.unpriced else []
        return f"{' and '.join(parts) or 'nothing'} for {', '.join(self.systems) or 'no model'}"


def estimate_queries(
    rerankers: Iterable[str],
    queries: int,
    candidates: int,
    tokens: Callable[[], MeanTokens],
    settings: Settings,
) -> Estimate:
    """Return what reranking the candidates of so many queries costs, if no score is cached.

    `tokens` counts the tokens of queries and candidates; it is called only where that matters.
    """
    specs = _spenders(rerankers, settings)
    if not specs:
        return Estimate()
    mean = tokens()
    return _total(specs, settings, queries, mean.query, [mean.document] * candidates)


def estimate_first_stage(
    first_stage: str,
    corpus: Corpus,
    queries: int,
    tokens: Callable[[], MeanTokens],
    lab: Lab,
) -> Estimate:
    """Return what a first stage costs: encoding what is not indexed yet, and so many queries.

    `tokens` counts the tokens of queries and documents; it is called only where that matters.
    """
    total = Estimate()
    for stage in lab.first_stage(corpus, first_stage).searched:
        entry = stage.encoder
        if entry is None or not any(costs(spec, lab.settings) for spec in entry.specs):
            continue
        missing, mean = 0, tokens()
        if not corpus.remote and not lab.store.has(corpus, stage.schema):
            folder = lab.settings.cache_dir
            missing = len(corpus.documents) - documents_with_vectors(folder, corpus, entry)
        documents = _encoding(entry.stored, missing, mean.document, lab.settings)
        # a query is a request of its own
        asked = _encoding(entry.spec, queries, mean.query, lab.settings, together=1)
        total += documents + asked
    return total


def _encoding(
    spec: Spec, texts: int, mean: float, settings: Settings, together: int = 0
) -> Estimate:
    """Return what encoding texts of so many tokens costs, `together` in a request."""
    if not texts or not costs(spec, settings):
        return Estimate()
    most = spec.limits.document_tokens
    tokens = round(min(mean, most or mean) * texts)
    amount = amount_of(spec, Billed(1, tokens=max(1, tokens), estimated=True), settings)
    if amount is None:
        return Estimate((spec.key,))
    requests = math.ceil(texts / (together or spec.limits.documents or texts))
    return Estimate((spec.key,), amount.usd, requests if amount.unpriced else 0)


def estimate_texts(
    rerankers: Iterable[str], query: str, texts: Sequence[str], settings: Settings
) -> Estimate:
    """Return what scoring texts against one query costs."""
    specs = _spenders(rerankers, settings)
    if not specs:
        return Estimate()
    query_tokens, *tokens = estimate_tokens([query, *texts])
    return _total(specs, settings, 1, query_tokens, tokens)


def _spenders(rerankers: Iterable[str], settings: Settings) -> list[Spec]:
    """Return those of the rerankers whose calls cost money."""
    specs = (catalog.reranker_spec(key, settings) for key in rerankers)
    return [spec for spec in specs if costs(spec, settings)]


def _total(
    specs: Sequence[Spec],
    settings: Settings,
    times: int,
    query_tokens: float,
    tokens: Sequence[float],
) -> Estimate:
    """Return what `times` passes cost, each over texts of so many tokens."""
    usd, unpriced = 0.0, 0
    for spec in specs:
        billed = catalog.estimate(spec, settings, query_tokens, tokens)
        amount = amount_of(spec, billed, settings)
        if amount is not None:
            usd += amount.usd * times
            unpriced += amount.unpriced * times
    return Estimate(tuple(dict.fromkeys(spec.key for spec in specs)), usd, unpriced)
