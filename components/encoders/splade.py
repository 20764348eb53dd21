"""Learned sparse encoders (SPLADE and its kin) from the hub or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.sparse import csr_array

from components.config import OwnEncoder, Settings
from components.domain import Matrix, Progress, no_progress
from components.encoders.base import EncoderContext, EncoderEntry, EncoderFamily
from components.encoders.local import LocalModel, check, local_spec, source
from components.models.bm25 import SparseVector
from components.models.devices import Device, device_for


class HubSparseEncoder:
    """A SparseEncoder: a text becomes weights of the terms of the model's vocabulary."""

    def __init__(self, encoder: OwnEncoder, device: Device) -> None:
        self._encoder, self._local = encoder, LocalModel("SparseEncoder", encoder, device)
        # the library does not know the size of the vocabulary before a text went through
        self.terms = self._local.rows(["length"], encoder.document_prefix, query=False).shape[1]

    def encode_query(self, text: str) -> SparseVector:
        """Return the query's weights by term; InputError if it is longer than the model reads."""
        self._local.check_query(text)
        row = _sparse(self._local.rows([text], self._encoder.query_prefix, query=True))
        return SparseVector(tuple(row.indices.tolist()), tuple(row.data.tolist()))

    def encode_documents(
        self, texts: Sequence[str], progress: Progress = no_progress
    ) -> csr_array[np.float32]:
        """Return one row for each text, shape (len(texts), terms)."""
        step, prefix = self._local.device.batch, self._encoder.document_prefix
        indices, values, ends = [np.empty(0, np.int32)], [np.empty(0, np.float32)], [0]
        for start in range(0, len(texts), step):
            rows = _sparse(self._local.rows(texts[start : start + step], prefix, query=False))
            indices.append(rows.indices)
            values.append(rows.data)
            ends += (rows.indptr[1:] + ends[-1]).tolist()
            progress(min(start + step, len(texts)), len(texts))
        arrays = (np.concatenate(values), np.concatenate(indices), np.array(ends))
        return csr_array(arrays, (len(texts), self.terms))


def _sparse(rows: Matrix) -> csr_array[np.float32]:
    """Return rows without the weights of 0 and below."""
    sparse = csr_array(np.where(rows > 0, rows, 0).astype(np.float32))
    sparse.sort_indices()
    return sparse


def _entry(encoder: OwnEncoder, settings: Settings) -> EncoderEntry:
    def load(context: EncoderContext) -> HubSparseEncoder:
        return HubSparseEncoder(encoder, device_for(context.settings.models))

    return EncoderEntry(
        local_spec(encoder, settings, "inner product"),
        load,
        sparse=True,
        check=partial(check, encoder),
        fetch=lambda settings, progress: source(encoder).fetch(progress),
    )


FAMILY = EncoderFamily(
    lambda settings: tuple(
        _entry(encoder, settings)
        for encoder in settings.encoders
        if not encoder.url and encoder.kind == "sparse"
    )
)
