"""How a collection comes to be on a server: built, counted, given to its alias."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from qdrant_client import QdrantClient, models

from components.domain import Corpus, Fields, Progress, StoreError
from components.retrieval.engine import formats, leftovers
from components.retrieval.engine.errors import is_refusal
from components.retrieval.engine.nodes import Nodes
from components.retrieval.filtering import Kind, payload_keys
from components.retrieval.schema import CollectionSchema, CorpusVectors
from components.wording import count as counted

_BATCH = 256
_log = logging.getLogger(__name__)


class Builder:
    """Builds collections; others on the same server neither see nor remove one at work."""

    def __init__(self, nodes: Nodes, sign_every_s: float) -> None:
        self._nodes = nodes
        self._sign_every_s = sign_every_s

    def build(
        self,
        alias: str,
        corpus: Corpus,
        schema: CollectionSchema,
        vectors: CorpusVectors,
        progress: Progress,
    ) -> None:
        """Fill a new collection, check its count, and move the alias to it."""
        self._sweep()
        name, total = leftovers.new_name(alias), len(corpus.documents)
        try:
            strict = self._create(name, schema, corpus.fields)
            most = min(_BATCH, strict.upsert_max_batchsize or _BATCH)
            self._fill(name, formats.batches(corpus, vectors, most), total, progress)
            points = self._nodes.call(lambda client: client.count(name, exact=True).count)
            if points != total:
                raise StoreError(
                    f"{self._nodes.where} holds {points:,} of {counted(total, 'point')} after "
                    "indexing.",
                    "Index again; the previous index is untouched.",
                )
        except BaseException:
            # a server that is gone must neither hide the first error nor keep it back for long
            with suppress(StoreError):
                self._nodes.call(partial(QdrantClient.delete_collection, collection_name=name))
            raise
        self._publish(name, alias)

    def _sweep(self) -> None:
        """Remove what builds left behind that were killed, or that a server finished too late."""
        try:
            names = self._nodes.call(lambda client: client.get_collections().collections)
            left = leftovers.abandoned(
                [entry.name for entry in names], self._nodes.aliases(), datetime.now(UTC)
            )
            for name in left:
                self._nodes.delete(name)
                _log.info("removed %s, which nobody has finished", name)
        except StoreError as exc:  # the build may do without
            _log.warning("half-built collections could not be removed: %s", exc)

    def _create(
        self, name: str, schema: CollectionSchema, fields: Fields
    ) -> models.StrictModeConfigOutput:
        """Create a collection and its payload's indexes; return the limits that it has."""
        self._nodes.slowly(
            lambda client, seconds: client.create_collection(
                name,
                **formats.collection(schema),
                shard_number=self._nodes.settings.shards,
                replication_factor=self._nodes.settings.replicas,
                timeout=seconds,
            )
        )
        strict = self._nodes.strict_mode(name)
        keys: Mapping[str, Kind] = {"doc_id": "text", **payload_keys(fields)}

        def index(client: QdrantClient, seconds: int) -> None:  # again after a node is gone
            timeout = min(seconds, strict.max_timeout or seconds)
            for key, kind in keys.items():
                client.create_payload_index(name, key, formats.INDEXES[kind], timeout=timeout)

        self._nodes.slowly(index)
        return strict

    def _fill(
        self,
        name: str,
        batches: Iterable[list[models.PointStruct]],
        total: int,
        progress: Progress,
    ) -> None:
        """Send all points."""
        done, since = 0, time.monotonic()
        for points in batches:
            progress(done, total)
            upsert = partial(QdrantClient.upsert, collection_name=name, points=points, wait=True)
            self._nodes.call(upsert)
            done += len(points)
            if time.monotonic() - since > self._sign_every_s:
                self._alias([], leftovers.sign_of_life(name), name)
                since = time.monotonic()
        progress(total, total)

    def _publish(self, name: str, alias: str) -> None:
        """Move the alias to a new collection and remove the one that it had."""
        aliases = self._nodes.aliases()
        signs = [a for a, collection in aliases.items() if collection == name]
        old = aliases.get(alias)
        try:
            self._alias([alias, *signs] if old else signs, alias, name)
        except StoreError as exc:
            # Without an answer the alias may still be moved; if not, the collection is swept.
            if is_refusal(exc.__cause__):
                with suppress(StoreError):
                    self._nodes.delete(name)
            raise
        if old:
            try:
                self._nodes.delete(old)
            except StoreError as exc:  # it is swept later
                _log.warning("the replaced collection %s could not be removed: %s", old, exc)

    def _alias(self, takes: Sequence[str], gives: str, name: str) -> None:
        """Take aliases away and give a collection one, in one step."""
        actions = formats.alias_actions(takes, gives, name)
        self._nodes.slowly(
            lambda client, seconds: client.update_collection_aliases(actions, timeout=seconds)
        )
