"""What is asked of the two stages, who watches them at work, and the checks of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from components.domain import Failure, InputError, Ranking, Recorded
from components.lab import Lab, catalog


class Watcher(Protocol):
    """Somebody who wants to see a comparison as it fills. Every method may raise `Cancelled`."""

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Take note that a system is at `done` of `total` in a state such as load, wait, run."""
        ...

    def ranked(self, result: Ranking | Failure) -> None:
        """Take note that a system has ended; the first stage is the first to do so."""
        ...


class Unwatched:
    """Watches nothing."""

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Ignore a step."""

    def ranked(self, result: Ranking | Failure) -> None:
        """Ignore a result."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to compare: a query, a first stage, rerankers, and how many candidates they see.

    An `instruction` goes to the rerankers that follow one, except where their name ends in
    `@plain`. `recorded` rankings join the computed ones; a `recorded_first` stands in for the
    first stage. `deadline_s` bounds the scoring of each reranker; without one, network rerankers
    have the configured deadline and local ones take their time. `reuse` takes scores that are kept
    on disk, and keeps new ones there.
    """

    query: str
    first_stage: str = catalog.DEFAULT_FIRST_STAGE
    rerankers: tuple[str, ...] = (catalog.DEFAULT_RERANKER,)
    initial_k: int = 100
    instruction: str = ""
    recorded: tuple[Recorded, ...] = ()
    recorded_first: Recorded | None = None
    deadline_s: float | None = None
    reuse: bool = False

    @property
    def systems(self) -> tuple[str, ...]:
        """Return the names of all columns but the first stage's."""
        return (*self.rerankers, *(r.key for r in self.recorded))


def check_request(request: Request, lab: Lab) -> None:
    """Raise InputError for a blank query, an unknown key, a key named twice or a bad depth."""
    check_query(request.query)
    catalog.require(request.first_stage, catalog.first_stages(), "first stage")
    for key in request.rerankers:
        spec = catalog.reranker_spec(catalog.base(key), lab.settings)
        if key != spec.key and not (spec.instructions and request.instruction.strip()):
            raise InputError(
                f"{key} means {spec.key} without the instruction, and there is none for it.",
                "Give an instruction, and choose a reranker that follows one.",
            )
    if len(set(request.systems)) < len(request.systems):
        raise InputError("A reranker is named twice.", "Name each one once.")
    check_depth("initial_k", request.initial_k)
    if request.instruction:
        check_query(request.instruction, "instruction")


def check_query(query: str, name: str = "query") -> None:
    """Raise InputError for a query that is blank or holds half a surrogate pair."""
    if not query.strip():
        raise InputError(f"The {name} is empty.", "Type a question or a few words.")
    if any("\ud800" <= c <= "\udfff" for c in query):
        raise InputError(f"The {name} is not valid Unicode text.", "Type it again, in UTF-8.")


def check_depth(name: str, value: int, limit: int | None = None) -> None:
    """Raise InputError for a depth under 1 or over `limit`."""
    if value < 1:
        raise InputError(f"{name} is {value}; it must be at least 1.", "Raise it.")
    if limit is not None and value > limit:
        raise InputError(
            f"{name} ({value}) is larger than initial_k ({limit}).",
            "Only candidates can be shown: lower final_k or raise initial_k.",
        )
