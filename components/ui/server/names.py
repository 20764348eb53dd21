"""By which names the lab answers, and from whose pages: the Host and Origin of a request."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from components.config import Settings
from components.ui.shared.visitor import is_loopback

_LABEL = "[A-Za-z0-9_-]+"
_HOST = re.compile(rf"(\[[0-9A-Fa-f:.]+\]|{_LABEL}(?:\.{_LABEL})*\.?)(:[0-9]{{1,5}})?")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one lab: `exact` ones, and any literal address unless it is bound to loopback.

    A page of another site whose name is made to mean this machine (DNS rebinding) reaches the lab
    under that name, never under a literal address; so any literal address is safe to answer.
    """

    exact: frozenset[str]
    loopback: bool
    configured: frozenset[str]

    def answers(self, host: str) -> bool:
        """Return whether a Host header names this lab."""
        name = _name(host)
        if name in self.exact or is_loopback(name):
            return True
        return not self.loopback and _is_literal(name)

    def own_page(self, origin: str, host: str) -> bool:
        """Return whether an Origin is this lab's: of the request's own Host, or configured."""
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"} or not name:
            return False
        return parts.netloc.lower() == host.lower() or name.rstrip(".") in self.configured


def names_of(settings: Settings, address: str) -> Names:
    """Return the names of a lab that listens on an address or a name of this machine."""
    configured = frozenset(name.rstrip(".") for name in settings.sharing.hosts)
    if is_loopback(address):
        return Names(configured, True, configured)
    machine = {name.lower().rstrip(".") for name in (socket.gethostname(), socket.getfqdn())}
    return Names(configured | machine | {address.lower().rstrip(".")}, False, configured)


def _name(host: str) -> str:
    """Return the name or the address in a Host header; empty where it is none."""
    match = _HOST.fullmatch(host)
    return match[1].strip("[]").lower().removesuffix(".") if match else ""


def _is_literal(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
