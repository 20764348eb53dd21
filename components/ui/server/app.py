"""The ASGI application: Streamlit's, behind the lab's own checks."""

from __future__ import annotations

import ctypes
import dataclasses
import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.logger import get_logger

from components.config import Settings
from components.ui.server import events
from components.ui.server.guard import Guard
from components.ui.server.headers import SecurityHeaders
from components.ui.server.identity import ProxyHeader, VisitorCookie
from components.ui.server.names import names_of
from components.ui.server.returning import Returning
from components.ui.shared import visitor

_ADDRESS = re.compile(r"['\"]?\w+://\S+")
_SIGN_IN = "streamlit.web.server.starlette.starlette_auth_routes"
_M_ARENA_MAX = -8  # malloc.h
ROOT = Path(__file__).resolve().parents[3]
"""The folder of app.py and of Streamlit's configuration."""


class LabApp(st.App):
    """Streamlit's application, wrapped whole: its middleware would miss the answers to faults."""

    def __init__(self, settings: Settings, address: str, routes: Sequence[BaseRoute]) -> None:
        auth = dataclasses.asdict(settings.sign_in) if settings.sign_in else None
        super().__init__(
            ROOT / "app.py",
            routes=routes,
            secrets={"auth": auth} if auth else None,
            lifespan=events.watching,
        )
        self._guarded = guarded(super().__call__, settings, address, routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or a server's word of its beginning and end."""
        await self._guarded(scope, receive, send)


def guarded(
    app: ASGIApp, settings: Settings, address: str, routes: Sequence[BaseRoute] = ()
) -> ASGIApp:
    """Return an ASGI application behind the checks of a lab that listens on an address."""
    if settings.sign_in:
        app = Returning(app)
    if visitor.is_shared(settings, address):
        app = VisitorCookie(app, settings)
    return SecurityHeaders(Guard(ProxyHeader(app, settings), names_of(settings, address), routes))


def build(settings: Settings, address: str, routes: Sequence[BaseRoute] = ()) -> LabApp:
    """Return the application of a lab that listens on an address; `routes` are its own."""
    return LabApp(settings, address, routes)


def options(settings: Settings, address: str, port: int) -> Mapping[str, Any]:
    """Return Streamlit's settings, whatever the environment says of them."""
    bound_here = ["localhost", "127.0.0.1", "::1", address, *settings.sharing.hosts]
    header = settings.sharing.user_header
    trusted = {header: visitor.USER} if header else {}
    if visitor.is_shared(settings, address):
        trusted[visitor.BROWSER_HEADER] = visitor.BROWSER
    return {
        "server.address": address,
        "server.port": port,
        "server.allowedHosts": bound_here if visitor.is_loopback(address) else [],
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableAgentApi": False,
        "server.scriptHealthCheckEnabled": False,
        "server.trustedUserHeaders": trusted,
        "logger.hideWelcomeMessage": True,
    }


def run(settings: Settings, address: str, port: int) -> None:
    """Serve the lab until the process is told to end."""
    # Uvicorn would take the peer's address from X-Forwarded-For where this machine sends it, and
    # whoever stands behind a proxy could name himself one. The checks need the socket's own.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    # glibc gives each of many threads memory of its own and keeps it: 30 MB after ten searches.
    with suppress(AttributeError, OSError, TypeError):  # other systems lack it
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    get_logger(_SIGN_IN).addFilter(_in_one_line)
    sys.argv = [str(ROOT / "app.py")]  # Streamlit takes the script's folder and arguments from it
    build(settings, address, events.routes()).run(config=options(settings, address, port))


def _is_news(line: logging.LogRecord) -> bool:
    """Return whether a line of Uvicorn's log is worth reading: no greeting, no false alarm.

    It takes every web socket that is refused with an HTTP answer for one that was forgotten.
    """
    forgotten = line.getMessage().startswith("ASGI callable returned without completing handshake")
    return line.levelno >= logging.WARNING and not forgotten


def _in_one_line(line: logging.LogRecord) -> bool:
    """Write an error's last word instead of its traceback: that a provider is down is no fault.

    Addresses are left out: the provider's is a setting that is never shown.
    """
    if line.exc_info and line.exc_info[1]:
        error = line.exc_info[1]
        said = _ADDRESS.sub("(an address)", str(error).partition("\n")[0])
        line.msg, line.args = f"{line.getMessage()} {type(error).__name__}: {said}", ()
        line.exc_info = line.exc_text = None
    return True


def audience(settings: Settings, address: str) -> str:
    """Return who may use a shared lab, in one line; empty for a lab that is not shared."""
    if not visitor.is_shared(settings, address):
        return ""
    if settings.sharing.user_header:
        proxies = ", ".join(settings.sharing.proxies)
        return f"Visitors are those named in {settings.sharing.user_header} by {proxies}."
    if settings.sign_in:
        return "Visitors sign in by OpenID Connect."
    return (
        "Everybody who reaches this address may use this lab, its uploads and its keys: no sign-in"
        " is set up (.docs/sharing.md)."
    )
