"""Every error of Qdrant's client as a StoreError: the server's own words, and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

import httpx
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import (
    ApiException,
    ResponseHandlingException,
    UnexpectedResponse,
)

from components.domain import StoreError
from components.wording import HIDDEN, shortened

CLIENT_ERRORS = (
    ApiException,
    QdrantException,
    httpx.HTTPError,
    OSError,
    ValueError,
    KeyError,
    AssertionError,  # for an answer without a result
)
"""What Qdrant's client raises, and what reading its answers does."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """What helps against each kind of error of a store, and which variable holds its key."""

    variable: str
    unreachable: str
    key: str
    slow: str
    refused: str


_OR_EMBEDDED = "unset QDRANT_URL to use embedded Qdrant."
OWN_STORE = Remedies(
    "QDRANT_API_KEY",
    "Start the server, correct QDRANT_URL, or unset it to use embedded Qdrant.",
    f"Check QDRANT_API_KEY, or {_OR_EMBEDDED}",
    f"Raise [qdrant] timeout_s, or {_OR_EMBEDDED}",
    f"See the server's log, or {_OR_EMBEDDED}",
)
"""Of the store that the environment names."""
_GONE = (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError)
_MOST_CHARACTERS = 200
_MOST_BYTES = 100_000


def is_unreachable(exc: BaseException) -> bool:
    """Return whether nobody answers at an address, or the connection was cut."""
    return isinstance(_cause(exc), _GONE)


def another_may_answer(exc: BaseException) -> bool:
    """Return whether it is worth asking another node: this one, or a proxy before it, is down."""
    proxied = isinstance(exc, UnexpectedResponse) and exc.status_code in {502, 503, 504}
    return proxied or is_unreachable(exc)


def is_refusal(exc: BaseException | None) -> bool:
    """Return whether a server has said no, so that nothing was done and nothing will be."""
    return isinstance(exc, UnexpectedResponse) and 400 <= (exc.status_code or 0) < 500


def store_error(
    exc: Exception,
    where: str,
    timeout_s: int,
    secrets: Iterable[str],
    remedies: Remedies = OWN_STORE,
) -> StoreError:
    """Return one of CLIENT_ERRORS as a StoreError.

    `where` names the store; `timeout_s` are the seconds that the call could take. No word of the
    server's is passed on with one of `secrets` in it.
    """
    if isinstance(exc, UnexpectedResponse):
        return _refusal(exc, where, tuple(secrets), remedies)
    if isinstance(exc, QdrantException):
        message = one_line(str(exc), secrets)
        reason = f"{where} has too much to do (HTTP 429){f': {message}' if message else ''}."
        return StoreError(reason, "Wait a moment and try again.")
    cause = _cause(exc)
    if isinstance(cause, httpx.TimeoutException) and not isinstance(cause, _GONE):
        return StoreError(f"{where} did not answer within {timeout_s} s.", remedies.slow)
    if isinstance(cause, httpx.HTTPError | OSError):
        return StoreError(
            f"{where} cannot be reached: {type(cause).__name__}.", remedies.unreachable
        )
    # What does not fit Qdrant's format is not quoted: it may be anything, a key among it.
    odd = "" if isinstance(exc, ApiException) else f": {one_line(str(cause), secrets)}"
    return StoreError(f"{where} answered nonsense{odd.rstrip(': ')}.", "See the server's log.")


def one_line(text: str, secrets: Iterable[str]) -> str:
    """Return a text in one short line, without control characters and without secrets."""
    text = " ".join(HIDDEN.sub(" ", text).split())
    for secret in filter(None, secrets):  # a line may have been broken in its middle
        text = re.sub(" ?".join(map(re.escape, secret)), "[key]", text)
    text = text.rstrip(". ")
    return shortened(text, _MOST_CHARACTERS)


def _cause(exc: BaseException) -> BaseException:
    return exc.source if isinstance(exc, ResponseHandlingException) else exc


def _refusal(
    exc: UnexpectedResponse, where: str, secrets: tuple[str, ...], remedies: Remedies
) -> StoreError:
    """Return the error for an HTTP status that is not a success."""
    message = one_line(_message(exc), secrets)
    said = f": {message}." if message else "."
    if exc.status_code in {401, 403}:
        return StoreError(f"{where} refuses the key (HTTP {exc.status_code}){said}", remedies.key)
    status = f"HTTP {exc.status_code} {one_line(exc.reason_phrase, secrets)}".rstrip()
    return StoreError(f"{where} answered {status}{said}", remedies.refused)


def _message(exc: UnexpectedResponse) -> str:
    """Return what a server says of its refusal: `status.error`, or a plain text."""
    content = exc.content if len(exc.content) <= _MOST_BYTES else b""
    text = content.decode("utf-8", "replace")
    try:
        error = json.loads(text)["status"]["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        plain = "text/plain" in exc.headers.get("content-type", "")
        return text if plain else ""
    return error if isinstance(error, str) else ""
