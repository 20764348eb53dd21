"""What a provider sends back: read from its JSON, checked, and aligned with the texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.domain import Billed
from components.network.billing import billed_tokens, finite_number
from components.network.caller import Caller
from components.network.errors import ProviderError, malformed
from components.network.refusals import without_scores
from components.wording import count as counted
from components.wording import visible


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider sent: pairs of index and score as they came, and what it charges for.

    `path` is where the request went; `note` says how that was found out, where it was.
    """

    results: Sequence[tuple[object, object]]
    billed: Billed | None = None
    path: str = ""
    note: str = ""


Send = Callable[[str, Sequence[str], float], Answer]
"""`send(query, texts, seconds)` makes one request; raises ProviderError where there is no answer.
"""


def at_path(path: str, send: Send) -> Send:
    """Return what sends a request, so that answers and errors say at which path it was."""

    def sent(query: str, texts: Sequence[str], seconds: float) -> Answer:
        try:
            return replace(send(query, texts, seconds), path=path)
        except ProviderError as exc:
            exc.path = path
            raise

    return sent


def read_results(caller: Caller, body: object) -> Answer:
    """Return the answer in a JSON object with `results` and, optionally, `usage.total_tokens`.

    Raises ProviderError for anything else.
    """
    if not isinstance(body, dict):
        raise malformed(caller, "not with the object that was expected")
    if not isinstance(body.get("results"), list):
        raise without_scores(caller, body, "without the list of results that was expected")
    usage = body.get("usage")
    billed = billed_tokens(usage.get("total_tokens")) if isinstance(usage, dict) else None
    return Answer(pairs(caller, body.get("results"), "index", "relevance_score"), billed)


def pairs(caller: Caller, items: object, index: str, score: str) -> list[tuple[object, object]]:
    """Return the index and the score of each item of a JSON list."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise without_scores(caller, items, "without the list of results that was expected")
    missing = next((n for n in (index, score) for item in items if n not in item), None)
    if missing:
        raise malformed(caller, f"with a result that has no {missing}")
    return [(item[index], item[score]) for item in items]


def aligned(
    caller: Caller, results: Sequence[tuple[object, object]], count: int
) -> npt.NDArray[np.float64]:
    """Return the scores in the order of the texts, shape (count,).

    Raises ProviderError unless each text has exactly one finite score.
    """
    values = np.full(count, np.nan)
    if len(results) != count:
        raise malformed(
            caller, f"it scored {counted(len(results), 'document')} where {count:,} were sent"
        )
    for index, score in results:
        if isinstance(index, bool) or not isinstance(index, int):
            came = f"the field index of a result is {_quoted(caller, index)}"
            raise malformed(caller, f"{came}, not a whole number")
        if not 0 <= index < count:
            fault = f"the field index of a result is {_quoted(caller, index)}"
            raise malformed(caller, f"{fault}, of {counted(count, 'document')} counted from 0")
        if not np.isnan(values[index]):
            raise malformed(caller, f"it scored document {index} twice")
        value = finite_number(score)
        if value is None:
            fault = f"the score of document {index} is {_quoted(caller, score)}, not a number"
            raise malformed(caller, fault)
        values[index] = value
    return values


def _quoted(caller: Caller, value: object) -> str:
    """Return a value of JSON for an error: a number or a short text, of anything else its type."""
    if value is None or isinstance(value, int | float):
        return f"{value!r:.20}"
    if isinstance(value, str):
        return f"the text {visible(caller.redact(value[:40]))[:20]!r}"
    return type(value).__name__
