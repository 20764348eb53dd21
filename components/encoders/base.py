"""What all bi-encoders share: their record, the limit of a query, vectors of unit length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.domain import Encoder, InputError, Matrix, Spec
from components.models.files import ModelFile
from components.wording import count


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """A bi-encoder as data: its spec, how it is built, the length of its vectors, its files."""

    spec: Spec
    build: Callable[[], Encoder]
    dimension: int
    files: tuple[ModelFile, ...] = ()


def check_query_length(tokens: int, limit: int, model: str) -> None:
    """Raise InputError if a query has more tokens than a model reads: queries are never cut."""
    if tokens > limit:
        raise InputError(
            f"The query has {count(tokens, 'token')}; {model} reads at most {limit:,}.",
            "Shorten the query: cutting it silently would answer another question.",
        )


def unit_rows(rows: np.ndarray[Any, np.dtype[np.float32]]) -> Matrix:
    """Return rows, or one vector, scaled to unit length; a row of zeros stays as it is."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
