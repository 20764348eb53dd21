"""Vectors of a corpus, computed once and kept on disk.

One file holds the vectors of one corpus by one model revision; both are in its name. Files are
written aside and moved into place, so none is ever half-written, and carry checksums, so that a
damaged one is noticed and computed again.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.domain import Corpus, Encoder, Matrix, Progress, Spec, no_progress
from components.encoders import MiniLm
from components.lanes import GATE
from components.rerankers.late_interaction import LATE_MINILM, encode_tokens
from components.rerankers.lexical import SparseVector

Arrays = Mapping[str, npt.NDArray[Any]]
SLICE = 16
"""Documents encoded while holding the gate once; searches get their turn in between."""
_log = logging.getLogger(__name__)


def read_arrays(path: Path) -> Arrays | None:
    """Return the arrays of a file, or None if it is absent or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        return None
    except Exception as exc:  # damage shows itself in many unrelated types
        _log.warning("the cache file %s is damaged and will be rebuilt: %s", path.name, exc)
        return None


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write a file at once: readers see the old one, or all of the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_aside(path, arrays)
    except OSError as exc:
        # A full or read-only disk costs the next start some time; it must not cost this search.
        _log.warning("the vectors could not be kept in %s: %s", path, exc)


def _write_aside(path: Path, arrays: Arrays) -> None:
    """Write beside the file and move into place; leave nothing behind on failure."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            np.savez(part, allow_pickle=False, **arrays)
            part.flush()
            os.fsync(part.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _cached(path: Path, rows: int, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
    """Return arrays from the file or computed, and whether they came from the file."""
    found = read_arrays(path)
    if found is not None and found.get("rows", np.array(-1)) == rows:
        return found, True
    arrays = dict(compute()) | {"rows": np.array(rows)}
    write_arrays(path, arrays)
    return arrays, False


def _path(folder: Path, corpus: Corpus, spec: Spec) -> Path:
    return folder / "vectors" / f"{corpus.fingerprint[:32]}-{spec.key}-{spec.revision}.npz"


def is_cached(folder: Path, corpus: Corpus, spec: Spec) -> bool:
    """Return whether the vectors of a corpus lie on disk (not whether they are sound)."""
    return _path(folder, corpus, spec).is_file()


def dense_vectors(
    corpus: Corpus,
    spec: Spec,
    encoder: Encoder,
    folder: Path,
    progress: Progress = no_progress,
) -> Matrix:
    """Return one unit row a document, shape (documents, dimension)."""
    texts = [document.passage for document in corpus.documents]

    def compute() -> Arrays:
        parts = []
        for start in range(0, len(texts), SLICE):
            with GATE.hold(check=lambda: progress(start, len(texts))):  # noqa: B023
                parts.append(encoder.encode_documents(texts[start : start + SLICE]))
            progress(min(start + SLICE, len(texts)), len(texts))
        return {"vectors": np.concatenate(parts)}

    arrays, _ = _cached(_path(folder, corpus, spec), len(texts), compute)
    return np.asarray(arrays["vectors"], np.float32)


@dataclass(frozen=True, slots=True)
class CorpusTokens:
    """Token vectors of all documents, end to end, and how many tokens of each were cut.

    Document i owns rows ``offsets[i]`` to ``offsets[i + 1]`` of `vectors`.
    """

    vectors: Matrix
    offsets: npt.NDArray[np.int64]
    cut: npt.NDArray[np.int64]

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """Return tokens kept, [CLS] and [SEP] aside, and cut, document by document."""
        kept = (np.diff(self.offsets) - 2).tolist()
        return tuple(zip(kept, self.cut.tolist(), strict=True))

    def document(self, i: int) -> Matrix:
        """Return the token vectors of one document, shape (tokens, dimension)."""
        return self.vectors[self.offsets[i] : self.offsets[i + 1]]


def token_vectors(
    corpus: Corpus, model: MiniLm, folder: Path, progress: Progress = no_progress
) -> CorpusTokens:
    """Return the token vectors of every document."""
    texts = [document.passage for document in corpus.documents]

    def compute() -> Arrays:
        encoded = []
        for done, text in enumerate(texts):
            with GATE.hold(check=lambda: progress(done, len(texts))):  # noqa: B023
                encoded.append(encode_tokens(model, text))
            progress(done + 1, len(texts))
        lengths = [len(e.vectors) for e in encoded]
        return {
            "vectors": np.concatenate([e.vectors for e in encoded]),
            "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            "cut": np.array([e.cut for e in encoded], np.int64),
        }

    arrays, _ = _cached(_path(folder, corpus, LATE_MINILM), len(texts), compute)
    return CorpusTokens(arrays["vectors"], arrays["offsets"], arrays["cut"])


# ---------------------------------------------------------------- what a store holds


@dataclass(frozen=True, slots=True)
class Space:
    """What a collection holds: its key, and which named vectors of which dimension."""

    key: str
    dense: int = 0
    sparse: bool = False
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Points:
    """The vectors of all documents of a corpus, aligned with its documents."""

    dense: Matrix | None = None
    sparse: Sequence[SparseVector] | None = None
    tokens: CorpusTokens | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document's position in its corpus and its first-stage score."""

    position: int
    score: float
