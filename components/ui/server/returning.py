"""Back to the page, and its permalink, at which a visitor began to sign in."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "rerank_lab_return"
_MINUTES_S = 15 * 60
_LONGEST = 3500
"""The most characters that a browser surely keeps in a cookie, with room for its name."""


class Returning:
    """Keeps the address of the page in a cookie while the visitor is at the provider's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        base = "/" + (st.get_option("server.baseUrlPath") or "").strip("/")
        prefix = base.rstrip("/")

        async def send_there(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"] == f"{prefix}/auth/login":
                    headers.append("Set-Cookie", _cookie(_asking(scope), base, _MINUTES_S))
                elif urlsplit(headers.get("location", "")).path in {base, f"{base}/"}:
                    headers["Location"] = _kept(scope, prefix) or headers["Location"]
                    headers.append("Set-Cookie", _cookie("", base, 0))
            await send(message)

        signing_in = scope["type"] == "http" and scope["path"].startswith(
            (f"{prefix}/auth/login", f"{prefix}/oauth2callback")
        )
        await self._app(scope, receive, send_there if signing_in else send)


def _cookie(value: str, path: str, seconds: int) -> str:
    return f"{COOKIE}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax"


def _asking(scope: Scope) -> str:
    """Return the path and query of the lab's page that sends the visitor; empty for another's."""
    headers = Headers(scope=scope)
    page = urlsplit(headers.get("referer", ""))
    if page.netloc != headers.get("host"):
        return ""
    address = quote(f"{page.path}?{page.query}" if page.query else page.path)
    return address if len(address) <= _LONGEST else ""


def _kept(scope: Scope, prefix: str) -> str:
    """Return the page that the cookie holds; empty where it is none of the lab's."""
    address = unquote(cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, ""))
    page = urlsplit(address)
    plain = address.isascii() and address.isprintable() and "\\" not in address
    ours = address.startswith(f"{prefix}/") and not page.path.startswith((f"{prefix}//", "//"))
    internal = page.path.startswith((f"{prefix}/auth/", f"{prefix}/oauth2callback"))
    return address if plain and ours and not internal and not page.netloc else ""
