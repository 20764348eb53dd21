"""A collection that another program made, for the stand-in of a server: compact, and only read.

Its vectors are rows of matrices and its payloads come from a function, so that 100,000 points take
little memory. Its points have any ids, its payloads any JSON. Searches miss points unless they are
exact or thorough, near-ties come in a new order at each answer, and a filter is a full scan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tests.support.servers.qdrant_cluster import (
    MISSED,
    NEAR,
    THOROUGH,
    Collection,
    RefusalError,
    Shard,
    check_limit,
)

Json = Any


def value_at(payload: Mapping[str, Json], path: str) -> list[Json]:
    """Return the values under a path with dots; those of a list one by one."""
    values: list[Json] = [payload]
    for name in path.split("."):
        inner = [v[name] for v in values if isinstance(v, dict) and name in v]
        values = [one for v in inner for one in (v if isinstance(v, list) else [v])]
    return values


def moment(text: str) -> datetime:
    """Return a moment as RFC 3339 writes it; one without a zone is in UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def matches(asked: Mapping[str, Json] | None, id: Json, payload: Mapping[str, Json]) -> bool:
    """Return whether a point passes a filter."""
    if not asked:
        return True

    def holds(condition: Mapping[str, Json]) -> bool:
        if "has_id" in condition:
            return id in condition["has_id"]
        if "key" not in condition:
            return matches(condition, id, payload)
        values = value_at(payload, condition["key"])
        match, limits = condition.get("match"), condition.get("range")
        if match is not None:
            wanted = match.get("any", [match.get("value")])
            return any(type(v) is type(w) and v == w for v in values for w in wanted)
        if limits and any(isinstance(w, str) for w in limits.values()):  # moments, in UTC
            limits = {name: moment(w) for name, w in limits.items() if w is not None}
            values = [moment(v) for v in values if isinstance(v, str)]
        tests: Mapping[str, Callable[[Any, Any], bool]] = {
            "gt": lambda v, w: v > w,
            "gte": lambda v, w: v >= w,
            "lt": lambda v, w: v < w,
            "lte": lambda v, w: v <= w,
        }
        bounds = {name: w for name, w in (limits or {}).items() if w is not None}
        return any(
            all(isinstance(v, type(w) | int | float) for w in bounds.values())
            and all(tests[name](v, w) for name, w in bounds.items())
            for v in values
        )

    def listed(name: str) -> Sequence[Mapping[str, Json]]:
        conditions = asked.get(name) or [] if asked else []
        return conditions if isinstance(conditions, list) else [conditions]

    return (
        all(map(holds, listed("must")))
        and (not listed("should") or any(map(holds, listed("should"))))
        and not any(map(holds, listed("must_not")))
    )


