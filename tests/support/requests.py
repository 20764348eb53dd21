"""Requests to an ASGI application in this process, with any header and from any peer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[str, str]
HOST = ("Host", "127.0.0.1:8501")


@dataclass
class Answer:
    """The answer to one request; `headers` of it, in lower case."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Page:
    """An application that answers with a page, and keeps the requests that have reached it."""

    content_type: str = "text/html; charset=utf-8"
    location: str = ""
    seen: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = [(b"content-type", self.content_type.encode())]
        if self.location:
            headers.append((b"location", self.location.encode()))
        status = 302 if self.location else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"page"})

    @property
    def headers(self) -> Headers:
        """Return the headers of the latest request that has reached it."""
        return Headers(scope=self.seen[-1])


def ask(
    app: ASGIApp,
    path: str = "/",
    *headers: Header,
    method: str = "GET",
    peer: str = "127.0.0.1",
    host: Header | None = HOST,
    websocket: bool = False,
    scheme: str = "http",
) -> Answer:
    """Send one request to an application and return its answer."""
    pairs = [pair for pair in (host, *headers) if pair]
    scope: Scope = {
        "type": "websocket" if websocket else "http",
        "path": path,
        "query_string": b"",
        "root_path": "",
        "scheme": scheme,
        "client": (peer, 40000),
        "headers": [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in pairs],
        "extensions": {"websocket.http.response": {}},
    }
    if not websocket:
        scope["method"] = method
    sent: list[Message] = []
    asyncio.run(_answered(app, scope, sent))
    return _answer(sent)


async def _answered(app: ASGIApp, scope: Scope, sent: list[Message]) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)


def _answer(sent: Sequence[Message]) -> Answer:
    answer = Answer()
    for message in sent:
        if message["type"].endswith("http.response.start"):
            answer.status = message["status"]
            answer.headers = Headers(raw=message["headers"])
        else:
            answer.body += message.get("body", b"")
    return answer
