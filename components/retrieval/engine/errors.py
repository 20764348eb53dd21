"""Every error of Qdrant's client as a StoreError, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import (
    ApiException,
    ResponseHandlingException,
    UnexpectedResponse,
)

from components.domain import StoreError

_OR_EMBEDDED = "unset QDRANT_URL to use embedded Qdrant."


@contextmanager
def store_errors(where: str, timeout_s: int) -> Iterator[None]:
    """Raise a StoreError for each error that Qdrant's client raises inside.

    `where` names the store; `timeout_s` are the seconds that a call may take.
    """
    try:
        yield
    except StoreError:
        raise
    except UnexpectedResponse as exc:
        raise _refusal(where, exc) from exc
    except QdrantException as exc:
        raise StoreError(
            f"{where} has too much to do (HTTP 429).", "Wait a moment and try again."
        ) from exc
    # the client raises AssertionError for an answer without a result
    except (ApiException, httpx.HTTPError, OSError, ValueError, KeyError, AssertionError) as exc:
        raise _breakdown(where, timeout_s, exc) from exc


def _refusal(where: str, exc: UnexpectedResponse) -> StoreError:
    """Return the error for an HTTP status that is not a success."""
    if exc.status_code in {401, 403}:
        return StoreError(
            f"{where} refuses the key (HTTP {exc.status_code}).",
            f"Check QDRANT_API_KEY, or {_OR_EMBEDDED}",
        )
    return StoreError(
        f"{where} answered HTTP {exc.status_code} {exc.reason_phrase}.".replace(" .", "."),
        f"See the server's log, or {_OR_EMBEDDED}",
    )


def _breakdown(where: str, timeout_s: int, exc: Exception) -> StoreError:
    """Return the error for a server that did not answer, or not in Qdrant's format."""
    cause = exc.source if isinstance(exc, ResponseHandlingException) else exc
    if isinstance(cause, httpx.TimeoutException):
        return StoreError(
            f"{where} did not answer within {timeout_s} s.",
            f"Raise [qdrant] timeout_s, or {_OR_EMBEDDED}",
        )
    if isinstance(cause, httpx.HTTPError | OSError):
        return StoreError(
            f"{where} cannot be reached: {type(cause).__name__}.",
            "Start the server, correct QDRANT_URL, or unset it to use embedded Qdrant.",
        )
    # What does not fit Qdrant's format is not quoted: it may be anything, a key among it.
    odd = "" if isinstance(exc, ApiException) else f": {cause}".rstrip(". ")
    return StoreError(f"{where} answered nonsense{odd}.", "See the server's log.")
