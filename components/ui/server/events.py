"""The route of live updates: server-sent events of a session's work, for its own page."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from streamlit import runtime

from components.ui.shared import live

PAUSE_S = 0.5
"""Seconds between two batches of events to one listener, unless there is pressing news."""
LOOK_S = 0.05
"""How often it is looked for pressing news meanwhile."""
HEARTBEAT_S = 15.0
"""Seconds after which a silent connection says that it is there, so that no proxy ends it."""
MOST_LISTENERS = 20
"""Listeners of one channel; the page needs one."""
WATCH_S = 10.0
"""How often it is looked which sessions are still there."""
_ending = threading.Event()
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep the events back
}


def routes() -> list[Route]:
    """Return the routes of live updates, and let the pages know of them."""
    live.serve()
    # The base path is known only once Streamlit has read its configuration.
    return [Route(f"/{{base:path}}{live.PATH}/{{token}}", _events, methods=["GET"])]


async def _events(request: Request) -> Response:
    channel = live.channel_of(request.path_params["token"])
    if channel is None or request.path_params["base"].strip("/") != live.base_path():
        return PlainTextResponse("This page is no longer known here.\n", 404, _HEADERS)
    if channel.news.listeners >= MOST_LISTENERS:
        return PlainTextResponse("Too many listen to this page.\n", 429, _HEADERS)
    after = request.headers.get("last-event-id") or request.query_params.get("after", "")
    number = int(after) if after.isascii() and after.isdigit() and len(after) < 16 else 0
    body = _stream(channel, number)
    return StreamingResponse(body, media_type="text/event-stream", headers=_HEADERS)


async def _stream(channel: live.Channel, number: int) -> AsyncIterator[str]:
    """Yield what has changed since a number, and go on as long as somebody listens."""
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    leave = channel.news.listen(lambda: _wake(loop, news))
    heard: dict[tuple[str, int], int] = {}
    try:
        yield "retry: 1000\n\n"
        while not _ending.is_set():
            news.clear()
            pressing = channel.pressing
            for latest, told in await to_thread.run_sync(channel.events, number, heard):
                yield f"id: {latest}\ndata: {told}\n\n"
                number = max(number, latest)
            await _pause(channel, pressing)
            try:
                await asyncio.wait_for(news.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield ": still here\n\n"
    finally:
        leave()


async def _pause(channel: live.Channel, pressing: int) -> None:
    """Wait until it is time for the next batch, or for pressing news."""
    for _ in range(round(PAUSE_S / LOOK_S)):
        await asyncio.sleep(LOOK_S)
        if channel.pressing != pressing:
            return


def _wake(loop: asyncio.AbstractEventLoop, news: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(news.set)
    except RuntimeError:  # the server has ended
        return


# ---------------------------------------------------------------- who is still there


@asynccontextmanager
async def watching(_app: object) -> AsyncIterator[dict[str, Any]]:
    """Ask, as long as the server runs, about the work of every session that is still there.

    Work that would end once its session is gone is asked about while the session's web socket is
    open, on whatever page and in whatever tab that nobody looks at.
    """
    _end_streams_with_the_process()
    watcher = asyncio.create_task(_watch())
    try:
        yield {}
    finally:
        watcher.cancel()


def _end_streams_with_the_process() -> None:
    """End the streams when the process is told to end: the server waits for open answers."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def end(n: int, frame: FrameType | None, before: Any = before) -> None:  # noqa: ANN401
            _ending.set()
            loop.call_soon_threadsafe(live.wake_all)
            if callable(before):
                before(n, frame)

        signal.signal(number, end)


async def _watch() -> None:
    while True:
        await asyncio.sleep(WATCH_S)
        for channel in live.channels():
            if runtime.exists() and runtime.get_instance().is_active_session(channel.session_id):
                channel.ask()
            elif all(worker.finished for worker in channel.workers()):
                live.forget(channel)
