"""Who is asked before a call that costs money, and told what it cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from components.domain import Billed, Spec

Settle = Callable[[Billed], None]
"""`settle(billed)` says what calls were billed for in the end."""


class Meter(Protocol):
    """Keeps account of calls that cost money."""

    def reserve(self, spec: Spec, billed: Billed) -> Settle:
        """Set aside what calls are estimated to be billed for, and return what settles them.

        Raises BudgetError where that may not be spent.
        """
        ...


class Unmetered:
    """Keeps no account."""

    def reserve(self, spec: Spec, billed: Billed) -> Settle:
        """Allow everything."""
        return lambda billed: None


UNMETERED = Unmetered()
