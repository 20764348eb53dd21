"""Where a server of one's own answers: the addresses that its configured one may stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from components.network.capacity import Capacity
from components.network.errors import ProviderError
from components.wording import listed

T = TypeVar("T")
CHAT = "/chat/completions"


def addresses(url: str, usual: Sequence[str], path: str = "") -> tuple[str, ...]:
    """Return where a server may answer, the likeliest first; `usual` are its shape's usual paths.

    An address may be the server's, end in a version as OpenAI's clients take it, or be the whole
    endpoint; a `path` from the configuration is the only one then. A query string stays.
    """
    parts = urlsplit(url)
    base, end = parts.path.rstrip("/"), "/" + usual[0].rpartition("/")[2]
    if path:
        own = "/" + path.lstrip("/")
        paths = [base if base.endswith(own) else base + own]
    elif base.endswith(end):
        paths = [base]
    else:
        root, version = re.fullmatch(r"(.*?)(/v\d+)?", base, re.DOTALL).groups(default="")  # type: ignore[union-attr]
        paths = [base + end] * bool(version) + [root + other for other in usual]
    return tuple(parts._replace(path=p).geturl() for p in dict.fromkeys(paths))


def chat_addresses(url: str) -> tuple[str, ...]:
    """Return where a server may chat, the likeliest first.

    An address may be the server's, end in a version as OpenAI's clients take it, or be the whole
    endpoint. A query string stays.
    """
    parts = urlsplit(url)
    base = parts.path.rstrip("/")
    if base.endswith(CHAT):
        paths = [base]
    elif re.search(r"/v\d+[a-z0-9]*$", base):
        paths = [base + CHAT]
    else:
        paths = [f"{base}/v1{CHAT}", base + CHAT]
    return tuple(parts._replace(path=path).geturl() for path in paths)


def first_answer(
    addresses: Sequence[str], capacity: Capacity, ask: Callable[[str], T]
) -> tuple[T, str]:
    """Return the answer at the first address that knows its path, and a note of how it was found.

    Where a path is unknown to the server (404, 405) the next is tried, and the one that answers is
    asked first from then on. Raises ProviderError where none answers.
    """
    tried: list[str] = []
    last: ProviderError | None = None
    for address in in_turn(addresses, capacity):
        path = path_of(address)
        try:
            answer = ask(address)
        except ProviderError as exc:
            exc.path = path
            if exc.status not in {404, 405} or "model" in exc.said.lower():
                raise
            tried.append(path)
            last = exc
            continue
        capacity.path = path
        return answer, f"answered at {path}, not at {listed(tried, 'or')}" if tried else ""
    if last is None:
        raise AssertionError("there is an address")
    last.path = listed(tried)
    raise last


def in_turn(addresses: Sequence[str], capacity: Capacity) -> list[str]:
    """Return addresses, the one that answered last time first."""
    return sorted(addresses, key=lambda address: path_of(address) != capacity.path)


def path_of(address: str) -> str:
    """Return the path of an address, without anything that may hold a key."""
    return urlsplit(address).path
