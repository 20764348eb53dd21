"""Self-hosted servers that speak a provider's wire format: vLLM, TEI, Infinity, llama.cpp, LiteLLM.

They are named in the configuration; nobody can type an address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.config import Server, Settings
from components.domain import Limits, Spec
from components.rerankers import Context, provider_key
from components.rerankers.hosted.client import Answer, RemoteReranker, pairs
from components.rerankers.hosted.http import Caller, post
from components.rerankers.hosted.jina import read_results

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """A wire format: where a request goes, what it says, how its answer is read."""

    path: str
    body: Callable[[Server, str, Sequence[str]], Body]
    read: Callable[[Caller, object], Answer]
    documents: int = 0


def _cohere(server: Server, query: str, texts: Sequence[str]) -> Body:
    return _model(server) | {"query": query, "documents": list(texts), "top_n": len(texts)}


def _jina(server: Server, query: str, texts: Sequence[str]) -> Body:
    return _cohere(server, query, texts) | {"return_documents": False}


def _tei(server: Server, query: str, texts: Sequence[str]) -> Body:
    return {"query": query, "texts": list(texts), "raw_scores": False, "truncate": True}


def _model(server: Server) -> Body:
    return {"model": server.model} if server.model else {}


def _list(who: Caller, body: object) -> Answer:
    return Answer(pairs(who, body, "index", "score"))


SHAPES: Mapping[str, Shape] = {
    "cohere": Shape("/v2/rerank", _cohere, read_results),
    "jina": Shape("/v1/rerank", _jina, read_results),
    "tei": Shape("/rerank", _tei, _list, documents=32),
}


class Compatible:
    """One request to a configured server."""

    def __init__(self, who: Caller, server: Server, instruction: str) -> None:
        self._who, self._server, self._instruction = who, server, instruction
        self._shape = SHAPES[server.shape]

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what the server answers; Refused where it does not."""
        body = self._shape.body(self._server, query, texts)
        if self._instruction:
            body["instruction"] = self._instruction
        address = self._server.url + self._shape.path
        return self._shape.read(self._who, post(self._who, address, body, seconds))


def _spec(server: Server) -> Spec:
    return Spec(
        key=server.key,
        label=server.name,
        family="self-hosted",
        summary=f"A server of your own that speaks the format of {server.shape}.",
        scale="as the server gives it",
        model=server.model or "the server's model",
        license="the model's own",
        local=False,
        listwise=server.listwise,
        provider=server.key,
        instructions=server.instruction,
        languages="as the model's card says",
        limits=Limits(documents=server.documents or SHAPES[server.shape].documents),
    )


def specs(settings: Settings) -> tuple[Spec, ...]:
    """Return the configured servers."""
    return tuple(_spec(server) for server in settings.servers)


def _server(spec: Spec, settings: Settings) -> Server:
    return next(server for server in settings.servers if server.key == spec.key)


def identity(spec: Spec, settings: Settings) -> str:
    """Return what the server's scores depend on, as far as the lab knows it."""
    server = _server(spec, settings)
    return f"{server.url} {server.shape} {server.model}"


def check(spec: Spec, settings: Settings) -> None:
    """Raise UnavailableError where a server needs a key and there is none."""
    server = _server(spec, settings)
    if server.key_env:
        provider_key(spec, settings, server.name)


def load(spec: Spec, context: Context) -> RemoteReranker:
    """Return a reranker for a configured server."""
    server = _server(spec, context.settings)
    key = context.settings.keys.get(spec.key, "")
    who = Caller(server.name, server.model or "such model", key, server.key_env)
    instruction = context.instruction if server.instruction else ""
    sender = Compatible(who, server, instruction)
    return RemoteReranker(spec, who, sender.send, context.settings.remote, instruction=instruction)
