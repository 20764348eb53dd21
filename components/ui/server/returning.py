"""Back to the page, and its permalink, at which a visitor began to sign in."""

from __future__ import annotations

import base64
import re
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "rerank_lab_return"
_MINUTES_S = 15 * 60
_LONGEST = 2800
"""The most characters of an address: base64 makes a third more of them, and 4096 fit a cookie."""


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
    """Return the lab's page that sends the visitor, as a cookie's value; empty for another's."""
    headers = Headers(scope=scope)
    try:
        page = urlsplit(headers.get("referer", ""))
    except ValueError:
        return ""
    address = f"{page.path}?{page.query}" if page.query else page.path
    if page.netloc != headers.get("host") or len(address) > _LONGEST:
        return ""
    return base64.urlsafe_b64encode(address.encode()).decode()


def _kept(scope: Scope, prefix: str) -> str:
    """Return the page that the cookie holds; empty where it is none of the lab's."""
    value = cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, "")
    try:
        address = base64.urlsafe_b64decode(value).decode("ascii")
    except ValueError:
        return ""
    page = re.fullmatch(rf"{re.escape(prefix)}/([A-Za-z0-9_-]*)/?(\?[!-\[\]-~]*)?", address)
    return address if page and page[1] not in {"oauth2callback", "auth"} else ""
