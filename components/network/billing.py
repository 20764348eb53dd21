"""Numbers in what a server sends back: finite ones, and what it says that it charges for."""

from __future__ import annotations

import math

from components.domain import Billed

MOST_UNITS = 1e9
"""Billed units of one request from which on a number is taken for nonsense."""


def finite_number(value: object) -> float | None:
    """Return a finite number, or None for anything else, truth values and text included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def billed_units(value: object) -> float:
    """Return a number of billed units, or 0 where the value is no sound one."""
    units = finite_number(value)
    return units if units and 0 < units < MOST_UNITS else 0.0


def billed_tokens(value: object) -> Billed | None:
    """Return one request billed by so many tokens; None where the value is no whole number."""
    sound = isinstance(value, int) and billed_units(value)
    return Billed(1, tokens=int(billed_units(value))) if sound else None
