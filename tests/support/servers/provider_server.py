"""A loopback server that speaks the providers' documented wire formats, well or badly.

It scores a text by the number of the query's words in it, plus a little for its place in the
alphabet, so that every text has its own score. What it does wrong is set with `behave`.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.servers.embeddings import embeddings

KEY = "sk-planted-Zq81xVw0Tr55"
"""The one key that the server accepts."""


@dataclass(frozen=True)
class Seen:
    """One request: when it came, its path, its headers in lower case, its JSON body."""

    at: float
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def texts(self) -> list[str]:
        names = ("documents", "texts", "input", "inputs")
        return list(next((self.body[name] for name in names if self.body.get(name)), []))


@dataclass
class Reply:
    """What to answer instead of the truth."""

    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    hang_up: bool = False
    drip: bool = False


UNKNOWN = Reply(404, b'{"detail": "Not Found"}')
"""What FastAPI says of a path that it does not have."""
Behave = Callable[[Seen, Any], Reply | None]


def score(query: str, text: str) -> float:
    """Return the server's score, between 0 and 1."""
    words = set(query.lower().split())
    hits = sum(word.strip(".,?:!'") in words for word in text.lower().split())
    tail = sum(ord(c) * (i % 7 + 1) for i, c in enumerate(text[:500])) % 997 / 1e5
    return round(hits / (hits + 5) * 0.9 + tail, 6)


def answer(seen: Seen) -> dict[str, Any] | list[Any]:
    """Return what a sound provider would say."""
    if "query" not in seen.body:
        return embeddings(seen.path, seen.body, seen.texts)
    query = seen.body["query"]
    v3 = seen.path.startswith("/jina") and "v3" in seen.body.get("model", "")
    listwise = 0.0001 * len(seen.texts) if v3 else 0.0  # a score depends on the other texts
    scored = [(i, score(query, text) + listwise) for i, text in enumerate(seen.texts)]
    scored.sort(key=lambda pair: -pair[1])
    tokens = sum(len(text.split()) + len(query.split()) for text in seen.texts)
    results = [{"index": i, "relevance_score": s} for i, s in scored]
    if "texts" in seen.body:
        return [{"index": i, "score": s} for i, s in scored]
    if seen.path.startswith("/voyage"):
        listed = {"object": "list", "data": results, "model": seen.body["model"]}
        return listed | {"usage": {"total_tokens": tokens}}
    if seen.path.endswith("/v2/rerank"):
        units = {"search_units": float(-(-len(seen.texts) // 100))}
        return {"id": "1", "results": results, "meta": {"billed_units": units}}
    usage = {"usage": {"total_tokens": tokens}}
    return {"model": seen.body.get("model"), "results": results} | usage


@dataclass
class Provider:
    """A running server: its address, the requests so far, and how it shall behave.

    With `only` every other path is unknown to it; `info` is what it tells of itself at /info, and
    `told` counts how often it did.
    """

    url: str
    only: str = ""
    info: dict[str, Any] | None = None
    info_drips: bool = False
    told: int = 0
    seen: list[Seen] = field(default_factory=list)
    behave: Behave = lambda seen, sound: None
    open: int = 0
    most_open: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    def always(self, **reply: Any) -> None:  # noqa: ANN401
        """Answer every request with this."""
        self.behave = lambda seen, sound: Reply(**reply)

    def first(self, times: int, **reply: Any) -> None:  # noqa: ANN401
        """Answer the first requests with this, the later ones soundly."""
        left = [times]

        def behave(seen: Seen, sound: object) -> Reply | None:
            left[0] -= 1
            return Reply(**reply) if left[0] >= 0 else None

        self.behave = behave

    def changed(self, change: Callable[[Any], Any]) -> None:
        """Answer with a changed version of the truth."""
        self.behave = lambda seen, sound: Reply(body=json.dumps(change(sound)).encode())

    def release(self) -> None:
        """Let the replies that hang or drip go on at once, and later ones too until `reset`."""
        self.released.set()

    def reset(self) -> None:
        """Forget everything."""
        self.released.clear()
        self.seen.clear()
        self.only, self.info, self.told = "", None, 0
        self.behave = lambda seen, sound: None
        self.most_open = 0

    def environment(self) -> dict[str, str]:
        """Return the variables that send every provider here, with a good key."""
        return {
            "CO_API_KEY": KEY,
            "VOYAGE_API_KEY": KEY,
            "JINA_API_KEY": KEY,
            "CO_API_URL": self.url,
            "VOYAGE_API_URL": f"{self.url}/voyage",
            "JINA_API_URL": f"{self.url}/jina/v1/rerank",
        }


def refusal(provider: Provider, seen: Seen) -> Reply | None:
    """Return what is said to a request with a wrong key, or at a path that there is not."""
    if seen.headers.get("authorization") not in (f"Bearer {KEY}", None):
        said = json.dumps({"detail": f"bad key {seen.headers['authorization'][7:]}"})
        return Reply(401, said.encode())
    return UNKNOWN if provider.only and seen.path != provider.only else None


def _handler(provider: Provider, answer: Callable[[Seen], Any]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            with provider.lock:
                provider.open += 1
                provider.most_open = max(provider.most_open, provider.open)
            try:
                self._answer()
            finally:
                with provider.lock:
                    provider.open -= 1

        def do_GET(self) -> None:
            told = provider.info if self.path.endswith("/info") else None
            provider.told += told is not None
            self._send(Reply(drip=provider.info_drips) if told else UNKNOWN, told)

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(time.monotonic(), self.path, headers, json.loads(raw))
            with provider.lock:
                provider.seen.append(seen)
            refused = refusal(provider, seen)
            sound = None if refused else answer(seen)
            self._send(refused or provider.behave(seen, sound) or Reply(), sound)

        def _send(self, reply: Reply, sound: object) -> None:
            provider.released.wait(reply.delay)
            if reply.hang_up:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = json.dumps(sound).encode() if reply.body is None else reply.body
            self.send_response(reply.status)
            self.send_header("content-type", reply.content_type)
            self.send_header("content-length", str(len(body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(body), 1 if reply.drip else len(body) or 1):
                self.wfile.write(body[start : start + (1 if reply.drip else len(body))])
                if reply.drip:
                    self.wfile.flush()
                    provider.released.wait(0.05)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *args: object) -> None:
        """Say nothing: clients leave in the middle on purpose."""


@contextmanager
def serve(
    context: ssl.SSLContext | None = None, answer: Callable[[Seen], Any] = answer
) -> Iterator[Provider]:
    """Serve on a free loopback port, over TLS where a context is given; `answer` is the truth."""
    provider = Provider("")
    server = _Server(("127.0.0.1", 0), _handler(provider, answer))
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if context else "http"
    provider.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.release()
        server.shutdown()
        server.server_close()
