"""The query parameters of a link to a comparison, and which of their values are accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from components.config import Settings
from components.domain import Filter, InputError
from components.lab import catalog
from components.measures import parse_measure
from components.pipeline.limits import FINAL_K, MAX_FINAL_K, MAX_INITIAL_K, MAX_SYSTEMS, MAX_TEXT

VIEWS = {"all": "All columns", "differences": "Differences only", "presenter": "Presenter"}
Check = Callable[[Sequence[str]], Any]
"""Returns the value that a parameter's texts stand for, or None where it is not accepted."""


def parameters(settings: Settings) -> Mapping[str, Check]:
    """Return the check of each parameter by name; keys must be in the catalog of these settings."""
    rerankers = catalog.reranker_specs(settings)
    return {
        "q": text,
        "first": partial(first_stage, settings),
        "reranker": some_of(rerankers, MAX_SYSTEMS, catalog.RENAMED),
        "candidates": whole(1, MAX_INITIAL_K),
        "shown": whole(1, MAX_FINAL_K),
        "depth": whole(FINAL_K, MAX_INITIAL_K),
        "instruction": text,
        "filter": conditions,
        "document": text,
        "column": lambda values: catalog.RENAMED.get(values[0], text(values)),
        "view": one_of(VIEWS),
        "measure": quality_measure,
    }


def first_stage(settings: Settings, values: Sequence[str]) -> str | None:
    """Accept the key of a first stage, or of a fusion of two."""
    try:
        return catalog.first_stage(values[0], settings).key
    except InputError:
        return None


def text(values: Sequence[str]) -> str | None:
    """Accept a text that is not blank, cut to MAX_TEXT characters."""
    value = values[0][:MAX_TEXT]
    return value if value.strip() else None


def conditions(values: Sequence[str]) -> Filter | None:
    """Accept the conditions of a filter, all or none."""
    try:
        return Filter.parse(values)
    except InputError:
        return None


def quality_measure(values: Sequence[str]) -> str | None:
    """Accept the full name of a measure of quality, such as nDCG@5."""
    try:
        measure, cutoff = parse_measure(values[0])
    except InputError:
        return None
    return measure.at(cutoff) if measure.quality else None


def measure_within(most: int) -> Check:
    """Accept the full name of a measure at a cut-off of at most `most`; return both."""

    def check(values: Sequence[str]) -> tuple[str, int | None] | None:
        try:
            measure, cutoff = parse_measure(values[0])
        except InputError:
            return None
        return (measure.name, cutoff) if (cutoff or 1) <= most else None

    return check


def whole(low: int, high: int) -> Check:
    """Accept a whole number in ASCII digits from `low` to `high`."""

    def check(values: Sequence[str]) -> int | None:
        value = values[0]
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 7 else low - 1
        return number if low <= number <= high else None

    return check


def one_of(keys: Mapping[str, object]) -> Check:
    """Accept one of the keys."""
    return lambda values: values[0] if values[0] in keys else None


def some_of(
    keys: Mapping[str, object], most: int, renamed: Mapping[str, str] = MappingProxyType({})
) -> Check:
    """Accept at most `most` of the keys, whatever unknown ones stand beside them.

    Former keys count as those that took their place; blank and repeated ones are dropped.
    """

    def check(values: Sequence[str]) -> tuple[str, ...] | None:
        named = [renamed.get(value, value) for value in values if value]
        wanted = tuple(dict.fromkeys(key for key in named if key in keys))
        return wanted if len(wanted) <= most and (wanted or not named) else None

    return check


def about_rerankers(values: Sequence[str], settings: Settings) -> list[str]:
    """Return what is to be said of the rerankers of a link of which some are accepted."""
    keys, named = (
        catalog.reranker_specs(settings),
        [value for value in dict.fromkeys(values) if value],
    )
    return [catalog.about_renamed(value) for value in named if value in catalog.RENAMED] + [
        f"reranker={value[:60]} is not known here; the others are used."
        for value in named
        if value not in keys and value not in catalog.RENAMED
    ]
