"""Self-hosted servers that speak a provider's wire format: vLLM, TEI, Infinity, llama.cpp, LiteLLM.

They are named in the configuration: no address can be typed on a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.config import Server, Settings
from components.domain import Limits, Spec
from components.rerankers import Context, Family
from components.rerankers.hosted.answers import Answer, pairs, read_results
from components.rerankers.hosted.caller import Caller
from components.rerankers.hosted.client import RemoteReranker
from components.rerankers.hosted.family import api_key
from components.rerankers.hosted.http import post

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """A wire format: the path of a request, its body, and how an answer is read.

    `documents` is the most that one request may hold where the configuration names no number.
    """

    path: str
    body: Callable[[str, Sequence[str]], Body]
    read: Callable[[Caller, object], Answer]
    documents: int = 0
    names_model: bool = True


def _cohere(query: str, texts: Sequence[str]) -> Body:
    return {"query": query, "documents": list(texts), "top_n": len(texts)}


SHAPES: Mapping[str, Shape] = {
    "cohere": Shape("/v2/rerank", _cohere, read_results),
    "jina": Shape(
        "/v1/rerank",
        lambda query, texts: _cohere(query, texts) | {"return_documents": False},
        read_results,
    ),
    "tei": Shape(
        "/rerank",
        lambda query, texts: {
            "query": query,
            "texts": list(texts),
            "raw_scores": False,
            "truncate": True,
        },
        lambda caller, body: Answer(pairs(caller, body, "index", "score")),
        documents=32,
        names_model=False,
    ),
}


class Compatible:
    """One request to a configured server."""

    def __init__(self, caller: Caller, server: Server, instruction: str) -> None:
        self._caller, self._server, self._instruction = caller, server, instruction
        self._shape = SHAPES[server.shape]

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what the server answers; raise ProviderError where it does not."""
        body = self._shape.body(query, texts)
        if self._server.model and self._shape.names_model:
            body = {"model": self._server.model, **body}
        if self._instruction:
            body["instruction"] = self._instruction
        address = self._server.url + self._shape.path
        return self._shape.read(self._caller, post(self._caller, address, body, seconds))


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
        self_hosted=True,
        instructions=server.instruction,
        languages="as the model's card says",
        limits=Limits(documents=server.documents or SHAPES[server.shape].documents),
    )


def _server(spec: Spec, settings: Settings) -> Server:
    return next(server for server in settings.servers if server.key == spec.key)


def _identity(spec: Spec, settings: Settings) -> str:
    server = _server(spec, settings)
    return f"{server.url} {server.shape} {server.model}"


def _check(spec: Spec, settings: Settings) -> None:
    server = _server(spec, settings)
    if server.key_env:
        api_key(spec, settings, server.name, server.key_env)


def _load(spec: Spec, context: Context) -> RemoteReranker:
    server = _server(spec, context.settings)
    key = context.settings.keys.get(spec.key, "")
    caller = Caller(server.name, server.model or "such model", key, server.key_env)
    instruction = context.instruction if server.instruction else ""
    sender = Compatible(caller, server, instruction)
    return RemoteReranker(
        spec,
        caller,
        sender.send,
        context.settings.remote,
        instruction=instruction,
        meter=context.meter,
    )


FAMILY = Family(
    specs=lambda settings: tuple(_spec(server) for server in settings.servers),
    load=_load,
    check=_check,
    identity=_identity,
)
