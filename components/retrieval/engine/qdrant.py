"""The vector store: Qdrant, embedded in this process or on a server. Nothing else imports it.

A corpus has up to one collection for each *space* (a bi-encoder's vectors beside BM25's sparse
ones; BM25's alone; token vectors). A collection is built under a name of its own and only then
given to an alias, so that nobody ever searches a half-built one.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import (
    ApiException,
    ResponseHandlingException,
    UnexpectedResponse,
)

from components.config import QdrantSettings
from components.domain import Corpus, Matrix, Progress, StoreError, Vector, no_progress
from components.models.bm25 import SparseVector
from components.retrieval.schema import (
    DENSE,
    SPARSE,
    TOKENS,
    Candidate,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)

RRF_K = 60
_BATCH = 64
_PREFIX = "rerank-lab"


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """One collection as it stands in the store."""

    alias: str
    collection: str
    points: int


def _vectors(vectors: CorpusVectors, i: int) -> dict[str, Any]:
    """Return document i's vectors as Qdrant takes them."""
    found: dict[str, Any] = {}
    if vectors.dense is not None:
        found[DENSE] = vectors.dense[i].tolist()
    if vectors.sparse is not None:
        found[SPARSE] = _sparse(vectors.sparse[i])
    if vectors.tokens is not None:
        found[TOKENS] = vectors.tokens.document(i).tolist()
    return found


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))


def _vector(vector: Vector | SparseVector) -> list[float] | models.SparseVector:
    """Return a query's vector as Qdrant takes it."""
    return _sparse(vector) if isinstance(vector, SparseVector) else vector.tolist()


