"""What a provider's refusal, a broken connection and a malformed answer mean, as errors."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

import httpx

from components.domain import RerankError
from components.rerankers.hosted.caller import Caller

MESSAGE_CHARACTERS = 300
"""Characters of a provider's own message that an error quotes at most."""


class ProviderError(RerankError):
    """A provider gave no usable answer.

    `retry` says that another attempt may help; `after` is how many seconds the provider asks to
    wait before it, None where it does not say. `charged` says that the request may be billed all
    the same, because it reached the provider and was not refused.
    """

    def __init__(
        self,
        reason: str,
        remedy: str,
        *,
        retry: bool = False,
        after: float | None = None,
        charged: bool = True,
    ) -> None:
        super().__init__(reason, remedy)
        self.retry = retry
        self.after = after
        self.charged = charged


_KEY_REMEDY = "Set {variable} to a valid key, or type one for this session."
_SMALLER = "Lower the number of candidates or shorten the texts."
# What went wrong (after the provider's name), and what to do, by HTTP status.
_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("did not accept the request", f"Check the model's name. {_SMALLER}"),
    401: ("does not accept the API key", _KEY_REMEDY),
    402: ("asks for a payment", "Check the account's credit and plan."),
    403: ("forbids this key to use {model}", "Check the account's plan and the key's permissions."),
    404: ("knows no {model} at this address", "Check the model's name and the server's address."),
    408: ("gave up waiting for the request", "Try again."),
    413: ("finds the request too large", _SMALLER),
    422: ("did not understand the request", f"Check the model and the server's shape. {_SMALLER}"),
    424: ("could not run its model", "Look into the server's own log."),
    429: (
        "limits the rate of requests, and the limit is reached",
        "Wait a minute, then try again.",
    ),
    498: ("does not accept the API key", _KEY_REMEDY),
    500: ("failed inside", "Try again later; the provider's status page or log may say why."),
    503: ("is overloaded or not ready yet", "Try again in a minute."),
    529: ("is overloaded", "Try again in a minute."),
}
_RETRIED = frozenset({408, 429, 500, 502, 503, 504, 529})

# The names of the exceptions of httpx, requests, urllib3 and Python, with reason and remedy; the
# first that occurs anywhere in the chain of causes decides.
_CHECK_ADDRESS = "Check the network and the configured address."
_TRANSPORT_FAILURES: tuple[tuple[str, str, str], ...] = (
    (
        "SSL",
        "The TLS connection to {label} could not be trusted: its certificate was refused.",
        "Check the address, this machine's clock, and any proxy in between.",
    ),
    ("InvalidURL", "The address of {label} is not valid.", "Correct it."),
    (
        "ConnectTimeout",
        "{label} cannot be reached: nobody took the connection in time.",
        _CHECK_ADDRESS,
    ),
    (
        "Timeout",
        "{label} did not answer within {seconds:g} seconds.",
        "Try again, lower the number of candidates, or raise deadline_s in the configuration.",
    ),
    (
        "ConnectionRefusedError",
        "{label} cannot be reached: the connection was refused.",
        "Is the server running at the configured address?",
    ),
    (
        "ConnectError|NewConnectionError|NameResolution",
        "{label} cannot be reached.",
        _CHECK_ADDRESS,
    ),
)


def refusal(
    caller: Caller, status: int, body: object = "", headers: Mapping[str, str] | None = None
) -> ProviderError:
    """Return the error for an HTTP status that is not a success.

    `body` is the answer as bytes, text or parsed JSON; its message is quoted, the key left out.
    """
    by_name = {key.lower(): value for key, value in (headers or {}).items()}
    if 300 <= status < 400:
        return _redirected(caller, by_name.get("location", ""))
    kind = status if status in _REFUSALS else 500 if status >= 500 else 400
    what, remedy = _REFUSALS[kind]
    message = message_of(body, caller)
    quoted = f" It says: “{message}”" if message else ""
    return ProviderError(
        f"{caller.label} {what.format(model=caller.model)} (HTTP {status}).{quoted}",
        remedy.format(variable=caller.variable or "the variable that key_env names"),
        retry=status in _RETRIED,
        after=retry_after(by_name.get("retry-after", "")),
        charged=False,
    )


def _redirected(caller: Caller, target: str) -> ProviderError:
    try:
        host = httpx.URL(target).host
    except httpx.InvalidURL:
        host = ""
    return ProviderError(
        f"{caller.label} sends the request on to {caller.redact(host) or 'another address'}; the "
        "lab does not follow, because query and texts would go there.",
        "Configure the address that answers itself.",
        charged=False,
    )


def malformed(caller: Caller, fault: str) -> ProviderError:
    """Return the error for an answer that is not what the wire format says."""
    return ProviderError(
        f"{caller.label} answered, but {fault}.",
        "Nothing of it was used. Check the configured address and shape, or try again.",
    )


def transport_failure(caller: Caller, exc: BaseException, seconds: float) -> ProviderError:
    """Return the error for a request that got no answer within `seconds`, or none at all."""
    names = " ".join(type(cause).__name__ for cause in _causes(exc))
    for pattern, reason, remedy in _TRANSPORT_FAILURES:
        if re.search(pattern, names):
            reason = reason.format(label=caller.label, seconds=seconds)
            return ProviderError(reason, remedy, charged=pattern == "Timeout")
    return ProviderError(
        f"The connection to {caller.label} broke off before an answer was whole.",
        "Try again.",
        retry=True,
    )


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps: as cause, context, reason or argument."""
    seen: set[int] = set()
    queue = [exc]
    while queue:
        cause = queue.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            queue += [cause.__cause__, cause.__context__, getattr(cause, "reason", None)]
            queue += [a for a in cause.args if isinstance(a, BaseException)]


def retry_after(value: str) -> float | None:
    """Return a Retry-After header, seconds or an HTTP date, as seconds from now."""
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value.strip()):
        return float(value)
    try:
        then = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, then - time.time())


def message_of(body: object, caller: Caller) -> str:
    """Return the message in an error's body as one short line, without the key."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    message = ""
    if isinstance(body, str):
        if body.lstrip().startswith("<"):
            return "(a web page instead of JSON; a proxy or another server answered)"
        message = body
        with suppress(ValueError, RecursionError):
            body = json.loads(body)
    if isinstance(body, dict | list):
        message = next(_messages(body), "")
    line = caller.redact(" ".join(message.split()))
    return line if len(line) <= MESSAGE_CHARACTERS else f"{line[:MESSAGE_CHARACTERS]}…"


def _messages(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts that an error body holds under the usual names, to a depth of five."""
    if isinstance(value, str) and value.strip():
        yield value
    elif depth < 5 and isinstance(value, dict):
        for name in ("message", "detail", "error", "errors", "msg"):
            yield from _messages(value.get(name), depth + 1)
    elif depth < 5 and isinstance(value, list):
        for item in value:
            yield from _messages(item, depth + 1)
