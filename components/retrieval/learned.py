"""Learned sparse vectors of a corpus, computed once and saved on disk as they are made.

Each slice of documents is a file of its own until all are there; then they become one, which is
mapped into memory.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from components.domain import Corpus, Progress, Spec, UnavailableError, no_progress
from components.encoders import SparseEncoder
from components.models.bm25 import SparseVector
from components.models.gate import GATE
from components.retrieval.vectors import CALL, vectors_path
from components.storage.arrays import read_arrays, write_arrays
from components.storage.locks import exclusive
from components.storage.mapped import read_mapped, write_mapped
from components.wording import count

_log = logging.getLogger(__name__)
SLICE = 64
"""Documents of a slice; a kill loses at most one."""
Arrays = Mapping[str, npt.NDArray[Any]]


def learned_vectors(
    corpus: Corpus,
    spec: Spec,
    encoder: Callable[[], SparseEncoder],
    folder: Path,
    progress: Progress = no_progress,
) -> csr_array[np.float32]:
    """Return one row a document, float32, shape (documents, terms), over arrays mapped from disk.

    `encoder()` is loaded only where rows are missing; those on disk are not computed again. Raises
    UnavailableError where its rows are not finite or too few.
    """
    path, total = _file(folder, corpus, spec), len(corpus.documents)
    contents = f"{corpus.fingerprint}, documents: {total}, {spec.key} {spec.revision}"
    with exclusive(path, lambda: progress(0, total)):
        arrays = read_mapped(path, contents)
        if arrays is None:
            arrays = _joined(list(_slices(corpus, spec, encoder, path, progress)))
            try:
                write_mapped(path, contents, {name: [part] for name, part in arrays.items()})
                arrays = read_mapped(path, contents) or arrays
                shutil.rmtree(_folder(path), ignore_errors=True)
            except OSError as exc:
                _log.warning("the vectors stay in memory; %s: %s", path, exc)
    return _rows(arrays)


def documents_learned(folder: Path, corpus: Corpus, spec: Spec) -> int:
    """Return how many documents have learned vectors on disk (not whether sound)."""
    path, total = _file(folder, corpus, spec), len(corpus.documents)
    if path.is_file():
        return total
    numbers = [int(file.stem) for file in _folder(path).glob("*.npz")]
    return sum(min(SLICE, total - number * SLICE) for number in numbers)


def within(query: SparseVector, terms: int) -> SparseVector:
    """Return a query without the terms that no document has: those from `terms` on."""
    pairs = [(i, v) for i, v in zip(query.indices, query.values, strict=True) if i < terms]
    return SparseVector(tuple(i for i, _ in pairs), tuple(v for _, v in pairs))


def _file(folder: Path, corpus: Corpus, spec: Spec) -> Path:
    return vectors_path(folder, corpus, spec).with_suffix(".sparse")


def _folder(path: Path) -> Path:
    return path.with_name(f"{path.name}.slices")


def _slices(
    corpus: Corpus,
    spec: Spec,
    encoder: Callable[[], SparseEncoder],
    path: Path,
    progress: Progress,
) -> Iterator[csr_array[np.float32]]:
    """Yield the rows of each slice, in order: from the disk, or encoded and saved."""
    loaded: SparseEncoder | None = None
    total = len(corpus.documents)
    for start in range(0, total, SLICE):
        documents = corpus.documents[start : start + SLICE]
        file = _folder(path) / f"{start // SLICE}.npz"
        arrays = read_arrays(file)
        if arrays is None:
            loaded = loaded or encoder()
            rows = []
            for i in range(0, len(documents), CALL):
                texts = [document.passage for document in documents[i : i + CALL]]
                rows.append(_encode(spec, loaded, texts, partial(progress, start + i, total)))
            arrays = _joined(rows)
            write_arrays(file, arrays)
        progress(min(start + SLICE, total), total)
        yield _rows(arrays)


def _encode(
    spec: Spec, encoder: SparseEncoder, texts: list[str], waiting: Callable[[], None]
) -> csr_array[np.float32]:
    """Return one call's rows; a local model holds the gate for it."""
    with GATE.hold(check=waiting) if spec.local else nullcontext():
        rows = encoder.encode_documents(texts)
    if rows.shape[0] != len(texts) or not np.isfinite(rows.data).all():
        raise UnavailableError(
            f"{spec.label} returned no finite weights for each of {count(len(texts), 'document')}.",
            "Nothing of this call was saved.",
        )
    return rows


def _joined(pieces: Sequence[csr_array[np.float32]]) -> Arrays:
    """Return the arrays of rows below each other, as wide as the widest."""
    ends = [np.zeros(1, np.int64), *(np.diff(piece.indptr).astype(np.int64) for piece in pieces)]
    return {
        "values": np.concatenate([piece.data.astype(np.float32) for piece in pieces]),
        "indices": np.concatenate([piece.indices.astype(np.int32) for piece in pieces]),
        "offsets": np.cumsum(np.concatenate(ends)),
        "terms": np.array([max(piece.shape[1] for piece in pieces)]),
    }


def _rows(arrays: Arrays) -> csr_array[np.float32]:
    shape = (len(arrays["offsets"]) - 1, int(arrays["terms"][0]))
    rows = csr_array((arrays["values"], arrays["indices"], arrays["offsets"]), shape)
    rows.has_canonical_format = True  # so nobody reads all of it to find out
    return rows
