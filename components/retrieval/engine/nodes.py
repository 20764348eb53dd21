"""The nodes of a Qdrant server or cluster: whichever of them answers."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self, TypeVar
from urllib.parse import unquote, urlsplit

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from components.config import QdrantSettings
from components.domain import StoreError
from components.retrieval.engine.errors import (
    CLIENT_ERRORS,
    OWN_STORE,
    Remedies,
    another_may_answer,
    is_unreachable,
    store_error,
)
from components.wording import listed

T = TypeVar("T")
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_log = logging.getLogger(__name__)
SLOW_S = 60
"""Seconds that a cluster may take to create a collection or to move an alias, a node being gone."""


@dataclass(frozen=True, slots=True)
class _Node:
    """An address as it was given, one without user, password and query, and the password."""

    url: str
    address: str
    password: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Return what an address consists of, even where it is no good one."""
        scheme, separator, rest = url.rpartition("://")
        user, _, place = rest.rpartition("@")
        address = f"{scheme}{separator}{re.split('[?#]', place)[0]}"
        return cls(url, address, user.partition(":")[2])


class Nodes:
    """The addresses of QDRANT_URL; each answers for all. Safe to share between threads."""

    def __init__(self, settings: QdrantSettings, remedies: Remedies = OWN_STORE) -> None:
        self.settings = settings
        self._remedies = remedies
        urls = [url.strip(", \t\n") for url in re.split(r"[,\s]+(?=\w+://)", settings.url)]
        self._nodes = [_Node.of(url) for url in urls if url]
        passwords = [node.password for node in self._nodes]
        self.secrets = (settings.api_key, *passwords, *map(unquote, passwords))
        self._lock = threading.Lock()
        self._clients: list[QdrantClient] = []
        self._answering = 0  # the node that is asked first

    @property
    def where(self) -> str:
        """Return where the collections are, for messages; addresses without passwords."""
        return f"Qdrant at {listed([node.address for node in self._nodes])}"

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
                if another_may_answer(exc) and len(gone) + 1 < len(clients):
                    gone.append(i)
                    i = following
                    continue
                if not isinstance(exc, UnexpectedResponse):
                    self._answering = following  # the next call need not wait for this one
                timeout_s = timeout_s or self.settings.timeout_s
                where = self._asked(i, gone, exc)
                raise store_error(exc, where, timeout_s, self.secrets, self._remedies) from exc
            self._answering = i
            return answer

    def slowly(self, ask: Callable[[QdrantClient, int], T]) -> T:
        """Return what `ask` returns for a client and the seconds that a slow call may take."""
        seconds = max(SLOW_S, self.settings.timeout_s)
        return self.call(lambda client: ask(client, seconds), seconds)

    # ------------------------------------------------------------ what several ask

    def aliases(self) -> dict[str, str]:
        """Return the collection of each alias."""
        entries = self.call(lambda client: client.get_aliases().aliases)
        return {entry.alias_name: entry.collection_name for entry in entries}

    def strict_mode(self, name: str) -> models.StrictModeConfigOutput:
        """Return the limits of a collection's strict mode; none where it is off or not told."""
        none = models.StrictModeConfigOutput()
        with suppress(StoreError):
            strict = self.call(lambda client: client.get_collection(name).config.strict_mode_config)
            return strict if strict and strict.enabled else none
        return none

    def delete(self, name: str) -> None:
        """Remove a collection and its aliases."""
        self.slowly(lambda client, seconds: client.delete_collection(name, timeout=seconds))

    # ------------------------------------------------------------ connections

    def _asked(self, last: int, gone: Sequence[int], exc: Exception) -> str:
        """Return which nodes were asked, for an error that names them all."""
        others = [self._nodes[i].address for i in gone]
        here = self._nodes[last].address
        if is_unreachable(exc):
            return f"Qdrant at {listed([*others, here])}"
        if others:
            return f"Qdrant at {here} ({listed(others)} cannot be reached)"
        return f"Qdrant at {here}"

    def _connected(self) -> list[QdrantClient]:
        with self._lock:
            if not self._clients:
                try:
                    if not self._nodes:
                        raise ValueError("there is no address")
                    self._clients = self._connect()
                except ValueError as exc:
                    # not quoted: it may carry a password
                    raise StoreError(
                        "QDRANT_URL is not a web address.",
                        "Write it like http://127.0.0.1:6333; several with commas between them.",
                    ) from exc
            return self._clients

    def _connect(self) -> list[QdrantClient]:
        """Return a client for each address; warn of a key that anybody on the way can read."""
        key = self.settings.api_key or None
        with warnings.catch_warnings():  # the client's own says neither whose nor where
            warnings.filterwarnings("ignore", "Api key is used with an insecure connection")
            clients = [
                QdrantClient(
                    url=node.url,
                    api_key=key,
                    timeout=self.settings.timeout_s,
                    check_compatibility=False,  # it would only warn; every call reports
                )
                for node in self._nodes
            ]
        for node in self._nodes if key else ():
            address = urlsplit(node.address)
            if address.scheme == "http" and address.hostname not in _THIS_MACHINE:
                _log.warning(
                    "%s goes to %s without encryption", self._remedies.variable, node.address
                )
        return clients
