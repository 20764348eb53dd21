"""What an evaluation's rules count and leave out, in sentences and in figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from components.corpora import quoted
from components.evaluation.planning import Plan
from components.evaluation.rules import Rules
from components.evaluation.running import Evaluation
from components.measures import Metrics, is_quality, measure
from components.wording import agree, count, listed

MOST_NAMED = 5
"""Ids that a sentence names."""


def means_under(
    plan: Plan, evaluation: Evaluation, rules: Rules, name: str, unasked: int = 0
) -> dict[str, float]:
    """Return each system's mean of a measure of quality by other rules of counting judgments.

    The rankings are those that there are: a query that was left out has the value 0, for no
    document of the corpus is relevant to it, and so have queries that were not asked. A system that
    ranked nothing is left out.
    """
    marginal, judgments = plan.marginal, dict(plan.judgments)
    if rules.dangling:
        for query, row in marginal.dangling.items():
            judgments[query] = {**judgments.get(query, {}), **row}
    planned = {query.id for query in plan.queries}
    zeros = unasked + sum(
        rules.zero_only or any(grade > 0 for grade in judgments.get(q.id, {}).values())
        for q in marginal.queries
        if q.id not in planned
    )
    means = {}
    for system in plan.systems:
        values = [
            v[name] for v in measure(evaluation.run(system), judgments, (name,)).per_query.values()
        ]
        if values:
            means[system] = sum(values) / (len(values) + zeros)
    return means


def means_if_counted(plan: Plan, evaluation: Evaluation, name: str) -> dict[str, dict[str, float]]:
    """Return the means that counting what is left out would give, by rule and system.

    All together, as `all`, give what ir_measures computes on the files as they are: there a judged
    query that no run has counts as 0, also one of which the corpus has no text (`unasked`). What
    leaves nothing out is not there. None is where the queries were drawn among those that count, or
    where the measure is not one of quality.
    """
    marginal, rules = plan.marginal, plan.rules
    if marginal.drawn or not is_quality(name) or not evaluation.complete:
        return {}
    others, unasked = dict[str, Rules](), marginal.unasked.number
    if marginal.queries and not rules.zero_only:
        others["zero_only"] = replace(rules, zero_only=True)
    if marginal.n_dangling and not rules.dangling:
        others["dangling"] = replace(rules, dangling=True)
    if unasked:
        others["unasked"] = rules
    if len(others) > 1:
        others["all"] = replace(rules, zero_only=True, dangling=True)
    return {
        key: means_under(plan, evaluation, other, name, unasked if key in ("unasked", "all") else 0)
        for key, other in others.items()
    }


def describe_counting(
    plan: Plan, evaluation: Evaluation, metrics: Mapping[str, Metrics], name: str
) -> tuple[str, ...]:
    """Return a sentence or two on each kind that the rules count or leave out; none on the rest."""
    others = {
        key: listed(
            [
                f"{system} {value:.4f} instead of {metrics[system].mean[name]:.4f}"
                for system, value in means.items()
                if name in metrics[system].mean
            ]
        )
        for key, means in means_if_counted(plan, evaluation, name).items()
    }
    sentences = [
        *_of_identical(plan, evaluation),
        *_of_zero_only(plan, name, others.get("zero_only", "")),
        *_of_dangling(plan, name, others.get("dangling", "")),
        *_of_unasked(plan, name, others.get("unasked", "")),
    ]
    if "all" in others:
        sentences.append(
            f"With {'both' if len(others) == 3 else 'all'} counted, as ir_measures does of the "
            f"same files, the mean {name} would be: {others['all']}."
        )
    lacking = plan.marginal.without_candidates
    if lacking:
        sentences.append(
            f"{count(len(lacking), 'judged query')} without candidates in the file "
            f"{agree(len(lacking), 'is', 'are')} left out: {_named(lacking)}."
        )
    return tuple(sentences)


def _of_identical(plan: Plan, evaluation: Evaluation) -> Iterator[str]:
    own = plan.marginal.identical
    if own:
        what = (
            "is ranked for itself, which BEIR's evaluator does not do"
            if plan.rules.identical
            else "is not ranked for itself, as in BEIR's evaluator; an option keeps it"
        )
        yield (
            f"{count(len(own), 'query')} {agree(len(own), 'is a document', 'are documents')} of "
            f"the corpus, by id and text: {_named(own)}. Such a document {what}."
        )
        judged = [q for q in own if plan.judgments.get(q, {}).get(q, 0) > 0]
        if judged and not plan.rules.identical:
            yield (
                f"Of {count(len(judged), 'query')} that document is judged relevant: it counts in "
                f"the ideal ranking and cannot be reached ({_named(judged)})."
            )
    first = evaluation.rankings.get(plan.first_stage, {})
    same_id = [q for q in evaluation.complete if q in first[q].documents and q not in own]
    if same_id:
        yield (
            f"{count(len(same_id), 'query')} ranked a document of the query's id with another "
            f"text: {_named(same_id)}. It is kept; BEIR's evaluator leaves it out."
        )


def _of_zero_only(plan: Plan, name: str, means: str) -> Iterator[str]:
    queries = [query.id for query in plan.marginal.queries]
    if not queries:
        return
    be = agree(len(queries), "is", "are")
    what = f"{count(len(queries), 'judged query')} without a relevant document"
    if plan.rules.zero_only:
        yield f"{what} {be} counted as 0: {_named(queries)}."
        return
    would = f" Counted as 0, the mean {name} would be: {means}." if means else ""
    yield f"{what} {be} left out: {_named(queries)}.{would}"


def _of_dangling(plan: Plan, name: str, means: str) -> Iterator[str]:
    dangling, n = plan.marginal.dangling, plan.marginal.n_dangling
    if not n:
        return
    query, row = next(iter(dangling.items()))
    what = (
        f"{count(n, 'judgment')} {agree(n, 'names a document', 'name documents')} that the corpus "
        f"lacks, such as {quoted(next(iter(row)))} for the query {quoted(query)}:"
    )
    it = agree(n, "it", "they")
    if plan.rules.dangling:
        yield f"{what} {it} {agree(n, 'counts', 'count')} in the ideal ranking."
        return
    would = f" Counted, the mean {name} would be: {means}." if means else ""
    yield f"{what} {it} {agree(n, 'is', 'are')} left out of the ideal ranking.{would}"


def _of_unasked(plan: Plan, name: str, means: str) -> Iterator[str]:
    unasked, n = plan.marginal.unasked, plan.marginal.unasked.number
    if not n:
        return
    would = f" Counted as 0, the mean {name} would be: {means}." if means else ""
    yield (
        f"{count(n, 'judged query')} {agree(n, 'has', 'have')} no text in the corpus's queries, "
        f"such as {quoted(unasked.example)}: nothing can be asked, and "
        f"{agree(n, 'it is', 'they are')} left out.{would}"
    )


def _named(ids: tuple[str, ...] | list[str]) -> str:
    names = [quoted(id) for id in ids[:MOST_NAMED]]
    more = len(ids) - len(names)
    return listed([*names, f"{more:,} more"] if more else names)
