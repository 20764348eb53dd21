"""Qdrant on a server or a cluster, through its client."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import numpy as np
from qdrant_client import QdrantClient, models

from components.config import QdrantSettings
from components.domain import Corpus, Matrix, Progress, StoreError
from components.retrieval.engine import PREFIX, CollectionStatus, formats
from components.retrieval.engine.errors import store_errors
from components.retrieval.schema import (
    DENSE,
    Candidate,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)
from components.wording import count as counted

_BATCH = 64


class ServerEngine:
    """Collections on a Qdrant server or cluster."""

    embedded = False

    def __init__(self, settings: QdrantSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._client: QdrantClient | None = None

    @property
    def where(self) -> str:
        """Return where the collections are, for messages; the address without its password."""
        return f"Qdrant at {re.sub('//[^/@]*@', '//', self.settings.url)}"

    def points(self, alias: str) -> int:
        """Return how many points the complete collection has; 0 where there is none."""
        with self._calls() as client:
            if not any(a.alias_name == alias for a in client.get_aliases().aliases):
                return 0
            return int(client.count(alias, exact=True).count)

    def build(
        self,
        alias: str,
        corpus: Corpus,
        schema: CollectionSchema,
        vectors: CorpusVectors,
        progress: Progress,
    ) -> None:
        """Fill a new collection, check its count, and move the alias to it."""
        name = f"{alias}-v{datetime.now(UTC):%Y%m%d%H%M%S}-{uuid.uuid4().hex[:6]}"
        try:
            self._create(name, schema)
            self._fill(name, corpus, vectors, progress)
            self._publish(name, alias, len(corpus.documents))
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

    def _publish(self, name: str, alias: str, points: int) -> None:
        with self._calls() as client:
            count = client.count(name, exact=True).count
            if count != points:
                raise StoreError(
                    f"Qdrant holds {count:,} of {counted(points, 'point')} after indexing.",
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

    def drop(self, alias: str) -> None:
        """Remove a collection and its alias, where there is one."""
        with self._calls() as client:
            for entry in client.get_aliases().aliases:
                if entry.alias_name == alias:
                    client.delete_collection(entry.collection_name)

    # ------------------------------------------------------------ searching

    def search(
        self, alias: str, queries: Sequence[VectorQuery], limits: Sequence[int]
    ) -> list[list[Candidate]]:
        """Return for each query up to so many nearest points, all in one request."""
        requests = [
            formats.request(query, limit) for query, limit in zip(queries, limits, strict=True)
        ]
        with self._calls() as client:
            answers = client.query_batch_points(alias, requests)
            if len(answers) != len(requests):
                raise ValueError(f"{len(answers)} answers to {counted(len(requests), 'query')}")
            return [
                [Candidate(int(p.id), float(p.score)) for p in answer.points[:limit]]
                for answer, limit in zip(answers, limits, strict=True)
            ]

    def dense(self, alias: str, positions: Sequence[int]) -> Matrix:
        """Return the dense vectors of points, shape (len(positions), dimension)."""
        with self._calls() as client:
            records = client.retrieve(
                alias, list(set(positions)), with_payload=False, with_vectors=[DENSE]
            )
            rows = {int(record.id): record.vector[DENSE] for record in records}
            return np.array([rows[i] for i in positions], np.float32)

    # ------------------------------------------------------------ status and errors

    def status(self) -> tuple[CollectionStatus, ...]:
        """Return the lab's collections in this store."""
        with self._calls() as client:
            aliases = [a for a in client.get_aliases().aliases if a.alias_name.startswith(PREFIX)]
            return tuple(
                CollectionStatus(
                    a.alias_name, a.collection_name, client.count(a.collection_name).count
                )
                for a in aliases
            )

    @contextmanager
    def _calls(self) -> Iterator[QdrantClient]:
        """Yield the client; its errors leave as StoreError."""
        with store_errors(self.where, self.settings.timeout_s):
            yield self._connect()

    def _connect(self) -> QdrantClient:
        with self._lock:
            if self._client is None:
                self._client = self._remote()
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
