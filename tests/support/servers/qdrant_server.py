"""A Qdrant on a loopback port for tests: the REST calls the lab makes, answered by an embedded one.

Every request is recorded. A `Fault` makes the server answer badly, as real servers and the proxies
before them do, until it is cleared.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel
from qdrant_client import QdrantClient, models


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Fault:
    """A bad answer to every request whose `METHOD path` contains `only`."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    only: str = ""
    silent: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class NotThereError(Exception):
    """The collection or the path does not exist."""


def _plain(value: object) -> object:
    """Return a client's model as JSON-ready values."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


class QdrantServer:
    """Use as a context manager; `url` is where it listens."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.fault: Fault | None = None
        self.qdrant = QdrantClient(":memory:")
        self.lock = threading.Lock()
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> QdrantServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def calls(self, method: str, ending: str) -> list[Recorded]:
        """Return the recorded requests of a method whose path ends so."""
        return [r for r in self.requests if r.method == method and r.path.endswith(ending)]

    def collections(self) -> list[str]:
        with self.lock:
            return [c.name for c in self.qdrant.get_collections().collections]

    def answer(self, request: Recorded) -> object:
        """Return the `result` of a request."""
        match request.method, request.path.strip("/").split("/"), request.body:
            case "GET", ["aliases"], _:
                return _plain(self.qdrant.get_aliases())
            case "POST", ["collections", "aliases"], body:
                change = models.ChangeAliasesOperation.model_validate(body)
                return self.qdrant.update_collection_aliases(change.actions)
            case "GET", ["collections", name, "exists"], _:
                return {"exists": self.qdrant.collection_exists(name)}
            case "PUT", ["collections", name], body:
                wanted = models.CreateCollection.model_validate(body)
                return self.qdrant.create_collection(
                    name,
                    vectors_config=wanted.vectors,
                    sparse_vectors_config=wanted.sparse_vectors,
                )
            case "DELETE", ["collections", name], _:
                return self.qdrant.delete_collection(name)
            case "PUT", ["collections", name, "index"], _:
                self._require(name)
                return {"operation_id": 0, "status": "completed"}
            case "PUT", ["collections", name, "points"], body:
                points = models.PointsList.model_validate(body).points
                return _plain(self.qdrant.upsert(self._require(name), points))
            case "POST", ["collections", name, "points", "count"], body:
                exact = bool(body.get("exact"))
                return _plain(self.qdrant.count(self._require(name), exact=exact))
            case "POST", ["collections", name, "points", "query"], body:
                return self._query(self._require(name), models.QueryRequest.model_validate(body))
        raise NotThereError(request.path)

    def _require(self, name: str) -> str:
        aliases = {a.alias_name for a in self.qdrant.get_aliases().aliases}
        if name not in aliases and not self.qdrant.collection_exists(name):
            raise NotThereError(f"Collection `{name}` doesn't exist!")
        return name

    def _query(self, name: str, wanted: models.QueryRequest) -> object:
        found = self.qdrant.query_points(
            name,
            query=wanted.query,
            prefetch=wanted.prefetch,
            using=wanted.using,
            query_filter=wanted.filter,
            limit=wanted.limit or 10,
            with_payload=bool(wanted.with_payload),
        )
        return _plain(found)


class _Handler(BaseHTTPRequestHandler):
    owner: QdrantServer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        parts = urlsplit(self.path)
        request = Recorded(
            self.command,
            parts.path,
            parts.query,
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(raw) if raw else None,
        )
        self.owner.requests.append(request)
        fault = self.owner.fault
        if fault is not None and fault.only in f"{request.method} {request.path}":
            if fault.silent:
                self.owner.closing.wait(30)
                return
            self._send(fault.status, fault.body, fault.kind, fault.headers)
            return
        try:
            with self.owner.lock:
                result = {"result": self.owner.answer(request), "status": "ok", "time": 0.001}
            self._send(200, json.dumps(result).encode())
        except NotThereError as exc:
            self._send(404, json.dumps({"status": {"error": f"Not found: {exc}"}}).encode())

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
