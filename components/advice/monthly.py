"""What one reranker costs a month: a provider's bill, or machines for the speed it was measured at.

The figures are those of the calculator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.advice.costs import Machine, Traffic, bills
from components.config import Settings
from components.lab import catalog
from components.wording import count, dollars

NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Hosting:
    """A machine of one's own: dollars a month, and the share of the day that it may be busy."""

    usd_a_month: float
    busy: float


@dataclass(frozen=True, slots=True)
class Month:
    """What a month costs, US dollars, None where that is not measured; `basis` says of what."""

    usd: float | None
    basis: str

    @property
    def amount(self) -> str:
        """Return the amount in words."""
        return NOT_MEASURED if self.usd is None else dollars(self.usd, 2 if self.usd < 10 else 0)


def month_of(
    system: str,
    traffic: Traffic,
    speeds: Mapping[str, float],
    hosting: Hosting,
    settings: Settings,
) -> Month:
    """Return what a reranker costs a month at some traffic.

    `speeds` are milliseconds for one pair by system, as an evaluation measured them.
    """
    spec = catalog.reranker_specs(settings).get(catalog.base(system))
    per_day = count(round(traffic.queries_a_day), "query", "queries")
    volume = f"{per_day} a day, {count(traffic.candidates, 'candidate')} each"
    if spec is None:
        return Month(None, volume)
    billed = bills([spec], traffic, settings) if spec.provider else ()
    if billed:
        return Month(
            billed[0].usd_a_month, f"{volume}, at {billed[0].price} ({billed[0].price.origin})"
        )
    ms = speeds.get(system)
    if spec.provider or spec.runtime == "none" or spec.family == "fusion" or not ms:
        return Month(None, volume)
    machine = Machine(hosting.usd_a_month, ms * traffic.candidates / 1000, hosting.busy)
    needed = machine.needed(traffic.queries_a_day)
    return Month(
        machine.cost(traffic.queries_a_day),
        f"{volume}, on {count(needed, 'machine')} of {dollars(hosting.usd_a_month, 0)} a month, "
        f"busy {hosting.busy:.0%} of the time",
    )
