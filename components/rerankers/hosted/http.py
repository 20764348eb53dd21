"""HTTP as the lab speaks it: one client that follows no redirect, and every refusal in words."""

from __future__ import annotations

import email.utils
import json
import logging
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from components.domain import RerankError, UnavailableError

MOST_BYTES = 16_000_000
"""Bytes beyond which an answer is not read on."""
CONNECT_SECONDS = 5.0
MESSAGE_SHOWN = 300


class Refused(RerankError):  # noqa: N818  (it says what happened)
    """A provider did not rerank; `retry` says that another attempt may help, after `after` s."""

    def __init__(
        self, reason: str, remedy: str, *, retry: bool = False, after: float | None = None
    ) -> None:
        super().__init__(reason, remedy)
        self.retry = retry
        self.after = after


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


def refusal(
    who: Caller, status: int, body: object = "", headers: Mapping[str, str] | None = None
) -> Refused:
    """Return the error for an HTTP status that is not a success."""
    named = {key.lower(): value for key, value in (headers or {}).items()}
    if 300 <= status < 400:
        return _redirected(who, named.get("location", ""))
    kind = status if status in _REFUSALS else 500 if status >= 500 else 400
    what, remedy = _REFUSALS[kind]
    words = message_of(body, who)
    said = f" It says: “{words}”" if words else ""
    return Refused(
        f"{who.label} {what.format(model=who.model)} (HTTP {status}).{said}",
        remedy.format(variable=who.variable or "the variable that key_env names"),
        retry=status in _RETRIED,
        after=retry_after(named.get("retry-after", "")),
    )


def _redirected(who: Caller, target: str) -> Refused:
    try:
        host = httpx.URL(target).host
    except httpx.InvalidURL:
        host = ""
    return Refused(
        f"{who.label} sends the request on to {who.redact(host) or 'another address'}; the lab "
        "does not follow, because query and texts would go there.",
        "Configure the address that answers itself.",
    )


def malformed(who: Caller, what: str) -> Refused:
    """Return the error for an answer that is not what the wire format says."""
    return Refused(
        f"{who.label} answered, but {what}.",
        "Nothing of it was used. Check the configured address and shape, or try again.",
    )


def retry_after(value: str) -> float | None:
    """Return a Retry-After header, seconds or an HTTP date, as seconds from now."""
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value.strip()):
        return float(value)
    try:
        then = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, then - time.time())


def message_of(body: object, who: Caller) -> str:
    """Return what a provider says of an error as one short line, without the key."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    found = ""
    if isinstance(body, str):
        if body.lstrip().startswith("<"):
            return "(a web page instead of JSON; a proxy or another server answered)"
        found = body
        with suppress(ValueError, RecursionError):
            body = json.loads(body)
    if isinstance(body, dict | list):
        found = next(_texts(body), "")
    line = who.redact(" ".join(found.split()))
    return line if len(line) <= MESSAGE_SHOWN else f"{line[:MESSAGE_SHOWN]}…"


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts that an error body holds under telling names."""
    if isinstance(value, str) and value.strip():
        yield value
    elif depth < 5 and isinstance(value, dict):
        for name in ("message", "detail", "error", "errors", "msg"):
            yield from _texts(value.get(name), depth + 1)
    elif depth < 5 and isinstance(value, list):
        for item in value:
            yield from _texts(item, depth + 1)


class Caller:
    """Who is asked, for which model and with whose key; knows how to keep the key out of words."""

    def __init__(self, label: str, model: str, key: str = "", variable: str = "") -> None:
        self.label, self.model, self.variable = label, model, variable
        if key and not re.fullmatch(r"[\x21-\x7e]+", key):
            raise UnavailableError(
                f"The API key for {label} holds characters that no key has, such as spaces.",
                "Copy the key again, whole and alone.",
            )
        self.key = key

    def __repr__(self) -> str:
        """Return whose model it is, without the key."""
        return f"Caller({self.label!r}, {self.model!r})"

    def redact(self, text: str) -> str:
        """Return a text with the key, or a long part of it, blotted out."""
        if not self.key:
            return text
        size, key = min(8, len(self.key)), self.key.lower()  # a host's name comes in lower case
        parts = {key[i : i + size] for i in range(len(key) - size + 1)}
        blots = [False] * len(text)
        for i in range(len(text) - size + 1):
            if text[i : i + size].lower() in parts:
                blots[i : i + size] = [True] * size
        return "".join("•" if blot else c for c, blot in zip(text, blots, strict=True))


