"""Which measures there are: what the files of this package offer."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from components.discovery import offered
from components.domain import InputError
from components.measures import standard
from components.measures.records import Measure
from components.wording import listed, shortened

DEFAULT = "nDCG@10"
"""The measure that rankings are judged by unless another one is named."""
MAX_CUTOFF: Final = 10**6
"""The largest cut-off: trec_eval counts up to it for every query."""
_PACKAGE = sys.modules[__name__.rpartition(".")[0]]


def families() -> Mapping[str, Measure]:
    """Return the measures by name without cut-off; raise ValueError if two have the same name."""
    return _families(tuple(_PACKAGE.__path__))


@cache
def _families(path: tuple[str, ...]) -> Mapping[str, Measure]:
    """Return the measures that the files in these folders offer, the standard ones first."""
    table: dict[str, Measure] = {}
    for entry in (*standard.MEASURES, *offered(_PACKAGE, "MEASURES", Measure)):
        if table.setdefault(entry.name, entry) is not entry:
            raise ValueError(f"two measures have the name {entry.name}")
    return MappingProxyType(table)


def usual_measures() -> tuple[str, ...]:
    """Return the names of all measures at their usual cut-offs, the default first."""
    return tuple(entry.at(entry.cutoff) for entry in families().values())


def quality_measures() -> tuple[str, ...]:
    """Return the usual measures of which a higher value means a better ranking."""
    return tuple(entry.at(entry.cutoff) for entry in families().values() if entry.quality)


def measures_at(k: int) -> tuple[str, ...]:
    """Return the names of all measures at cut-off k."""
    return tuple(entry.at(k) for entry in families().values())


def parse_measure(name: str) -> tuple[Measure, int | None]:
    """Return a measure and its cut-off by a full name; raise InputError where there is none."""
    family, at, text = name.strip().partition("@")
    entry = families().get(family)
    # int() raises where a text has thousands of digits
    is_cutoff = re.fullmatch("[0-9]{1,9}", text) is not None and 0 < int(text) <= MAX_CUTOFF
    if entry is not None and entry.cutoff is None and not at:
        return entry, None
    if entry is not None and entry.cutoff is not None and is_cutoff:
        return entry, int(text)
    names = [other.at("k") for other in families().values()]
    raise InputError(
        f"There is no measure {shortened(name, 40)!r}.",
        f"Known are {listed(names)}, with a whole number up to {MAX_CUTOFF:,} for k.",
    )


def check_measure(name: str) -> str:
    """Return the full name of a measure as it is written here; InputError for any other."""
    entry, cutoff = parse_measure(name)
    return entry.at(cutoff)


def is_quality(name: str) -> bool:
    """Return whether a higher value of a measure, by full name, means a better ranking.

    A measure that there is not any more, as of a saved evaluation, counts as one of quality.
    """
    entry = families().get(name.partition("@")[0])
    return entry is None or entry.quality


def cutoff_of(name: str) -> int | None:
    """Return the cut-off in a measure's full name; None where it has none."""
    return int(name.partition("@")[2] or 0) or None
