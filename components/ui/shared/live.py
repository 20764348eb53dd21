"""A session's channel: what its work in threads tells, for the browser that listens to it.

The page that begins work lets its channel carry it. Where the lab serves routes of its own, the
browser listens at the channel's address; elsewhere the page asks (`components.ui.shared.work`).
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.lab import Worker
from components.lab.news import News
from components.lab.work import ENDED

PATH = "lab/events"
Render = Callable[[Hashable], Mapping[str, Any]]
"""`render(topic)` returns what is to be shown of a topic now, ready for JSON."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Work that a channel carries; `serial` tells it from other work of the same name."""

    worker: Worker
    serial: int
    render: Render
    leave: Callable[[], None]


class Channel:
    """What one session's browser hears: news of all work that the session watches, by its name."""

    def __init__(self, session_id: str) -> None:
        self.token = secrets.token_urlsafe(24)
        self.session_id = session_id
        self.news = News()
        self._carried: dict[str, Carried] = {}
        self._serial = 0
        self._lock = threading.Lock()

    def carry(self, name: str, worker: Worker, render: Render) -> int:
        """Carry work under a name, in place of other work of that name; return its serial."""
        with self._lock:
            old = self._carried.get(name)
            if old is not None and old.worker is worker:
                self._carried[name] = Carried(worker, old.serial, render, old.leave)
                return old.serial
            self._serial += 1
            serial = self._serial
            leave = worker.news.listen(lambda: self._hear(name, serial))
            self._carried[name] = Carried(worker, serial, render, leave)
        if old is not None:
            old.leave()
            topic = (name, old.serial)
            self.news.forget(lambda one: one == topic)
        self._hear(name, serial)
        return serial

    def _hear(self, name: str, serial: int) -> None:
        self.news.tell((name, serial))

    def events(self, after: int, heard: dict[tuple[str, int], int]) -> list[tuple[int, str]]:
        """Return what has changed after a number: for each change its number, and JSON.

        `heard` remembers for one listener which news of each worker it has, and is updated.
        """
        events = []
        for number, topic in self.news.since(after):
            name, serial = cast("tuple[str, int]", topic)
            carried = self._carried.get(name)
            if carried is None or carried.serial != serial:
                continue
            before = heard.get((name, serial), 0)
            changes = carried.worker.news.since(before)
            heard[name, serial] = max((n for n, _ in changes), default=before)
            views = [carried.render(change) for _, change in changes]
            ended = any(change == ENDED for _, change in changes) or carried.worker.finished
            told = {"job": name, "serial": serial, "changes": views, "ended": ended}
            events.append((number, json.dumps(told)))
        return events

    @property
    def pressing(self) -> int:
        """Return how much pressing news there was of the work that is carried."""
        return sum(carried.worker.news.pressing for carried in list(self._carried.values()))

    def ask(self) -> None:
        """Say of all carried work that it is still wanted."""
        for carried in list(self._carried.values()):
            carried.worker.ask()

    def workers(self) -> Iterable[Worker]:
        """Return the work that is carried."""
        return [carried.worker for carried in list(self._carried.values())]


# ---------------------------------------------------------------- the channels of the process

_channels: dict[str, Channel] = {}
_lock = threading.Lock()
_KEY = "channel"
_served = threading.Event()


def serve() -> None:
    """Say that the process serves channels, each at its address."""
    _served.set()


def base_path() -> str:
    """Return the path below which the lab is served, without slashes around it."""
    return str(st.get_option("server.baseUrlPath") or "").strip("/")


def channel_of(token: str) -> Channel | None:
    """Return the channel with a token, if there is one."""
    return _channels.get(token)


def channels() -> list[Channel]:
    """Return all channels."""
    return list(_channels.values())


def wake_all() -> None:
    """Wake everybody who listens, though there is no news."""
    for one in channels():
        one.news.tell(("", 0))


def forget(channel: Channel) -> None:
    """Forget the channel of a session that is gone."""
    with _lock:
        _channels.pop(channel.token, None)


def channel() -> Channel:
    """Return this session's channel."""
    own: Channel | None = st.session_state.get(_KEY)
    if own is None:
        context = get_script_run_ctx()
        own = Channel(context.session_id if context else "")
        st.session_state[_KEY] = own
    with _lock:
        _channels.setdefault(own.token, own)
    return own


def address() -> str:
    """Return where this session's browser listens; empty where there is no such route."""
    if not _served.is_set():
        return ""
    return "/".join(["", *filter(None, [base_path()]), PATH, channel().token])


def carried(name: str, worker: Worker, render: Render) -> dict[str, Any] | None:
    """Carry work for the browser; return what a component needs to listen, None without a route."""
    if not _served.is_set():
        return None
    serial = channel().carry(name, worker, render)
    return {"address": address(), "job": name, "serial": serial}
