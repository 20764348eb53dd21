"""A visitor's calls with the operator's API keys, held against the budgets of the lab."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

from components.config import Budget, Settings
from components.domain import Billed, Spec, StoreError
from components.network.metering import UNMETERED, Settle
from components.network.prices import price_of
from components.storage.spending import Amount, SpendingLedger

_log = logging.getLogger(__name__)


def costs(spec: Spec, settings: Settings) -> bool:
    """Return whether a reranker's calls cost money: those with an API key, few others."""
    return spec.provider in settings.keys or spec.billed_keyless


def amount_of(spec: Spec, billed: Billed, settings: Settings) -> Amount | None:
    """Return what calls cost; None where the unit that has a price was not reported."""
    price = price_of(spec, settings)
    if price is None:
        return Amount(requests=billed.requests, unpriced=billed.requests)
    if billed.requests and not price.units(billed):
        return None
    return Amount(price.cost(billed), billed.requests)


@dataclass(frozen=True)
class VisitorMeter:
    """Enters a visitor's calls in the ledger, unless they are made with a key of the visitor's own.

    `own` names the providers of such keys. A ledger that cannot be written forbids calls only where
    there is a budget.
    """

    ledger: SpendingLedger
    budget: Budget
    settings: Settings
    visitor: str = ""
    own: Collection[str] = ()

    def of(self, visitor: str, settings: Settings, own: Collection[str]) -> VisitorMeter:
        """Return the meter of a visitor with keys of their own for some providers."""
        return replace(self, visitor=visitor, settings=settings, own=frozenset(own))

    def reserve(self, spec: Spec, billed: Billed) -> Settle:
        """Enter what calls will cost; raise BudgetError where that may not be spent."""
        if spec.provider in self.own or not costs(spec, self.settings):
            return UNMETERED.reserve(spec, billed)
        amount = amount_of(spec, billed, self.settings) or Amount(requests=billed.requests)
        try:
            settle = self.ledger.reserve(spec.provider, self.visitor, amount, self.budget)
        except StoreError as exc:
            if self.budget != Budget():
                raise
            _log.warning("what a call costs is not noted: %s", exc)
            return UNMETERED.reserve(spec, billed)

        def settled(billed: Billed) -> None:
            try:
                settle(amount_of(spec, billed, self.settings) or amount)
            except StoreError as exc:
                _log.warning("what a call cost is not noted: its estimate stays: %s", exc)

        return settled
