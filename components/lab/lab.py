"""One lab: settings, a vector store, and the corpora indexed in it."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING

from components.config import QdrantSettings, Settings
from components.domain import Corpus, Encoder, Matrix, Progress, Scores
from components.encoders import ENCODERS, minilm
from components.lab import catalog
from components.models.bm25 import statistics
from components.models.gate import GATE
from components.rerankers import Context
from components.rerankers.late_interaction import LATE_MINILM
from components.retrieval.vectors import Candidate, Points, Space, dense_vectors, token_vectors
from components.storage.score_cache import ScoreCache
from components.storage.search_log import History

if TYPE_CHECKING:
    from components.retrieval.engine.qdrant import VectorStore

LATE_LIMIT = 2_000
"""Documents up to which token vectors are computed for the whole corpus ahead."""
CORPORA_IN_MEMORY = 8
"""Corpora that embedded Qdrant holds at once; the least recently used makes room."""

MEASUREMENTS = 200
"""Latencies remembered for each reranker."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One scoring pass on this machine: pairs, milliseconds without waiting, cost in US dollars."""

    pairs: int
    ms: float
    usd: float | None = None


Report = Callable[[str, int, int], None]
"""`report(step, done, total)`; it may raise `Cancelled`."""


def no_report(step: str, done: int, total: int) -> None:
    """Ignore progress."""


def space_of(first_stage: str) -> Space:
    """Return the collection that a first stage searches."""
    encoder = catalog.encoder_of(first_stage)
    if encoder is None:
        return Space("bm25", sparse=True)
    entry = ENCODERS[encoder]
    return Space(f"{encoder}-{entry.spec.revision}", dense=384, sparse=True)


TOKEN_SPACE = Space(f"{LATE_MINILM.key}-{LATE_MINILM.revision}", tokens=384)


