"""One lab: settings, a vector store, and the corpora indexed in it."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Self

import numpy as np

from components.config import Settings
from components.domain import Corpus, Encoder, Filter, InputError, Matrix, Progress, Vector
from components.encoders import EncoderEntry
from components.lab import catalog
from components.lab.library import Library, library_folder
from components.lab.library.traces import erase
from components.lab.spending import VisitorMeter
from components.lab.work import BackgroundTask, StepReport, no_report
from components.models.gate import GATE
from components.rerankers import Context
from components.rerankers.late_interaction import LATE_BGE
from components.retrieval.first_stages import FirstStage
from components.retrieval.lexical import Lexicon, forget_lexicon, lexicon
from components.retrieval.schema import Candidates, CollectionSchema, CorpusVectors, EncodedQuery
from components.retrieval.vectors import dense_vectors, is_cached
from components.storage.documents import StoredDocuments
from components.storage.score_cache import ScoreCache
from components.storage.search_log import SearchLog
from components.storage.spending import SpendingLedger
from components.storage.sqlite import WHOLE_LAB
from components.storage.token_store import TokenStore

if TYPE_CHECKING:
    from components.retrieval.store import VectorStore

GRAPH_QUERIES = 100
"""Queries at most by which a graph is measured: the corpus's own, else words of documents."""
VECTORS_AT_HAND = 8
"""Corpora whose vectors, which lie on disk, are mapped into memory at once."""

MEASUREMENTS = 200
"""Latencies remembered for each reranker."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One scoring pass on this machine: pairs, milliseconds without waiting, cost in US dollars."""

    pairs: int
    ms: float
    usd: float | None = None


