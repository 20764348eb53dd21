"""Which pairs tell two rankings apart, how much each counts, and in which order they are drawn.

A pair of a query and a document matters to the difference of two means only where the two rankings
discount it differently. Such pairs are drawn without replacement, each time with chances
proportional to a mass (Schnabel et al. 2016; successive sampling by Gumbel keys, Efraimidis and
Spirakis 2006), so that every estimate can be unbiased.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CUT_OFF = 10
"""The rank down to which a document counts: DCG@10."""

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Rankings = Mapping[str, Sequence[str]]
"""Documents of each query, best first."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The pairs that two rankings discount differently; arrays have the shape (pairs,).

    A gain, from 0 to 1, times its `weights` summed over all pairs is the difference of the mean
    DCG@10, the second ranking's less the first's. `expected` is the sum of both discounts: the
    higher both place a document, the more likely it is relevant, so it stands in for a gain until
    grades are there. `query` is the place of each pair's query among all `queries`.
    """

    pairs: tuple[tuple[str, str], ...]
    weights: Values
    expected: Values
    query: Places
    queries: int

    @property
    def mass(self) -> Values:
        """Return to what chances are proportional: |weight| times the root of the squared gain.

        That is what makes the variance of one draw least, were the squared gain as expected.
        """
        return np.asarray(np.abs(self.weights) * np.sqrt(self.expected), np.float64)


@dataclass(frozen=True, slots=True)
class Order:
    """The order of all draws of a pool; arrays are in that order, of shape (pairs,).

    `chances` are each pair's among those that were left at its draw.
    """

    places: Places
    chances: Values


def pool_of(before: Rankings, after: Rankings, queries: Sequence[str], k: int = CUT_OFF) -> Pool:
    """Return the pairs that two rankings of the same queries discount differently."""
    pairs: list[tuple[str, str]] = []
    weights: list[float] = []
    expected: list[float] = []
    places: list[int] = []
    for place, query in enumerate(queries):
        first, second = (
            {document: 1 / math.log2(i + 2) for i, document in enumerate(run.get(query, ())[:k])}
            for run in (before, after)
        )
        for document in {**first, **second}:
            one, other = first.get(document, 0.0), second.get(document, 0.0)
            if one != other:
                pairs.append((query, document))
                weights.append((other - one) / len(queries))
                expected.append(one + other)
                places.append(place)
    return Pool(
        tuple(pairs),
        np.array(weights, np.float64),
        np.array(expected, np.float64),
        np.array(places, np.intp),
        len(queries),
    )


def order_of(mass: Values, seed: int) -> Order:
    """Return the order of successive draws with chances proportional to a mass."""
    keys = np.log(mass) + np.random.default_rng(seed).gumbel(size=mass.size)
    places = np.argsort(-keys, kind="stable")
    drawn = mass[places]
    return Order(places, drawn / remaining(drawn))


def remaining(values: Values) -> Values:
    """Return for each place the sum of the values from it to the end."""
    return np.asarray(values[::-1].cumsum()[::-1], np.float64)
