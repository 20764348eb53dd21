"""The collections of one's own that the configuration names, as corpora."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from components.config import CollectionSettings, Settings
from components.corpora import read_beside
from components.domain import Corpus, Encoder, Filter, InputError, LabError, Vector
from components.encoders import EncoderEntry
from components.lab import catalog
from components.lab.collection_recall import measured_recall
from components.lab.work import StepReport
from components.models.bm25 import SparseVector
from components.retrieval.engine.reader import reader_of
from components.retrieval.existing import (
    Check,
    ExistingDocuments,
    changes,
    clauses,
    open_existing,
    search,
    stages_of,
)
from components.retrieval.first_stages import FirstStage
from components.retrieval.schema import Candidates, EncodedQuery
from components.wording import count

LOOK_AGAIN_S = 10.0
"""Seconds after which a collection is asked again whether it has changed."""
ALIKE = 0.9
"""The cosine from which on a stored vector may be an encoder's of the point's text."""
LOOKED_AT = 4
"""Points whose vectors are compared with what the encoder makes of their texts."""


@dataclass(frozen=True, slots=True)
class CollectionState:
    """A configured collection: its name, where it is, and its points where it was opened.

    `search` says how it searches dense vectors, `changed` in a sentence that it is not what it was
    when it was opened, `error` why it could not be opened; `checks` are what was looked at.
    """

    name: str
    where: str
    points: int = 0
    search: str = ""
    changed: str = ""
    error: str = ""
    checks: tuple[Check, ...] = ()


class Collections:
    """Opens each collection once, for everybody; it stays as it was opened until it is opened anew.

    Safe to share between threads.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._by_name = {own.name: own for own in settings.collections}
        self._corpora: dict[str, Corpus] = {}
        self._looked: dict[str, tuple[float, str]] = {}
        self._vector_notes: dict[str, str] = {}
        self._recalls: dict[str, str] = {}
        self._tried: set[str] = set()
        self._clock = clock
        self._locks = {name: threading.Lock() for name in self._by_name}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all collections that are configured."""
        return tuple(self._by_name)

    def with_fingerprint(self, fingerprint: str) -> str | None:
        """Return the name of the collection with a fingerprint, if there is one.

        One that nobody has tried to open yet is opened.
        """
        for name in self.names:
            with suppress(LabError):
                if name not in self._tried and self.open(name).fingerprint == fingerprint:
                    return name
        return next((n for n, c in self._corpora.items() if c.fingerprint == fingerprint), None)

    def open(self, name: str, *, anew: bool = False) -> Corpus:
        """Return a collection as a corpus; `anew` as it is now, even where it was opened before.

        Raises InputError where it is not as it is configured, StoreError where its server is gone.
        """
        own = catalog.require(name, self._by_name, "collection")
        self._tried.add(name)
        with self._locks[name]:
            if anew or name not in self._corpora:
                self._corpora[name] = _opened(own, self._settings)
                self._looked.pop(name, None)
            return self._corpora[name]

    def stages(self, corpus: Corpus) -> Mapping[str, FirstStage]:
        """Return the first stages by which a collection's corpus can be searched."""
        documents = existing(corpus)
        encoder = documents.reader.settings.encoder
        return stages_of(documents, catalog.first_stage(encoder, self._settings))

    def changes(self, corpus: Corpus) -> str:
        """Say how a collection differs from when it was opened; empty where it does not.

        It is asked every LOOK_AGAIN_S seconds at most; where it cannot be asked, nothing is said.
        """
        now = self._clock()
        at, said = self._looked.get(corpus.fingerprint, (-math.inf, ""))
        if now - at >= LOOK_AGAIN_S:
            with suppress(LabError):
                said = changes(existing(corpus).opened)
            self._looked[corpus.fingerprint] = (now, said)
        return said

    def check_unchanged(self, corpus: Corpus) -> None:
        """Raise InputError where a collection is not what it was when it was opened."""
        self._looked.pop(corpus.fingerprint, None)
        if changed := self.changes(corpus):
            raise InputError(
                f"{corpus.name} has changed: {changed}.",
                "Open it anew on the Corpus page, so that the figures say of what they are.",
            )

    def remarks(self, corpus: Corpus) -> tuple[str, ...]:
        """Return what belongs to figures of a collection: how it searched, that it has changed."""
        self._looked.pop(corpus.fingerprint, None)
        changed, search = self.changes(corpus), existing(corpus).opened.search
        how = f"The first stage is the collection's own: {search}; " + (
            self.recall(corpus) or "its recall against exact search was not measured"
        )
        lines = [
            f"{how}.",
            *(f"{note[:1].upper()}{note[1:]}." for note in self.vector_notes(corpus)),
        ]
        if changed:
            lines.append(
                f"The collection changed while it was searched ({changed}): its queries were "
                "answered in different states."
            )
        return tuple(lines)

    def compare_vectors(self, corpus: Corpus, entry: EncoderEntry, encoder: Encoder) -> None:
        """Look once whether an encoder makes vectors like a collection's of its texts.

        A few points are looked at, with title and text and with the text alone. Where they differ,
        `notes` says so.
        """
        if corpus.fingerprint in self._vector_notes:
            return
        points, _ = existing(corpus).reader.scroll(LOOKED_AT, vectors=True)
        pairs = [(existing(corpus).document(p), p.dense) for p in points if p.dense is not None]
        alike = 1.0
        if pairs:
            documents, rows = [d for d, _ in pairs], np.array([row for _, row in pairs])
            alike = max(
                float((encoder.encode_documents(texts) * rows).sum(axis=1).mean())
                for texts in ([d.passage for d in documents], [d.text for d in documents])
            )
        self._vector_notes[corpus.fingerprint] = "" if alike >= ALIKE else (
            f"the vectors do not look like those that {entry.spec.key} makes of these texts: a "
            f"cosine of {alike:.2f} on {count(len(pairs), 'point')}"
        )  # fmt: skip

    def vector_notes(self, corpus: Corpus) -> tuple[str, ...]:
        """Return what is to be noted of a collection's vectors, where they were compared."""
        return tuple(filter(None, [self._vector_notes.get(corpus.fingerprint, "")]))

    def notes(self, corpus: Corpus) -> tuple[str, ...]:
        """Return what is to be noted of a search in a collection."""
        changed = self.changes(corpus)
        about = (f"the collection has changed: {changed}",) if changed else ()
        return (*self.vector_notes(corpus), *about)

    def search(
        self,
        corpus: Corpus,
        stage: FirstStage,
        query: str,
        encoded: Mapping[str, Vector | SparseVector],
        limit: int,
        filter: Filter,
    ) -> Candidates:
        """Return a collection's best documents that meet a filter, by one of its first stages.

        `encoded` are the encoders' vectors by key.
        """
        vector = encoded[stage.encoder.spec.key] if stage.encoder else None
        dense = None if isinstance(vector, SparseVector) else vector
        queries = stage.queries(EncodedQuery(query, dense, SparseVector((), ())))
        documents = existing(corpus)
        where = clauses(filter, documents.reader)
        return search(documents, queries, limit, where, fused=stage.fused)

    def count(self, corpus: Corpus, filter: Filter) -> int:
        """Return how many of a collection's points meet a filter."""
        reader = existing(corpus).reader
        return reader.count(clauses(filter, reader))

    def measure_recall(self, corpus: Corpus, encoder: Encoder, report: StepReport) -> None:
        """Compare what a collection's own dense search finds with exact search.

        The corpus's own queries are asked, RECALL_QUERIES at most, or words of sampled documents
        where it has none; each of them twice, the second time exactly. `recall` then says it.
        """
        self._recalls[corpus.fingerprint] = measured_recall(
            corpus, existing(corpus).reader, encoder, report
        )

    def recall(self, corpus: Corpus) -> str:
        """Return in words what was measured of a collection's dense search; empty until it was."""
        return self._recalls.get(corpus.fingerprint, "")

    def about(self, corpus: Corpus) -> CollectionState:
        """Return the state of a collection that was opened."""
        opened = existing(corpus).opened
        own = opened.reader.settings
        return CollectionState(
            corpus.name,
            f"{own.collection} at {own.address}",
            opened.total,
            opened.search,
            self.changes(corpus),
            checks=opened.checks,
        )

    def states(self) -> tuple[CollectionState, ...]:
        """Return all collections with their state; those that were not opened yet are opened."""
        states = []
        for own in self._settings.collections:
            try:
                states.append(self.about(self.open(own.name)))
            except LabError as exc:
                where = f"{own.collection} at {own.address}"
                states.append(CollectionState(own.name, where, error=str(exc)))
        return tuple(states)


