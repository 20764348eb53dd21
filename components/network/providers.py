"""A provider as data, and the API key for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from components.domain import Spec, UnavailableError


class KeyHolder(Protocol):
    """Settings, as far as they are of interest here."""

    @property
    def keys(self) -> Mapping[str, str]:
        """Return the API keys by provider."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider whose models answer over the network.

    `key` is its name in the settings and in the specs of its models. `key_variable` and
    `address_variable` name the environment variables that hold its API key and, where it differs
    from the provider's own, its address. `hosts` are the provider's own: the prices on file are not
    those of another server.
    """

    key: str
    label: str
    key_variable: str
    address_variable: str
    hosts: tuple[str, ...] = ()


def api_key(spec: Spec, settings: KeyHolder, label: str, variable: str) -> str:
    """Return the key for a spec's provider; raise UnavailableError where there is none.

    `label` names the provider and `variable` the environment variable that may hold the key.
    """
    key = settings.keys.get(spec.provider, "")
    if not key:
        raise UnavailableError(
            f"There is no API key for {label}.",
            f"Set {variable}, or type a key for this session on the Rerankers page.",
        )
    return key
