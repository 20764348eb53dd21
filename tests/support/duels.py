"""Duels by simulation: how many grades tell two rankings apart, and how often they are misled.

    python -m tests.support.duels --runs A.trec B.trec [C.trec] --qrels FILE [--seeds 2000]

Every pair of runs fights with true grades, drawn by the lab's chances and evenly, under the same
stopping rule: 0 lies outside of the confidence sequence. A duel that never stops counts its whole
pool. `miss` is the share of duels whose bounds exclude the true difference at any look. Under the
null the second ranking is the first with documents of equal grade permuted, so nothing differs:
`winner` is the share of duels that name one.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from components.corpora import read_candidates, read_qrels
from components.domain import Judgments
from components.judging.betting import ALPHA, Draws, evidence
from components.judging.drawing import CUT_OFF, Pool, Values, order_of, pool_of
from components.judging.duel import Outcome, standing

ENOUGH = math.log(2 / ALPHA)
Rankings = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What became of many duels: mean pairs until the stop, of how many, and shares of duels."""

    pairs: int
    mean: float
    median: float
    never: float
    miss: float
    wrong: float

    def __str__(self) -> str:
        return (
            f"{self.mean:7,.0f} mean {self.median:7,.0f} median of {self.pairs:,}; never "
            f"{self.never:.3f}, miss {self.miss:.4f}, wrong {self.wrong:.4f}"
        )


def gains_of(pool: Pool, judgments: Judgments, highest: int) -> Values:
    """Return the true gains of a pool, from 0 to 1; what is unjudged or below 0 is 0."""
    grades = (judgments.get(query, {}).get(document, 0) for query, document in pool.pairs)
    return np.array([max(grade, 0) / highest for grade in grades])


def simulate(pool: Pool, gains: Values, mass: Values, seeds: int) -> Simulated:
    """Let so many judges grade a pool, each in an order of chances proportional to a mass."""
    truth, n = float((pool.weights * gains).sum()), len(gains)
    stops, misses, wrong = [], 0, 0
    for seed in range(seeds):
        order = order_of(mass, seed)
        at = order.places
        up = Draws(pool.weights[at], pool.expected[at], order.chances, gains[at])
        ends, missed = [], False
        for side, sum_of_side in ((up, truth), (up.mirrored(), -truth)):
            against = np.flatnonzero(evidence(side, 0.0) >= ENOUGH)
            ends.append(int(against[0]) + 1 if len(against) else n)
            missed |= bool(evidence(side, sum_of_side).max() >= ENOUGH)
        stops.append(min(ends))
        misses += missed
        wrong += min(ends) < n and (ends[0] < ends[1]) != (truth > 0)
    return Simulated(
        n,
        float(np.mean(stops)),
        float(np.median(stops)),
        float(np.mean([stop == n for stop in stops])),
        misses / seeds,
        wrong / seeds,
    )


def permuted(ranking: Sequence[str], grades: Mapping[str, int], seed: int) -> list[str]:
    """Return a ranking in which documents of equal grade have changed their places at random."""
    chance = np.random.default_rng(seed)
    result = list(ranking)
    for grade in {grades.get(document, 0) for document in ranking}:
        places = [i for i, document in enumerate(ranking) if grades.get(document, 0) == grade]
        for i, j in zip(places, chance.permutation(places), strict=True):
            result[i] = ranking[j]
    return result


def null_winners(
    run: Rankings, judgments: Judgments, queries: Sequence[str], highest: int, seeds: int
) -> float:
    """Return the share of duels that name a winner where there is none, at any look.

    The outcome is asked for where the bounds of either side first exclude 0.
    """
    winners = 0
    for seed in range(seeds):
        other = {
            query: permuted(
                run.get(query, ())[:CUT_OFF], judgments.get(query, {}), seed * 7_919 + i
            )
            for i, query in enumerate(queries)
        }
        pool = pool_of(run, other, queries)
        gains, order = gains_of(pool, judgments, highest), order_of(pool.mass, seed)
        at = order.places
        up = Draws(pool.weights[at], pool.expected[at], order.chances, gains[at])
        looks = [np.flatnonzero(evidence(side, 0.0) >= ENOUGH) for side in (up, up.mirrored())]
        firsts = [int(look[0]) + 1 for look in looks if len(look)]
        for n in firsts:
            grades = [round(gain * highest) for gain in gains[at][:n]]
            outcome = standing(pool, order, grades, highest).outcome
            if outcome in (Outcome.BEFORE, Outcome.AFTER):
                winners += 1
                break
    return winners / seeds


def main() -> None:
    """Simulate, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    parser.add_argument("--qrels", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=2_000)
    given = parser.parse_args()
    judgments = read_qrels(given.qrels)
    highest = max(grade for row in judgments.values() for grade in row.values())
    queries = sorted(judgments)
    runs = {path.stem: read_candidates(path) for path in given.runs}
    for first, second in combinations(runs, 2):
        pool = pool_of(runs[first], runs[second], queries)
        gains = gains_of(pool, judgments, highest)
        weighted = simulate(pool, gains, pool.mass, given.seeds)
        even = simulate(pool, gains, np.ones(len(gains)), given.seeds)
        ratio = weighted.mean / even.mean
        sys.stdout.write(f"{first} and {second}: {ratio:.3f} of even drawing\n")
        sys.stdout.write(f"  weighted {weighted}\n  even     {even}\n")
        sys.stdout.flush()
    for name, run in runs.items():
        share = null_winners(run, judgments, queries, highest, given.seeds)
        sys.stdout.write(f"null of {name}: a winner in {share:.4f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