def existing(corpus: Corpus) -> ExistingDocuments:
    """Return the documents of a collection's corpus; ValueError for those of any other."""
    if not isinstance(corpus.documents, ExistingDocuments):
        raise ValueError(f"{corpus.name} is no collection of one's own")
    return corpus.documents


def _opened(own: CollectionSettings, settings: Settings) -> Corpus:
    """Check a collection, then read its queries and judgments."""
    if own.api_key_env and own.key not in settings.keys:
        raise InputError(
            f"The variable {own.api_key_env}, which [[collection]] {own.name} names, is not set.",
            "Set it to the server's key, or leave api_key_env out.",
        )
    stages = catalog.first_stages(settings).items()
    dense = {key: s for key, s in stages if not (s.fused or s.parts or s.sparse)}
    encoders = {key: s.encoder for key, s in dense.items() if s.encoder}
    reader = reader_of(own, settings.keys.get(own.key, ""), settings.qdrant.timeout_s)
    opened = open_existing(reader, encoders.get(own.encoder))
    documents = ExistingDocuments(opened)
    beside = read_beside(own.queries, own.qrels, documents.present)
    documents.present([query.id for query in beside.queries])  # some queries are documents
    judgments = beside.splits.get("test") or next(iter(beside.splits.values()), {})
    return Corpus(
        own.name,
        documents,
        beside.queries,
        judgments,
        opened.version,
        splits=beside.splits,
        dangling=beside.dangling,
        unasked=beside.unasked,
        scanned=opened.fields,
    )
