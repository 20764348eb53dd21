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


def path_of(address: str) -> str:
    """Return the path of an address, without anything that may hold a key."""
    return urlsplit(address).path


def in_turn(places: Sequence[str], capacity: Capacity) -> list[str]:
    """Return addresses, the one that answered last time first."""
    return sorted(places, key=lambda address: path_of(address) != capacity.path)


def first_answer(
    places: Sequence[str], capacity: Capacity, send: Callable[[str], T]
) -> tuple[T, str]:
    """Return the answer of the first address that knows its path, and a note where others did not.

    Where a path is unknown to the server (404, 405) the next is tried, and the one that answers is
    asked first from then on. Raises ProviderError, which says where the request went.
    """
    tried: list[str] = []
    last: ProviderError | None = None
    for address in in_turn(places, capacity):
        path = path_of(address)
        try:
            answer = send(address)
        except ProviderError as exc:
            exc.path = path
            if exc.status not in {404, 405} or "model" in exc.said.lower():
                raise
            tried.append(path)
            last = exc
            continue
        capacity.path = path
        note = f"answered at {path}, not at {listed(tried, 'or')}" if tried else ""
        return answer, note
    if last is None:
        raise AssertionError("there is an address")
    last.path = listed(tried)
    raise last
