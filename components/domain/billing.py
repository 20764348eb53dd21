"""What several requests are billed for together."""

from __future__ import annotations

from collections.abc import Sequence

from components.domain.rankings import Billed


def total_billed(bills: Sequence[Billed]) -> Billed:
    """Return the sum of what requests were billed for.

    A unit that any of them did not report is 0, not reported: a part would pass for the whole.
    """
    return Billed(
        sum(b.requests for b in bills),
        sum(b.searches for b in bills) if all(b.searches for b in bills) else 0.0,
        sum(b.tokens for b in bills) if all(b.tokens for b in bills) else 0,
        any(b.estimated for b in bills),
        sum(b.written for b in bills),
    )
