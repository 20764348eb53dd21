"""A confidence sequence for a weighted sum, from weighted draws without replacement, by betting.

Who bets at each draw against "the sum is at most m", with stakes that are settled before the draw,
gains nothing in the long run if that is true; the chance that his capital ever grows 1 / alpha
times is at most alpha (Ville). All m that a capital of 40 speaks against are outside of a one-sided
bound of 97.5%, at every look at once (Waudby-Smith and Ramdas 2024; for weighted draws without
replacement Shekhar et al. 2023).

Each draw gives an unbiased estimate of the sum: what was drawn, plus what the rest is expected to
be, plus the surprise of this draw divided by its chance. What is expected of a gain is its share of
the discounts times the ratio of gains to discounts so far; as only the past is used, the estimate
stays unbiased however wrong that is, and varies less the better it is.

Half of the capital is staked in proportion to what past estimates say (aGRAPA against 0), the other
half in fixed fractions, which learn nothing and so are not misled. No stake is more than half of
what could ruin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from components.judging.drawing import Values, remaining

ALPHA = 0.05
"""The chance that the two bounds together ever miss the sum."""
_MOST = 0.5
_FRACTIONS = 0.5 ** np.arange(1, 7)
"""Fixed stakes as shares of what could ruin: any other from 1/64 to 1/2 is near one of them."""
_HALVINGS = 50


@dataclass(frozen=True, slots=True)
class Draws:
    """A pool in the order of its draws, and the gains of those that came first.

    `weights`, `expected` and `chances` have the shape (pairs,), `gains` that of the draws so far.
    """

    weights: Values
    expected: Values
    chances: Values
    gains: Values

    def mirrored(self) -> Draws:
        """Return the draws of the opposite sum."""
        return Draws(-self.weights, self.expected, self.chances, self.gains)

    @property
    def ratio(self) -> Values:
        """Return the ratio of gains to discounts before each draw; 0 before the first."""
        seen = self.expected[: self.gains.size]
        ratio = _before(self.gains) / (_before(seen) + self.expected.mean())
        return np.asarray(ratio, np.float64)

    @property
    def drawn(self) -> Values:
        """Return the sum of what was drawn before each draw."""
        return _before(self.weights[: self.gains.size] * self.gains)

    @property
    def rest(self) -> Values:
        """Return at each draw an unbiased estimate of the sum of what was not drawn before."""
        n = self.gains.size
        weights, expected = self.weights[:n], self.ratio * self.expected[:n]
        surprise = weights * (self.gains - expected) / self.chances[:n]
        return np.asarray(self.ratio * remaining(self.weights * self.expected)[:n] + surprise)

    @property
    def estimate(self) -> float:
        """Return an unbiased estimate of the sum: the mean of those of all draws."""
        return float((self.drawn + self.rest).mean()) if self.gains.size else 0.0


def bounds(lowest: Draws, highest: Draws) -> tuple[float, float]:
    """Return bounds that miss the sum with a chance of at most ALPHA, at all looks together.

    A gain that is not known stands in `lowest` as what makes the sum least, in `highest` as what
    makes it greatest.
    """
    return _lower(lowest), -_lower(highest.mirrored())


def excludes_zero(lowest: Draws, highest: Draws) -> bool:
    """Return whether 0 lies outside of `bounds`, or perhaps on them, without computing them."""
    for draws in (lowest, highest.mirrored()):
        n = draws.gains.size
        least = (draws.weights[:n] * draws.gains).sum() + np.minimum(draws.weights[n:], 0).sum()
        if least >= 0 or (n and evidence(draws, 0.0).max() >= math.log(2 / ALPHA)):
            return True
    return False


def evidence(draws: Draws, m: float) -> Values:
    """Return after each draw the logarithm of the capital that bets that the sum is above m."""
    n = draws.gains.size
    at_least, width = _range(draws)
    drawn, rest = draws.drawn, draws.rest
    left = m - drawn  # what the rest is, if the sum is m
    ruin = 1 / np.maximum(left - at_least, 1e-12 * (1 + width[:1]))
    estimates = drawn + rest
    k = np.arange(n)
    mean = _before(estimates) / np.maximum(k, 1)
    squares = np.maximum(_before(estimates**2) - k * mean**2, 0.0)
    variance = (squares + width[:1] ** 2 / 4) / (k + 1)  # the greatest a first draw can have
    clear = np.maximum(mean, 0.0)
    stake = np.minimum(clear / (variance + clear**2), _MOST * ruin)
    surplus = rest - left
    adaptive = np.log1p(stake * surplus).cumsum()
    fixed = np.log1p(_FRACTIONS[:, None] * (ruin * surplus)).cumsum(axis=1)
    mixed = np.logaddexp.reduce(fixed, axis=0) - math.log(len(_FRACTIONS))
    return np.asarray(np.logaddexp(adaptive, mixed) - math.log(2), np.float64)


def _lower(draws: Draws) -> float:
    """Return the greatest m such that the capital spoke against it and all below, at some look."""
    n, positive = draws.gains.size, np.maximum(draws.weights, 0.0)
    drawn = float((draws.weights[:n] * draws.gains).sum())
    least = drawn + float((draws.weights - positive)[n:].sum())
    most = drawn + float(positive[n:].sum())
    if not n or n == draws.weights.size:
        return least
    enough = math.log(2 / ALPHA)
    if evidence(draws, least).max() < enough:
        return least
    low, high = least, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if evidence(draws, middle).max() >= enough:
            low = middle
        else:
            high = middle
    return low


def _range(draws: Draws) -> tuple[Values, Values]:
    """Return before each draw what `rest` is at least, and how wide it can vary."""
    n, ratio = draws.gains.size, draws.ratio
    left = draws.chances * 0 + 1.0
    left[1:] = np.cumprod(1 - draws.chances[:-1])  # the share of the mass that is left
    mass = draws.chances * left
    centre = ratio * remaining(draws.weights * draws.expected)[:n]
    reach = np.abs(draws.weights) / mass
    ends = []
    for side in (draws.weights < 0, draws.weights > 0):
        gain = _largest(np.where(side, reach, 0.0))[:n]
        least = -_largest(np.where(side, -reach * draws.expected, -np.inf))[:n]
        most = _largest(np.where(side, reach * draws.expected, 0.0))[:n]
        ends.append((np.maximum(gain - ratio * np.where(np.isfinite(least), least, 0), 0), most))
    (fall, fall_expected), (rise, rise_expected) = ends
    down = left[:n] * np.maximum(fall, ratio * rise_expected)
    up = left[:n] * np.maximum(rise, ratio * fall_expected)
    return np.asarray(centre - down), np.asarray(down + up)


def _before(values: Values) -> Values:
    """Return for each place the sum of the values before it."""
    return np.concatenate(([0.0], values.cumsum()[:-1])) if values.size else values


def _largest(values: Values) -> Values:
    """Return for each place the largest of the values from it to the end."""
    return np.asarray(np.maximum.accumulate(values[::-1])[::-1], np.float64)
