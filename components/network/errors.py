"""What a provider's refusal, a broken connection and a malformed answer mean, as errors."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress

from components.domain import Billed, RerankError
from components.network.caller import Caller
from components.wording import count

MESSAGE_CHARACTERS = 300
"""Characters of a provider's own message that an error quotes at most."""


class ProviderError(RerankError):
    """A provider gave no usable answer.

    `retry` says that another attempt may help; `after` is how many seconds the provider asks to
    wait before it, None where it does not say. `charged` says that the request may be billed all
    the same, because it reached the provider and was not refused. `status` is the HTTP status, 0
    without one; `path` says where the request went. `most` is set where the request was too large:
    how many texts the server says that it takes, 0 where it does not say. `busy` says that a server
    of one's own had too much to do at once; `said` are the server's own words. An `unreadable`
    answer came whole, but is none; `billed` is what it was billed for, where it says so.
    """

    path: str = ""

    def __init__(
        self,
        reason: str,
        remedy: str,
        *,
        retry: bool = False,
        after: float | None = None,
        charged: bool = True,
        status: int = 0,
        most: int | None = None,
        busy: bool = False,
        said: str = "",
        unreadable: bool = False,
        billed: Billed | None = None,
    ) -> None:
        super().__init__(reason, remedy)
        self.retry = retry
        self.after = after
        self.charged = charged
        self.status = status
        self.most = most
        self.busy = busy
        self.said = said
        self.unreadable = unreadable
        self.billed = billed

    def after_attempts(self, attempts: int) -> ProviderError:
        """Return the error with its path, the attempts and the wait that the provider asks for."""
        wait = f" It asks to wait {count(round(self.after), 'second')}." if self.after else ""
        times = f" It was asked {count(attempts, 'time')}." if attempts > 1 else ""
        where = f" The request went to {self.path}." if self.path else ""
        return ProviderError(
            f"{self.reason}{wait}{times}{where}",
            self.remedy,
            charged=self.charged,
            status=self.status,
            most=self.most,
            busy=self.busy,
            unreadable=self.unreadable,
            billed=self.billed,
        )


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


def malformed(caller: Caller, fault: str) -> ProviderError:
    """Return the error for an answer that is not what the wire format says."""
    return ProviderError(
        f"{caller.label} answered, but {fault}.",
        "Nothing of it was used. Check the configured address and shape, or try again.",
        unreadable=True,
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
        place = value.get("loc")  # FastAPI names the field at fault beside what is wrong with it
        if isinstance(place, list) and isinstance(value.get("msg"), str):
            yield f"{'.'.join(str(step) for step in place[:5])}: {value['msg']}"
        for name in ("message", "detail", "error", "errors", "msg"):
            yield from _messages(value.get(name), depth + 1)
    elif depth < 5 and isinstance(value, list):
        for item in value:
            yield from _messages(item, depth + 1)
