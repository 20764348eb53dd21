"""Who is at a page: the owner of what is begun, kept and spent there."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from ipaddress import ip_address

import streamlit as st

from components.config import Settings
from components.storage.sqlite import WHOLE_LAB

COOKIE = "rerank_lab_visitor"
"""The cookie by which a browser is known again; `rerank-lab serve` sets it."""
COOKIE_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
"""The form of the cookie: 32 random bytes in URL-safe Base64."""
USER = "proxy_user"
"""The key of `st.user` under which a proxy's header stands."""
BROWSER_HEADER = "X-Rerank-Lab-Browser"
"""The header by which the server tells Streamlit the browser of a web socket."""
BROWSER = "browser"
"""The key of `st.user` under which that header stands."""
_SESSION = "visitor_of_session"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose session it is.

    `owner` is what things are kept under: WHOLE_LAB, or a digest of an identity or of a browser's
    cookie, which cannot be turned back. `name` is the identity as it is shown to its owner.
    """

    owner: str
    name: str = ""

    @property
    def local(self) -> bool:
        """Return whether the lab is bound to this machine, where all windows share everything."""
        return self.owner == WHOLE_LAB


def is_shared(settings: Settings, address: str | None = None) -> bool:
    """Return whether other machines may reach the lab: by its address, or through a proxy.

    `address` is what the server listens on, by default Streamlit's own setting.
    """
    address = st.get_option("server.address") if address is None else address
    named = settings.sharing.hosts or settings.sharing.user_header or settings.sign_in
    return bool(named) or not is_loopback(address or "")


def is_loopback(host: str) -> bool:
    """Return whether a name or an address means this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def signs_in(settings: Settings) -> bool:
    """Return whether visitors have an identity: by OpenID Connect or through a proxy."""
    return bool(settings.sign_in or settings.sharing.user_header)


def current(settings: Settings) -> Visitor | None:
    """Return this session's visitor; None where visitors sign in and this one has not."""
    if not is_shared(settings):
        return Visitor(WHOLE_LAB)
    if settings.sharing.user_header:
        name = str(st.user.get(USER) or "").strip()
        return _known("proxy", name, name)
    if settings.sign_in:
        if not st.user.get("is_logged_in") or not st.user.get("sub"):
            return None
        name = str(st.user.get("email") or st.user.get("name") or st.user["sub"])
        return _known("user", f"{st.user.get('iss')}\n{st.user['sub']}", name)
    return _known("browser", _cookie() or _session(), "")


def _cookie() -> str:
    """Return the browser's cookie; empty where it has none, or one in another form."""
    cookie = st.context.cookies.get(COOKIE)
    return cookie if isinstance(cookie, str) and COOKIE_FORM.fullmatch(cookie) else ""


def _session() -> str:
    """Return an identity that ends with the session, for a browser without the cookie."""
    token: str = st.session_state.setdefault(_SESSION, secrets.token_urlsafe(32))
    return token


def _known(kind: str, identity: str, name: str) -> Visitor | None:
    if not identity:
        return None
    digest = hashlib.sha256(f"{kind}\n{identity}".encode("utf-8", "surrogatepass")).hexdigest()
    return Visitor(f"{kind}:{digest[:40]}", name)
