"""What was spent with the operator's API keys: a ledger by day, provider and visitor, on disk.

An amount is reserved before a call and settled after it, so that two calls at once cannot both take
the last of a budget; what was never settled, because the process ended, stays spent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from components.config import Budget
from components.domain import BudgetError
from components.storage.sqlite import Database
from components.wording import count, dollars

FILE = "spending.sqlite"
DAYS_LISTED = 31
"""Days of which `days` tells what was spent."""
_ROUNDING = 1e-9
"""By what part of a limit a sum of many amounts may be above it because of how they are rounded."""
_METADATA = sa.MetaData()
_LEDGER = sa.Table(
    "ledger",
    _METADATA,
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("provider", sa.String, primary_key=True),
    sa.Column("visitor", sa.String, primary_key=True),
    sa.Column("usd", sa.Double, nullable=False),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("unpriced", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Amount:
    """US dollars and requests; `unpriced` are the requests among them to models without a price."""

    usd: float = 0.0
    requests: int = 0
    unpriced: int = 0

    def __str__(self) -> str:
        """Return the amount in words: $0.004 in 2 requests."""
        requests = count(self.requests, "request")
        if self.requests == self.unpriced:
            return f"{requests}, price not on file"
        rest = f", {self.unpriced:,} of them without a price" if self.unpriced else ""
        return f"{dollars(self.usd)} in {requests}{rest}"

    def __sub__(self, other: Amount) -> Amount:
        """Return the difference."""
        return Amount(
            self.usd - other.usd, self.requests - other.requests, self.unpriced - other.unpriced
        )


@dataclass(frozen=True, slots=True)
class DaySpending:
    """What was spent in one day (UTC, as YYYY-MM-DD) at one provider, by all visitors."""

    day: str
    provider: str
    amount: Amount


class SpendingLedger:
    """The file of what was spent. Raises StoreError where it cannot be used: nothing is sent then.

    `now` returns the moment, for its day in UTC.
    """

    def __init__(
        self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        # Begun anew, a damaged ledger would refill every budget.
        self._database = Database(
            folder / FILE, _METADATA, "spending", "RERANK_LAB_DATA", precious=True
        )
        self._now = now

    def reserve(
        self, provider: str, visitor: str, amount: Amount, budget: Budget
    ) -> Callable[[Amount], None]:
        """Enter what a call will cost, and return what settles it with what it did cost.

        Raises BudgetError, and enters nothing, where the day's budget or the visitor's would be
        exceeded. Settling twice counts the last amount.
        """
        day = self._now().astimezone(UTC).strftime("%Y-%m-%d")
        with self._database.begin() as connection:
            _add(connection, day, provider, visitor, amount)  # first: it takes the writer's lock
            _check(connection, day, visitor, budget, amount)
        entered = amount

        def settle(actual: Amount) -> None:
            nonlocal entered
            with self._database.begin() as connection:
                _add(connection, day, provider, visitor, actual - entered)
            entered = actual

        return settle

    def days(self) -> list[DaySpending]:
        """Return what was spent by day and provider, the latest day first."""
        sums = [sa.func.sum(c) for c in (_LEDGER.c.usd, _LEDGER.c.requests, _LEDGER.c.unpriced)]
        days = sa.select(_LEDGER.c.day).distinct().order_by(_LEDGER.c.day.desc()).limit(DAYS_LISTED)
        wanted = (
            sa.select(_LEDGER.c.day, _LEDGER.c.provider, *sums)
            .where(_LEDGER.c.day.in_(days))
            .group_by(_LEDGER.c.day, _LEDGER.c.provider)
            .order_by(_LEDGER.c.day.desc(), _LEDGER.c.provider)
        )
        with self._database.begin() as connection:
            rows = connection.execute(wanted).all()
        return [DaySpending(day, provider, Amount(*sums)) for day, provider, *sums in rows]


def _add(connection: sa.Connection, day: str, provider: str, visitor: str, amount: Amount) -> None:
    new = {"usd": amount.usd, "requests": amount.requests, "unpriced": amount.unpriced}
    statement = insert(_LEDGER).values(day=day, provider=provider, visitor=visitor, **new)
    more = {name: _LEDGER.c[name] + value for name, value in new.items()}
    keys = [_LEDGER.c.day, _LEDGER.c.provider, _LEDGER.c.visitor]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=more))


def _check(
    connection: sa.Connection, day: str, visitor: str, budget: Budget, amount: Amount
) -> None:
    """Raise BudgetError where this amount brings a sum over its limit."""
    sums = sa.select(sa.func.sum(_LEDGER.c.usd), sa.func.sum(_LEDGER.c.unpriced))
    today = sums.where(_LEDGER.c.day == day)
    limits = (
        ("The lab's", today, budget.day_usd, budget.day_requests),
        (
            "Your",
            today.where(_LEDGER.c.visitor == visitor),
            budget.visitor_usd,
            budget.visitor_requests,
        ),
    )
    for whose, statement, most_usd, most_requests in limits:
        usd, unpriced = connection.execute(statement).one()
        if amount.usd and usd > most_usd * (1 + _ROUNDING):
            raise _exceeded(whose, f"{dollars(most_usd)}", dollars(max(0.0, usd - amount.usd)))
        if amount.unpriced and unpriced > most_requests:
            what = f"{count(round(most_requests), 'request')} to models without a price"
            raise _exceeded(whose, what, f"{unpriced - amount.unpriced:,}")


def _exceeded(whose: str, limit: str, spent: str) -> BudgetError:
    return BudgetError(
        f"{whose} budget of {limit} a day does not allow this call: {spent} are spent. Nothing was "
        "sent.",
        "It begins anew at midnight UTC. A key of your own, typed on the Rerankers page, does not "
        "count; [spending] in the configuration sets the budget.",
    )
