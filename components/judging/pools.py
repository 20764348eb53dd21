"""Which pairs are worth a judge's time: the best of some systems, holes, a random part."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

from components.domain import InputError, Query
from components.evaluation.running import Evaluation
from components.evaluation.saved import SavedEvaluation
from components.evaluation.significance import differences
from components.evaluation.unjudged import standings
from components.judging.drawing import Rankings, pool_of
from components.judging.queues import Plan, PoolKind, duel_plan

MEASURE = "nDCG@10"
"""The measure whose verdicts holes could turn over."""


def rankings_of(evaluation: Evaluation) -> dict[str, Rankings]:
    """Return each system's documents by query, best first, of the queries that all ranked."""
    return {
        system: {
            query: evaluation.rankings[system][query].documents for query in evaluation.complete
        }
        for system in evaluation.rankings
    }


def top_pool(
    rankings: Mapping[str, Rankings], queries: Sequence[Query], k: int, highest: int, seed: int
) -> Plan:
    """Return the union of the systems' first k documents of each query.

    A query's documents stay together, which spares a judge from reading it anew; the order of
    queries, and of the documents of each, is drawn with the seed.
    """
    chance = random.Random(seed)
    shuffled = chance.sample(list(queries), len(queries))
    pairs: list[tuple[str, str]] = []
    for query in shuffled:
        best = {d for run in rankings.values() for d in run.get(query.id, ())[:k]}
        pairs += ((query.text, d) for d in chance.sample(sorted(best), len(best)))
    return _plan(PoolKind.TOP, pairs, highest, seed, rankings, k)


def random_pool(
    rankings: Mapping[str, Rankings],
    queries: Sequence[Query],
    k: int,
    size: int,
    highest: int,
    seed: int,
) -> Plan:
    """Return so many pairs of the systems' first k documents, each as likely as any other."""
    whole = top_pool(rankings, queries, k, highest, seed).pairs
    drawn = random.Random(seed).sample(whole, min(size, len(whole)))
    return _plan(PoolKind.RANDOM, drawn, highest, seed, rankings)


def hole_pool(saved: SavedEvaluation, baseline: str, highest: int, seed: int) -> Plan:
    """Return unjudged pairs whose grades could turn an evaluation's verdicts over."""
    metrics = saved.evaluation.metrics(saved.plan.judgments, [MEASURE])
    told = standings(
        saved.plan, saved.evaluation, metrics, baseline, differences(metrics, baseline, MEASURE)
    )
    texts = {query.id: query.text for query in saved.plan.queries}
    pairs = {(texts[query], document) for one in told for query, document in one.turning}
    drawn = random.Random(seed).sample(sorted(pairs), len(pairs))
    return _plan(PoolKind.HOLES, drawn, highest, seed, saved.plan.systems)


def duel_pool(
    rankings: Mapping[str, Rankings],
    queries: Sequence[Query],
    systems: tuple[str, str],
    highest: int,
    seed: int,
) -> Plan:
    """Return the draws of a duel of two systems; InputError where they rank alike."""
    ids = [q.id for q in queries if all(q.id in rankings[system] for system in systems)]
    pool = pool_of(rankings[systems[0]], rankings[systems[1]], ids)
    if not pool.pairs:
        raise InputError(
            f"{systems[0]} and {systems[1]} have the same first ten documents of every query.",
            "Choose another system: there is nothing to tell apart.",
        )
    return duel_plan(pool, {q.id: q.text for q in queries}, systems, highest, seed)


def _plan(
    kind: PoolKind,
    pairs: Iterable[tuple[str, str]],
    highest: int,
    seed: int,
    systems: Iterable[str],
    depth: int = 0,
) -> Plan:
    pairs = tuple(dict.fromkeys(pairs))
    if not pairs:
        raise InputError("There is nothing to judge here.", "Choose another pool.")
    names = tuple(systems)
    return Plan(kind=kind, pairs=pairs, highest=highest, seed=seed, systems=names, depth=depth)
