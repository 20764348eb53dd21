"""The vector store: Qdrant, embedded in this process or on a server.

A corpus has up to one collection for each schema: a bi-encoder's vectors beside BM25's sparse ones,
BM25's alone, token vectors. A collection is built under a name of its own and only then given to
the alias under which it is searched, so that no search sees a half-built one.
"""

from __future__ import annotations

import math
import re
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from qdrant_client import QdrantClient, models

from components.config import QdrantSettings
from components.domain import Corpus, Matrix, Progress, StoreError, no_progress
from components.retrieval.engine import formats
from components.retrieval.engine.errors import store_errors
from components.retrieval.schema import (
    TOKENS,
    Candidate,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)
from components.wording import count as counted

_BATCH = 64
_PREFIX = "rerank-lab"


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """One collection in the store: its alias, its own name, and how many points it has."""

    alias: str
    collection: str
    points: int


class VectorStore:
    """Collections of corpora in Qdrant; safe to share between threads.

    Every method raises StoreError where Qdrant is down, slow, refuses the key or answers nonsense.
    """

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
        """Return where the store is, for messages; the address without its password."""
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
            # an unreachable server must not hide the first error
            with suppress(StoreError), self._calls() as client:
                if client.collection_exists(name):
                    client.delete_collection(name)
            raise

    def _create(self, name: str, schema: CollectionSchema) -> None:
        with self._calls() as client:
            client.create_collection(
                name,
                **formats.collection(schema),
                shard_number=self.settings.shards,
                replication_factor=self.settings.replicas,
            )
            if not self.embedded:
                client.create_payload_index(name, "doc_id", models.PayloadSchemaType.KEYWORD)

    def _fill(self, name: str, corpus: Corpus, vectors: CorpusVectors, progress: Progress) -> None:
        total = len(corpus.documents)
        for start in range(0, total, _BATCH):
            progress(start, total)
            batch = enumerate(corpus.documents[start : start + _BATCH], start)
            points = [formats.point(i, document, vectors) for i, document in batch]
            with self._calls() as client:
                client.upsert(name, points, wait=True)
        progress(total, total)

    def _publish(self, name: str, corpus: Corpus, schema: CollectionSchema) -> None:
        alias = _alias(corpus, schema)
        with self._calls() as client:
            count = client.count(name, exact=True).count
            if count != len(corpus.documents):
                raise StoreError(
                    f"Qdrant holds {count:,} of {counted(len(corpus.documents), 'point')} "
                    f"after indexing.",
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

    def drop(self, corpus: Corpus, schema: CollectionSchema) -> None:
        """Remove a corpus's collection and its alias, where there is one."""
        alias = _alias(corpus, schema)
        with self._calls() as client:
            for entry in client.get_aliases().aliases:
                if entry.alias_name == alias:
                    client.delete_collection(entry.collection_name)

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
        query = formats.search_query(queries, limit, fused=fused)
        with self._calls() as client:
            response = client.query_points(
                _alias(corpus, schema), limit=limit, with_payload=False, **query
            )
            candidates = [Candidate(int(p.id), float(p.score)) for p in response.points[:limit]]
            if not all(math.isfinite(c.score) for c in candidates):  # JSON's 1e999 is infinite
                raise ValueError("a score is not a finite number")
        if any(not 0 <= c.position < len(corpus.documents) for c in candidates):
            raise StoreError(
                f"{self.where} answered with documents that {corpus.name} does not have.",
                "Remove the collection from the server and index the corpus again.",
            )
        # Qdrant does not promise an order among equal scores; the corpus's order is one.
        return sorted(candidates, key=lambda c: (-c.score, c.position))

    def maxsim(
        self, corpus: Corpus, schema: CollectionSchema, query: Matrix, positions: Sequence[int]
    ) -> npt.NDArray[np.float64]:
        """Return MaxSim of the documents at `positions`, computed inside Qdrant, in their order."""
        wanted = sorted(set(positions))
        only = models.Filter(must=[models.HasIdCondition(has_id=list(wanted))])
        with self._calls() as client:
            response = client.query_points(
                _alias(corpus, schema),
                query=query.tolist(),
                using=TOKENS,
                query_filter=only,
                limit=len(wanted),
                with_payload=False,
            )
        scores = {int(p.id): float(p.score) for p in response.points}
        missing = [p for p in wanted if p not in scores]
        if missing:
            raise StoreError(
                f"Qdrant did not score {len(missing):,} of {counted(len(wanted), 'candidate')}.",
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
        """Yield the client, locked where it is embedded; its errors leave as StoreError."""
        lock = self._lock if self.embedded else nullcontext()
        with store_errors(self.where, self.settings.timeout_s), lock:
            yield self._connect()

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


def _alias(corpus: Corpus, schema: CollectionSchema) -> str:
    return f"{_PREFIX}-{corpus.fingerprint[:16]}-{schema.key}"
