"""One lab: settings, a vector store, and the corpora indexed in it."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from components.config import QdrantSettings, Settings
from components.domain import Corpus, Encoder, Progress, Vector
from components.encoders import EncoderEntry
from components.lab import catalog
from components.lab.spending import VisitorMeter
from components.lab.uploads import UploadShelf
from components.lab.work import StepReport, no_report
from components.models.bm25 import statistics
from components.models.gate import GATE
from components.rerankers import Context
from components.rerankers.late_interaction import LATE_BGE
from components.retrieval.first_stages import FirstStage
from components.retrieval.schema import Candidate, CollectionSchema, CorpusVectors, EncodedQuery
from components.retrieval.vectors import dense_vectors
from components.storage.score_cache import ScoreCache
from components.storage.search_log import SearchLog
from components.storage.spending import SpendingLedger
from components.storage.sqlite import WHOLE_LAB
from components.storage.token_store import TokenStore

if TYPE_CHECKING:
    from components.retrieval.engine.qdrant import VectorStore

CORPORA_IN_MEMORY = 8
"""Corpora that embedded Qdrant holds at once; the least recently used makes room.

Those that are being searched stay, also where they are more.
"""

MEASUREMENTS = 200
"""Latencies remembered for each reranker."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One scoring pass on this machine: pairs, milliseconds without waiting, cost in US dollars."""

    pairs: int
    ms: float
    usd: float | None = None


class _LazyStore:
    """Qdrant's client takes most of a second to import, and not every command needs it."""

    def __init__(self, settings: QdrantSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._store: VectorStore | None = None

    def get(self) -> VectorStore:
        """Return the store, the same for everybody."""
        with self._lock:
            if self._store is None:
                from components.retrieval.engine.qdrant import VectorStore

                self._store = VectorStore(self._settings)
            return self._store


class Lab:
    """Indexes corpora and holds what a search needs. Safe to share between threads."""

    def __init__(self, settings: Settings | None = None, *, shared: bool = False) -> None:
        self.settings = settings or Settings()
        self.spending = SpendingLedger(self.settings.data_dir)
        self.budget = self.settings.spending.budget(shared=shared)
        self.uploads = UploadShelf()
        self.visitor = WHOLE_LAB
        self._meter = VisitorMeter(self.spending, self.budget, self.settings)
        self._store = _LazyStore(self.settings.qdrant)
        self.scores = ScoreCache(self.settings.cache_dir / "scores.sqlite")
        limit = self.settings.token_vectors.limit_mb * 1_000_000
        path = self.settings.cache_dir / "tokens.sqlite"
        self.tokens = TokenStore(path, LATE_BGE.revision, limit)
        self.search_log = SearchLog(self.settings.data_dir)
        self._corpora: OrderedDict[str, Corpus] = OrderedDict()
        self._users: Counter[str] = Counter()
        self._building: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()
        self.measured: dict[str, deque[Measured]] = {}

    @property
    def store(self) -> VectorStore:
        """Return the vector store, which all copies of this lab share."""
        return self._store.get()

    def with_keys(
        self,
        keys: Mapping[str, str],
        visitor: str = WHOLE_LAB,
        operator_keys: Mapping[str, str] | None = None,
    ) -> Lab:
        """Return this lab for a visitor, who owns what is begun in it; all else is shared.

        `keys` are the visitor's own, which no budget counts and which go before the others.
        """
        lab = copy(self)
        lab.settings = self.settings.with_keys({**(operator_keys or {}), **keys})
        lab.visitor = visitor
        lab._meter = self._meter.of(visitor, lab.settings, own=keys)
        return lab

    def note(self, system: str, measured: Measured) -> None:
        """Remember how long a reranker took here."""
        self.measured.setdefault(system, deque(maxlen=MEASUREMENTS)).append(measured)

    def ms_a_pair(self, system: str) -> float | None:
        """Return the median milliseconds a pair of a reranker since the lab started, if any."""
        times = [m.ms / m.pairs for m in list(self.measured.get(system, ())) if m.pairs]
        return median(times) if times else None

    # ------------------------------------------------------------ first stage

    def index(self, corpus: Corpus, first_stage: str, report: StepReport = no_report) -> None:
        """Make a corpus searchable by a first stage; does nothing where it already is."""
        stage = catalog.first_stage(first_stage)
        with self._indexing(corpus, stage.schema):
            if not self.store.has(corpus, stage.schema):
                vectors = self._vectors(corpus, stage, report)
                self.store.build(corpus, stage.schema, vectors, _progress(report, "store"))

    def _vectors(self, corpus: Corpus, stage: FirstStage, report: StepReport) -> CorpusVectors:
        bm25 = statistics(corpus)
        sparse = [bm25.document_vector(d.passage) for d in corpus.documents]
        if stage.encoder is None:
            return CorpusVectors(sparse=sparse if stage.schema.sparse else None)
        encoder, _ = self.encoder(stage.encoder)
        spec, folder = stage.encoder.spec, self.settings.cache_dir
        progress = _progress(report, f"encode with {spec.key}")
        dense = dense_vectors(corpus, spec, encoder, folder, progress)
        return CorpusVectors(dense, sparse if stage.schema.sparse else None)

    def encoder(self, entry: EncoderEntry) -> tuple[Encoder, float]:
        """Return a warm bi-encoder and the milliseconds it took to warm it."""
        with GATE.hold(loading=True):
            return catalog.load_encoder(entry)

    def candidates(
        self, corpus: Corpus, stage: FirstStage, query: str, vector: Vector | None, limit: int
    ) -> list[Candidate]:
        """Return the first stage's best documents; `vector` is the encoder's, if it has one."""
        encoded = EncodedQuery(query, vector, statistics(corpus).query_vector(query))
        return self.store.search(
            corpus, stage.schema, stage.queries(encoded), limit, fused=stage.fused
        )

    def context(self, corpus: Corpus | None, instruction: str = "") -> Context:
        """Return what a reranker may draw on."""
        return Context(self.settings, corpus, self.tokens, instruction, self._meter)

    # ------------------------------------------------------------ bookkeeping

    @contextmanager
    def using(self, corpus: Corpus | None) -> Iterator[None]:
        """Keep what embedded Qdrant holds of a corpus, from its indexing to the end of a search."""
        key = corpus.fingerprint if corpus else ""
        with self._lock:
            self._users[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._users[key] -= 1

    @contextmanager
    def _indexing(self, corpus: Corpus, schema: CollectionSchema) -> Iterator[None]:
        """Note the use of a corpus and let nobody else build or drop this collection of it."""
        key = corpus.fingerprint
        with self.using(corpus):
            with self._lock:
                self._corpora[key] = corpus
                self._corpora.move_to_end(key)
                self._make_room()
                building = self._building.setdefault((key, schema.key), threading.Lock())
            with building:
                yield

    def _make_room(self) -> None:
        """Drop the corpora whose last use is longest ago; needs the lock.

        The lock is held until they are gone: who asks for one of them meanwhile builds it anew.
        """
        excess = len(self._corpora) - CORPORA_IN_MEMORY
        if excess <= 0 or not self.store.embedded:
            return
        schemas = {stage.schema for stage in catalog.first_stages().values()}
        for key in [key for key in self._corpora if not self._users[key]][:excess]:
            corpus = self._corpora.pop(key)
            for schema in schemas:
                self.store.drop(corpus, schema)


def _progress(report: StepReport, name: str) -> Progress:
    return lambda done, total: report(name, done, total)
