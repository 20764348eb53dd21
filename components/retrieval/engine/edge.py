"""Qdrant's own engine in this process, on disk.

A collection is a folder: shards, and a small file that names the current one. A shard is built in a
folder of its own, checked, flushed and moved into place. It needs no write-ahead log: the vectors
it is built from lie on disk, and a build that was killed begins anew. Without a log several
processes read one shard at once.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import qdrant_edge as edge
from filelock import FileLock
from pydantic import ValidationError

from components.config import EXACT_LIMIT
from components.domain import Cancelled, Corpus, LabError, Matrix, Progress, StoreError
from components.retrieval.engine import CollectionStatus, filling, graph, recall, records, shards
from components.retrieval.engine.shards import Manifest
from components.retrieval.filtering import Clauses
from components.retrieval.schema import (
    DENSE,
    Candidate,
    CollectionSchema,
    CorpusVectors,
    VectorQuery,
)
from components.storage.sizes import bytes_in
from components.wording import count as counted

OPEN_AT_ONCE = 16
"""Shards that are open at once; the least recently used is closed."""
EXACT = edge.SearchParams(exact=True)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open shard, and when the file that names it was written."""

    shard: edge.EdgeShard
    manifest: Manifest
    written_ns: int


class EdgeEngine:
    """Collections in a folder of this machine, each a shard of Qdrant's engine."""

    embedded = True

    def __init__(self, folder: Path, exact_limit: int = EXACT_LIMIT) -> None:
        self._exact_limit = exact_limit
        self._folder = shards.writable(folder)
        self._lock = threading.RLock()
        self._opened: OrderedDict[str, _Opened] = OrderedDict()

    @property
    def where(self) -> str:
        """Return where the collections are, for messages."""
        return f"embedded Qdrant, in {self._folder}"

    def points(self, alias: str) -> int:
        """Return how many points the complete collection has; 0 where there is none."""
        opened = self._open(alias)
        return opened.manifest.points if opened else 0

    # ------------------------------------------------------------ searching

    def count(self, alias: str, where: Clauses) -> int:
        """Return how many points meet a filter."""
        shard = self._require(alias).shard
        with self._calls():
            return int(shard.count(edge.CountRequest(exact=True, filter=records.conditions(where))))

    def search(
        self,
        alias: str,
        queries: Sequence[VectorQuery],
        limits: Sequence[int],
        where: Clauses = (),
    ) -> list[list[Candidate]]:
        """Return for each query up to so many nearest points; exactly where there is a filter."""
        opened = self._require(alias)
        ef = opened.manifest.graph.ef if opened.manifest.graph and not where else 0
        params = edge.SearchParams(hnsw_ef=ef) if ef else EXACT
        return self._search(opened, queries, limits, params, where)

    def _search(
        self,
        opened: _Opened,
        queries: Sequence[VectorQuery],
        limits: Sequence[int],
        params: edge.SearchParams,
        where: Clauses = (),
    ) -> list[list[Candidate]]:
        most = opened.manifest.points
        with self._calls():
            asked = records.batch(queries, limits, most, params, where)
            answers = opened.shard.query_batch(asked)
        return [[Candidate(int(p.id), float(p.score)) for p in points] for points in answers]

    def dense(self, alias: str, positions: Sequence[int]) -> Matrix:
        """Return the dense vectors of points, shape (len(positions), dimension)."""
        shard = self._require(alias).shard
        with self._calls():
            records = shard.retrieve(list(set(positions)), with_payload=False, with_vector=[DENSE])
            rows = {int(r.id): r.vector[DENSE] for r in records if isinstance(r.vector, dict)}
            return np.array([rows[i] for i in positions], np.float32)

    def _require(self, alias: str) -> _Opened:
        opened = self._open(alias)
        if opened is None:
            raise StoreError(f"{self.where} does not have {alias}.", "Index the corpus again.")
        return opened

    def _open(self, alias: str) -> _Opened | None:
        """Return the current shard, opened once; None where there is none, or not a sound one."""
        current = self._folder / alias / shards.CURRENT
        with self._lock:
            opened = self._opened.get(alias)
            for _ in range(2):  # another process may put a new shard in place meanwhile
                try:
                    written_ns = current.stat().st_mtime_ns
                except OSError:
                    break
                if opened and opened.written_ns == written_ns:
                    self._opened.move_to_end(alias)
                    return opened
                if newer := self._load(alias, written_ns):
                    self._opened[alias] = newer
                    self._opened.move_to_end(alias)
                    while len(self._opened) > OPEN_AT_ONCE:  # who searches one of them holds it
                        self._opened.popitem(last=False)
                    return newer
            return opened

    def _load(self, alias: str, written_ns: int) -> _Opened | None:
        """Open the shard that is named; None, and a line in the log, where it is not sound."""
        home = self._folder / alias
        try:
            manifest = Manifest.model_validate_json((home / shards.CURRENT).read_bytes())
            if manifest.engine != shards.ENGINE:
                raise ValueError(f"it is of version {manifest.engine} of the engine")
            shards.lease(home, manifest.shard)
            folder = home / manifest.shard
            if shards.checksums(folder) != manifest.files:
                raise ValueError("its files do not have their checksums")
            # the engine writes some of its settings anew when it opens a shard
            with FileLock(home / "open.lock"), self._calls():
                shard = edge.EdgeShard.load(str(folder))
                points = shard.count(edge.CountRequest())
            if points != manifest.points:
                raise ValueError(f"it has {points:,} of {counted(manifest.points, 'point')}")
        except (OSError, ValueError, StoreError, ValidationError) as exc:
            _log.warning("the index %s cannot be used and will be built anew: %s", alias, exc)
            return None
        return _Opened(shard, manifest, written_ns)

    # ------------------------------------------------------------ building

    def build(
        self,
        alias: str,
        corpus: Corpus,
        schema: CollectionSchema,
        vectors: CorpusVectors,
        progress: Progress,
    ) -> None:
        """Fill a new shard, check its count, and name it the current one.

        Where another process is building the same collection, wait for that and use it.
        """
        total, home = len(corpus.documents), self._folder / alias
        with self._calls():
            home.mkdir(parents=True, exist_ok=True)
        with shards.building(home, lambda: progress(0, total)) as waited:
            if waited and self.points(alias) == total:
                return
            part = shards.new(home)
            try:
                points = filling.fill(part, corpus, schema, vectors, progress, self._calls)
                if points != total:
                    raise StoreError(
                        f"{self.where} holds {points:,} of {counted(total, 'point')} after "
                        "indexing.",
                        "Index again; the previous index is untouched.",
                    )
                with self._calls():
                    shards.publish(home, part, total)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            self._open(alias)
            shards.sweep(home)

    def wants_graph(self, alias: str) -> bool:
        """Return whether a collection is too large for exact search, and has no graph yet."""
        opened = self._open(alias)
        return bool(
            opened and opened.manifest.points > self._exact_limit and not opened.manifest.graph
        )

    def build_graph(self, alias: str, queries: Matrix, check: Callable[[], object]) -> None:
        """Build a collection's graph beside it and measure it; searches go on meanwhile."""
        home = self._folder / alias
        with shards.building(home, check):
            opened = self._require(alias)
            part = shards.new(home)
            try:
                with self._calls():
                    shutil.copytree(home / opened.manifest.shard, part)
                graph.build_apart(part, check)
                with self._calls():
                    shard = edge.EdgeShard.load(str(part))
                    quality = self._measure(replace(opened, shard=shard), queries)
                    shard.close()
                    shards.publish(home, part, opened.manifest.points, quality)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            self._open(alias)
            shards.sweep(home)

    def _measure(self, opened: _Opened, queries: Matrix) -> recall.Graph:
        """Compare a graph with exact search in the same shard."""

        def nearest(params: edge.SearchParams) -> list[set[int]]:
            asked = [VectorQuery(DENSE, row) for row in queries]
            answers = self._search(opened, asked, [recall.DEPTH] * len(asked), params)
            return [{point.position for point in points} for points in answers]

        exact = nearest(EXACT)
        return recall.measured(exact, lambda ef: nearest(edge.SearchParams(hnsw_ef=ef)))

    def aliases(self) -> tuple[str, ...]:
        """Return the aliases of the complete collections."""
        return tuple(sorted(path.parent.name for path in self._folder.glob(f"*/{shards.CURRENT}")))

    def drop(self, alias: str) -> None:
        """Remove a collection, where there is one."""
        with self._lock:
            self._opened.pop(alias, None)
            home = self._folder / alias
            (home / shards.CURRENT).unlink(missing_ok=True)
            shutil.rmtree(home, ignore_errors=True)  # where a file is open, the rest goes later

    def bytes_here(self, beginning: str) -> int:
        """Return what the collections whose alias begins so take on the disk."""
        return sum(map(bytes_in, self._folder.glob(f"{beginning}*")))

    def drop_all(self, beginning: str, but: Collection[str] = ()) -> None:
        """Remove all collections but some whose alias begins so."""
        for home in self._folder.glob(f"{beginning}*"):
            if home.name not in but:
                self.drop(home.name)

    def status(self) -> tuple[CollectionStatus, ...]:
        """Return the collections of this folder."""
        collections = []
        for current in sorted(self._folder.glob(f"*/{shards.CURRENT}")):
            with suppress(OSError, ValidationError):
                manifest = Manifest.model_validate_json(current.read_bytes())
                alias = current.parent.name
                status = CollectionStatus(alias, manifest.shard, manifest.points)
                search = str(manifest.graph or status.search)
                collections.append(replace(status, search=search))
        return tuple(collections)

    @contextmanager
    def _calls(self) -> Iterator[None]:
        """Raise a StoreError for each error of the engine and of the disk."""
        try:
            yield
        except (LabError, Cancelled):
            raise
        except BaseException as exc:
            # a panic of the engine is no Exception
            if not isinstance(exc, Exception) and type(exc).__name__ != "PanicException":
                raise
            reason = " ".join(str(exc).split())[:200]
            raise StoreError(
                f"{self.where} failed: {reason}",
                "Look whether the disk is full or the folder cannot be written; "
                "the previous index is untouched.",
            ) from exc
