"""The headers of every answer: what a page of the lab may load, and who may show it in a frame."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PAGE = Path(streamlit.__file__).parent / "static" / "index.html"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def _content_security_policy() -> str:
    """Return what a page may load: nothing from elsewhere, no image above all.

    Styles are written into the page by Streamlit's and Plotly's scripts. A component's script comes
    as text over the web socket and is imported from a blob. The scripts that stand in Streamlit's
    own page are known by their hashes.
    """
    scripts = _INLINE.findall(_PAGE.read_text(encoding="utf-8"))
    digests = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts)
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'", "blob:", *(f"'sha256-{digest}'" for digest in digests)],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "frame-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


HEADERS = {
    "Content-Security-Policy": _content_security_policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "camera",
            "display-capture",
            "geolocation",
            "microphone",
            "midi",
            "payment",
            "usb",
        )
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""The headers, by name."""


class SecurityHeaders:
    """Puts HEADERS on every answer of an ASGI application, errors and refusals included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        accepted = False

        async def send_with_headers(message: Message) -> None:
            nonlocal accepted
            accepted = accepted or message["type"] == "websocket.accept"
            if message["type"] == "websocket.close" and not accepted:
                # A refused handshake is an HTTP answer too; a bare close would have no headers.
                await refuse(scope, receive, send_with_headers, 403, "Refused.")
                return
            if message["type"].endswith("http.response.start"):
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, line: str) -> None:
    """Answer an HTTP request, or a web socket's handshake, with an error in one plain line."""
    headers = {"Cache-Control": "no-store"}
    await PlainTextResponse(f"{line}\n", status, headers)(scope, receive, send)
