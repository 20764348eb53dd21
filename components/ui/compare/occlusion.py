"""Explains a score by leaving out sentences or words, one by one, on request."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import streamlit as st

from components import pipeline
from components.advice.costs import charge_for_texts
from components.advice.estimates import estimate_texts
from components.analysis import explanations
from components.analysis.explanations import Occlusion, Unit
from components.charts.palette import SystemStyle
from components.domain import Hit, Ranking, Spec
from components.lab import StepReport
from components.pipeline.job import ComparisonJob
from components.ui.shared import page
from components.ui.shared.work import on_demand, result_of
from components.wording import agree, count, dollars, score

NARROW = st.column_config.Column(width=90)
ROWS = 8
"""Pieces in the table: those with the greatest effect."""


def explain(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit, style: SystemStyle) -> None:
    """Offer to score a document's text without each of its pieces; show what each is worth."""
    text = hit.document.passage
    units: dict[str, Unit] = {"sentences": "sentence", "words": "word"}
    plural = st.segmented_control(
        "Leave out, one by one",
        list(units),
        default="sentences",
        key=f"_unit_{spec.provider}",
    )
    unit = units[plural or "sentences"]
    key = ("occlusion", ranking.system, hit.document.id, job.request, unit)
    result = cast("Occlusion | None", result_of(key))
    if result is not None:
        _shaded(result, style)
        return
    page.soft(_price_of_explaining(job, spec, text, unit), "asking")
    on_demand(
        key,
        "Explain",
        "explain",
        lambda report: occluded(job, ranking.system, text, unit, report),
        icon=":material/science:",
        estimate=estimate_texts(
            [ranking.system],
            job.request.query.text,
            explanations.variants(text, unit),
            job.lab.settings,
        ),
    )


def _price_of_explaining(job: ComparisonJob, spec: Spec, text: str, unit: Unit) -> str:
    """Say how many variants are scored and, for a provider, what that costs."""
    texts = explanations.variants(text, unit)
    work = (
        f"{count(len(texts), 'variant')} {agree(len(texts), 'is', 'are')} scored. "
        f"{explanations.CAVEATS['occlusion']}"
    )
    if not spec.provider:
        return work
    charge = charge_for_texts(spec, job.request.query.text, texts, job.lab.settings)
    cost = "its price is not on file" if charge.usd is None else f"about {dollars(charge.usd)}"
    return (
        f"{work} {explanations.CAVEATS['hosted']} Here: {count(charge.requests, 'request')}, "
        f"{cost}."
    )


def occluded(
    job: ComparisonJob, system: str, text: str, unit: Unit, report: StepReport
) -> Occlusion:
    """Score a text without each of its pieces, by one of a comparison's systems."""

    class Watcher(pipeline.NullWatcher):
        """Passes steps on to the task."""

        def step(self, system: str, state: str, done: int, total: int) -> None:
            report(state, done, total)

    def score_variants(texts: Sequence[str]) -> explanations.Values:
        run = replace(job.run, watcher=Watcher())
        return pipeline.score_texts(run, job.request.query.text, system, texts).scores.values

    return explanations.occlusion(score_variants, text, unit)


def _shaded(result: Occlusion, style: SystemStyle) -> None:
    """Show the text, each piece shaded by what leaving it out takes from the score."""
    page.soft(
        f"How to read: the whole text scores {score(result.full)}. Shaded is what the score "
        "needs, the stronger the more; underlined in dots is what lowers it. "
        f"{explanations.CAVEATS['occlusion']}",
        "shaded",
    )
    st.html(f'<div class="shaded" dir="auto">{shaded_html(result, style.colour)}</div>')
    rows = sorted(result.pieces, key=lambda p: -abs(p.effect))[:ROWS]
    st.dataframe(
        [
            {
                "Effect": ("+" if p.effect >= 0 else "") + score(p.effect),
                "Score without": score(p.without),
                "Left out": result.text[p.start : p.end].strip()[:200],
            }
            for p in rows
        ],
        hide_index=True,
        width="stretch",
        column_config={"Effect": NARROW, "Score without": NARROW},
    )


def shaded_html(result: Occlusion, colour: str) -> str:
    """Return the pieces of a text as escaped HTML, shaded by their effect."""
    shares = explanations.shares([piece.effect for piece in result.pieces])
    parts = []
    for piece, share in zip(result.pieces, shares, strict=True):
        text = html.escape(result.text[piece.start : piece.end])
        shade = f"background:color-mix(in srgb, {colour} {45 * max(share, 0):.0f}%, transparent)"
        style = shade if share > 0 else "text-decoration:underline dotted" if share < -0.1 else ""
        parts.append(f'<span style="{style}" title="{piece.effect:+.3f}">{text}</span>')
    return "".join(parts)
