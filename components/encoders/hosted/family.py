"""A provider's encoders as a family: models as data, one way to send a request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from components.config import HostedModel, Settings
from components.domain import Spec, UnavailableError
from components.encoders.answers import dense_rows
from components.encoders.base import EncoderContext, EncoderEntry, EncoderFamily
from components.encoders.remote import Embedded, Endpoint, RemoteEncoder
from components.network.caller import ENCODING, Caller
from components.network.providers import Provider, api_key
from components.wording import listed

Purpose = Literal["query", "document"]
Ask = Callable[[Sequence[str], Purpose, int, float], Embedded]
"""`ask(texts, purpose, dimension, seconds)` makes one request."""
Connect = Callable[[Caller, str], Ask]
"""`connect(caller, address)` returns what asks; an empty address is the provider's own."""


@dataclass(frozen=True, slots=True)
class Model:
    """A provider's model: the spec of its first stage and the dimensions that it offers.

    `queries_by` are the models that share its space and may encode the queries to its documents.
    """

    spec: Spec
    dimension: int
    offered: tuple[int, ...]
    queries_by: tuple[str, ...] = ()


def encoder_spec(
    provider: Provider,
    key: str,
    model: str,
    summary: str,
    **fields: Any,  # noqa: ANN401  (the fields of Spec)
) -> Spec:
    """Return the spec of a provider's encoder; `fields` are further fields of the spec."""
    return Spec(
        key=key,
        label=model,
        family="bi-encoder",
        summary=summary,
        scale="cosine",
        model=model,
        local=False,
        provider=provider.key,
        hosts=provider.hosts,
        **fields,
    )


def provider_encoders(
    provider: Provider, models: tuple[Model, ...], connect: Connect
) -> EncoderFamily:
    """Return the family of a provider's models, all reached through `connect` with one key.

    A model that shares its space stands in the catalog alone, and once more for each other model
    that may encode the queries.
    """

    def entries(settings: Settings) -> tuple[EncoderEntry, ...]:
        own = {model.spec.model: _configured(model, settings) for model in models}
        pairs = [(model, model) for model in own.values()]
        pairs += [(own[name], model) for model in own.values() for name in model.queries_by]
        return tuple(Pair(provider, connect, *pair).entry for pair in pairs)

    return EncoderFamily(entries, provider)


def _configured(model: Model, settings: Settings) -> Model:
    """Return a model with the dimension and the limits of the configuration."""
    spec, address = model.spec, settings.addresses.get(model.spec.provider, "")
    name = f"{spec.provider}/{spec.model}"
    own: HostedModel = dict(settings.hosted).get(name, HostedModel())
    dimension = own.dimensions or model.dimension
    identity = repr((spec.model, dimension, address))
    revision = f"{dimension}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
    limits = replace(spec.limits, **own.limits)
    return replace(model, spec=replace(spec, revision=revision, limits=limits), dimension=dimension)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models of a provider that share a space, or one that encodes queries and documents."""

    provider: Provider
    connect: Connect
    queries: Model
    documents: Model

    @property
    def entry(self) -> EncoderEntry:
        """Return the entry of the first stage."""
        spec, other = self.queries.spec, None
        if self.queries is not self.documents:
            other = self.documents.spec
            spec = replace(
                spec,
                key=f"{other.key}:{spec.key.partition(':')[2]}",
                label=f"{other.label}, queries by {spec.label}",
                summary=f"Documents by {other.label}, queries by {spec.label}: they share a space, "
                "and one index serves both.",
            )
        dimension = self.documents.dimension
        return EncoderEntry(spec, self.load, dimension, check=self.check, documents=other)

    def check(self, settings: Settings) -> None:
        """Raise UnavailableError without a key, or for a dimension that is not offered."""
        api_key(self.queries.spec, settings, self.provider.label, self.provider.key_variable)
        model = self.documents
        if model.dimension not in model.offered:
            offered = listed([f"{number:,}" for number in model.offered], "or")
            raise UnavailableError(
                f"The length of a vector of {model.spec.model} is {offered}, not "
                f"{model.dimension:,}.",
                f'Correct dimensions in [hosted."{self.provider.key}/{model.spec.model}"].',
            )

    def load(self, context: EncoderContext) -> RemoteEncoder:
        """Return the encoder; UnavailableError where it cannot run here."""
        self.check(context.settings)
        queries = self._endpoint(context, self.queries.spec, "query")
        documents = self._endpoint(context, self.documents.spec, "document")
        return RemoteEncoder(queries, documents, self.documents.dimension)

    def _endpoint(self, context: EncoderContext, spec: Spec, purpose: Purpose) -> Endpoint:
        settings, provider = context.settings, self.provider
        key = api_key(spec, settings, provider.label, provider.key_variable)
        caller = Caller(provider.label, spec.model, key, provider.key_variable, role=ENCODING)
        ask = self.connect(caller, settings.addresses.get(provider.key, ""))
        dimension = self.documents.dimension

        def send(texts: Sequence[str], seconds: float) -> Embedded:
            return ask(texts, purpose, dimension, seconds)

        read = partial(dense_rows, dimension=dimension)
        return Endpoint(spec, caller, send, read, settings.remote, context.meter)
