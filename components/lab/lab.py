"""One lab: settings, a vector store, and the corpora indexed in it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from components.config import Settings
from components.domain import Corpus, Filter, InputError, Matrix, Progress, StoreError, Vector
from components.encoders import EncoderContext, EncoderEntry
from components.lab import catalog
from components.lab.corpus_stages import CorpusStages
from components.lab.lazy import Lazy
from components.lab.library import Library, library_folder
from components.lab.library.traces import erase
from components.lab.spending import VisitorMeter
from components.lab.stages import look_again
from components.lab.vectors import Told, VectorShelf, no_bill
from components.lab.work import BackgroundTask, StepReport, no_report
from components.models.bm25 import SparseVector
from components.models.gate import GATE
from components.rerankers import Context
from components.rerankers.late_interaction import LATE_BGE
from components.retrieval.candidates import by_hash, fuse
from components.retrieval.first_stages import FirstStage
from components.retrieval.learned import within
from components.retrieval.lexical import Lexicon, forget_lexicon, lexicon
from components.retrieval.schema import Candidates, CollectionSchema, CorpusVectors, EncodedQuery
from components.storage.documents import StoredDocuments
from components.storage.score_cache import ScoreCache
from components.storage.search_log import SearchLog
from components.storage.spending import SpendingLedger
from components.storage.sqlite import WHOLE_LAB
from components.storage.token_store import TokenStore

if TYPE_CHECKING:
    from components.lab.collections import Collections
    from components.retrieval.store import VectorStore

GRAPH_QUERIES = 100
"""Queries at most by which a graph is measured: the corpus's own, else words of documents."""
MEASUREMENTS = 200
"""Latencies remembered for each reranker."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One scoring pass on this machine: pairs, milliseconds without waiting, cost in US dollars."""

    pairs: int
    ms: float
    usd: float | None = None


def _open_store(settings: Settings) -> VectorStore:
    from components.retrieval.store import open_store

    return open_store(settings)


def _collections(settings: Settings) -> Collections:
    from components.lab.collections import Collections

    return Collections(settings)


