"""Bi-encoders from the model hub, or from a folder, through sentence-transformers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from components.config import OwnEncoder, Settings
from components.domain import Matrix, Progress, UnavailableError, Vector, no_progress
from components.encoders.base import EncoderContext, EncoderEntry, EncoderFamily, unit_rows
from components.encoders.local import LocalModel, check, local_spec, source
from components.models.devices import Device, device_for
from components.wording import count


class HubEncoder:
    """A SentenceTransformer with its own query and document prompts, or those configured.

    Vectors are cut to the configured dimension, where there is one (Matryoshka), and have unit
    length. On the CPU texts go through one by one, so that a vector is a function of its text.
    """

    def __init__(self, encoder: OwnEncoder, device: Device) -> None:
        self._encoder, self._local = encoder, LocalModel("SentenceTransformer", encoder, device)
        own, wanted = int(self._local.model.get_embedding_dimension()), encoder.dimensions
        if wanted > own:
            raise UnavailableError(
                f"{encoder.name} gives vectors of {count(own, 'number')}, not of {wanted:,}.",
                "Correct dimensions in its [[encoder]] table.",
            )
        self.dimension = wanted or own

    def encode_query(self, text: str) -> Vector:
        """Return the query's unit vector; InputError if it is longer than the model reads."""
        self._local.check_query(text)
        rows = self._local.rows([text], self._encoder.query_prefix, query=True)
        return unit_rows(rows[0, : self.dimension])

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one unit row for each text, shape (len(texts), dimension)."""
        rows = np.empty((len(texts), self.dimension), np.float32)
        step = self._local.device.batch
        for start in range(0, len(texts), step):
            part = texts[start : start + step]
            prefix = self._encoder.document_prefix
            whole = self._local.rows(part, prefix, query=False)
            rows[start : start + step] = unit_rows(whole[:, : self.dimension])
            progress(start + len(part), len(texts))
        return rows


def _entry(encoder: OwnEncoder, settings: Settings) -> EncoderEntry:
    def load(context: EncoderContext) -> HubEncoder:
        return HubEncoder(encoder, device_for(context.settings.models))

    return EncoderEntry(
        local_spec(encoder, settings, "cosine"),
        load,
        encoder.dimensions,
        check=partial(check, encoder),
        fetch=lambda settings, progress: source(encoder).fetch(progress),
    )


FAMILY = EncoderFamily(
    lambda settings: tuple(
        _entry(encoder, settings)
        for encoder in settings.encoders
        if not encoder.url and encoder.kind == "dense"
    )
)
