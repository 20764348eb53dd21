"""Reading a collection that somebody else made and keeps. Not one of these calls writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Any

from qdrant_client import QdrantClient, models

from components.config import CollectionSettings, QdrantSettings
from components.domain import InputError, StoreError
from components.models.bm25 import SparseVector
from components.retrieval.engine.description import Description, IndexedField, description_of
from components.retrieval.engine.errors import Remedies
from components.retrieval.engine.formats import condition_of
from components.retrieval.engine.nodes import Nodes
from components.retrieval.engine.points import Point, PointId, point_of, sent, value_at
from components.retrieval.filtering import Clause, Clauses
from components.retrieval.schema import VectorQuery
from components.wording import count

PAGE = 256
"""Points of one request that asks for their texts."""
IDS_A_PAGE = 1_024
"""Points of one request that asks for their ids."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One collection on a server, with a key that need not be allowed more than to read.

    Where `tenant` names a payload field and a value, other points are not seen. `indexed` are the
    payload fields with an index, by path. Every method raises
    StoreError where the server is gone, slow, refuses or answers nonsense. Safe to share between
    threads.
    """

    settings: CollectionSettings
    nodes: Nodes
    tenant: tuple[str, PointId] | None = None
    indexed: Mapping[str, IndexedField] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Return which collection it is and where, for messages."""
        return f"the collection {self.settings.collection!r} at {self.settings.address}"

    def of_tenant(self, name: str, value: PointId) -> Reader:
        """Return a reader of one tenant's points."""
        return replace(self, tenant=(name, value))

    # ------------------------------------------------------------ the collection

    def describe(self) -> Description:
        """Return what the server says of the collection; InputError where there is no such one."""
        name = self.settings.collection
        try:
            return self.nodes.call(lambda client: description_of(client.get_collection(name)))
        except StoreError as exc:
            if getattr(exc.__cause__, "status_code", None) != HTTPStatus.NOT_FOUND:
                raise
            raise InputError(
                f"{self.settings.address} has no collection {name!r}.",
                f"Correct collection in [[collection]] {self.settings.name}.",
            ) from exc

    def real_name(self) -> str:
        """Return the collection's own name where an alias is configured; empty where untold."""
        try:
            aliases = self.nodes.aliases()
        except StoreError:  # a key of this collection alone may not ask for all aliases
            return ""
        return aliases.get(self.settings.collection, self.settings.collection)

    def count(self, where: Clauses = ()) -> int:
        """Return how many points there are, or meet a filter, exactly."""
        name, only = self.settings.collection, self._filter(where=where)
        return self.nodes.call(
            lambda client: int(client.count(name, count_filter=only, exact=True).count)
        )

    # ------------------------------------------------------------ points

    def pages(
        self, size: int = PAGE, *, payload: bool | list[str] = True, vectors: bool = False
    ) -> Iterator[list[Point]]:
        """Yield all points in the order of their ids, so many in a request."""
        offset: Any = None
        while True:
            points, offset = self.scroll(size, offset, payload=payload, vectors=vectors)
            if points:
                yield points
            if offset is None:
                return

    def scroll(
        self,
        size: int,
        offset: Any = None,  # noqa: ANN401  (what the server said comes next)
        condition: models.Condition | None = None,
        *,
        payload: bool | list[str] = True,
        vectors: bool = False,
    ) -> tuple[list[Point], Any]:
        """Return the next points in the order of their ids, and where those after them begin."""
        name, only = self.settings.collection, self._filter(condition)

        def ask(client: QdrantClient) -> tuple[list[Point], Any]:
            records, following = client.scroll(
                name,
                scroll_filter=only,
                limit=size,
                offset=offset,
                with_payload=payload,
                with_vectors=self._names() if vectors else False,
            )
            return [point_of(record, self.settings) for record in records], following

        return self.nodes.call(ask)

    def points(
        self,
        ids: Sequence[PointId],
        payload: bool | list[str] = True,
        *,
        vectors: bool = False,
    ) -> dict[PointId, Point]:
        """Return those of these points that there are, by id."""
        by_id: dict[PointId, Point] = {}
        size = PAGE if payload is True else IDS_A_PAGE
        for start in range(0, len(ids), size):
            wanted = models.HasIdCondition(has_id=list(ids[start : start + size]))
            points, _ = self.scroll(size, None, wanted, payload=payload, vectors=vectors)
            by_id |= {point.id: point for point in points}
        return by_id

    def having(
        self, name: str, values: Sequence[PointId], payload: bool | list[str] = True
    ) -> list[Point]:
        """Return the points whose payload field holds one of these texts and whole numbers."""
        points: list[Point] = []
        size = PAGE if payload is True else IDS_A_PAGE
        for start in range(0, len(values), size):
            asked = values[start : start + size]
            kinds = (
                [v for v in asked if isinstance(v, str)],
                [v for v in asked if isinstance(v, int)],
            )
            any_of: list[models.Condition] = [
                models.FieldCondition(key=name, match=models.MatchAny(any=kind))
                for kind in kinds
                if kind
            ]
            offset = None
            while True:
                matching = models.Filter(should=any_of)
                page, offset = self.scroll(size, offset, matching, payload=payload)
                points += page
                if offset is None:
                    break
        return points

    def random(self, n: int, *, vectors: bool = False) -> list[Point]:
        """Return so many points that the server draws at random."""
        name, only = self.settings.collection, self._filter()
        draw = models.SampleQuery(sample=models.Sample.RANDOM)
        return self.nodes.call(
            lambda client: [
                point_of(point, self.settings)
                for point in client.query_points(
                    name,
                    query=draw,
                    query_filter=only,
                    limit=n,
                    with_payload=True,
                    with_vectors=self._names() if vectors else False,
                ).points
            ]
        )

    def search(
        self,
        queries: Sequence[VectorQuery],
        limits: Sequence[int],
        *,
        exact: bool | None = None,
        payload: bool = True,
        where: Clauses = (),
    ) -> list[list[Point]]:
        """Return for each query the nearest points of a filter, as the collection itself searches.

        With `exact` its graph is left aside. All queries are one request.
        """
        params = None if exact is None else models.SearchParams(exact=exact)
        requests = [
            models.QueryRequest(
                query=sent(query.vector),
                using=query.using or None,
                filter=self._filter(where=where),
                params=None if isinstance(query.vector, SparseVector) else params,
                limit=limit,
                with_payload=payload,
            )
            for query, limit in zip(queries, limits, strict=True)
        ]

        def ask(client: QdrantClient) -> list[list[Point]]:
            answers = client.query_batch_points(self.settings.collection, requests)
            if len(answers) != len(requests):
                raise ValueError(
                    f"{count(len(requests), 'query')} and {count(len(answers), 'answer')}"
                )
            return [
                [point_of(p, self.settings) for p in answer.points[:limit]]
                for answer, limit in zip(answers, limits, strict=True)
            ]

        return self.nodes.call(ask)

    # ------------------------------------------------------------ the client's records

    # ------------------------------------------------------------ indexed fields

    def values(self, path: str, most: int) -> list[tuple[str, int]]:
        """Return the values of an indexed field with their points, most first."""
        name, only = self.settings.collection, self._filter()
        hits = self.nodes.call(
            lambda client: (
                client.facet(name, key=path, facet_filter=only, limit=most, exact=True).hits
            )
        )
        return [
            (json.dumps(h.value) if isinstance(h.value, bool) else str(h.value), h.count)
            for h in hits
        ]

    def extremes(self, path: str) -> list[Any]:
        """Return the least and the largest value of an indexed field of numbers or dates."""
        name, only = self.settings.collection, self._filter()
        values = []
        for direction in (models.Direction.ASC, models.Direction.DESC):
            by = models.OrderBy(key=path, direction=direction)
            ask = partial(
                QdrantClient.scroll, collection_name=name, scroll_filter=only, limit=1, order_by=by
            )
            records, _ = self.nodes.call(ask)
            values += [value_at(record.payload or {}, path) for record in records]
        return values

    def _filter(
        self, condition: models.Condition | None = None, where: Clauses = ()
    ) -> models.Filter | None:
        """Return a condition together with a filter's and the tenant's."""
        conditions: list[models.Condition] = [condition] if condition else []
        for group in where:
            any_of = [one for clause in group for one in self._of(clause)]
            nothing = models.HasIdCondition(has_id=[])
            conditions.append(models.Filter(should=any_of) if any_of else nothing)
        if self.tenant:
            name, value = self.tenant
            match = models.MatchValue(value=value)
            conditions.append(models.FieldCondition(key=name, match=match))
        return models.Filter(must=conditions) if conditions else None

    def _of(self, clause: Clause) -> list[models.Condition]:
        """Return a clause; an index of truth values is asked for truth values."""
        if self.indexed[clause.key].kind != "bool":
            return [condition_of(clause)]
        values = [text == "true" for text in clause.texts if text in ("true", "false")]
        return [
            models.FieldCondition(key=clause.key, match=models.MatchValue(value=value))
            for value in values
        ]

    def _names(self) -> bool | list[str]:
        """Return the names of the vectors that are read; unnamed ones come with all others."""
        names = [name for name in (self.settings.vector, self.settings.sparse) if name]
        return names if self.settings.vector else True


def reader_of(settings: CollectionSettings, api_key: str, timeout_s: int) -> Reader:
    """Return a reader of a configured collection; nothing is asked yet."""
    table = f"[[collection]] {settings.name}"
    variable = settings.api_key_env
    remedies = Remedies(
        variable or f"the key of {table}",
        f"Start the server, or correct url in {table}.",
        f"Check the key in {variable}."
        if variable
        else f'Name the variable of its key in {table}: api_key_env = "MY_KEY".',
        "Raise [qdrant] timeout_s, or look what the server is busy with.",
        f"Correct {table}, or see the server's log.",
    )
    server = QdrantSettings(settings.url, api_key, timeout_s=timeout_s)
    return Reader(settings, Nodes(server, remedies))