class _LazyStore:
    """Qdrant takes time to import, and not every command needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._store: VectorStore | None = None

    def get(self) -> VectorStore:
        """Return the store, the same for everybody."""
        with self._lock:
            if self._store is None:
                from components.retrieval.store import open_store

                self._store = open_store(self._settings)
            return self._store


class Lab:
    """Indexes corpora and holds what a search needs. Safe to share between threads."""

    def __init__(self, settings: Settings | None = None, *, shared: bool = False) -> None:
        self.settings = settings or Settings()
        self.spending = SpendingLedger(self.settings.data_dir)
        self.budget = self.settings.spending.budget(shared=shared)
        library = library_folder(self.settings)
        self.library = Library(library, self.settings.library, partial(erase, self))
        self.visitor = WHOLE_LAB
        self._meter = VisitorMeter(self.spending, self.budget, self.settings)
        self._store = _LazyStore(self.settings)
        self.scores = ScoreCache(self.settings.cache_dir / "scores.sqlite")
        limit = self.settings.token_vectors.limit_mb * 1_000_000
        path = self.settings.cache_dir / "tokens.sqlite"
        self.tokens = TokenStore(path, LATE_BGE.revision, limit)
        self.search_log = SearchLog(self.settings.data_dir)
        self._at_hand: OrderedDict[tuple[str, str], Matrix] = OrderedDict()
        self._graphs: dict[tuple[str, str], BackgroundTask] = {}
        self._building: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self.measured: dict[str, deque[Measured]] = {}

    @property
    def store(self) -> VectorStore:
        """Return the vector store, which all copies of this lab share."""
        return self._store.get()

    def swept(self) -> Self:
        """Begin to remove what killed processes left in the library, and return this lab."""
        threading.Thread(target=self.library.sweep, name="sweep", daemon=True).start()
        return self

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
        """Make a corpus searchable by a first stage; does nothing where it already is.

        Raises InputError for a kept corpus that was deleted: nothing of it is written again.
        """
        if isinstance(corpus.documents, StoredDocuments) and corpus.documents.deleted:
            raise InputError(f"The corpus {corpus.name} was deleted.", "Choose another one.")
        stage = catalog.first_stage(first_stage)
        with self._building_alone(corpus, stage.schema):
            if not self.store.has(corpus, stage.schema):
                sparse = self._lexicon(corpus, report).vectors
                dense = self._dense(corpus, stage.encoder, report) if stage.encoder else None
                vectors = CorpusVectors(dense, sparse)
                self.store.build(corpus, stage.schema, vectors, _progress(report, "store"))
        if stage.encoder and self.store.wants_graph(corpus, stage.schema):
            self._begin_graph(corpus, stage, stage.encoder)

    def _begin_graph(self, corpus: Corpus, stage: FirstStage, entry: EncoderEntry) -> None:
        """Build a large collection's graph in a thread, once; exact search serves meanwhile."""
        key = (corpus.fingerprint, self.store.alias(corpus, stage.schema))
        with self._lock:
            if key in self._graphs:
                return

            def work(report: StepReport) -> None:
                encoder, _ = self.encoder(entry)
                texts, rows = [query.text for query in corpus.queries if len(query.text) < 500], []
                if not texts:
                    step = max(1, len(corpus.documents) // GRAPH_QUERIES)
                    texts = [" ".join(d.passage.split()[:10]) for d in corpus.documents[::step]]
                for text in texts[:GRAPH_QUERIES]:
                    with GATE.hold(check=partial(report, "graph", 0, 0)):
                        rows.append(encoder.encode_query(text))
                self.store.build_graph(
                    corpus, stage.schema, np.array(rows), partial(report, "graph", 0, 0)
                )

            self._graphs[key] = BackgroundTask(work).start()

    def _lexicon(self, corpus: Corpus, report: StepReport = no_report) -> Lexicon:
        return lexicon(corpus, self.settings.cache_dir, _progress(report, "count words"))

    def _dense(self, corpus: Corpus, entry: EncoderEntry, report: StepReport) -> Matrix:
        """Return a corpus's dense vectors, mapped into memory."""
        key = (corpus.fingerprint, entry.spec.key)
        with self._lock:
            if key in self._at_hand:
                self._at_hand.move_to_end(key)
                return self._at_hand[key]
        encoder, _ = self.encoder(entry)
        progress = _progress(report, f"encode with {entry.spec.key}")
        rows = dense_vectors(corpus, entry.spec, encoder, self.settings.cache_dir, progress)
        with self._lock:
            self._at_hand[key] = rows
            while len(self._at_hand) > VECTORS_AT_HAND:
                self._at_hand.popitem(last=False)
        return rows

    def encoder(self, entry: EncoderEntry) -> tuple[Encoder, float]:
        """Return a warm bi-encoder and the milliseconds it took to warm it."""
        with GATE.hold(loading=True):
            return catalog.load_encoder(entry)

    def candidates(
        self,
        corpus: Corpus,
        stage: FirstStage,
        query: str,
        vector: Vector | None,
        limit: int,
        filter: Filter,
    ) -> Candidates:
        """Return the first stage's best documents that meet a filter.

        `vector` is the encoder's, if it has one. BM25 counts words over the whole corpus.
        """
        lexicon = self._lexicon(corpus)
        queries = stage.queries(EncodedQuery(query, vector, lexicon.bm25.query_vector(query)))
        dense, entry = None, stage.encoder
        # who searches an index that another machine built has no vectors of its own
        if entry and (
            (corpus.fingerprint, entry.spec.key) in self._at_hand
            or is_cached(self.settings.cache_dir, corpus, entry.spec)
        ):
            dense = self._dense(corpus, entry, no_report)
        vectors = CorpusVectors(dense, lexicon.vectors)
        return self.store.search(
            corpus, stage.schema, queries, limit, vectors, fused=stage.fused, filter=filter
        )

    def context(self, corpus: Corpus | None, instruction: str = "") -> Context:
        """Return what a reranker may draw on."""
        return Context(self.settings, corpus, self.tokens, instruction, self._meter)

    # ------------------------------------------------------------ bookkeeping

    def forget(self, fingerprint: str) -> None:
        """Let go of what is in memory of a corpus that was deleted."""
        with self._lock:
            for by_corpus in (self._at_hand, self._graphs):
                for key in [key for key in by_corpus if key[0] == fingerprint]:
                    del by_corpus[key]
        forget_lexicon(fingerprint)

    @contextmanager
    def _building_alone(self, corpus: Corpus, schema: CollectionSchema) -> Iterator[None]:
        """Let nobody else of this process build this collection of a corpus."""
        with self._lock:
            alias = self.store.alias(corpus, schema)
            building = self._building.setdefault(alias, threading.Lock())
        with building:
            yield


def _progress(report: StepReport, name: str) -> Progress:
    return lambda done, total: report(name, done, total)