class Postings:
    """Sparse vectors: which points have a term, and with which weight."""

    def __init__(self, rows: Iterable[tuple[Sequence[int], Sequence[float]]]) -> None:
        rows = list(rows)
        self.starts = np.cumsum([0, *(len(terms) for terms, _ in rows)])
        self.terms = np.array([term for terms, _ in rows for term in terms], np.int64)
        self.weights = np.array([w for _, weights in rows for w in weights], np.float32)
        self._order = np.argsort(self.terms, kind="stable")
        self._sorted = self.terms[self._order]
        self._points = np.repeat(np.arange(len(rows)), np.diff(self.starts))

    def of(self, i: int) -> dict[str, Any]:
        a, b = self.starts[i : i + 2]
        return {"indices": self.terms[a:b].tolist(), "values": self.weights[a:b].tolist()}

    def scores(self, query: Mapping[str, Any], *, idf: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the points that share a term with a query, and their scores."""
        n = len(self.starts) - 1
        scores, sharing = np.zeros(n, np.float32), np.zeros(n, bool)
        for term, weight in zip(query["indices"], query["values"], strict=True):
            a, b = np.searchsorted(self._sorted, [term, term + 1])
            entries = self._order[a:b]
            rarity = np.log(1 + (n - len(entries) + 0.5) / (len(entries) + 0.5)) if idf else 1
            points = self._points[entries]
            scores[points] += self.weights[entries] * np.float32(weight * rarity)
            sharing[points] = True
        return np.flatnonzero(sharing), scores[sharing]


@dataclass
class Foreign(Collection):
    """A collection of points `ids`, in their order; `dense` and `sparse` are vectors by name.

    A row of NaN is a point without that vector. `payload(i)` is the payload of the point at `i`.
    """

    asked: dict[str, Any] = field(default_factory=dict)
    shards: list[Shard] = field(default_factory=lambda: [Shard()])
    ids: list[int | str] = field(default_factory=list)
    payload: Callable[[int], dict[str, Json]] = lambda i: {}
    dense: dict[str, np.ndarray] = field(default_factory=dict)
    sparse: dict[str, Postings] = field(default_factory=dict)
    created: str = "2026-01-02T03:04:05Z"
    schema: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.ids)

    def __post_init__(self) -> None:
        self._places: dict[int | str, int] = {}

    def place(self, id: int | str) -> int | None:
        if len(self._places) != len(self.ids):
            self._places = {id: i for i, id in enumerate(self.ids)}
        return self._places.get(id)

    # ------------------------------------------------------------ what is asked of it

    def counted(self, asked: Mapping[str, Any]) -> int:
        return sum(1 for _ in self._passing(asked.get("filter")))

    def scroll(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        limit, offset, wanted = asked.get("limit") or 10, asked.get("offset"), asked.get("filter")
        check_limit(limit, self.limit("max_query_limit"), "limit")
        if by := asked.get("order_by"):
            return self._ordered(by["key"], by.get("direction"), limit, asked)
        start = 0 if offset is None else next(
            (i for i, id in enumerate(self.ids) if order(id) >= order(offset)), self.count
        )  # fmt: skip
        places: list[int] = []
        for i in self._passing(wanted, start):
            if len(places) == limit:
                return {
                    "points": [self._record(p, asked) for p in places],
                    "next_page_offset": self.ids[i],
                }
            places.append(i)
        return {"points": [self._record(p, asked) for p in places], "next_page_offset": None}

    def _ordered(
        self, key: str, direction: str | None, limit: int, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the first points by a field's values; points without one are left out."""
        if self.schema.get(key, {}).get("data_type") not in {"integer", "float", "datetime"}:
            raise RefusalError(400, f"Bad request: No range index for `order_by` key: `{key}`.")
        rows = [
            (value, i)
            for i in self._passing(asked.get("filter"))
            for value in value_at(self.payload(i), key)
            if value is not None
        ]
        rows.sort(key=lambda row: row[0], reverse=direction == "desc")
        points = [self._record(i, asked) for _, i in rows[:limit]]
        return {"points": points, "next_page_offset": None}

    def facet(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return a field's values with their points."""
        key = asked["key"]
        if self.schema.get(key, {}).get("data_type") not in {"keyword", "integer", "bool", "uuid"}:
            raise RefusalError(400, f"Bad request: Index required but not found for {key!r}")
        counts = Counter(
            value
            for i in self._passing(asked.get("filter"))
            for value in dict.fromkeys(value_at(self.payload(i), key))
            if value is not None
        )
        hits = counts.most_common(asked.get("limit") or 10)
        return {"hits": [{"value": value, "count": n} for value, n in hits]}

    def retrieve(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        places = [self.place(id) for id in asked["ids"]]
        return [self._record(i, asked) for i in places if i is not None]

    def query(self, asked: Mapping[str, Any], rng: np.random.Generator) -> list[dict[str, Any]]:
        limit, query = asked.get("limit") or 10, asked.get("query")
        check_limit(limit, self.limit("max_query_limit"), "limit")
        if isinstance(query, dict) and "nearest" in query:
            query = query["nearest"]
        if isinstance(query, dict) and "sample" in query:
            rows = list(self._passing(asked.get("filter")))
            drawn = rng.permutation(len(rows))[:limit]
            return [self._record(rows[i], asked) | {"version": 0, "score": 0.0} for i in drawn]
        places, scores = self._scores(asked.get("using") or "", query)
        if asked.get("filter"):
            passing = np.fromiter(self._passing(asked["filter"]), np.int64)
            inside = np.isin(places, passing)
            places, scores = places[inside], scores[inside]
        params = asked.get("params") or {}
        thorough = params.get("exact") or (params.get("hnsw_ef") or 0) >= THOROUGH
        if not (thorough or isinstance(query, dict) or not self.in_graph):
            reached = rng.random(len(places)) >= MISSED
            places, scores = places[reached], scores[reached]
        if len(places) > 2 * limit:  # noise moves nobody further than that
            top = np.argpartition(-scores, 2 * limit)[: 2 * limit]
            places, scores = places[top], scores[top]
        noise = rng.uniform(-NEAR, NEAR, len(places)) * np.maximum(1, np.abs(scores))
        scores = (scores + noise).astype(np.float32)
        best = np.lexsort((rng.random(len(places)), -scores))[:limit]
        return [
            self._record(int(places[i]), asked) | {"version": 0, "score": float(scores[i])}
            for i in best
        ]

    # ------------------------------------------------------------ its points

    def _passing(self, wanted: Mapping[str, Any] | None, start: int = 0) -> Iterator[int]:
        """Yield the places of the points that pass a filter, from a place on."""
        by_id = [c for c in ((wanted or {}).get("must") or []) if "has_id" in c]
        if by_id and start == 0:  # the points are looked up, as a server does
            looked_up = sorted(p for p in map(self.place, by_id[0]["has_id"]) if p is not None)
            yield from (i for i in looked_up if matches(wanted, self.ids[i], self.payload(i)))
            return
        for i in range(start, self.count):
            if not wanted or matches(wanted, self.ids[i], self.payload(i)):
                yield i

    def _scores(self, using: str, query: Json) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(query, dict):
            if using not in self.sparse:
                raise RefusalError(400, f"Wrong input: Not existing vector name error: {using}")
            idf = self.asked["sparse_vectors"][using].get("modifier") == "idf"
            return self.sparse[using].scores(query, idf=idf)
        if using not in self.dense:
            raise RefusalError(400, f"Wrong input: Not existing vector name error: {using}")
        rows = self.dense[using]
        if rows.shape[1] != len(query):
            raise RefusalError(
                400,
                f"Wrong input: Vector dimension error: expected dim: {rows.shape[1]}, "
                f"got {len(query)}",
            )
        scores = rows @ np.array(query, np.float32)
        having = np.flatnonzero(~np.isnan(scores))
        return having, scores[having]

    def _record(self, i: int, asked: Mapping[str, Any]) -> dict[str, Any]:
        payload, names = asked.get("with_payload"), asked.get("with_vector")
        content = self.payload(i)
        if isinstance(payload, list):
            tops = {name.partition(".")[0] for name in payload}
            content = {name: value for name, value in content.items() if name in tops}
        vectors: dict[str, Any] = {}
        for name, rows in self.dense.items() if names else ():
            if (names is True or name in names) and not np.isnan(rows[i]).any():
                vectors[name] = rows[i].tolist()
        for name, sparse in self.sparse.items() if names else ():
            if names is True or name in names:
                vectors[name] = sparse.of(i)
        unnamed = set(vectors) == {""}
        return {
            "id": self.ids[i],
            "payload": content if payload else None,
            "vector": (vectors[""] if unnamed else vectors) if names else None,
        }


def order(id: int | str) -> tuple[bool, int, str]:
    """Return a key that sorts ids as a server does."""
    return (isinstance(id, str), 0 if isinstance(id, str) else id, str(id))