class _LazyStore:
    """Qdrant's client takes most of a second to import, and not every command needs it."""

    def __init__(self, settings: QdrantSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._found: VectorStore | None = None

    def get(self) -> VectorStore:
        """Return the store, the same for everybody."""
        with self._lock:
            if self._found is None:
                from components.retrieval.engine.qdrant import VectorStore

                self._found = VectorStore(self._settings)
            return self._found


class Lab:
    """Indexes corpora and lends what a search needs. Safe to share between threads."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._store = _LazyStore(self.settings.qdrant)
        self.scores = ScoreCache(self.settings.cache_dir / "scores.sqlite")
        self.history = History(self.settings.data_dir)
        self._held: OrderedDict[str, Corpus] = OrderedDict()
        self._building: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()
        self._counts: dict[str, Sequence[tuple[int, int]]] = {}
        self.measured: dict[str, deque[Measured]] = {}

    @property
    def store(self) -> VectorStore:
        """Return the vector store, which all copies of this lab share."""
        return self._store.get()

    def with_keys(self, keys: Mapping[str, str]) -> Lab:
        """Return this lab for somebody with API keys of their own; all else is shared."""
        twin = copy(self)
        twin.settings = self.settings.with_keys(keys)
        return twin

    def note(self, system: str, measured: Measured) -> None:
        """Remember how long a reranker took here."""
        self.measured.setdefault(system, deque(maxlen=MEASUREMENTS)).append(measured)

    def ms_a_pair(self, system: str) -> float | None:
        """Return the median milliseconds a pair of a reranker since the lab started, if any."""
        took = [m.ms / m.pairs for m in list(self.measured.get(system, ())) if m.pairs]
        return median(took) if took else None

    # ------------------------------------------------------------ first stage

    def index(self, corpus: Corpus, first_stage: str, report: Report = no_report) -> None:
        """Make a corpus searchable by a first stage; does nothing where it already is."""
        space = space_of(first_stage)
        self._touch(corpus)
        with self._lock_of(corpus, space):
            if not self.store.has(corpus, space):
                self.store.build(
                    corpus, space, self._points(corpus, first_stage, report), _step(report, "store")
                )

    def _points(self, corpus: Corpus, first_stage: str, report: Report) -> Points:
        bm25 = statistics(corpus)
        sparse = [bm25.document_vector(d.passage) for d in corpus.documents]
        key = catalog.encoder_of(first_stage)
        if key is None:
            return Points(sparse=sparse)
        encoder, _ = self.encoder(key)
        spec = ENCODERS[key].spec
        progress = _step(report, f"encode with {key}")
        folder = self.settings.cache_dir
        return Points(dense_vectors(corpus, spec, encoder, folder, progress), sparse)

    def encoder(self, key: str) -> tuple[Encoder, float]:
        """Return a warm bi-encoder and the milliseconds it took to warm it."""
        with GATE.hold(loading=True):
            return catalog.load_encoder(key)

    def candidates(
        self, corpus: Corpus, first_stage: str, query: str, vector: Matrix | None, limit: int
    ) -> list[Candidate]:
        """Return the first stage's best documents."""
        space, sparse = space_of(first_stage), statistics(corpus).query_vector(query)
        if vector is None:
            return self.store.search_sparse(corpus, space, sparse, limit)
        if first_stage == "hybrid":
            return self.store.search_hybrid(corpus, space, vector, sparse, limit)
        return self.store.search_dense(corpus, space, vector, limit)

    def index_all(
        self, corpus: Corpus, first_stage: str, *, tokens: bool, report: Report = no_report
    ) -> bool:
        """Index for a first stage and, where the corpus is small enough, for late interaction.

        Return whether token vectors are kept.
        """
        late = tokens and len(corpus.documents) <= LATE_LIMIT
        self.index(corpus, first_stage, report)
        if late:
            self.index_tokens(corpus, report)
        return late

    # ------------------------------------------------------------ token vectors

    def index_tokens(self, corpus: Corpus, report: Report = no_report) -> None:
        """Keep every document's token vectors in the store; they are computed once."""
        self._touch(corpus)
        with self._lock_of(corpus, TOKEN_SPACE):
            if corpus.fingerprint in self._counts and self.store.has(corpus, TOKEN_SPACE):
                return
            tokens = token_vectors(
                corpus,
                LATE_MINILM,
                minilm(),
                self.settings.cache_dir,
                _step(report, f"encode with {LATE_MINILM.key}"),
            )
            if not self.store.has(corpus, TOKEN_SPACE):
                points = Points(tokens=tokens)
                self.store.build(corpus, TOKEN_SPACE, points, _step(report, "store"))
            self._counts[corpus.fingerprint] = tokens.counts

    def context(self, corpus: Corpus | None, instruction: str = "") -> Context:
        """Return what a reranker may draw on."""
        tokens = None
        if corpus is not None and corpus.fingerprint in self._counts:
            tokens = StoredTokens(self.store, corpus, self._counts[corpus.fingerprint])
        return Context(self.settings, corpus, tokens, instruction)

    # ------------------------------------------------------------ bookkeeping

    def _lock_of(self, corpus: Corpus, space: Space) -> threading.Lock:
        with self._lock:
            return self._building.setdefault((corpus.fingerprint, space.key), threading.Lock())

    def _touch(self, corpus: Corpus) -> None:
        """Note the use of a corpus; embedded, drop the one that was not used for longest."""
        with self._lock:
            self._held[corpus.fingerprint] = corpus
            self._held.move_to_end(corpus.fingerprint)
            full = self.store.embedded and len(self._held) > CORPORA_IN_MEMORY
            oldest = self._held.popitem(last=False)[1] if full else None
        if oldest is not None:
            self._counts.pop(oldest.fingerprint, None)
            for space in (*map(space_of, catalog.first_stages()), TOKEN_SPACE):
                self.store.drop(oldest, space)


def _step(report: Report, name: str) -> Progress:
    return lambda done, total: report(name, done, total)


@dataclass(frozen=True)
class StoredTokens:
    """Token vectors in the vector store, found by the text they belong to."""

    store: VectorStore
    corpus: Corpus
    counts: Sequence[tuple[int, int]]

    def maxsim(self, query: Matrix, texts: Sequence[str]) -> Scores | None:
        """Return MaxSim and token counts for every text, or None where any text is not stored."""
        positions = passage_positions(self.corpus)
        if any(text not in positions for text in texts):
            return None
        wanted = [positions[text] for text in texts]
        scores = self.store.maxsim(self.corpus, TOKEN_SPACE, query, wanted)
        counts = [self.counts[i] for i in wanted]
        return Scores(scores, kept=tuple(k for k, _ in counts), cut=tuple(c for _, c in counts))


@lru_cache(maxsize=CORPORA_IN_MEMORY)
def passage_positions(corpus: Corpus) -> dict[str, int]:
    """Return each passage's position in its corpus; of equal passages the first."""
    places: dict[str, int] = {}
    for i, document in enumerate(corpus.documents):
        places.setdefault(document.passage, i)
    return places
