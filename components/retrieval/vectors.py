"""Vectors of a corpus, computed once and saved on disk as they are made.

One file holds the vectors of one corpus by one model revision; both are in its name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote

import numpy as np

from components.corpora import SAMPLES
from components.domain import (
    Corpus,
    Encoder,
    Matrix,
    Progress,
    Spec,
    UnavailableError,
    no_progress,
)
from components.models.gate import GATE
from components.storage.arrays import read_arrays
from components.storage.slices import SlicedMatrix, rows_written, sliced_matrix
from components.wording import count

_log = logging.getLogger(__name__)
CALL = 16
"""Documents that are encoded while the gate is held once; searches may run in between."""
CALLS_A_SLICE = 4
"""Calls whose vectors reach the disk together; a kill loses at most these."""


def vectors_path(folder: Path, corpus: Corpus, spec: Spec) -> Path:
    """Return the file of the vectors of a corpus by a model revision."""
    name = f"{corpus.fingerprint[:32]}-{quote(spec.key, safe='')}-{quote(spec.revision, safe='')}"
    return folder / "vectors" / f"{name}.f32"


def documents_encoded(folder: Path, corpus: Corpus, spec: Spec) -> int:
    """Return how many documents of a corpus have dense vectors on disk (not whether sound)."""
    path = vectors_path(folder, corpus, spec)
    written = rows_written(path)
    elsewhere = _old(path).is_file() or shipped(path.name)
    return len(corpus.documents) if not written and elsewhere else written


def is_cached(folder: Path, corpus: Corpus, spec: Spec) -> bool:
    """Return whether all vectors of a corpus lie on disk (not whether they are sound)."""
    return documents_encoded(folder, corpus, spec) >= len(corpus.documents)


def dense_vectors(
    corpus: Corpus,
    spec: Spec,
    encoder: Encoder,
    folder: Path,
    progress: Progress = no_progress,
    *,
    call: int = CALL,
    calls_a_slice: int = CALLS_A_SLICE,
) -> Matrix:
    """Return one unit row a document, float32, shape (documents, dimension), mapped from disk.

    Rows that are on disk are not computed again: where an earlier run was stopped, the first call
    of `progress` tells how many there are, and the log says so. A model is given `call` documents
    at once; where each call costs money, one call is to be one slice. Where the disk cannot be
    written the rows are in memory. Raises UnavailableError where the model's rows are not finite.
    """
    total = len(corpus.documents)
    path, shape = vectors_path(folder, corpus, spec), (total, encoder.dimension)
    with sliced_matrix(path, shape, call * calls_a_slice, progress) as kept:
        _take_over(_old(path), kept)
        if not kept.done and (source := shipped(path.name)):
            _copy(source, kept)
        if 0 < kept.done < total:
            _log.warning(
                "Encoding with %s goes on where it stopped: %s of %s documents are encoded.",
                spec.key, f"{kept.done:,}", f"{total:,}",
            )  # fmt: skip
            progress(kept.done, total)
        for start, stop in kept.missing():
            rows, done = np.empty((stop - start, encoder.dimension), np.float32), kept.done
            for i in range(0, len(rows), call):
                documents = corpus.documents[start + i : min(start + i + call, stop)]
                texts = [document.passage for document in documents]
                rows[i : i + call] = _encode(
                    spec, encoder, texts, partial(progress, done + i, total)
                )
                if i + call >= len(rows):
                    kept.put(start, rows)  # first: progress may end the work
                progress(done + i + len(texts), total)
        return kept.matrix()


def _encode(
    spec: Spec, encoder: Encoder, texts: Sequence[str], waiting: Callable[[], None]
) -> Matrix:
    """Return one call's rows; a local model holds the gate for it."""
    with GATE.hold(check=waiting) if spec.local else nullcontext():
        rows = np.asarray(encoder.encode_documents(texts), np.float32)
    if rows.shape != (len(texts), encoder.dimension) or not np.isfinite(rows).all():
        raise UnavailableError(
            f"{spec.label} returned no vector of {count(encoder.dimension, 'finite number')} for "
            f"each of {count(len(texts), 'document')}.",
            "Nothing of this call was saved.",
        )
    return rows


def shipped(name: str) -> Path | None:
    """Return the file of vectors that comes with a sample under a name, where there is one."""
    return next(SAMPLES.glob(f"*/vectors/{name}"), None)


def _copy(source: Path, kept: SlicedMatrix) -> None:
    """Copy the vectors that come with a sample; what is damaged of them is computed."""
    theirs = SlicedMatrix(source, kept.shape, kept.size)
    if theirs.done == kept.shape[0]:
        for start, stop in kept.missing():
            kept.put(start, theirs.matrix()[start:stop])


def _old(path: Path) -> Path:
    """Return the file in which version 0.1.0 kept vectors, all or none."""
    return path.with_suffix(".npz")


def _take_over(old: Path, kept: SlicedMatrix) -> None:
    """Copy the vectors of version 0.1.0, where they are sound, and remove their file."""
    if not old.is_file():
        return
    if not kept.on_disk:
        rows = (read_arrays(old) or {}).get("vectors", np.empty(0))
        if rows.shape != kept.shape or not np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3):
            _log.warning("the vectors in %s are damaged; they are computed again", old.name)
            return
        for start, stop in kept.missing():
            kept.put(start, rows[start:stop].astype(np.float32))
    if kept.on_disk:
        with suppress(OSError):  # it is read no more
            old.unlink()
