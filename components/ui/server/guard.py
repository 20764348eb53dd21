"""Which requests are answered: under a name of the lab, and not for another site's page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from components.ui.server.headers import refuse
from components.ui.server.names import Names

_HEALTH = "/_stcore/health"
_CLOSED = ("/_stcore/agent", "/_stcore/metrics", "/_stcore/script-health-check")
"""Streamlit's routes that no page needs: they run the app, or tell of its memory and sessions."""
_WRONG_NAME = (
    "The lab does not answer to this name; its names are in its settings: [sharing] hosts."
)
_WRONG_PAGE = "A page of another site may not do this; see [sharing] hosts in the lab's settings."


class Guard:
    """Refuses requests under foreign names, from foreign pages, and to routes nobody needs.

    `routes` are the lab's own: they refuse every request of a foreign page. Streamlit's refuse
    those that open a web socket or change anything.
    """

    def __init__(self, app: ASGIApp, names: Names, routes: Sequence[BaseRoute] = ()) -> None:
        self._app = app
        self._names = names
        self._routes = tuple(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        path = _path(scope)
        hosts = Headers(scope=scope).getlist("host")
        if not self._is_named(hosts, path):
            await refuse(scope, receive, send, 421, _WRONG_NAME)
        elif self._is_foreign(scope, hosts):
            await refuse(scope, receive, send, 403, _WRONG_PAGE)
        elif any(path == route or path.startswith(f"{route}/") for route in _CLOSED):
            await refuse(scope, receive, send, 404, "Not found.")
        else:
            await self._app(_as_its_page(scope), receive, send)

    def _is_named(self, hosts: Sequence[str], path: str) -> bool:
        """Return whether a request names this lab.

        A probe of a container's health may use any name; "ok" is all that it learns. A lab that is
        bound to this machine has no such probes.
        """
        if path == _HEALTH and not self._names.loopback:
            return True
        return len(hosts) == 1 and self._names.answers(hosts[0])

    def _is_foreign(self, scope: Scope, hosts: Sequence[str]) -> bool:
        """Return whether another site's page asks for what only pages of the lab may have."""
        origins = Headers(scope=scope).getlist("origin")
        if all(self._names.own_page(origin, "".join(hosts)) for origin in origins):
            return False
        acts = scope["type"] == "websocket" or scope["method"] not in {"GET", "HEAD"}
        return acts or any(route.matches(scope)[0] != Match.NONE for route in self._routes)


def _path(scope: Scope) -> str:
    """Return a request's path below the base path."""
    base = "/" + (st.get_option("server.baseUrlPath") or "").strip("/")
    path: str = scope["path"]
    return path.removeprefix(base) if base != "/" else path


def _as_its_page(scope: Scope) -> Scope:
    """Return a web socket's request with the Host of the page that opens it.

    A proxy may pass another Host on. Streamlit compares the two, and where they differ it asks a
    service on the internet for this machine's address; the page's has been checked here.
    """
    origin = Headers(scope=scope).get("origin", "")
    if scope["type"] != "websocket" or not origin:
        return scope
    scope = {**scope, "headers": list(scope["headers"])}
    MutableHeaders(scope=scope)["host"] = origin.partition("://")[2]
    return scope
