"""Rerankers, one file a family; the catalog finds a new file here, or in `hosted`, by itself.

A file offers one `FAMILY`, a `Family` record. Its rerankers return one score for each text, aligned
with the texts, and never sort.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from components.config import Settings
from components.domain import Billed, Corpus, Matrix, Progress, Reranker, Spec, TokenVectors
from components.models.files import ModelFile
from components.network.metering import UNMETERED, Meter
from components.network.prices import DOCUMENTS_A_SEARCH
from components.network.providers import Provider
from components.storage.token_store import TokenScore


class TokenStore(Protocol):
    """Keeps token vectors of texts and compares them; StoreError where it cannot be used."""

    def maxsim(self, query: Matrix, texts: Sequence[str]) -> Mapping[str, TokenScore]:
        """Return the scores of those texts whose token vectors are kept, by text."""
        ...

    def keep(self, texts: Mapping[str, TokenVectors]) -> None:
        """Save the token vectors of texts, all of them or none."""
        ...

    def missing(self, texts: Sequence[str]) -> Sequence[str]:
        """Return the texts whose token vectors are not kept, each once and in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a reranker may use besides the query and the texts.

    `corpus` gives BM25 its statistics, `tokens` keeps token vectors, the `instruction`
    goes to models that follow one, and the `meter` is asked before a call that costs money.
    """

    settings: Settings
    corpus: Corpus | None = None
    tokens: TokenStore | None = None
    instruction: str = ""
    meter: Meter = UNMETERED


def no_check(spec: Spec, settings: Settings) -> None:
    """Accept a reranker that can run everywhere."""


def no_fetch(spec: Spec, settings: Settings, progress: Progress) -> None:
    """Fetch nothing: the model is on this machine, or on a server."""


def estimate_pass(
    spec: Spec, settings: Settings, query_tokens: float, tokens: Sequence[float]
) -> Billed:
    """Return what scoring texts of so many tokens is billed for, about, as rerankers charge it."""
    n, total, limits = len(tokens), sum(tokens), spec.limits
    by_documents = math.ceil(n / limits.documents) if limits.documents else 1
    by_tokens = math.ceil(total / limits.request_tokens) if limits.request_tokens else 1
    requests = 1 if spec.listwise else max(by_documents, by_tokens)
    searches = math.ceil(n / DOCUMENTS_A_SEARCH)
    return Billed(requests, searches, round(query_tokens * n + total), estimated=True)


def model_and_revision(spec: Spec, settings: Settings) -> str:
    """Return the model, its revision, its token limit and its address, as one line."""
    return f"{spec.model} {spec.revision} {spec.max_tokens} {settings.addresses.get(spec.provider)}"


@dataclass(frozen=True, slots=True)
class Family:
    """What one file of rerankers offers.

    - `specs(settings)`: its rerankers, as data.
    - `load(spec, context)`: a `Reranker`, its weights shared by the whole process.
    - `check(spec, settings)`: raises `UnavailableError` where it cannot run here.
    - `fetch(spec, settings, progress)`: brings a model to this machine before it is loaded.
    - `identity(spec, settings)`: what its scores depend on besides query, text and instruction.
    - `estimate(spec, settings, query_tokens, tokens)`: what scoring texts of so many tokens is
      billed for, at most about.
    - `provider`: the provider, where the models are hosted by one.
    """

    specs: Callable[[Settings], tuple[Spec, ...]]
    load: Callable[[Spec, Context], Reranker]
    check: Callable[[Spec, Settings], None] = no_check
    fetch: Callable[[Spec, Settings, Progress], None] = no_fetch
    identity: Callable[[Spec, Settings], str] = model_and_revision
    estimate: Callable[[Spec, Settings, float, Sequence[float]], Billed] = estimate_pass
    provider: Provider | None = None


def bundled_family(spec: Spec, load: Callable[[Context], Reranker], *files: ModelFile) -> Family:
    """Return the family of one reranker, whose model files come with the installation."""

    def check(spec: Spec, settings: Settings) -> None:
        for file in files:
            file.locate()

    return Family(lambda _: (spec,), lambda _, context: load(context), check)
