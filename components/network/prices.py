"""What rerankers cost: the dated price of a model's spec, or one from the configuration."""

from __future__ import annotations

from urllib.parse import urlsplit

from components.config import Settings
from components.domain import Billed, Price, Spec

DOCUMENTS_A_SEARCH = 100
"""Documents up to which one query is billed as one search."""


def price_of(spec: Spec, settings: Settings) -> Price | None:
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


def usd_of(spec: Spec, billed: Billed | None, settings: Settings) -> float | None:
    """Return what a call cost, in US dollars; None without a price or where nothing is billed."""
    price = price_of(spec, settings)
    return price.cost(billed) if price and billed and price.units(billed) else None
