"""A first stage for tests, as one would be added to the project: one file with its own encoder."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from components.domain import Matrix, Progress, Spec, Vector, no_progress
from components.encoders import bundled, unit_rows
from components.retrieval.first_stages.dense import dense_stage

PROBE_HASH = Spec(
    key="probe-hash",
    label="probe-hash",
    family="hashing",
    summary="Counts words in eight buckets.",
    scale="cosine",
    model="CRC-32 of words",
    revision="1",
    license="Apache-2.0",
)


class HashingEncoder:
    """Counts a text's words by CRC-32 modulo eight."""

    dimension = 8

    def encode_query(self, text: str) -> Vector:
        """Return the text's unit vector; zeros for one without words."""
        counts = np.zeros(self.dimension, np.float32)
        for word in text.lower().split():
            counts[crc32(word.encode()) % self.dimension] += 1
        return unit_rows(counts)

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one unit row for each text, shape (texts, 8)."""
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for i, text in enumerate(texts):
            rows[i] = self.encode_query(text)
            progress(i + 1, len(texts))
        return rows


FIRST_STAGES = dense_stage(bundled(PROBE_HASH, HashingEncoder, HashingEncoder.dimension))
