"""The vectors of corpora, from the encoders of first stages: kept on disk, mapped into memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from components.domain import Billed, Corpus, Matrix, Progress, Spec, StoreError, Vector
from components.encoders import EncoderEntry
from components.encoders.remote import RemoteEncoder, RemoteSparseEncoder
from components.lab.work import StepReport, no_report
from components.models.bm25 import SparseVector
from components.retrieval.learned import documents_learned, learned_vectors, within
from components.retrieval.remote_vectors import remote_vectors, stored_vectors
from components.retrieval.schema import CorpusVectors, EncodedQuery
from components.retrieval.vectors import dense_vectors, documents_encoded, is_cached
from components.wording import count

if TYPE_CHECKING:
    from scipy.sparse import csr_array

T = TypeVar("T")
AT_HAND = 8
"""Corpora whose vectors, which lie on disk, are mapped into memory at once."""
Load = Callable[[], Any]
"""`load()` returns the encoder, warm."""
Told = Callable[[Billed], None]
"""`told(billed)` hears what requests may be billed for, also where they did not end well."""


def no_bill(billed: Billed) -> None:
    """Ignore what was billed."""


class VectorShelf:
    """Vectors by corpus and model revision; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at_hand: OrderedDict[tuple[str, str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def dense(
        self,
        corpus: Corpus,
        entry: EncoderEntry,
        load: Load,
        report: StepReport = no_report,
        told: Told = no_bill,
    ) -> Matrix:
        """Return a corpus's dense vectors; those that are missing are computed, and billed."""
        rows: Matrix | None = self._recall(corpus, entry.stored)
        if rows is not None:
            return rows
        encoder, spec, progress = load(), entry.stored, _progress(report, entry.stored)
        if isinstance(encoder, RemoteEncoder):
            try:
                rows = remote_vectors(corpus, spec, encoder, self._folder, progress)
            finally:
                told(encoder.billed)
        else:
            rows = dense_vectors(corpus, spec, encoder, self._folder, progress)
        return self._keep(corpus, spec, rows)

    def kept(self, corpus: Corpus, entry: EncoderEntry, load: Load) -> Matrix | None:
        """Return a corpus's dense vectors, where this machine has them; nothing is sent for it.

        Who searches an index that another machine built has none of its own.
        """
        spec = entry.stored
        rows: Matrix | None = self._recall(corpus, spec)
        if rows is not None:
            return rows
        if spec.local:
            cached = is_cached(self._folder, corpus, spec)
            return self.dense(corpus, entry, load) if cached else None
        rows = stored_vectors(self._folder, corpus, spec)
        return None if rows is None else self._keep(corpus, spec, rows)

    def learned(
        self,
        corpus: Corpus,
        entry: EncoderEntry,
        load: Load,
        report: StepReport = no_report,
        told: Told = no_bill,
    ) -> csr_array[np.float32]:
        """Return a corpus's learned sparse vectors; missing ones are computed, and billed."""
        rows: csr_array[np.float32] | None = self._recall(corpus, entry.stored)
        if rows is not None:
            return rows
        loaded = cache(load)
        progress = _progress(report, entry.stored)
        rows = learned_vectors(corpus, entry.stored, loaded, self._folder, progress)
        if loaded.cache_info().currsize and isinstance(loaded(), RemoteSparseEncoder):
            told(loaded().billed)
        return self._keep(corpus, entry.stored, rows)

    def beside(
        self,
        corpus: Corpus,
        entry: EncoderEntry,
        load: Load,
        vector: Vector | SparseVector,
        asked: EncodedQuery,
        vectors: CorpusVectors,
    ) -> tuple[EncodedQuery, CorpusVectors]:
        """Return a query with an encoder's vector, and the documents' vectors of that encoder.

        Dense ones stand beside BM25's. Raises StoreError where a vector is not as long as those of
        the documents.
        """
        if isinstance(vector, SparseVector):
            rows = self.learned(corpus, entry, load)
            return replace(asked, learned=within(vector, rows.shape[1])), CorpusVectors(None, rows)
        dense = self.kept(corpus, entry, load)
        if dense is not None and len(vector) != dense.shape[1]:
            raise StoreError(
                f"{entry.spec.key} encodes the query as {count(len(vector), 'number')}; the index "
                f"of {corpus.name} has {dense.shape[1]:,}.",
                "Has its model changed? Give the encoder another name, and it is indexed anew.",
            )
        return replace(asked, dense=vector), replace(vectors, dense=dense)

    def forget(self, fingerprint: str) -> None:
        """Let go of the vectors of a corpus."""
        with self._lock:
            for key in [key for key in self._at_hand if key[0] == fingerprint]:
                del self._at_hand[key]

    def _recall(self, corpus: Corpus, spec: Spec) -> Any:  # noqa: ANN401
        key = (corpus.fingerprint, spec.key, spec.revision)
        with self._lock:
            if key in self._at_hand:
                self._at_hand.move_to_end(key)
            return self._at_hand.get(key)

    def _keep(self, corpus: Corpus, spec: Spec, rows: T) -> T:
        with self._lock:
            self._at_hand[corpus.fingerprint, spec.key, spec.revision] = rows
            while len(self._at_hand) > AT_HAND:
                self._at_hand.popitem(last=False)
        return rows


def documents_with_vectors(folder: Path, corpus: Corpus, entry: EncoderEntry) -> int:
    """Return how many documents of a corpus have an encoder's vectors on disk."""
    count = documents_learned if entry.sparse else documents_encoded
    return count(folder, corpus, entry.stored)


def _progress(report: StepReport, spec: Spec) -> Progress:
    return lambda done, total: report(f"encode with {spec.key}", done, total)