class Lab(CorpusStages):
    """Indexes corpora and holds what a search needs. Safe to share between threads."""

    def __init__(self, settings: Settings | None = None, *, shared: bool = False) -> None:
        self.settings = settings or Settings()
        self.spending = SpendingLedger(self.settings.data_dir)
        self.budget = self.settings.spending.budget(shared=shared)
        library = library_folder(self.settings)
        self.library = Library(library, self.settings.library, partial(erase, self))
        self.visitor = WHOLE_LAB
        self._meter = VisitorMeter(self.spending, self.budget, self.settings)
        self._store = Lazy(partial(_open_store, self.settings))
        self._collections = Lazy(partial(_collections, self.settings))
        self.scores = ScoreCache(self.settings.cache_dir / "scores.sqlite")
        limit = self.settings.token_vectors.limit_mb * 1_000_000
        path = self.settings.cache_dir / "tokens.sqlite"
        self.tokens = TokenStore(path, LATE_BGE.revision, limit)
        self.search_log = SearchLog(self.settings.data_dir)
        self.vectors = VectorShelf(self.settings.cache_dir)
        self._graphs: dict[tuple[str, str], BackgroundTask] = {}
        self._building: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self.measured: dict[str, deque[Measured]] = {}

    @property
    def store(self) -> VectorStore:
        """Return the vector store, which all copies of this lab share."""
        return self._store.get()

    @property
    def collections(self) -> Collections:
        """Return the collections of one's own that are configured, shared like the store."""
        return self._collections.get()

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

    def index(
        self,
        corpus: Corpus,
        first_stage: str,
        report: StepReport = no_report,
        told: Told = no_bill,
    ) -> None:
        """Make a corpus searchable by a first stage; does nothing where it already is.

        `told` hears what requests may be billed for, also where the work ends early. Raises
        InputError for a kept corpus that was deleted: nothing of it is written again.
        """
        if isinstance(corpus.documents, StoredDocuments) and corpus.documents.deleted:
            raise InputError(f"The corpus {corpus.name} was deleted.", "Choose another one.")
        stage = self.first_stage(corpus, first_stage)
        for encoder in stage.encoders:
            if encoder.fetch(self.settings, _progress(report, "download")):
                look_again()  # its revision is that of the weights that came
        if corpus.remote:  # it is searched as it is: there is nothing to build
            for entry in stage.encoders:
                if entry.spec.local:  # texts are sent nowhere for a look
                    model = self._load(entry)
                    with GATE.hold(check=partial(report, "wait", 0, 0)):
                        self.collections.compare_vectors(corpus, entry, model)
            return
        stage = catalog.first_stage(first_stage, self.settings)
        for part in stage.searched:
            self._index(corpus, part, report, told)

    def _index(self, corpus: Corpus, stage: FirstStage, report: StepReport, told: Told) -> None:
        """Index a corpus for a first stage without parts."""
        entry, schema = stage.encoder, stage.schema
        with self._building_alone(corpus, schema):
            if not self.store.has(corpus, schema):
                if entry and entry.sparse:
                    load = partial(self._load, entry)
                    learned = self.vectors.learned(corpus, entry, load, report, told)
                    vectors = CorpusVectors(None, learned)
                else:
                    vectors = CorpusVectors(None, self._lexicon(corpus, report).vectors)
                if entry and not entry.sparse:
                    load = partial(self._load, entry)
                    dense = self.vectors.dense(corpus, entry, load, report, told)
                    vectors = replace(vectors, dense=dense)
                    schema = replace(schema, dense=dense.shape[1])
                self.store.build(corpus, schema, vectors, _progress(report, "store"))
        if entry and not entry.sparse and self.store.wants_graph(corpus, schema):
            self._begin_graph(corpus, stage, entry)

    def _begin_graph(self, corpus: Corpus, stage: FirstStage, entry: EncoderEntry) -> None:
        """Build a large collection's graph in a thread, once; exact search serves meanwhile."""
        key = (corpus.fingerprint, self.store.alias(corpus, stage.schema))
        with self._lock:
            if key in self._graphs:
                return

            def work(report: StepReport) -> None:
                check = partial(report, "graph", 0, 0)
                queries = self._graph_queries(corpus, entry, check)
                self.store.build_graph(corpus, stage.schema, queries, check)

            self._graphs[key] = BackgroundTask(work).start()

    def _graph_queries(
        self, corpus: Corpus, entry: EncoderEntry, check: Callable[[], None]
    ) -> Matrix:
        """Return the vectors by which a graph is measured; none is sent for over the network."""
        load = partial(self._load, entry)
        if not entry.spec.local:  # every so many documents then stand for queries
            rows = self.vectors.dense(corpus, entry, load)
            return np.array(rows[:: max(1, len(rows) // GRAPH_QUERIES)][:GRAPH_QUERIES])
        encoder = load()
        texts = [query.text for query in corpus.queries if len(query.text) < 500]
        if not texts:
            texts = [" ".join(d.passage.split()[:10]) for d in corpus.sample(GRAPH_QUERIES)]
        vectors = []
        for text in texts[:GRAPH_QUERIES]:
            with GATE.hold(check=check):
                vectors.append(encoder.encode_query(text))
        return np.array(vectors)

    def _lexicon(self, corpus: Corpus, report: StepReport = no_report) -> Lexicon:
        return lexicon(corpus, self.settings.cache_dir, _progress(report, "count words"))

    def encoder(self, entry: EncoderEntry) -> tuple[Any, float]:
        """Return an encoder, warm, and the milliseconds it took to load and warm it."""
        context = EncoderContext(self.settings, self._meter)
        with GATE.hold(loading=True) if entry.spec.local else nullcontext():
            return catalog.load_encoder(entry, context)

    def _load(self, entry: EncoderEntry) -> Any:  # noqa: ANN401
        return self.encoder(entry)[0]

    def candidates(
        self,
        corpus: Corpus,
        stage: FirstStage,
        query: str,
        encoded: Mapping[str, Vector | SparseVector],
        limit: int,
        filter: Filter,
    ) -> Candidates:
        """Return the first stage's best documents that meet a filter.

        `encoded` are its encoders' vectors by key. BM25 counts words over the whole corpus. Raises
        StoreError where a vector is not as long as those of the documents.
        """
        if corpus.remote:
            return self.collections.search(corpus, stage, query, encoded, limit, filter)
        if stage.parts:
            lists = [
                self.candidates(corpus, part, query, encoded, limit, filter) for part in stage.parts
            ]
            return fuse(by_hash(corpus), lists, min(limit, len(corpus.documents)), stage.weights)
        entry, lexicon = stage.encoder, self._lexicon(corpus)
        asked = EncodedQuery(query, None, lexicon.bm25.query_vector(query))
        vectors = CorpusVectors(None, lexicon.vectors)
        if entry is not None:
            vector, load = encoded[entry.spec.key], partial(self._load, entry)
            if isinstance(vector, SparseVector):
                rows = self.vectors.learned(corpus, entry, load)
                vectors = CorpusVectors(None, rows)
                asked = replace(asked, learned=within(vector, rows.shape[1]))
            else:
                dense = self.vectors.kept(corpus, entry, load)
                if dense is not None and len(vector) != dense.shape[1]:
                    raise StoreError(
                        f"{stage.key} encodes the query as {len(vector):,} numbers; the index of "
                        f"{corpus.name} has {dense.shape[1]:,}.",
                        "Has its model changed? Give the encoder another name: it is then indexed.",
                    )
                vectors, asked = replace(vectors, dense=dense), replace(asked, dense=vector)
        queries = stage.queries(asked)
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
            for key in [key for key in self._graphs if key[0] == fingerprint]:
                del self._graphs[key]
        self.vectors.forget(fingerprint)
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
