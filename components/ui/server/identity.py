"""Who is asking: the real peer of a request, a proxy's header, a browser's cookie."""

from __future__ import annotations

import hashlib
import secrets
from ipaddress import IPv6Address, ip_address, ip_network

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.config import Settings
from components.ui.server.headers import refuse
from components.ui.shared import visitor

_YEAR_S = 365 * 24 * 3600
_CONDITIONS = {b"if-none-match", b"if-modified-since"}


class Proxies:
    """The proxies whose word is believed."""

    def __init__(self, settings: Settings) -> None:
        self._networks = tuple(ip_network(network) for network in settings.sharing.proxies)

    def __contains__(self, scope: Scope) -> bool:
        """Return whether a request comes straight from a named proxy."""
        try:
            peer = ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
            peer = peer.ipv4_mapped
        return any(peer in network for network in self._networks)


class ProxyHeader:
    """Removes the header of an identity from every request that no named proxy sent.

    Another spelling of it, with underscores, is removed from all requests: some programs read it as
    the same header. A request in which the header stands twice is refused: one of the two may be
    the visitor's own.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._header = settings.sharing.user_header.lower()
        self._proxies = Proxies(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._header and "headers" in scope:
            headers = [pair for pair in scope["headers"] if self._passes(pair[0], scope)]
            scope = {**scope, "headers": headers}
            if len(Headers(scope=scope).getlist(self._header)) > 1:
                line = f"The header {self._header} comes twice; the proxy must overwrite it."
                await refuse(scope, receive, send, 400, line)
                return
        await self._app(scope, receive, send)

    def _passes(self, name: bytes, scope: Scope) -> bool:
        text = name.decode("latin-1").lower()
        if text.replace("_", "-") != self._header.replace("_", "-"):
            return True
        return text == self._header and scope in self._proxies


class VisitorCookie:
    """Gives each browser a random cookie with the page, unless it brings one.

    Streamlit resumes a session for whoever names its id and is the same user. So that an id alone
    opens nobody's session, a web socket is given a header that stands for the browser's cookie; one
    without the cookie is a browser of its own each time.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._proxies = Proxies(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        cookies = (
            cookie_parser(Headers(scope=scope).get("cookie", "")) if "headers" in scope else {}
        )
        cookie = cookies.get(visitor.COOKIE, "")
        has_one = visitor.COOKIE_FORM.fullmatch(cookie)
        if scope["type"] == "websocket":
            browser = cookie if has_one else secrets.token_urlsafe(32)
            scope = {**scope, "headers": list(scope["headers"])}
            digest = hashlib.sha256(browser.encode()).hexdigest()
            MutableHeaders(scope=scope)[visitor.BROWSER_HEADER] = digest  # and no other
        if scope["type"] != "http" or has_one:
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("Set-Cookie", self._cookie(scope))
                    headers["Cache-Control"] = "private, no-cache"  # nobody else's cookie
            await send(message)

        # "Not modified" has no content type: a browser without the cookie gets the whole page.
        headers = [pair for pair in scope["headers"] if pair[0] not in _CONDITIONS]
        await self._app({**scope, "headers": headers}, receive, send_with_cookie)

    def _cookie(self, scope: Scope) -> str:
        path = "/" + (st.get_option("server.baseUrlPath") or "").strip("/")
        cookie = f"{visitor.COOKIE}={secrets.token_urlsafe(32)}; Path={path}; Max-Age={_YEAR_S}"
        forwarded = Headers(scope=scope).get("x-forwarded-proto", "").strip().lower()
        by_https = scope["scheme"] == "https" or (forwarded == "https" and scope in self._proxies)
        return f"{cookie}; HttpOnly; SameSite=Lax{'; Secure' if by_https else ''}"
