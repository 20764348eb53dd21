"""What all bi-encoders share."""

from __future__ import annotations

from typing import Any

import numpy as np

from components.domain import InputError, Matrix


def check_query_length(tokens: int, limit: int, model: str) -> None:
    """Raise InputError if a query has more tokens than a model reads: queries are never cut."""
    if tokens > limit:
        raise InputError(
            f"The query has {tokens:,} tokens; {model} reads at most {limit:,}.",
            "Shorten the query: cutting it silently would answer another question.",
        )


def unit_rows(rows: np.ndarray[Any, np.dtype[np.float32]]) -> Matrix:
    """Return rows, or one vector, scaled to unit length."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
