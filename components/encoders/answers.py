"""What servers send back as vectors: checked, and aligned with the texts."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from components.domain import Matrix
from components.encoders.base import unit_rows
from components.network.billing import finite_number
from components.network.caller import Caller
from components.network.errors import ProviderError, malformed
from components.wording import count as counted

MOST_TERMS = 1 << 24
"""Numbers of terms from which on one is taken for nonsense; no vocabulary has as many."""


def by_index(caller: Caller, items: object, count: int, field: str) -> list[object]:
    """Return what each item of a JSON list has under a name, in the order of their `index`.

    Raises ProviderError unless every text has exactly one.
    """
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise malformed(caller, "without the list of vectors that was expected")
    rows: dict[int, object] = {}
    for item in items:
        index = item.get("index")
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < count:
            fault = f"a vector's index is none of {counted(count, 'text')} counted from 0"
            raise malformed(caller, fault)
        if index in rows:
            raise malformed(caller, f"it gave two vectors for the text with index {index}")
        rows[index] = item.get(field)
    return [rows.get(i) for i in range(count)] if len(rows) == count else list(rows.values())


def dense_rows(caller: Caller, rows: object, count: int, dimension: int = 0) -> Matrix:
    """Return rows of numbers as unit rows, shape (count, dimension).

    Longer ones are cut to `dimension` and brought to unit length again; 0 takes any. Raises
    ProviderError for another count, other lengths, and what is no finite number.
    """
    if not isinstance(rows, list) or len(rows) != count:
        came = counted(len(rows), "vector") if isinstance(rows, list) else "no vectors"
        raise malformed(caller, f"it gave {came} where {counted(count, 'text')} were sent")
    try:
        values = np.array(rows)
    except (ValueError, OverflowError):
        raise malformed(caller, "its vectors are of different lengths") from None
    if values.ndim != 2 or values.dtype.kind not in "fi" or not values.shape[1]:
        raise malformed(caller, "a vector is no list of numbers")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise malformed(caller, "a vector holds a number that is not finite")
    if dimension and values.shape[1] < dimension:
        raise ProviderError(
            f"{caller.label} gives vectors of {counted(values.shape[1], 'number')}, not of "
            f"{dimension:,}.",
            f"Correct dimensions in its {caller.role.table} table.",
        )
    values = values[:, : dimension or None]
    if not values.any(axis=1).all():
        raise malformed(caller, "a vector is all zeros")
    return unit_rows(values.astype(np.float32))


def sparse_rows(caller: Caller, rows: object, count: int) -> csr_array[np.float32]:
    """Return lists of `{"index", "value"}` as sparse rows, shape (count, terms).

    Terms ascend, and those that weigh nothing are left out. Raises ProviderError for another count
    and for what is no term or no finite weight of at least 0.
    """
    if not isinstance(rows, list) or len(rows) != count:
        came = counted(len(rows), "vector") if isinstance(rows, list) else "no vectors"
        raise malformed(caller, f"it gave {came} where {counted(count, 'text')} were sent")
    terms: list[int] = []
    values: list[float] = []
    ends = [0]
    for row in rows:
        weights = _weights(caller, row)
        terms += sorted(weights)
        values += [weights[term] for term in sorted(weights)]
        ends.append(len(terms))
    shape = (count, max(terms, default=-1) + 1)
    arrays = (np.array(values, np.float32), np.array(terms, np.int32), np.array(ends))
    return csr_array(arrays, shape)


def _weights(caller: Caller, row: object) -> dict[int, float]:
    """Return the weights of one text by term."""
    if not isinstance(row, list) or not all(isinstance(item, dict) for item in row):
        raise malformed(caller, "a vector is no list of terms with weights")
    weights: dict[int, float] = {}
    for item in row:
        term, value = item.get("index"), finite_number(item.get("value"))
        if isinstance(term, bool) or not isinstance(term, int) or not 0 <= term < MOST_TERMS:
            raise malformed(caller, "a vector names a term that is none")
        if value is None or value < 0 or term in weights:
            raise malformed(caller, "a vector's weights are not one finite number for each term")
        if value:
            weights[term] = value
    return weights