# ---------------------------------------------------------------- transport


def transport_failure(who: Caller, exc: BaseException, seconds: float) -> Refused:
    """Return the error for a request that got no answer, whatever library sent it."""
    chain = list(_causes(exc))
    names = " ".join(type(e).__name__ for e in chain)
    if any(isinstance(e, ssl.SSLError) for e in chain) or "SSL" in names:
        return Refused(
            f"The TLS connection to {who.label} could not be trusted: its certificate was refused.",
            "Check the address, this machine's clock, and any proxy in between.",
        )
    if "InvalidURL" in names:
        return Refused(f"The address of {who.label} is not valid.", "Correct it.")
    if "ConnectTimeout" in names:
        return Refused(
            f"{who.label} cannot be reached: nobody took the connection in time.",
            "Check the network and the configured address.",
        )
    if "Timeout" in names:
        return Refused(
            f"{who.label} did not answer within {seconds:g} seconds.",
            "Try again, lower the number of candidates, or raise deadline_s in the configuration.",
        )
    if any(isinstance(e, ConnectionRefusedError) for e in chain):
        return Refused(
            f"{who.label} cannot be reached: the connection was refused.",
            "Is the server running at the configured address?",
        )
    if "ConnectError" in names or "NewConnectionError" in names or "NameResolution" in names:
        return Refused(
            f"{who.label} cannot be reached.", "Check the network and the configured address."
        )
    return Refused(
        f"The connection to {who.label} broke off before an answer was whole.",
        "Try again.",
        retry=True,
    )


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and everything that it wraps, in any of the usual ways."""
    seen: set[int] = set()
    waiting = [exc]
    while waiting:
        found = waiting.pop()
        if isinstance(found, BaseException) and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [found.__cause__, found.__context__, getattr(found, "reason", None)]
            waiting += [a for a in found.args if isinstance(a, BaseException)]


def quiet(*loggers: str) -> None:
    """Keep libraries from logging what goes over the wire: texts, and what a server echoes.

    Warnings are kept back too: they quote the headers of an answer that cannot be parsed.
    """
    for name in loggers:
        logging.getLogger(name).setLevel(logging.ERROR)


def no_cookies() -> CookieJar:
    """Return a jar that keeps nothing: clients are shared, what one caller is told is not."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


@cache
def client() -> httpx.Client:
    """Return the process's HTTP client: no redirects, no cookies; a timeout goes with each call."""
    quiet("httpx", "httpcore")
    return httpx.Client(
        follow_redirects=False,
        cookies=no_cookies(),
        limits=httpx.Limits(max_connections=128, max_keepalive_connections=16),
    )


def timeout(seconds: float) -> httpx.Timeout:
    """Return the timeouts of one call."""
    return httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def post(who: Caller, url: str, body: Mapping[str, Any], seconds: float) -> Any:  # noqa: ANN401
    """Send JSON and return the JSON that comes back; raise Refused for anything else."""
    headers = {"Authorization": f"Bearer {who.key}"} if who.key else {}
    try:
        with client().stream(
            "POST", url, json=body, headers=headers, timeout=timeout(seconds)
        ) as response:
            content = _read(who, response)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise transport_failure(who, exc, seconds) from None  # it may hold what a server echoed
    if not response.is_success:
        raise refusal(who, response.status_code, content, response.headers)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        page = content.lstrip().startswith(b"<")
        raise malformed(who, "with a web page" if page else "not with JSON") from None


def _read(who: Caller, response: httpx.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MOST_BYTES:
            raise malformed(who, f"with more than {MOST_BYTES:,} bytes")
    return bytes(content)
