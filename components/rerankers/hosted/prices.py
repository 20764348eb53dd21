"""What rerankers cost: dated data from prices.toml, overridden by the configuration."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from components.config import PRICE_UNITS, Settings
from components.domain import Billed, Spec

FILE = Path(__file__).parent / "prices.toml"
PER = {"searches": 1_000, "tokens": 1_000_000}
DOCUMENTS_A_SEARCH = 100
"""Documents up to which one query is billed as one search."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for 1,000 searches or 1,000,000 tokens, with its source and date."""

    usd: float
    unit: str
    source: str
    noted: date | None

    @property
    def words(self) -> str:
        """Return the price in words."""
        return f"${self.usd:,.2f} per {PER[self.unit]:,} {self.unit}"

    @property
    def origin(self) -> str:
        """Return where the price comes from and of when it is."""
        return f"{self.source}, {self.noted:%d %B %Y}" if self.noted else self.source

    def units(self, billed: Billed) -> float:
        """Return how many of the priced units were billed."""
        return billed.searches if self.unit == "searches" else billed.tokens

    def cost(self, billed: Billed) -> float:
        """Return what billed units cost, in US dollars."""
        return self.usd * self.units(billed) / PER[self.unit]


def price_of(spec: Spec, settings: Settings) -> Price | None:
    """Return the price of a provider's model, or None where none is on file."""
    for own in settings.prices:
        if (own.provider, own.model) == (spec.provider, spec.model):
            return Price(own.usd, own.unit, "your configuration", None)
    return _published().get((spec.provider, spec.model))


def usd_of(spec: Spec, billed: Billed | None, settings: Settings) -> float | None:
    """Return what a call cost, in US dollars; None where it is not known or nothing is billed."""
    price = price_of(spec, settings)
    return price.cost(billed) if price and billed and price.units(billed) else None


@cache
def _published() -> Mapping[tuple[str, str], Price]:
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    noted = table.pop("noted")
    found: dict[tuple[str, str], Price] = {}
    for provider, models in table.items():
        source = models.pop("source")
        for model, fields in models.items():
            ((unit, usd),) = fields.items()
            found[provider, model] = Price(float(usd), PRICE_UNITS[unit], source, noted)
    return found
