"""Searching a collection that somebody else keeps, as it searches itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from components.domain import InputError, StoreError, Vector
from components.models import hashed_terms
from components.models.bm25 import BM25, SparseVector
from components.retrieval import candidates
from components.retrieval.candidates import Scores64
from components.retrieval.engine.points import Point, PointId
from components.retrieval.existing.documents import ExistingDocuments
from components.retrieval.existing.payload import order
from components.retrieval.filtering import Clauses
from components.retrieval.first_stages import FirstStage
from components.retrieval.first_stages.hybrid import HYBRID
from components.retrieval.schema import (
    Candidate,
    Candidates,
    CollectionSchema,
    EncodedQuery,
    VectorQuery,
)

MOST = 5_000
"""Points that one search asks for at most, to settle a tie; beyond that the engine cuts it."""
_DIGITS = 6
"""Digits of a score that are the engine's; it adds in 32 bits."""
_LUCK = 5e-6
"""By how much the engine may part equal scores, relative to the larger of them and 1."""


def stages_of(documents: ExistingDocuments, dense: FirstStage) -> Mapping[str, FirstStage]:
    """Return by which first stages a collection can be searched: BM25's only with its vectors."""
    settings = documents.reader.settings
    schema = CollectionSchema(
        f"existing-{settings.name}", dense.schema.dense, bool(settings.sparse)
    )

    def nearest(query: EncodedQuery) -> tuple[VectorQuery, ...]:
        return () if query.dense is None else (VectorQuery(settings.vector, query.dense),)

    def matching(query: EncodedQuery) -> tuple[VectorQuery, ...]:
        vector = hashed_terms.query_vector(query.text)
        return (VectorQuery(settings.sparse, vector),) if vector.indices else ()

    def both(query: EncodedQuery) -> tuple[VectorQuery, ...]:
        return (*nearest(query), *matching(query))

    stages = {dense.key: FirstStage(dense.spec, schema, nearest, dense.encoder)}
    if settings.sparse:
        stages[BM25.key] = FirstStage(BM25, schema, matching)
        spec = replace(
            HYBRID,
            summary=f"{dense.key} and BM25 searched at once and joined by reciprocal rank fusion.",
            model=f"{dense.key} and BM25, reciprocal rank fusion (k = {candidates.RRF_K})",
        )
        stages[HYBRID.key] = FirstStage(spec, schema, both, dense.encoder, fused=True)
    return stages


def search(
    documents: ExistingDocuments,
    queries: Sequence[VectorQuery],
    limit: int,
    where: Clauses = (),
    *,
    fused: bool,
) -> Candidates:
    """Return the best documents that meet a filter, each with the text that it was found with.

    Scores are the engine's. Near-ties are computed again in 64 bits from the points' own vectors;
    where only the engine can compute them, by its IDF or of quantized vectors, they are ties. The
    points' ids settle those.
    """
    if not queries:
        return Candidates()
    answers = _Answers(documents, where)
    lists = candidates.best(
        answers.keys, queries, limit, answers.ask, answers.rescore, max(MOST, limit * 2)
    )
    best = candidates.fuse(answers.keys, lists, limit) if fused else lists[0]
    texts = tuple(documents.document(answers.points[c.position]) for c in best.best)
    ids = [document.id for document in texts]
    for i, id in enumerate(ids):
        if id in ids[:i]:
            raise InputError(
                f"Two points of {documents.reader.where} have the id {id[:100]!r} in "
                f"{documents.reader.settings.id_field}.",
                f"Leave id_field out of [[collection]] {documents.reader.settings.name}, or name a "
                "field that tells points apart.",
            )
    return replace(best, documents=texts)


@dataclass(slots=True)
class _Answers:
    """The points of one search, numbered as they come."""

    documents: ExistingDocuments
    where: Clauses
    points: list[Point] = field(default_factory=list)
    numbers: dict[PointId, int] = field(default_factory=dict)
    scores: dict[tuple[str, int], float] = field(default_factory=dict)

    def ask(self, queries: Sequence[VectorQuery], limits: Sequence[int]) -> list[list[Candidate]]:
        answers = self.documents.reader.search(queries, limits, where=self.where)
        if not all(math.isfinite(point.score) for answer in answers for point in answer):
            raise StoreError(
                f"{self.documents.reader.where} answered nonsense: a score is not a finite number.",
                "See the server's log.",
            )
        lists: list[list[Candidate]] = []
        for query, answer in zip(queries, answers, strict=True):
            lists.append([])
            for point in answer:
                number = self.numbers.setdefault(point.id, len(self.points))
                if number == len(self.points):
                    self.points.append(point)
                self.scores[query.using, number] = point.score
                lists[-1].append(Candidate(number, point.score))
        return lists

    def keys(self, positions: Sequence[int]) -> list[tuple[bool, int, str]]:
        return [order(self.points[position].id) for position in positions]

    def rescore(self, query: VectorQuery, positions: Sequence[int]) -> Scores64:
        """Return the engine's scores, those of near-ties computed in 64 bits where they can be."""
        scores = np.array([self.scores[query.using, i] for i in positions], np.float64)
        opened = self.documents.opened
        if opened.idf if isinstance(query.vector, SparseVector) else opened.quantized:
            falling, alike = _steps(scores, _LUCK)
            for place in np.flatnonzero(alike):  # what luck may have parted is equal
                scores[falling[place + 1]] = scores[falling[place]]
            return np.array([float(f"{score:.{_DIGITS}g}") for score in scores], np.float64)
        rounded = np.array([float(f"{score:.{_DIGITS}g}") for score in scores], np.float64)
        falling, alike = _steps(scores, candidates.SLACK)
        beside = (np.append(alike, False) | np.append(False, alike))[: len(falling)]
        near = [int(i) for i in falling[beside]]
        ids = [self.points[positions[i]].id for i in near]
        points = self.documents.reader.points(ids, payload=False, vectors=True) if ids else {}
        for i, id in zip(near, ids, strict=True):
            if id in points:  # it may have gone since it was found
                rounded[i] = _product(query.vector, points[id], rounded[i])
        return rounded


def _steps(scores: Scores64, slack: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return places by falling score, and whether each score is as good as the next lower one."""
    falling = np.argsort(-scores)
    ordered = scores[falling]
    return falling, -np.diff(ordered) <= slack * np.maximum(1, np.abs(ordered[:-1]))


def _product(vector: Vector | SparseVector, point: Point, otherwise: float) -> float:
    """Return the inner product of a query and a point, in 64 bits."""
    if not isinstance(vector, SparseVector):
        if point.dense is None:
            return otherwise
        return float((point.dense.astype(np.float64) * vector.astype(np.float64)).sum())
    if point.sparse is None:
        return otherwise
    weights = dict(zip(vector.indices, vector.values, strict=True))
    own = zip(point.sparse.indices, point.sparse.values, strict=True)
    return math.fsum(weights.get(term, 0.0) * weight for term, weight in own)
