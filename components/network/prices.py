"""What rerankers cost: the dated price of a model's spec, or one from the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from components.domain import Billed, Price, PriceUnit, Spec

DOCUMENTS_A_SEARCH = 100
"""Documents up to which one query is billed as one search."""


class OwnPrice(Protocol):
    """A price of the user's own: US dollars for 1,000 searches or 1,000,000 tokens of a model."""

    @property
    def provider(self) -> str:
        """Return the provider's key."""
        ...

    @property
    def model(self) -> str:
        """Return the model's name."""
        ...

    @property
    def usd(self) -> float:
        """Return the price."""
        ...

    @property
    def unit(self) -> PriceUnit:
        """Return what it is for."""
        ...


class PriceHolder(Protocol):
    """Settings, as far as they are of interest here."""

    @property
    def prices(self) -> Sequence[OwnPrice]:
        """Return the prices of the configuration."""
        ...

    @property
    def addresses(self) -> Mapping[str, str]:
        """Return the addresses that differ from the providers' own, by provider."""
        ...


def price_of(spec: Spec, settings: PriceHolder) -> Price | None:
    """Return the price of a provider's model, or None where none is on file.

    The price on file is the provider's: at any other server only one from the configuration holds.
    """
    for own in settings.prices:
        if (own.provider, own.model) == (spec.provider, spec.model):
            return Price(own.usd, own.unit, "your configuration")
    address = settings.addresses.get(spec.provider, "")
    if address and (urlsplit(address).hostname or "").rstrip(".") not in spec.hosts:
        return None
    return spec.price


def usd_of(spec: Spec, billed: Billed | None, settings: PriceHolder) -> float | None:
    """Return what a call cost, in US dollars; None without a price or where nothing is billed."""
    price = price_of(spec, settings)
    return price.cost(billed) if price and billed and price.units(billed) else None
