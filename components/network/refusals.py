"""What a server's refusal means: its HTTP status and its own words, as a reason and a remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from components.network.caller import Caller
from components.network.errors import ProviderError, malformed, message_of, retry_after

_KEY_REMEDY = "Set {variable} to a valid key, or type one for this session."
_SMALLER = "{smaller}"
_NO_PATH = "Check the model's name and the server's address."
# What went wrong (after the provider's name), and what to do, by HTTP status.
_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("did not accept the request", "Check the model's name. {smaller}"),
    401: ("does not accept the API key", _KEY_REMEDY),
    402: ("asks for a payment", "Check the account's credit and plan."),
    403: ("forbids this key to use {model}", "Check the account's plan and the key's permissions."),
    404: ("knows no {model} at this address", _NO_PATH),
    405: ("does not {does} at this address", _NO_PATH),
    408: ("gave up waiting for the request", "Try again."),
    413: ("finds the request too large", _SMALLER),
    422: ("did not understand the request", "Check the model and the server's shape. {smaller}"),
    424: ("could not run its model", "Look into the server's own log."),
    429: (
        "limits the rate of requests, and the limit is reached",
        "Wait a minute, then try again.",
    ),
    498: ("does not accept the API key", _KEY_REMEDY),
    500: ("failed inside", "Try again later; the provider's status page or log may say why."),
    501: ("does not {does}", "Check that the server and its model can {does}."),
    503: ("is overloaded or not ready yet", "Try again in a minute."),
    529: ("is overloaded", "Try again in a minute."),
}
_RETRIED = frozenset({408, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class _Words:
    """What a server's words mean whatever its status says, and what to do; never tried again.

    `own` is the remedy for a server of one's own, which is configured in its {table} table.
    """

    pattern: re.Pattern[str]
    what: str
    own: str
    hosted: str = _SMALLER


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_MEANINGS = (
    _Words(
        _any(
            r"not support (the )?(re-?rank|scor)",
            r"not a re-?rank",
            r"re-?rank\w* (is )?(not (supported|enabled|available)|disabled)",
        ),
        "does not rerank",
        "Start it with a model that reranks, and with reranking on (llama.cpp: --reranking).",
        "Choose a model that reranks.",
    ),
    _Words(
        _any(r"too large to process", r"physical batch size", r"input is too large"),
        "cannot read a text as long as one of these",
        "Set max_tokens in its {table} table, and the lab cuts longer texts; or start the "
        "server with a larger batch (llama.cpp: --ubatch-size).",
    ),
    _Words(
        _any(r"at most \d+ characters"),
        "cannot read a text as long as one of these",
        "Set max_tokens in its {table} table, and the lab cuts longer texts.",
    ),
    _Words(
        _any(
            r"context (length|size|window)",
            r"must have less than \d+ tokens",
            r"longer than the (model|max)",
            r"max(imum)?[_ -](model[_ -]len|sequence|input|prompt|tokens)",
            r"(prompt|input|text|document|sequence) is too long",
            r"too many tokens",
        ),
        "cannot read a text as long as one of these",
        "Set truncate = true in its {table} table, and the server cuts longer texts; or "
        "max_tokens, and the lab does.",
    ),
)
_TOO_MANY = _any(
    r"batch size",
    r"too many (documents|texts|inputs|items|passages)",
    r"(maximum|at most|up to|more than) (number of )?\d* ?(documents|texts|inputs|items|passages)",
)
_MOST = _any(r"(?:maximum allowed batch size|maximum|at most|up to|limit)(?: of| is|:)?\s*(\d+)")

ONE_TOO_LARGE = {
    True: "A single text is too large for it: set max_tokens in its {table} table, and the "
    "lab cuts longer texts; or raise the server's own limit.",
    False: "A single text is too large for it: shorten the texts.",
}
"""What to do where a request of one text is too large, by whether the server is one's own."""


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
    meaning = next((m for m in _MEANINGS if m.pattern.search(message)), None)
    after = retry_after(by_name.get("retry-after", ""))
    most = None if meaning else _most(status, message)
    if meaning:
        what, remedy = meaning.what, meaning.own if caller.own else meaning.hosted
    elif most is not None:
        what, documents = _REFUSALS[413][0], f"documents = {most or '…'}"
        fewer = f"Set {documents} in its {{table}} table. {_SMALLER}"
        remedy = fewer if caller.own else _SMALLER
    elif caller.own and status in {404, 405}:
        remedy = f"{_NO_PATH} Where it answers at another path, {{elsewhere}}."
    return ProviderError(
        f"{caller.label} {caller.in_words(what)} (HTTP {status}).{quoted}",
        caller.in_words(remedy),
        retry=status in _RETRIED and not meaning,
        after=after,
        charged=False,
        status=status,
        most=most,
        busy=caller.own and status == 429 and after is None and not meaning,
        said=message,
    )


def _most(status: int, message: str) -> int | None:
    """Return how many texts a server says that it takes, 0 where it does not say.

    None where a refusal is not about the size of the request.
    """
    if status != 413 and not (status in {400, 422} and _TOO_MANY.search(message)):
        return None
    number = _MOST.search(message)
    return int(number[1][:9]) if number else 0


def without_scores(caller: Caller, body: object, fault: str) -> ProviderError:
    """Return the error for a successful answer without scores: the message that it holds.

    `body` is bytes or parsed JSON. One without a message is malformed, which `fault` describes.
    """
    if isinstance(body, bytes):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            body = None
    message = message_of(body, caller) if isinstance(body, dict) else ""
    if not message:
        return malformed(caller, fault)
    meaning = next((m for m in _MEANINGS if m.pattern.search(message)), None)
    remedy = "Nothing of it was used. See to what it says, then try again."
    if meaning:
        remedy = meaning.own if caller.own else meaning.hosted
    return ProviderError(
        f"{caller.label} answered, but with an error instead of {caller.role.gives}. "
        f"It says: “{message}”",
        caller.in_words(remedy),
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
