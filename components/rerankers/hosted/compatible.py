"""Self-hosted servers that speak a provider's wire format: vLLM, TEI, Infinity, llama.cpp, LiteLLM.

They are named in the configuration: no address can be typed on a page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from components.config import LlmServer, Server, Settings
from components.domain import Limits, Spec
from components.network.addresses import addresses, first_answer, in_turn, path_of
from components.network.caller import Caller
from components.network.capacity import Told, capacity_of
from components.network.errors import ProviderError
from components.network.http import get, post
from components.network.providers import api_key
from components.rerankers import Context, Family
from components.rerankers.hosted.answers import Answer, at_path, pairs, read_results
from components.rerankers.hosted.client import Reading, RemoteReranker

Body = dict[str, Any]
USUAL_PATHS = ("/rerank", "/v1/rerank", "/v2/rerank")
ASK_SECONDS = 2.0
"""Seconds that a server may take to tell its limits."""
ASKED_AGAIN_S = 60.0
"""After how many seconds a server is asked for its limits again."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A wire format: the path of a request, its body, and how an answer is read.

    `documents` is the most that one request may hold where the configuration names no number.
    `truncation` is what the body says of texts that are too long, given the setting `truncate`;
    `cuts` says whether the server cuts them without the setting. A server may tell its limits at
    the path `info`.
    """

    path: str
    body: Callable[[str, Sequence[str]], Body]
    read: Callable[[Caller, object], Answer]
    truncation: Callable[[bool | int], Body]
    documents: int = 0
    names_model: bool = True
    cuts: bool = False
    info: str = ""


def _cohere(query: str, texts: Sequence[str]) -> Body:
    return {"query": query, "documents": list(texts), "top_n": len(texts)}


def _vllm_truncation(truncate: bool | int) -> Body:
    """Return what vLLM takes: a number of tokens, or -1 for the model's window."""
    if truncate is False:
        return {}
    return {"truncate_prompt_tokens": -1 if truncate is True else truncate}


SHAPES: Mapping[str, Shape] = {
    "cohere": Shape("/v2/rerank", _cohere, read_results, _vllm_truncation),
    "jina": Shape(
        "/v1/rerank",
        lambda query, texts: _cohere(query, texts) | {"return_documents": False},
        read_results,
        _vllm_truncation,
    ),
    "tei": Shape(
        "/rerank",
        lambda query, texts: {"query": query, "texts": list(texts), "raw_scores": False},
        lambda caller, body: Answer(pairs(caller, body, "index", "score")),
        lambda truncate: {"truncate": truncate is not False},
        documents=32,
        names_model=False,
        cuts=True,
        info="/info",
    ),
}


class Compatible:
    """Requests to a configured server, at the first of its possible paths that answers."""

    def __init__(self, caller: Caller, server: Server, instruction: str) -> None:
        self._caller, self._server, self._instruction = caller, server, instruction
        self._shape, self._capacity = SHAPES[server.shape], capacity_of(server)
        path = self._shape.path
        usual = (path,) if path == "/rerank" else (path, *USUAL_PATHS)
        self._addresses = addresses(server.url, usual, server.path)

    def send(self, query: str, texts: Sequence[str], seconds: float) -> Answer:
        """Return what the server answers; raise ProviderError where it does not."""

        def send_to(address: str) -> Answer:
            send = partial(self._send_to, address)
            return at_path(path_of(address), send)(query, texts, seconds)

        answer, note = first_answer(self._addresses, self._capacity, send_to)
        return replace(answer, note=note)

    def _send_to(self, address: str, query: str, texts: Sequence[str], seconds: float) -> Answer:
        server, shape = self._server, self._shape
        body = shape.body(query, texts)
        if server.truncate is not None or shape.cuts:
            body |= shape.truncation(True if server.truncate is None else server.truncate)
        if server.model and shape.names_model:
            body = {"model": server.model, **body}
        if self._instruction:
            body["instruction"] = self._instruction
        return shape.read(self._caller, post(self._caller, address, body, seconds))

    def ask(self) -> Told:
        """Return what the server tells of its limits, asked at most once a minute."""
        capacity, now = self._capacity, time.monotonic()
        if self._shape.info and now - capacity.asked_at > ASKED_AGAIN_S:
            capacity.asked_at = now
            for address in in_turn(self._addresses, capacity):
                parts = urlsplit(address)
                where = parts._replace(path=parts.path.removesuffix("/rerank") + self._shape.info)
                with suppress(ProviderError):  # to tell its limits is nobody's duty
                    info = get(self._caller, where.geturl(), ASK_SECONDS)
                    capacity.told = read_info(info) if isinstance(info, dict) else capacity.told
                    break
        return capacity.told


def read_info(info: Mapping[str, object]) -> Told:
    """Return the limits in what TEI tells at /info.

    Some versions refuse more texts than `max_concurrent_requests`, as each counts as one request.
    """

    def number(name: str) -> int:
        value = info.get(name)
        sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9
        return int(str(value)) if sound else 0

    documents, at_once = number("max_client_batch_size"), number("max_concurrent_requests")
    if at_once and at_once < (documents or at_once + 1):
        documents = at_once
    parallel = max(1, at_once // (documents or 1)) if at_once else 0
    return Told(documents, parallel, number("max_input_length"))


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
    cuts = "" if server.truncate is None else f" truncate={server.truncate}"
    cuts += f" max_tokens={server.max_tokens}" if server.max_tokens else ""
    return f"{server.url} {server.shape} {server.model}{server.path and ' ' + server.path}{cuts}"


def answered_at(key: str, settings: Settings) -> str:
    """Return the path at which a configured server answered last, empty where none did."""
    servers: tuple[Server | LlmServer, ...] = (*settings.servers, *settings.llms)
    return next((capacity_of(server).path for server in servers if server.key == key), "")


def _check(spec: Spec, settings: Settings) -> None:
    server = _server(spec, settings)
    if server.key_env:
        api_key(spec, settings, server.name, server.key_env)


def _load(spec: Spec, context: Context) -> RemoteReranker:
    server = _server(spec, context.settings)
    key = context.settings.keys.get(spec.key, "")
    caller = Caller(server.name, server.model or "such model", key, server.key_env, own=True)
    instruction = context.instruction if server.instruction else ""
    sender = Compatible(caller, server, instruction)
    return RemoteReranker(
        spec,
        caller,
        sender.send,
        context.settings.remote,
        instruction=instruction,
        meter=context.meter,
        capacity=capacity_of(server),
        reading=_reading(server, sender.ask()),
    )


def _reading(server: Server, told: Told) -> Reading:
    """Return what the server reads of query and text, as the configuration or itself says."""
    if server.max_tokens:
        return Reading(server.max_tokens, cuts=True)
    if server.truncate is None or isinstance(server.truncate, bool):
        cuts = SHAPES[server.shape].cuts if server.truncate is None else server.truncate
        return Reading(told.window if cuts else 0)
    return Reading(server.truncate)


FAMILY = Family(
    specs=lambda settings: tuple(_spec(server) for server in settings.servers),
    load=_load,
    check=_check,
    identity=_identity,
)
