"""Engines: where collections of vectors live. The only modules that import Qdrant.

An engine finds neighbours in 32 bits and orders equal scores as it likes; `retrieval.store` makes
one list of candidates of that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from components.domain import Corpus, Matrix, Progress
from components.retrieval.filtering import Clauses
from components.retrieval.schema import Candidate, CollectionSchema, CorpusVectors, VectorQuery

PREFIX = "rerank-lab"
"""Begins the names of all collections of all labs."""
_REVISION = "3"
"""Of what a collection holds. Collections of version 0.1.0 have no revision in their names."""


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """One collection: its alias, its own name, how many points it has, and what is to be noted.

    `search` says how its dense vectors are searched.
    """

    alias: str
    collection: str
    points: int
    notes: tuple[str, ...] = ()
    search: str = "exact"

    @property
    def outdated(self) -> bool:
        """Return whether an earlier version made it, so that no search of this one asks it."""
        revision = re.search(r"-r(\d+)$", self.alias)
        return revision is None or int(revision[1]) < int(_REVISION)


class Engine(Protocol):
    """Collections of vectors, each searched under an alias. Safe to share between threads.

    A collection is built under a name of its own and only then given to its alias, so that no
    search sees a half-built one. Points are numbered by their documents' positions in the corpus.
    Every method raises StoreError where the engine is gone, slow, full or answers nonsense.
    """

    embedded: bool
    """Whether the engine runs in this process."""

    @property
    def where(self) -> str:
        """Return where the collections are, for messages; an address without its password."""

    def points(self, alias: str) -> int:
        """Return how many points the complete collection has; 0 where there is none."""

    def build(
        self,
        alias: str,
        corpus: Corpus,
        schema: CollectionSchema,
        vectors: CorpusVectors,
        progress: Progress,
    ) -> None:
        """Fill a new collection, check its count, and move the alias to it."""

    def count(self, alias: str, where: Clauses) -> int:
        """Return how many points meet a filter."""

    def search(
        self,
        alias: str,
        queries: Sequence[VectorQuery],
        limits: Sequence[int],
        where: Clauses = (),
    ) -> list[list[Candidate]]:
        """Return for each query up to so many nearest points, in any order among near-ties.

        Only points that meet the filter are searched, and those exactly: no graph is asked.
        """

    def dense(self, alias: str, positions: Sequence[int]) -> Matrix:
        """Return the dense vectors of points, shape (len(positions), dimension)."""

    def wants_graph(self, alias: str) -> bool:
        """Return whether a collection is too large for exact search, and has no graph yet."""

    def build_graph(self, alias: str, queries: Matrix, check: Callable[[], object]) -> None:
        """Build and measure a collection's graph; exact search serves meanwhile.

        `queries` are those that it is measured by, shape (queries, dimension); `check` is called
        again and again and may raise to end the work.
        """

    def aliases(self) -> tuple[str, ...]:
        """Return the aliases of the complete collections, without asking how each is."""

    def bytes_here(self, beginning: str) -> int:
        """Return what collections whose alias begins so take on this machine's disk."""

    def drop(self, alias: str) -> None:
        """Remove a collection and its alias, where there is one."""

    def drop_all(self, beginning: str, but: Collection[str] = ()) -> None:
        """Remove all collections but some whose alias begins so, half-built ones here too."""

    def status(self) -> tuple[CollectionStatus, ...]:
        """Return the lab's collections in this engine."""


def alias_of(corpus: Corpus, schema: CollectionSchema) -> str:
    """Return the name under which a corpus is searched; it tells its metadata too."""
    metadata = f"m{corpus.fields.digest[:12]}-" if corpus.fields.indexed else ""
    return f"{beginning_of(corpus.fingerprint)}{metadata}{_ending_of(schema)}"


def is_of(alias: str, fingerprint: str, schema: CollectionSchema) -> bool:
    """Return whether a name is that of a corpus's collection of a schema."""
    return alias.startswith(beginning_of(fingerprint)) and alias.endswith(_ending_of(schema))


def _ending_of(schema: CollectionSchema) -> str:
    return f"{schema.key}-r{_REVISION}"


def beginning_of(fingerprint: str) -> str:
    """Return how the names of all collections of a corpus begin."""
    return f"{PREFIX}-{fingerprint[:16]}-"
