"""The format of a saved evaluation: a small head for lists, and a body with every ranking.

Format 1 is that of version 0.1.0 and, still, of what has no filter. A change that older code cannot
read gets the next number and a migration of what came before.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

from components.corpora.faults import Grade
from components.domain import Filter, InputError, Usage
from components.wording import count

VERSION = 2
"""Of an evaluation under a filter, which older versions would take for one of the whole corpus."""
MAX_COUNT: Final = 10**15
"""The most that is counted or measured: documents, tokens, milliseconds, dollars."""


def _check_usage(usage: Usage) -> Usage:
    """Raise ValueError for a number of a usage that is below 0, above `MAX_COUNT` or none."""
    for name, value in asdict(usage).items():
        if value is not None and not 0 <= value <= MAX_COUNT:
            raise ValueError(f"{name} is not from 0 to {MAX_COUNT:,}")
    return usage


Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Milliseconds = Annotated[FiniteFloat, Field(le=MAX_COUNT)]


class _Saved(BaseModel):
    model_config = ConfigDict(frozen=True)


class SavedVersion(_Saved):
    """The number of the format, which is read before anything else."""

    version: Annotated[int, Field(ge=1)] = 1


class SavedRules(_Saved):
    """What is counted. What was saved without rules ranked documents for their own queries."""

    identical: bool = True
    zero_only: bool = False
    dangling: bool = False


def _check_filter(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Raise ValueError for what is no filter."""
    try:
        return Filter.parse(texts).texts
    except InputError as exc:
        raise ValueError(exc.reason) from exc


class SavedHead(SavedVersion):
    """What a list needs, and what was run; `means` by system and measure."""

    corpus: str
    documents: Count
    split: str
    subset: str
    queries: Count
    systems: Annotated[tuple[str, ...], Field(min_length=1)]
    first_stage: str
    rerankers: tuple[str, ...]
    initial_k: Annotated[Count, Field(ge=1)]
    instruction: str = ""
    models: dict[str, str]
    means: dict[str, dict[str, float]]
    rules: SavedRules = SavedRules()
    remarks: tuple[str, ...] = ()
    filter: Annotated[tuple[str, ...], AfterValidator(_check_filter)] = ()
    metadata: str = ""


Place = Annotated[int, Field(ge=0)]
_Run = tuple[
    list[Place],
    list[FiniteFloat],
    Annotated[list[Milliseconds], Field(max_length=5)],
    Annotated[Usage, AfterValidator(_check_usage)],
]


def _check_run(run: _Run) -> _Run:
    """Raise ValueError unless each document has one score."""
    if len(run[0]) != len(run[1]):
        raise ValueError(f"{count(len(run[1]), 'score')} of {count(len(run[0]), 'document')}")
    return run


SavedRun = Annotated[_Run, AfterValidator(_check_run)]
"""Documents by their place in `SavedBody.documents`, scores, times as in `Timing`, usage."""


class SavedMarginal(_Saved):
    """What the rules decide about, with the fields of `Marginal`."""

    queries: list[tuple[str, str, tuple[str, ...]]] = []
    judgments: dict[str, dict[str, Grade]] = {}
    dangling: dict[str, dict[str, Grade]] = {}
    identical: tuple[str, ...] = ()
    without_candidates: tuple[str, ...] = ()
    unasked: tuple[Count, str] = (0, "")
    drawn: bool = False
    outside: Count = 0
    filtered: tuple[str, ...] = ()


class SavedBody(_Saved):
    """Queries with their tags, judgments, and every system's ranking of every query.

    `ties` are, by system and query, the documents among which the cut of a first stage chose.
    """

    queries: list[tuple[str, str, tuple[str, ...]]]
    judgments: dict[str, dict[str, Grade]]
    documents: list[str]
    runs: dict[str, dict[str, SavedRun]]
    failures: list[tuple[str, str, str, str]]
    ties: dict[str, dict[str, Count]] = {}
    marginal: SavedMarginal = SavedMarginal()
