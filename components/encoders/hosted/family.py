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
        return tuple(_entry(provider, connect, queries, documents) for queries, documents in pairs)

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


def _entry(provider: Provider, connect: Connect, queries: Model, documents: Model) -> EncoderEntry:
    """Return the entry of two models, or of one that does both."""
    spec, dimension = queries.spec, documents.dimension
    if queries is not documents:
        key = f"{documents.spec.key}:{spec.key.partition(':')[2]}"
        label = f"{documents.spec.label}, queries by {spec.label}"
        summary = (
            f"Documents by {documents.spec.label}, queries by {spec.label}: they share a space, "
            "and one index serves both."
        )
        spec = replace(spec, key=key, label=label, summary=summary)

    def check(settings: Settings) -> None:
        api_key(spec, settings, provider.label, provider.key_variable)
        for model in (queries, documents):
            if model.dimension not in model.offered:
                offered = listed([f"{number:,}" for number in model.offered], "or")
                raise UnavailableError(
                    f"{model.spec.model} gives vectors of {offered} numbers, not of "
                    f"{model.dimension:,}.",
                    f'Correct dimensions in [hosted."{provider.key}/{model.spec.model}"].',
                )

    def load(context: EncoderContext) -> RemoteEncoder:
        key = api_key(spec, context.settings, provider.label, provider.key_variable)
        address = context.settings.addresses.get(provider.key, "")

        def endpoint(of: Spec, purpose: Purpose) -> Endpoint:
            caller = Caller(provider.label, of.model, key, provider.key_variable, role=ENCODING)
            ask = connect(caller, address)
            return Endpoint(
                of,
                caller,
                lambda texts, seconds: ask(texts, purpose, dimension, seconds),
                partial(dense_rows, dimension=dimension),
                context.settings.remote,
                context.meter,
            )

        return RemoteEncoder(
            endpoint(spec, "query"), endpoint(documents.spec, "document"), dimension
        )

    other = None if queries is documents else documents.spec
    return EncoderEntry(spec, load, dimension, check=check, documents=other)
