"""A Qdrant on a loopback port for tests: a node of a `Cluster`, with the REST calls the lab makes.

Every request is recorded. A `Fault` makes the node answer badly, as real servers and the proxies
before them do, until it is cleared; `stop` takes the node away and `start` brings it back.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.servers.qdrant_cluster import Cluster, Collection, RefusalError, check_limit
from tests.support.servers.qdrant_foreign import Foreign

MOST_BYTES = 33_554_432
"""The largest body that a server takes unless it is configured otherwise."""


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    bytes: int

    @property
    def reads(self) -> bool:
        """Return whether a key that only reads is enough."""
        reading = (
            *("/points", "/points/count", "/points/scroll", "/facet"),
            *("/points/query", "/points/query/batch"),
        )
        return self.method == "GET" or (self.method == "POST" and self.path.endswith(reading))


@dataclass(frozen=True)
class Fault:
    """A bad answer to every request whose `METHOD path` contains `only`."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    only: str = ""
    silent: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        request, address = super().get_request()
        self.open.add(request)
        return request, address

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401  (the base class's)
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that was cut."""


class QdrantServer:
    """One node; use as a context manager. `url` is where it listens."""

    def __init__(self, cluster: Cluster | None = None, peer: int = 0, port: int = 0) -> None:
        self.cluster = cluster or Cluster()
        self.peer = peer
        self.requests: list[Recorded] = []
        self.fault: Fault | None = None
        self.before: Callable[[Recorded], None] | None = None
        """Called before a request is answered."""
        self.closing = threading.Event()
        self._handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Listener(port, self._handler)
        self._thread: threading.Thread | None = None
        self.port = self._http.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> QdrantServer:
        self._serve()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self.stop()

    def _serve(self) -> None:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Go away: nothing listens any more, and open connections are cut."""
        if self._thread is None:
            return
        self._http.shutdown()
        self._http.server_close()
        for connection in tuple(self._http.open):
            connection.close()
        self._thread.join()
        self._thread = None

    def start(self, cluster: Cluster | None = None) -> None:
        """Come back at the same address; with another cluster, without what was there."""
        self.cluster = cluster or self.cluster
        self._http = _Listener(self.port, self._handler)
        self._serve()

    def calls(self, method: str, ending: str) -> list[Recorded]:
        """Return the recorded requests of a method whose path ends so."""
        return [r for r in self.requests if r.method == method and r.path.endswith(ending)]

    def writes(self) -> list[Recorded]:
        """Return the recorded requests for which a key that only reads is not enough."""
        return [request for request in self.requests if not request.reads]

    def collections(self) -> list[str]:
        with self.cluster.lock:
            return sorted(self.cluster.collections)

    def answer(self, request: Recorded) -> object:
        """Return the `result` of a request."""
        cluster = self.cluster
        path = [unquote(part) for part in request.path.strip("/").split("/")]
        match request.method, path:
            case "GET", ["aliases"]:
                aliases = cluster.aliases.items()
                pairs = [{"alias_name": a, "collection_name": c} for a, c in aliases]
                return {"aliases": pairs}
            case "GET", ["collections"]:
                return {"collections": [{"name": name} for name in cluster.collections]}
            case "GET", ["cluster"]:
                return cluster.cluster_status(self.peer)
            case "GET", ["cluster", "telemetry"]:
                return cluster.telemetry()
            case "POST", ["collections", "aliases"]:
                return cluster.change_aliases(request.body["actions"])
            case _, ["collections", name, *rest]:
                return self._of_collection(request, name, rest)
        raise RefusalError(404, "Not found")

    def _of_collection(self, request: Recorded, name: str, rest: list[str]) -> object:
        cluster = self.cluster
        match request.method, rest:
            case "PUT", []:
                return cluster.create(name, request.body)
            case "DELETE", []:
                return cluster.delete(name)
            case "GET", []:
                return cluster.info(name)
            case "GET", ["exists"]:
                return {"exists": name in {*cluster.collections, *cluster.aliases}}
            case "GET", ["cluster"]:
                return cluster.shards_of(name, self.peer)
        return self._of_points(request, cluster.find(name), rest)

    def _of_points(self, request: Recorded, collection: Collection, rest: list[str]) -> object:
        body, done = request.body, {"operation_id": 0, "status": "completed"}
        match request.method, rest:
            case "PUT", ["index"]:
                seconds = int(parse_qs(request.query).get("timeout", ["0"])[0])
                check_limit(seconds, collection.limit("max_timeout"), "timeout")
                collection.indexed[body["field_name"]] = body["field_schema"]
                return done
            case "PUT", ["points"]:
                collection.upsert(body["points"])
                return done
            case "POST", ["points"]:
                return collection.retrieve(body)
            case "POST", ["points", "count"]:
                if isinstance(collection, Foreign):
                    return {"count": collection.counted(body)}
                return {"count": len(collection.matching((body or {}).get("filter")))}
            case "POST", ["points", "scroll"] if isinstance(collection, Foreign):
                return collection.scroll(body)
            case "POST", ["facet"] if isinstance(collection, Foreign):
                return collection.facet(body)
            case "POST", ["points", "query"]:
                return {"points": collection.query(body, self.cluster.rng)}
            case "POST", ["points", "query", "batch"]:
                searches, most = body["searches"], collection.limit("search_max_batchsize")
                check_limit(len(searches), most, "search batch size")
                return [{"points": collection.query(s, self.cluster.rng)} for s in searches]
        raise RefusalError(404, "Not found")

    def check(self, request: Recorded) -> None:
        """Refuse a body that is too large, and who has not the right key."""
        if request.bytes > MOST_BYTES:
            words = f"JSON payload ({request.bytes} bytes) is larger than allowed"
            raise RefusalError(400, f"Payload error: {words} (limit: {MOST_BYTES} bytes).")
        if self.cluster.keys:
            rights = self.cluster.keys.get(request.headers.get("api-key", ""))
            if rights is None:
                raise RefusalError(401, "Must provide an API key or an Authorization bearer token")
            if rights == "r" and not request.reads:
                raise RefusalError(403, "Forbidden: Global manage access is required")


class _Handler(BaseHTTPRequestHandler):
    owner: QdrantServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out as a whole, not its headers alone
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw) if raw else None
        request = Recorded(self.command, parts.path, parts.query, headers, body, len(raw))
        self.owner.requests.append(request)
        if self.owner.before:
            self.owner.before(request)
        fault = self.owner.fault
        if fault is not None and fault.only in f"{request.method} {request.path}":
            if fault.silent:
                self.owner.closing.wait(30)
                self.close_connection = True
                return
            self._send(fault.status, fault.body, fault.kind, fault.headers)
            return
        try:
            self.owner.check(request)
            with self.owner.cluster.lock:
                result = {"result": self.owner.answer(request), "status": "ok", "time": 0.001}
            self._send(200, json.dumps(result).encode())
        except RefusalError as exc:
            if exc.status == 401:
                self._send(401, str(exc).encode(), "text/plain; charset=utf-8")
            else:
                refusal = {"status": {"error": str(exc)}, "time": 0.001}
                self._send(exc.status, json.dumps(refusal).encode())

    do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815  (the names http.server calls)

    def _send(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
