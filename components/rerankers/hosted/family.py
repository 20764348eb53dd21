"""A provider's models as a family of rerankers: key, address, one way to send a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.config import Settings
from components.domain import Reranker, Spec
from components.network.caller import Caller
from components.network.providers import Provider, api_key
from components.rerankers import Context, Family
from components.rerankers.hosted.answers import Send
from components.rerankers.hosted.client import RemoteReranker

Connect = Callable[[Caller, str, str], Send]
"""`connect(caller, address, instruction)` returns what sends one request.

The address is empty where the provider's own is meant, the instruction where there is none.
"""


def hosted_spec(
    provider: Provider,
    key: str,
    model: str,
    summary: str,
    **fields: Any,  # noqa: ANN401  (the fields of Spec)
) -> Spec:
    """Return the spec of a provider's model; `fields` are further fields of the spec."""
    return Spec(
        key=key,
        label=key,
        family="hosted",
        summary=summary,
        model=model,
        local=False,
        provider=provider.key,
        hosts=provider.hosts,
        **fields,
    )


def provider_family(provider: Provider, models: tuple[Spec, ...], connect: Connect) -> Family:
    """Return the family of a provider's models, all reached through `connect` with one key."""

    def check(spec: Spec, settings: Settings) -> None:
        api_key(spec, settings, provider.label, provider.key_variable)

    def load(spec: Spec, context: Context) -> Reranker:
        key = api_key(spec, context.settings, provider.label, provider.key_variable)
        caller = Caller(provider.label, spec.model, key, provider.key_variable)
        instruction = context.instruction if spec.instructions else ""
        address = context.settings.addresses.get(provider.key, "")
        send = connect(caller, address, instruction)
        return RemoteReranker(
            spec,
            caller,
            send,
            context.settings.remote,
            instruction=instruction,
            meter=context.meter,
        )

    return Family(lambda _: models, load, check, provider=provider)
