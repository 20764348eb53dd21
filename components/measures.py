"""Measures through ir_measures, over runs whose scores fall strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import ir_measures
import numpy as np

from components.domain import InputError, Judgments, Ranking

MEASURES = ("nDCG@10", "RR@10", "P@10", "R@100", "AP", "Judged@10")
FAMILIES = ("nDCG", "RR", "P", "R", "AP", "Judged")
"""The measures of the lab, all but AP at any cut-off."""
Run = Mapping[str, Mapping[str, float]]
"""Query id -> document id -> score, best first and falling strictly."""


def measures_at(k: int) -> tuple[str, ...]:
    """Return the names of all measures at cut-off k."""
    return tuple(name if name == "AP" else f"{name}@{k}" for name in FAMILIES)


def check_measure(name: str) -> str:
    """Return the name of a measure as it is written here; InputError for any other."""
    family, at, cut = name.strip().partition("@")
    if family == "AP" and not at:
        return "AP"
    fine = cut.isascii() and cut.isdigit() and 0 < int(cut) < 10**6
    if family in FAMILIES and family != "AP" and fine:
        return f"{family}@{int(cut)}"
    raise InputError(
        f"There is no measure {name!r}.",
        "Known are nDCG@k, RR@k, P@k, R@k, AP and Judged@k, with any whole number for k.",
    )


def run_scores(ranking: Ranking) -> dict[str, float]:
    """Return the scores of a ranking, made to fall strictly so that every reader sorts alike.

    TREC tools order equal scores by document id, in 32-bit floats. Where our order says otherwise
    a score is lowered to the next smaller float; where there is none, negated ranks stand in.
    """
    scores: dict[str, float] = {}
    last = np.float32(np.inf)
    with np.errstate(over="ignore"):  # a score beyond 32 bits becomes infinite, and is lowered
        for hit in ranking.hits:
            last = min(np.float32(hit.score), np.nextafter(last, np.float32(-np.inf)))
            scores[hit.document.id] = float(last)
    if ranking.hits and not np.isfinite(last):
        return {hit.document.id: -float(hit.rank) for hit in ranking.hits}
    return scores


@dataclass(frozen=True, slots=True)
class Metrics:
    """Means over the queries and the values they are means of, by measure name."""

    mean: Mapping[str, float]
    per_query: Mapping[str, Mapping[str, float]]


def measure(
    run: Run,
    judgments: Judgments,
    names: Sequence[str] = MEASURES,
    known: Mapping[str, Mapping[str, float]] | None = None,
) -> Metrics:
    """Return the measures of a run over exactly the run's queries; an empty ranking counts 0.

    Queries whose values are `known` are not measured again.
    """
    old = {q: known[q] for q in run if q in known} if known else {}
    new = _per_query({q: s for q, s in run.items() if q not in old}, judgments, names)
    per_query = {q: old[q] if q in old else new[q] for q in run}
    mean = {n: float(np.mean([v[n] for v in per_query.values()])) for n in names if per_query}
    return Metrics(mean, per_query)


def _per_query(run: Run, judgments: Judgments, names: Sequence[str]) -> dict[str, dict[str, float]]:
    qrels = {q: dict(judgments.get(q, {})) for q in run}
    per_query: dict[str, dict[str, float]] = {q: dict.fromkeys(names, 0.0) for q in run}
    by_cut: dict[int | None, list[str]] = {}
    for name in names:
        by_cut.setdefault(int(name.partition("@")[2] or 0) or None, []).append(name)
    for cut, group in by_cut.items():
        parsed = {ir_measures.parse_measure(name): name for name in group}
        # no measure looks beyond its cut-off, and sorting what lies there takes most of the time;
        # an empty ranking counts 0: asked for its share of judged documents, ir_measures divides
        shown = {q: dict(islice(scores.items(), cut)) for q, scores in run.items() if scores}
        for value in ir_measures.iter_calc(parsed, qrels, shown):
            per_query[value.query_id][parsed[value.measure]] = float(value.value)
    return per_query
