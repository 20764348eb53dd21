"""Qdrant on a server or a cluster, through its client."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np
from qdrant_client import QdrantClient, models

from components.config import QdrantSettings
from components.domain import Corpus, Matrix, Progress, StoreError
from components.models.bm25 import SparseVector
from components.retrieval.engine import PREFIX, CollectionStatus, formats, health, leftovers, recall
from components.retrieval.engine.building import Builder
from components.retrieval.engine.errors import is_refusal, one_line
from components.retrieval.engine.nodes import Nodes
from components.retrieval.engine.recall import Graph
from components.retrieval.filtering import Clauses
from components.retrieval.schema import (
    DENSE,
    Candidate,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)
from components.wording import count as counted

_POLL_S = 1.0
_AT_ONCE = 8
"""Collections that are described at the same time: each takes several calls."""


class ServerEngine:
    """Collections on a Qdrant server or cluster."""

    embedded = False

    def __init__(
        self, settings: QdrantSettings, sign_every_s: float = leftovers.SIGN_EVERY_S
    ) -> None:
        self.settings = settings
        self._nodes = Nodes(settings)
        self._builder = Builder(self._nodes, sign_every_s)
        self._points: dict[str, int] = {}
        self._graphs: dict[str, tuple[str, Graph]] = {}

    @property
    def where(self) -> str:
        """Return where the collections are, for messages; addresses without passwords."""
        return self._nodes.where

    def points(self, alias: str) -> int:
        """Return how many points the complete collection has; 0 where there is none."""
        if alias not in self._nodes.aliases():
            return 0
        points = self._nodes.call(lambda client: int(client.count(alias, exact=True).count))
        self._points[alias] = points
        return points

    def build(
        self,
        alias: str,
        corpus: Corpus,
        schema: CollectionSchema,
        vectors: CorpusVectors,
        progress: Progress,
    ) -> None:
        """Fill a new collection, check its count, and move the alias to it."""
        self._builder.build(alias, corpus, schema, vectors, progress)
        self._graphs.pop(alias, None)

    def wants_graph(self, alias: str) -> bool:
        """Return whether a collection is too large for exact search, and has no graph measured."""
        large = self._points.get(alias, 0) > self.settings.exact_limit
        return large and alias not in self._graphs

    def build_graph(self, alias: str, queries: Matrix, check: Callable[[], object]) -> None:
        """Wait until the server has built the graph, and measure it; it is measured in each lab."""
        while True:
            check()
            name = self._nodes.aliases().get(alias, alias)
            state = self._nodes.call(partial(QdrantClient.get_collection, collection_name=name))
            indexed = (state.indexed_vectors_count or 0) >= self._points.get(alias, 0)
            if state.status == models.CollectionStatus.GREEN and indexed:
                break
            time.sleep(_POLL_S)

        def nearest(ef: int) -> list[set[int]]:
            asked = [VectorQuery(DENSE, row) for row in queries]
            answers = self._search(alias, asked, [recall.DEPTH] * len(asked), ef)
            return [{point.position for point in points} for points in answers]

        self._graphs[alias] = name, recall.measured(nearest(0), nearest)

    def aliases(self) -> tuple[str, ...]:
        """Return the aliases of the complete collections."""
        names = (name for name in self._nodes.aliases() if not leftovers.is_sign(name))
        return tuple(sorted(name for name in names if name.startswith(PREFIX)))

    def drop(self, alias: str) -> None:
        """Remove a collection and its alias, where there is one."""
        if name := self._nodes.aliases().get(alias):
            self._nodes.delete(name)

    def bytes_here(self, beginning: str) -> int:
        """Return 0: nothing of a collection lies on this machine."""
        return 0

    def drop_all(self, beginning: str, but: Collection[str] = ()) -> None:
        """Remove all collections but some whose alias begins so; half-built ones go in time."""
        for alias in self.aliases():
            if alias.startswith(beginning) and alias not in but:
                self.drop(alias)

    # ------------------------------------------------------------ searching

    def count(self, alias: str, where: Clauses) -> int:
        """Return how many points meet a filter."""
        wanted = formats.conditions(where)
        return self._nodes.call(
            lambda client: int(client.count(alias, count_filter=wanted, exact=True).count)
        )

    def search(
        self,
        alias: str,
        queries: Sequence[VectorQuery],
        limits: Sequence[int],
        where: Clauses = (),
    ) -> list[list[Candidate]]:
        """Return for each query up to so many nearest points, all in one request.

        A graph is not asked where there is a filter.
        """
        _, graph = self._graphs.get(alias, ("", None))
        return self._search(alias, queries, limits, graph.ef if graph and not where else 0, where)

    def _search(
        self,
        alias: str,
        queries: Sequence[VectorQuery],
        limits: Sequence[int],
        ef: int,
        where: Clauses = (),
    ) -> list[list[Candidate]]:
        requests = [
            formats.request(query, limit, ef, where)
            for query, limit in zip(queries, limits, strict=True)
        ]

        def ask(client: QdrantClient) -> list[list[Candidate]]:
            answers = client.query_batch_points(alias, requests)
            if len(answers) != len(requests):
                raise ValueError(f"{len(answers)} answers to {counted(len(requests), 'query')}")
            return [
                [Candidate(int(p.id), float(p.score)) for p in answer.points[:limit]]
                for answer, limit in zip(answers, limits, strict=True)
            ]

        try:
            return self._nodes.call(ask)
        except StoreError as exc:
            if not is_refusal(exc.__cause__):
                raise
            remedy = self._remedy(alias, queries, limits) or exc.remedy
            raise StoreError(exc.reason, remedy) from exc.__cause__

    def _remedy(self, alias: str, queries: Sequence[VectorQuery], limits: Sequence[int]) -> str:
        """Return what helps against the refusal of a search; empty where that is not plain."""
        most = self._nodes.strict_mode(alias).max_query_limit
        if most is not None and most < max(limits):
            return (
                f"Raise max_query_limit in the strict mode of {alias} to at least {max(limits)}, "
                "or search fewer candidates: more are asked for than are wanted, to settle ties."
            )
        sizes = {q.vector.size for q in queries if not isinstance(q.vector, SparseVector)}
        with suppress(StoreError):
            params = self._nodes.call(lambda client: client.get_collection(alias).config.params)
            dense = params.vectors.get(DENSE) if isinstance(params.vectors, dict) else None
            if dense and sizes - {dense.size}:
                return f"Remove {alias} from the server; the next search indexes the corpus again."
        return ""

    def dense(self, alias: str, positions: Sequence[int]) -> Matrix:
        """Return the dense vectors of points, shape (len(positions), dimension)."""

        def ask(client: QdrantClient) -> Matrix:
            records = client.retrieve(
                alias, list(set(positions)), with_payload=False, with_vectors=[DENSE]
            )
            rows = {int(r.id): r.vector[DENSE] for r in records if isinstance(r.vector, dict)}
            return np.array([rows[i] for i in positions], np.float32)

        return self._nodes.call(ask)

    # ------------------------------------------------------------ status

    def status(self) -> tuple[CollectionStatus, ...]:
        """Return the lab's collections in this store, with what is to be noted of each."""
        aliases = {
            alias: name
            for alias, name in self._nodes.aliases().items()
            if alias.startswith(PREFIX) and not leftovers.is_sign(alias)
        }
        if not aliases:
            return ()
        timeout_s, replicas = self.settings.timeout_s, self.settings.replicas
        of_peers = self._noted(lambda client: health.of_peers(client, timeout_s))

        def describe(alias: str) -> CollectionStatus:
            name = aliases[alias]
            points = self._nodes.call(partial(QdrantClient.count, collection_name=name)).count
            notes = self._noted(partial(health.of_collection, name=name, replicas=replicas))
            status = CollectionStatus(alias, name, points, (*notes, *of_peers))
            measured, graph = self._graphs.get(alias, ("", None))
            return replace(status, search=str(graph)) if measured == name else status

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return tuple(pool.map(describe, aliases))

    def _noted(self, ask: Callable[[QdrantClient], Iterable[str]]) -> tuple[str, ...]:
        """Return what is to be noted; who may search need not be allowed to know it."""
        try:
            lines = tuple(self._nodes.call(ask))
        except StoreError as exc:
            lines = (f"its state cannot be read: {exc.reason}",)
        return tuple(one_line(line, self._nodes.secrets) for line in lines)
