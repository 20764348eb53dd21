"""What pipelines are, what they are asked, who watches them at work, and the checks of all that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from components.corpora import MAX_QUERY
from components.domain import (
    NO_FILTER,
    Comparison,
    Corpus,
    Failure,
    Filter,
    InputError,
    Ranking,
    Recorded,
)
from components.lab import Lab, catalog
from components.pipeline.limits import INITIAL_K, MAX_DEPTH
from components.wording import count


class Watcher(Protocol):
    """Receives the progress of a comparison as it fills. Every method may raise `Cancelled`."""

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Take note that a system is at `done` of `total` in a state such as load, wait, run."""
        ...

    def scored(self, system: str, scores: Sequence[tuple[int, float]]) -> None:
        """Take note of new scores, each with the place of its candidate; their step follows.

        Not every reranker tells them before its end.
        """
        ...

    def ranked(self, result: Ranking | Failure, comparison: Comparison) -> None:
        """Take note that a system has ended, and of the comparison so far.

        The first stage is the first to end.
        """
        ...


class NullWatcher:
    """Ignores all progress."""

    def step(self, system: str, state: str, done: int, total: int) -> None:
        """Ignore a step."""

    def scored(self, system: str, scores: Sequence[tuple[int, float]]) -> None:
        """Ignore scores."""

    def ranked(self, result: Ranking | Failure, comparison: Comparison) -> None:
        """Ignore a result."""


@dataclass(frozen=True, slots=True)
class Pipelines:
    """A first stage, how many candidates it hands on, and the rerankers that order them.

    An `instruction` goes to the rerankers that follow one, except where their name ends in
    `@plain`. `deadline_s` bounds the scoring of each reranker; without one, network rerankers have
    the configured deadline and local ones have none. With `reuse`, scores that are cached on disk
    are not computed again, and new ones are cached. The first stage searches only documents that
    meet the `filter`.
    """

    first_stage: str = catalog.DEFAULT_FIRST_STAGE
    rerankers: tuple[str, ...] = (catalog.DEFAULT_RERANKER,)
    initial_k: int = INITIAL_K
    instruction: str = ""
    deadline_s: float | None = None
    reuse: bool = False
    filter: Filter = NO_FILTER


@dataclass(frozen=True, slots=True)
class QueryInput:
    """A query, and the rankings of it that were made earlier or elsewhere.

    `recorded` rankings join the computed ones; a `recorded_first` stands in for the first stage.
    """

    text: str
    recorded: tuple[Recorded, ...] = ()
    recorded_first: Recorded | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """Pipelines and the query that they are asked: one comparison."""

    pipelines: Pipelines
    query: QueryInput

    @property
    def systems(self) -> tuple[str, ...]:
        """Return the names of all columns but the first stage's."""
        return (*self.pipelines.rerankers, *(r.key for r in self.query.recorded))


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """Pipelines at work: in which lab, over which corpus, and who receives their progress.

    Without a corpus the candidates are texts of no corpus.
    """

    lab: Lab
    corpus: Corpus | None
    pipelines: Pipelines
    watcher: Watcher = field(default_factory=NullWatcher)


# ---------------------------------------------------------------- checks


def check_request(request: Request, lab: Lab) -> None:
    """Raise InputError for a blank query, or for pipelines that cannot be run."""
    check_query(request.query.text)
    check_pipelines(request.pipelines, lab)
    if len(set(request.systems)) < len(request.systems):
        raise InputError("A reranker is named twice.", "Name each one once.")


def check_pipelines(pipelines: Pipelines, lab: Lab) -> None:
    """Raise InputError for an unknown key, a key named twice, a bad depth or instruction."""
    catalog.first_stage(pipelines.first_stage, lab.settings)
    for key in pipelines.rerankers:
        spec = catalog.reranker_spec(catalog.base(key), lab.settings)
        if key != spec.key and not (spec.instructions and pipelines.instruction.strip()):
            raise InputError(
                f"{key} means {spec.key} without the instruction, and there is none for it.",
                "Give an instruction, and choose a reranker that follows one.",
            )
    if len(set(pipelines.rerankers)) < len(pipelines.rerankers):
        raise InputError("A reranker is named twice.", "Name each one once.")
    check_depth("initial_k", pipelines.initial_k, most=MAX_DEPTH)
    if pipelines.instruction:
        check_query(pipelines.instruction, "instruction")


def check_query(query: str, name: str = "query") -> None:
    """Raise InputError for a query that is blank, too long or holds half a surrogate pair."""
    if not query.strip():
        raise InputError(f"The {name} is empty.", "Type a question or a few words.")
    if len(query) > MAX_QUERY:
        raise InputError(
            f"The {name} has {count(len(query), 'character')}; it may have at most {MAX_QUERY:,}.",
            "Models read the first few thousand at most: shorten it.",
        )
    if any("\ud800" <= c <= "\udfff" for c in query):
        raise InputError(
            f"The {name} is not valid Unicode text: it came in another encoding than UTF-8.",
            "Type it again, in a terminal whose locale is UTF-8, such as LC_ALL=C.UTF-8.",
        )


def check_depth(
    name: str, value: int, limit: int | None = None, *, most: int | None = None
) -> None:
    """Raise InputError for a number under 1, over `most`, or over an initial_k of `limit`."""
    if value < 1:
        raise InputError(f"{name} is {_digits(value)}; it must be at least 1.", "Raise it.")
    if most is not None and value > most:
        raise InputError(f"{name} is {_digits(value)}; it may be at most {most:,}.", "Lower it.")
    if limit is not None and value > limit:
        raise InputError(
            f"{name} ({_digits(value)}) is larger than initial_k ({_digits(limit)}).",
            "Only candidates can be shown: lower final_k or raise initial_k.",
        )


def _digits(number: int) -> str:
    """Return a number as text; of a very long one its size, because Python refuses to write it."""
    return str(number) if number.bit_length() <= 100 else "a number of more than 30 digits"
