"""What the candidates' order and chance change in a column, on request."""

from __future__ import annotations

import streamlit as st

from components.advice.estimates import estimate_texts
from components.analysis.order_effects import (
    PASSES,
    SHUFFLES,
    OrderEffects,
    describe_order_effects,
    is_affected,
    measure_order_effects,
)
from components.domain import Ranking
from components.pipeline.job import ComparisonJob
from components.ui.compare.board.view import column_specs
from components.ui.compare.results import Results
from components.ui.shared import page
from components.ui.shared.work import on_demand
from components.wording import count, dollars


def is_offered(job: ComparisonJob) -> bool:
    """Return whether a comparison has a system whose order may hang on order or chance."""
    specs = column_specs(job.request, job.lab.settings)
    return any(is_affected(specs[system]) for system in job.request.pipelines.rerankers)


def order_and_chance(results: Results) -> None:
    """Offer to ask a system about the same candidates again, and show what became of its order."""
    page.heading(
        "Order and chance",
        f"How to read: the system orders the same candidates once more as they were, and "
        f"{SHUFFLES} times shuffled. What changes in the first pass is chance alone; what changes "
        "in the others is their order, or chance.",
    )
    names = {column.ranking.system: column.style.name for column in results.columns}
    rankings = {
        column.ranking.system: column.ranking
        for column, spec in zip(results.whole[1:], results.specs[1:], strict=True)
        if is_affected(spec) and not column.ranking.recorded
    }
    if not rankings or not results.job.finished:
        page.soft("Offered once the comparison has ended with such a column.", "no-order")
        return
    system = next(iter(rankings))
    if len(rankings) > 1:
        system = st.segmented_control(
            "System",
            list(rankings),
            default=system,
            format_func=lambda key: names[key],
            key="_order_of",
            label_visibility="collapsed",
            required=True,
        )
    effects = _measured(results, rankings[system])
    if effects is not None:
        for line in describe_order_effects(effects):
            st.text(line)
        _table(effects)


def _measured(results: Results, ranking: Ranking) -> OrderEffects | None:
    """Offer the passes, with what they cost; return what they gave once they have ended."""
    job, first = results.job, results.whole[0].ranking
    texts = [hit.document.passage for hit in first.hits]
    query = job.request.query.text
    estimate = estimate_texts([ranking.system], query, texts, job.lab.settings).times(PASSES)
    cost = f", {estimate}" if estimate.systems else ""
    page.soft(f"{PASSES} passes over {count(len(texts), 'candidate')}{cost}.", "order-cost")
    return on_demand(
        ("order", ranking.system, job.request, job.corpus.fingerprint, results.measure),
        f"Repeat once, shuffle {SHUFFLES} times",
        "order_effects",
        lambda report: measure_order_effects(
            job.run, query, first, ranking, results.grades, results.measure, report
        ),
        icon=":material/shuffle:",
        estimate=estimate,
    )


def _table(effects: OrderEffects) -> None:
    """Show each pass, and what all of them took together."""
    shuffled = 0
    rows = []
    for trial in effects.trials:
        shuffled += trial.shuffled
        rows.append(
            {
                "Candidates": f"shuffle {shuffled}" if trial.shuffled else "as they were",
                "Order": "the same" if trial.same else "another",
                f"Of its first {effects.top}": trial.shared,
            }
            | ({} if trial.quality is None else {effects.measure: f"{trial.quality:.3f}"})
        )
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch", key="order-effects")
    cost = "" if effects.usd is None else f", {dollars(effects.usd)}"
    requests = f"{count(effects.requests, 'request')}, {count(effects.tokens, 'token')}{cost}"
    page.soft(f"Billed for these passes: {requests}.", "order-billed")
