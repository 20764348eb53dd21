"""The HTTP client of the providers: no redirects, no cookies, every failure a ProviderError."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from components.network.caller import Caller
from components.network.errors import ProviderError, malformed, transport_failure
from components.network.refusals import refusal, without_scores

MOST_BYTES = 16_000_000
"""Bytes beyond which an answer is not read on."""
CONNECT_SECONDS = 5.0
"""Seconds that a connection may take to be made."""


def quiet(*loggers: str) -> None:
    """Keep libraries from logging what goes over the wire: texts, and what a server echoes.

    Warnings are kept back too: they quote the headers of an answer that cannot be parsed.
    """
    for name in loggers:
        logging.getLogger(name).setLevel(logging.ERROR)


def no_cookies() -> CookieJar:
    """Return a jar that keeps nothing: a client is shared by callers with different keys."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def timeout(seconds: float) -> httpx.Timeout:
    """Return the timeouts of one call."""
    return httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def new_client(**options: Any) -> httpx.Client:  # noqa: ANN401  (the options of httpx.Client)
    """Return an HTTP client that follows no redirect, keeps no cookie and logs nothing."""
    quiet("httpx", "httpcore")
    return httpx.Client(follow_redirects=False, cookies=no_cookies(), **options)


@cache
def client() -> httpx.Client:
    """Return the HTTP client of this process; a timeout goes with each call."""
    return new_client(limits=httpx.Limits(max_connections=128, max_keepalive_connections=16))


def post(caller: Caller, url: str, body: Mapping[str, Any], seconds: float) -> Any:  # noqa: ANN401
    """Send JSON and return the JSON that comes back; raise ProviderError for anything else."""
    return _exchange(caller, "POST", url, body, seconds, math.inf)


def get(caller: Caller, url: str, seconds: float) -> Any:  # noqa: ANN401
    """Return the JSON at an address; raise ProviderError for anything else.

    It ends after about so many seconds, also where an answer comes in drops: nobody can abandon it.
    """
    return _exchange(caller, "GET", url, None, seconds, time.monotonic() + seconds)


def _exchange(
    caller: Caller,
    method: str,
    url: str,
    body: Mapping[str, Any] | None,
    seconds: float,
    until: float,
) -> Any:  # noqa: ANN401
    headers = {"Authorization": f"Bearer {caller.key}"} if caller.key else {}
    try:
        with client().stream(
            method, url, json=body, headers=headers, timeout=timeout(seconds)
        ) as response:
            content = _read(caller, response, until)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise transport_failure(caller, exc, seconds) from None  # it may hold what a server echoed
    if not response.is_success:
        raise refusal(caller, response.status_code, content, response.headers)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        kinds = {b"<": "with a web page", b"d": "with a stream of parts"}
        begins = content.lstrip()[:5]
        kind = kinds.get(begins[:1]) if begins[:1] == b"<" or begins == b"data:" else None
        raise malformed(caller, kind or "not with JSON") from None


def _read(caller: Caller, response: httpx.Response, until: float) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if time.monotonic() > until:
            raise httpx.ReadTimeout("the answer comes in drops")
        if len(content) > MOST_BYTES:
            raise malformed(caller, f"with more than {MOST_BYTES:,} bytes")
    return bytes(content)


class LastResponse(threading.local):
    """The HTTP response that this thread received last, of httpx or requests.

    An SDK's own errors may come without status, headers or body. `record` is a response hook of
    the SDK's HTTP client.
    """

    response: Any = None

    def clear(self) -> None:
        """Forget the response, before a request."""
        self.response = None

    def record(self, response: Any, *args: object, **kwargs: object) -> None:  # noqa: ANN401
        """Keep a response."""
        self.response = response

    def error(self, caller: Caller, fault: str = "not in the documented form") -> ProviderError:
        """Return the error of an answer that the SDK cannot read: its status, or else `fault`."""
        response = self.response
        if response is None:
            return malformed(caller, fault)
        if 200 <= response.status_code < 300:
            return without_scores(caller, response.content, fault)
        return refusal(caller, response.status_code, response.content, response.headers)
