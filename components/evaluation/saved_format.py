"""The format of a saved evaluation: a small head for lists, and a body with every ranking.

Format 1 is that of version 0.1.0. A change that older code cannot read gets the next number and a
migration of what came before.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from components.domain import Usage

VERSION = 1


class _Saved(BaseModel):
    model_config = ConfigDict(frozen=True)


class SavedVersion(_Saved):
    """The number of the format, which is read before anything else."""

    version: int = 1


class SavedHead(SavedVersion):
    """What a list needs, and what was run; `means` by system and measure."""

    corpus: str
    documents: int
    split: str
    subset: str
    queries: int
    systems: Annotated[tuple[str, ...], Field(min_length=1)]
    first_stage: str
    rerankers: tuple[str, ...]
    initial_k: int
    instruction: str = ""
    models: dict[str, str]
    means: dict[str, dict[str, float]]


Place = Annotated[int, Field(ge=0)]
SavedRun = tuple[list[Place], list[float], Annotated[list[float], Field(max_length=5)], Usage]
"""Documents by their place in `SavedBody.documents`, scores, times as in `Timing`, usage."""


class SavedBody(_Saved):
    """Queries with their tags, judgments, and every system's ranking of every query."""

    queries: list[tuple[str, str, tuple[str, ...]]]
    judgments: dict[str, dict[str, int]]
    documents: list[str]
    runs: dict[str, dict[str, SavedRun]]
    failures: list[tuple[str, str, str, str]]
