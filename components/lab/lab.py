"""One lab: settings, a vector store, and the corpora indexed in it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, Self

from components.config import Settings
from components.domain import NO_FILTER, Corpus, Filter, InputError, Progress, Vector
from components.encoders import EncoderContext, EncoderEntry
from components.lab import catalog
from components.lab.graphs import graph_queries
from components.lab.lazy import Lazy, opened_collections, opened_store
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

MEASUREMENTS = 200
"""Latencies remembered for each reranker."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One scoring pass on this machine: pairs, milliseconds without waiting, cost in US dollars."""

    pairs: int
    ms: float
    usd: float | None = None


class Lab:
    """Indexes corpora and holds what a search needs. Safe to share between threads."""

    def __init__(self, settings: Settings | None = None, *, shared: bool = False) -> None:
        self.settings = settings or Settings()
        self.spending = SpendingLedger(self.settings.data_dir)
        self.budget = self.settings.spending.budget(shared=shared)
        library = library_folder(self.settings)
        names = self.collection_names
        self.library = Library(library, self.settings.library, partial(erase, self), names)
        self.visitor = WHOLE_LAB
        self._meter = VisitorMeter(self.spending, self.budget, self.settings)
        self._store = Lazy(partial(opened_store, self.settings))
        self._collections = Lazy(partial(opened_collections, self.settings))
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

    @property
    def collection_names(self) -> tuple[str, ...]:
        """Return the names of the collections of one's own."""
        return tuple(own.name for own in self.settings.collections)

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

    def first_stages(self, corpus: Corpus) -> Mapping[str, FirstStage]:
        """Return the first stages by which a corpus can be searched, by key."""
        if corpus.remote:
            return self.collections.stages(corpus)
        return catalog.first_stages(self.settings)

    def usable_first_stage(self, corpus: Corpus, key: str) -> str:
        """Return a first stage's key, or that of a corpus's first one where it cannot be used."""
        stages = self.first_stages(corpus)
        return key if not corpus.remote or key in stages else next(iter(stages))

    def first_stage(self, corpus: Corpus, key: str) -> FirstStage:
        """Return one of them; InputError where there is none with this key."""
        stage = catalog.first_stage(key, self.settings)
        if not corpus.remote:
            return stage
        stages = self.first_stages(corpus)
        if key not in stages:
            raise InputError(
                f"{corpus.name} cannot be searched by {stage.key}: it is a collection that exists "
                "already, with the vectors that it has.",
                f"Choose one of: {', '.join(stages)}.",
            )
        return stages[key]

    def index(
        self, corpus: Corpus, first_stage: str, report: StepReport = no_report, told: Told = no_bill
    ) -> None:
        """Make a corpus searchable by a first stage; does nothing where it already is.

        `told` hears what requests may be billed for, also where the work ends early. Raises
        InputError for a kept corpus that was deleted: nothing of it is written again.
        """
        if isinstance(corpus.documents, StoredDocuments) and corpus.documents.deleted:
            raise InputError(f"The corpus {corpus.name} was deleted.", "Choose another one.")
        for encoder in self.first_stage(corpus, first_stage).encoders:
            if encoder.fetch(self.settings, _progress(report, "download")):
                look_again()  # its revision is that of the weights that came
        stage = self.first_stage(corpus, first_stage)
        if corpus.remote:  # it is searched as it is: there is nothing to build
            for entry in stage.encoders:
                if entry.spec.local:  # texts are sent nowhere for a look
                    model = self._load(entry)
                    with GATE.hold(check=partial(report, "wait", 0, 0)):
                        self.collections.compare_vectors(corpus, entry, model)
            return
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
                load = partial(self._load, entry)
                queries = graph_queries(corpus, entry, load, self.vectors, check)
                self.store.build_graph(corpus, stage.schema, queries, check)

            self._graphs[key] = BackgroundTask(work).start()

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
        filter: Filter = NO_FILTER,
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
            asked, vectors = self.vectors.beside(corpus, entry, load, vector, asked, vectors)
        queries = stage.queries(asked)
        return self.store.search(
            corpus, stage.schema, queries, limit, vectors, fused=stage.fused, filter=filter
        )

    def matching(self, corpus: Corpus, stage: FirstStage, filter: Filter) -> int:
        """Return how many documents meet a filter."""
        if corpus.remote:
            return self.collections.count(corpus, filter)
        return self.store.count(corpus, stage.schema, filter)

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