class VectorStore:
    """A Qdrant client that speaks of corpora, translates errors and keeps embedded mode safe."""

    def __init__(self, settings: QdrantSettings) -> None:
        self.settings = settings
        # Embedded Qdrant is not thread-safe: one lock around every call. A server needs none.
        self._lock = threading.RLock()
        self._client: QdrantClient | None = None

    @property
    def embedded(self) -> bool:
        """Return whether Qdrant runs inside this process."""
        return not self.settings.url

    @property
    def where(self) -> str:
        """Return where the store is, in words."""
        if self.embedded:
            return "embedded Qdrant, in memory"
        # an address may carry a name and a password
        return f"Qdrant at {re.sub('//[^/@]*@', '//', self.settings.url)}"

    def alias(self, corpus: Corpus, schema: CollectionSchema) -> str:
        """Return the name under which a corpus is searched."""
        return _alias(corpus, schema)

    def has(self, corpus: Corpus, schema: CollectionSchema) -> bool:
        """Return whether a complete collection of this corpus is there."""
        alias = self.alias(corpus, schema)
        with self._calls() as client:
            if not any(a.alias_name == alias for a in client.get_aliases().aliases):
                return False
            return bool(client.count(alias, exact=True).count == len(corpus.documents))

    def build(
        self,
        corpus: Corpus,
        schema: CollectionSchema,
        vectors: CorpusVectors,
        progress: Progress = no_progress,
    ) -> None:
        """Fill a new collection, check its count, and move the alias to it."""
        name = f"{_alias(corpus, schema)}-v{datetime.now(UTC):%Y%m%d%H%M%S}-{uuid.uuid4().hex[:6]}"
        try:
            self._create(name, schema)
            self._fill(name, corpus, vectors, progress)
            self._publish(name, corpus, schema)
        except BaseException:
            self._discard(name)
            raise

    def _create(self, name: str, schema: CollectionSchema) -> None:
        dense = {}
        # Rows have unit length, so DOT is the cosine. With COSINE, embedded Qdrant normalises them
        # again, in place, at every search, and the scores of one query drift from ask to ask.
        if schema.dense:
            dense[DENSE] = models.VectorParams(size=schema.dense, distance=models.Distance.DOT)
        if schema.tokens:
            dense[TOKENS] = models.VectorParams(
                size=schema.tokens,
                distance=models.Distance.DOT,
                multivector_config=models.MultiVectorConfig(
                    comparator=models.MultiVectorComparator.MAX_SIM
                ),
                hnsw_config=models.HnswConfigDiff(m=0),  # only ever scores given candidates
            )
        idf = models.SparseVectorParams(modifier=models.Modifier.IDF)
        with self._calls() as client:
            client.create_collection(
                name,
                vectors_config=dense,
                sparse_vectors_config={SPARSE: idf} if schema.sparse else None,
                shard_number=self.settings.shards,
                replication_factor=self.settings.replicas,
            )
            if not self.embedded:
                client.create_payload_index(name, "doc_id", models.PayloadSchemaType.KEYWORD)

    def _fill(self, name: str, corpus: Corpus, vectors: CorpusVectors, progress: Progress) -> None:
        total = len(corpus.documents)
        for start in range(0, total, _BATCH):
            progress(start, total)
            batch = [
                models.PointStruct(
                    id=i,
                    vector=_vectors(vectors, i),
                    payload={"doc_id": d.id, "title": d.title, "text": d.text},
                )
                for i, d in enumerate(corpus.documents[start : start + _BATCH], start=start)
            ]
            with self._calls() as client:
                client.upsert(name, batch, wait=True)
        progress(total, total)

    def _publish(self, name: str, corpus: Corpus, schema: CollectionSchema) -> None:
        alias = _alias(corpus, schema)
        with self._calls() as client:
            count = client.count(name, exact=True).count
            if count != len(corpus.documents):
                raise StoreError(
                    f"Qdrant holds {count} points of {len(corpus.documents)} after indexing.",
                    "Index again; the previous index is untouched.",
                )
            old = [a.collection_name for a in client.get_aliases().aliases if a.alias_name == alias]
            drop = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
            give = models.CreateAliasOperation(
                create_alias=models.CreateAlias(collection_name=name, alias_name=alias)
            )
            client.update_collection_aliases([*([drop] if old else []), give])
            for collection in old:
                client.delete_collection(collection)

    def _discard(self, name: str) -> None:
        """Remove an unfinished collection; an unreachable server must not hide the first error."""
        try:
            with self._calls() as client:
                if client.collection_exists(name):
                    client.delete_collection(name)
        except StoreError:
            return

    def drop(self, corpus: Corpus, schema: CollectionSchema) -> None:
        """Remove a corpus's collection and its alias, where there is one."""
        alias = _alias(corpus, schema)
        with self._calls() as client:
            for found in client.get_aliases().aliases:
                if found.alias_name == alias:
                    client.delete_collection(found.collection_name)

    # ------------------------------------------------------------ searching

    def search(
        self,
        corpus: Corpus,
        schema: CollectionSchema,
        queries: Sequence[VectorQuery],
        limit: int,
        *,
        fused: bool = False,
    ) -> list[Candidate]:
        """Return the best documents, best first; none where there is no query.

        A dense query finds the nearest by cosine, a sparse one those that share a word, by BM25.
        With `fused`, reciprocal rank fusion inside Qdrant joins all queries in one request.
        """
        if not queries:
            return []
        request: dict[str, Any] = {"query": _vector(queries[0].vector), "using": queries[0].using}
        if fused:
            prefetch = [
                models.Prefetch(query=_vector(query.vector), using=query.using, limit=limit)
                for query in queries
            ]
            # Qdrant counts ranks from 0: the paper's 1 / (60 + rank) is its k = 61.
            fusion = models.RrfQuery(rrf=models.Rrf(k=RRF_K + 1))
            request = {"prefetch": prefetch, "query": fusion}
        with self._calls() as client:
            response = client.query_points(
                _alias(corpus, schema), limit=limit, with_payload=False, **request
            )
            candidates = [Candidate(int(p.id), float(p.score)) for p in response.points]
        if any(c.position >= len(corpus.documents) for c in candidates):
            raise StoreError(
                f"{self.where} answered with documents that {corpus.name} does not have.",
                "Remove the collection from the server and index the corpus again.",
            )
        # Qdrant does not promise an order among equal scores; the corpus's order is one.
        return sorted(candidates, key=lambda c: (-c.score, c.position))

    def maxsim(
        self, corpus: Corpus, schema: CollectionSchema, query: Matrix, positions: Sequence[int]
    ) -> npt.NDArray[np.float64]:
        """Return MaxSim of the given documents, computed inside Qdrant, in their order."""
        wanted = sorted(set(positions))
        chosen = models.Filter(must=[models.HasIdCondition(has_id=list(wanted))])
        with self._calls() as client:
            found = client.query_points(
                _alias(corpus, schema),
                query=query.tolist(),
                using=TOKENS,
                query_filter=chosen,
                limit=len(wanted),
                with_payload=False,
            )
        scores = {int(p.id): float(p.score) for p in found.points}
        missing = [p for p in wanted if p not in scores]
        if missing:
            raise StoreError(
                f"Qdrant did not score {len(missing)} of {len(wanted)} candidates.",
                "Index the corpus again.",
            )
        return np.array([scores[p] for p in positions], np.float64)

    # ------------------------------------------------------------ status and errors

    def status(self) -> tuple[CollectionStatus, ...]:
        """Return the lab's collections in this store."""
        with self._calls() as client:
            aliases = [a for a in client.get_aliases().aliases if a.alias_name.startswith(_PREFIX)]
            return tuple(
                CollectionStatus(
                    a.alias_name, a.collection_name, client.count(a.collection_name).count
                )
                for a in aliases
            )

    @contextmanager
    def _calls(self) -> Iterator[QdrantClient]:
        """Lend the client; every third-party error leaves as a StoreError."""
        try:
            if self.embedded:
                with self._lock:
                    yield self._connect()
            else:
                yield self._connect()
        except StoreError:
            raise
        except UnexpectedResponse as exc:
            raise self._refusal(exc) from exc
        except QdrantException as exc:
            raise StoreError(
                f"{self.where} has too much to do (HTTP 429).", "Wait a moment and try again."
            ) from exc
        except (ApiException, httpx.HTTPError, OSError, ValueError, KeyError) as exc:
            raise self._breakdown(exc) from exc
        except AssertionError as exc:  # the client's word for an answer without a result
            raise self._breakdown(exc) from exc

    def _connect(self) -> QdrantClient:
        with self._lock:
            if self._client is None:
                self._client = QdrantClient(":memory:") if self.embedded else self._remote()
            return self._client

    def _remote(self) -> QdrantClient:
        try:
            return QdrantClient(
                url=self.settings.url,
                api_key=self.settings.api_key or None,
                timeout=self.settings.timeout_s,
                check_compatibility=False,  # it would only warn; every call reports by itself
            )
        except ValueError as exc:
            # not quoted: it may carry a password
            raise StoreError(
                "QDRANT_URL is not a web address.", "Write it like http://127.0.0.1:6333."
            ) from exc

    def _refusal(self, exc: UnexpectedResponse) -> StoreError:
        if exc.status_code in {401, 403}:
            return StoreError(
                f"{self.where} refuses the key (HTTP {exc.status_code}).",
                "Check QDRANT_API_KEY, or unset QDRANT_URL to use embedded Qdrant.",
            )
        return StoreError(
            f"{self.where} answered HTTP {exc.status_code} {exc.reason_phrase}.".replace(" .", "."),
            "See the server's log, or unset QDRANT_URL to use embedded Qdrant.",
        )

    def _breakdown(self, exc: Exception) -> StoreError:
        cause = exc.source if isinstance(exc, ResponseHandlingException) else exc
        if isinstance(cause, httpx.TimeoutException):
            return StoreError(
                f"{self.where} did not answer within {self.settings.timeout_s} s.",
                "Raise [qdrant] timeout_s, or unset QDRANT_URL to use embedded Qdrant.",
            )
        if isinstance(cause, httpx.HTTPError | OSError):
            return StoreError(
                f"{self.where} cannot be reached: {type(cause).__name__}.",
                "Start the server, correct QDRANT_URL, or unset it to use embedded Qdrant.",
            )
        # What does not fit Qdrant's format is not quoted: it may be anything, a key among it.
        odd = "" if isinstance(exc, ApiException) else f": {cause}".rstrip(". ")
        return StoreError(f"{self.where} answered nonsense{odd}.", "See the server's log.")


def _alias(corpus: Corpus, schema: CollectionSchema) -> str:
    return f"{_PREFIX}-{corpus.fingerprint[:16]}-{schema.key}"
