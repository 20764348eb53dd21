"""Vectors of a corpus from an encoder behind the network: what was paid for is never asked again.

They lie where those of local encoders lie, with slices of one row: each answer is on disk before
anything else happens, so that a failure, a stop or a kill costs no request that was answered.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from components.domain import Corpus, Matrix, Progress, Spec, UnavailableError, no_progress
from components.encoders.remote import RemoteEncoder
from components.retrieval.vectors import vectors_path
from components.storage.slices import matrix_shape, rows_written, sliced_matrix
from components.wording import count

_log = logging.getLogger(__name__)
PIECE = 4096
"""Documents whose vectors are in memory at once."""


def remote_vectors(
    corpus: Corpus,
    spec: Spec,
    encoder: RemoteEncoder,
    folder: Path,
    progress: Progress = no_progress,
) -> Matrix:
    """Return one unit row a document, float32, shape (documents, dimension), mapped from disk.

    Only documents without a row on disk are sent. Raises ProviderError and BudgetError, and
    UnavailableError where the encoder's dimension is not that of the rows on disk.
    """
    total, path = len(corpus.documents), vectors_path(folder, corpus, spec)
    with sliced_matrix(path, _shape(path, total, spec, encoder), 1, progress) as matrix:
        if 0 < matrix.done < total:
            _log.warning(
                "Encoding with %s goes on where it stopped: %s of %s documents are encoded.",
                spec.key, f"{matrix.done:,}", f"{total:,}",
            )  # fmt: skip
            progress(matrix.done, total)
        for first, last in list(matrix.gaps()):
            for start in range(first, last, PIECE):
                texts = [d.passage for d in corpus.documents[start : min(start + PIECE, last)]]
                before = matrix.done

                def keep(places: Sequence[int], rows: Matrix, start: int = start) -> None:
                    for begun, end in _runs(places):
                        matrix.put(start + places[begun], rows[begun:end])

                def report(done: int, _: int, before: int = before) -> None:
                    progress(before + done, total)

                encoder.encode_documents(texts, report, keep)
        return matrix.matrix()


def stored_vectors(folder: Path, corpus: Corpus, spec: Spec) -> Matrix | None:
    """Return the rows of a corpus that lie on disk, where all of them are there and sound."""
    path, total = vectors_path(folder, corpus, spec), len(corpus.documents)
    if rows_written(path) < total:
        return None
    with sliced_matrix(path, (total, matrix_shape(path)[1]), 1) as matrix:
        return matrix.matrix() if matrix.on_disk else None


def _shape(path: Path, total: int, spec: Spec, encoder: RemoteEncoder) -> tuple[int, int]:
    """Return the shape of the rows; UnavailableError where those on disk have another."""
    rows, dimension = matrix_shape(path)
    if rows == total and dimension != encoder.dimension:
        raise UnavailableError(
            f"{spec.label} gives vectors of {count(encoder.dimension, 'number')}; those of this "
            f"corpus on disk have {dimension:,}.",
            "Has its model changed? Give the encoder another name, and the corpus is encoded anew.",
        )
    return total, encoder.dimension


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return where numbers follow each other: the first of a run, and the one after its last."""
    breaks = [0, *(np.flatnonzero(np.diff(places) != 1) + 1).tolist(), len(places)]
    return list(pairwise(breaks))
