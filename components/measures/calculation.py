"""Computing measures over runs whose scores fall strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import ir_measures
import numpy as np

from components.domain import MAX_GRADE, InputError, Judgments, Ranking
from components.measures.registry import parse_measure, usual_measures

Run = Mapping[str, Mapping[str, float]]
"""Query id -> document id -> score, best first and falling strictly."""


def run_scores(ranking: Ranking) -> dict[str, float]:
    """Return the scores of a ranking, made to fall strictly so that every reader sorts alike.

    TREC tools order equal scores by document id, in 32-bit floats. Where our order says otherwise
    a score is lowered to the next smaller float; where there is none, negated ranks stand in. A
    document without a score comes right after the one before it.
    """
    scores: dict[str, float] = {}
    last = np.float32(np.inf)
    with np.errstate(over="ignore"):  # a score beyond 32 bits becomes infinite, and is lowered
        for hit in ranking.hits:
            below = np.nextafter(last, np.float32(-np.inf))
            last = min(np.float32(hit.score), below) if hit.scored else below
            scores[hit.document.id] = float(last)
    if ranking.hits and not (np.isfinite(last) and ranking.hits[0].scored):
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
    names: Sequence[str] | None = None,
    computed: Mapping[str, Mapping[str, float]] | None = None,
) -> Metrics:
    """Return measures of a run over exactly the run's queries; an empty ranking counts 0.

    Without `names` these are the usual ones; a name that there is not raises InputError, and so
    does a grade that is no whole number within `MAX_GRADE`. Queries whose values are `computed`
    already are not measured again.
    """
    names = usual_measures() if names is None else names
    old = {q: computed[q] for q in run if q in computed} if computed else {}
    new = _per_query({q: s for q, s in run.items() if q not in old}, judgments, names)
    per_query = {q: old[q] if q in old else new[q] for q in run}
    mean = {n: float(np.mean([v[n] for v in per_query.values()])) for n in names if per_query}
    return Metrics(mean, per_query)


def _per_query(run: Run, judgments: Judgments, names: Sequence[str]) -> dict[str, dict[str, float]]:
    qrels = {q: dict(judgments.get(q, {})) for q in run}
    _check_grades(qrels)
    # trec_eval ends the process where every grade of a query is negative; as 0 they mean the same
    # to every measure, because then nothing is relevant
    negative = {q for q, grades in qrels.items() if max(grades.values(), default=0) < 0}
    safe = qrels | {q: dict.fromkeys(qrels[q], 0) for q in negative}
    per_query: dict[str, dict[str, float]] = {q: dict.fromkeys(names, 0.0) for q in run}
    by_cutoff: dict[int | None, list[str]] = {}
    for name in names:
        by_cutoff.setdefault(parse_measure(name)[1], []).append(name)
    for cutoff, group in by_cutoff.items():
        # no measure depends on what lies beyond its cut-off, and sorting that takes most of the
        # time; an empty ranking counts 0: of none, ir_measures' Judged divides by zero
        top = {q: dict(islice(scores.items(), cutoff)) for q, scores in run.items() if scores}
        provided = {}
        for name in group:
            compute = parse_measure(name)[0].compute
            if compute is None:
                provided[ir_measures.parse_measure(name)] = name
                continue
            for query, scores in top.items():
                per_query[query][name] = compute(qrels[query], scores, cutoff)
        for value in ir_measures.iter_calc(provided, safe, top) if provided else ():
            per_query[value.query_id][provided[value.measure]] = float(value.value)
    return per_query


def _check_grades(judgments: Judgments) -> None:
    """Raise InputError for a grade that is no whole number from -MAX_GRADE to MAX_GRADE."""
    for query, grades in judgments.items():
        for document, grade in grades.items():
            if not isinstance(grade, int) or not -MAX_GRADE <= grade <= MAX_GRADE:
                raise InputError(
                    f"The grade of {document!r:.80} for the query {query!r:.80} is no whole number "
                    f"from -{MAX_GRADE} to {MAX_GRADE}.",
                    "Correct the judgments.",
                )
