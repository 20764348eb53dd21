"""The nodes of a Qdrant server or cluster: whichever of them answers."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import unquote

from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import UnexpectedResponse

from components.config import QdrantSettings
from components.domain import StoreError
from components.retrieval.engine.errors import CLIENT_ERRORS, is_unreachable, store_error
from components.wording import listed

T = TypeVar("T")
SLOW_S = 60
"""Seconds that a cluster may take to create a collection or to move an alias, a node being gone."""


class Nodes:
    """The addresses of QDRANT_URL; each answers for all. Safe to share between threads."""

    def __init__(self, settings: QdrantSettings) -> None:
        self.settings = settings
        urls = re.split(r"[,\s]+(?=\w+://)", settings.url)
        self._urls = [url.strip(", \t\n") for url in urls if url.strip(", \t\n")]
        parts = [_address_and_password(url) for url in self._urls]
        self._addresses = [address for address, _ in parts]
        self.secrets = [settings.api_key, *(secret for _, p in parts for secret in (p, unquote(p)))]
        self._lock = threading.Lock()
        self._clients: list[QdrantClient] = []
        self._answering = 0

    @property
    def where(self) -> str:
        """Return where the collections are, for messages; addresses without passwords."""
        return f"Qdrant at {listed(self._addresses)}"

    def call(self, ask: Callable[[QdrantClient], T], timeout_s: int = 0) -> T:
        """Return what `ask` returns for the client of a node that can be reached.

        Its errors leave as StoreError. `timeout_s` is named there; by default, that of all calls.
        `ask` may run again for another node, so it must be harmless to repeat.
        """
        clients = self._connected()
        i = self._answering
        gone: list[int] = []
        while True:
            try:
                answer = ask(clients[i])
            except CLIENT_ERRORS as exc:
                following = (i + 1) % len(clients)
                if is_unreachable(exc) and len(gone) + 1 < len(clients):
                    gone.append(i)
                    i = following
                    continue
                if not isinstance(exc, UnexpectedResponse):
                    self._answering = following  # the next call need not wait for this one
                where = self._asked(i, gone, reached=not is_unreachable(exc))
                timeout_s = timeout_s or self.settings.timeout_s
                raise store_error(exc, where, timeout_s, self.secrets) from exc
            self._answering = i
            return answer

    def slowly(self, ask: Callable[[QdrantClient, int], T]) -> T:
        """Return what `ask` returns for a client and the seconds that a slow call may take."""
        seconds = max(SLOW_S, self.settings.timeout_s)
        return self.call(lambda client: ask(client, seconds), seconds)

    def _asked(self, last: int, gone: Sequence[int], *, reached: bool) -> str:
        """Return which nodes were asked, for an error: all of them, the last one apart."""
        others = [self._addresses[i] for i in gone]
        if not reached:
            return f"Qdrant at {listed([*others, self._addresses[last]])}"
        also = f" ({listed(others)} cannot be reached)" if others else ""
        return f"Qdrant at {self._addresses[last]}{also}"

    def _connected(self) -> list[QdrantClient]:
        with self._lock:
            if not self._clients:
                try:
                    if not self._urls:
                        raise ValueError("there is no address")
                    self._clients = [self._client(url) for url in self._urls]
                except ValueError as exc:
                    # not quoted: it may carry a password
                    raise StoreError(
                        "QDRANT_URL is not a web address.",
                        "Write it like http://127.0.0.1:6333; several with commas between them.",
                    ) from exc
            return self._clients

    def _client(self, url: str) -> QdrantClient:
        return QdrantClient(
            url=url,
            api_key=self.settings.api_key or None,
            timeout=self.settings.timeout_s,
            check_compatibility=False,  # it would only warn; every call reports by itself
        )


def _address_and_password(url: str) -> tuple[str, str]:
    """Return an address without user, password and query, and the password."""
    scheme, separator, rest = url.rpartition("://")
    user, _, place = rest.rpartition("@")
    return f"{scheme}{separator}{re.split('[?#]', place)[0]}", user.partition(":")[2]
