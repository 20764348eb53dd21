"""`rerank-lab search --order-effects`: what the candidates' order and chance change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import typer
from rich.text import Text

from components.analysis.order_effects import (
    PASSES,
    SHUFFLES,
    OrderEffects,
    describe_order_effects,
    is_affected,
    measure_order_effects,
)
from components.cli.shared import Bars, out, steps_of
from components.config import Settings
from components.domain import Comparison, InputError
from components.lab import catalog
from components.measures import DEFAULT
from components.pipeline import PipelineRun

OrderOption = Annotated[
    bool,
    typer.Option(
        "--order-effects",
        help=f"Also rank the candidates once more, and {SHUFFLES} times shuffled, with each LLM "
        "and each other model that looks at all of them together.",
    ),
]


def with_passes(keys: Sequence[str], settings: Settings, *, order_effects: bool) -> tuple[str, ...]:
    """Return rerankers, each as often as it is run; InputError where none depends on the order."""
    if not order_effects:
        return tuple(keys)
    affected = [key for key in keys if is_affected(catalog.reranker_spec(key, settings))]
    if not affected:
        raise InputError(
            "None of the chosen rerankers depends on the order of the candidates or on chance.",
            "Leave --order-effects out, or choose an LLM.",
        )
    return (*keys, *affected * PASSES)


def measure_all(run: PipelineRun, comparison: Comparison, bars: Bars) -> list[OrderEffects]:
    """Measure what order and chance change in each ranking that may depend on them."""
    settings, corpus = run.lab.settings, run.corpus
    grades = corpus.grades(corpus.find_query(comparison.query)) if corpus else {}
    grades = comparison.first_stage.filter.inside(grades, corpus.some) if corpus else grades
    measure = partial(measure_order_effects, run, comparison.query, comparison.first_stage)
    return [
        measure(ranking, grades, DEFAULT, steps_of(bars, ranking.system))
        for ranking in comparison.rankings
        if is_affected(catalog.reranker_spec(ranking.system, settings))
    ]


def order_effects_json(effects: Sequence[OrderEffects]) -> dict[str, Any]:
    """Return the field of the effects; empty where none were measured."""
    return {"order_effects": [asdict(one) for one in effects]} if effects else {}


def print_order_effects(effects: Sequence[OrderEffects]) -> None:
    """Print in sentences what order and chance change."""
    for one in effects:
        for line in describe_order_effects(one):
            out.print(Text(f"{one.system}: {line}"), soft_wrap=True)
