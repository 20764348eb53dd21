"""Servers of one's own that make vectors: vLLM, TEI, Infinity, llama.cpp, Ollama, LiteLLM.

They are named in `[[encoder]]` tables: no address can be typed on a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from components.config import OwnEncoder, Settings
from components.domain import Limits, Spec
from components.encoders.answers import by_index, dense_rows, sparse_rows
from components.encoders.base import EncoderContext, EncoderEntry, EncoderFamily
from components.encoders.remote import Embedded, Endpoint, RemoteEncoder, RemoteSparseEncoder
from components.network.addresses import addresses, first_answer
from components.network.billing import billed_tokens
from components.network.caller import ENCODING, Caller
from components.network.capacity import capacity_of
from components.network.http import post
from components.network.providers import api_key

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """A wire format: its usual paths, a request's body, and the rows of an answer.

    `documents` is the most that one request may hold where the configuration names no number.
    """

    paths: tuple[str, ...]
    body: Callable[[OwnEncoder, Sequence[str]], Body]
    read: Callable[[Caller, Any, int], Embedded]
    documents: int


def openai_body(encoder: OwnEncoder, texts: Sequence[str]) -> Body:
    """Return a request in OpenAI's shape."""
    named = {"model": encoder.model} if encoder.model else {}
    cut = {"dimensions": encoder.dimensions} if encoder.dimensions else {}
    return named | {"input": list(texts), "encoding_format": "float"} | cut


def read_openai(caller: Caller, body: Any, count: int) -> Embedded:  # noqa: ANN401
    """Return the vectors in `data`, by their index, and the tokens in `usage`."""
    data, usage = (body.get("data"), body.get("usage")) if isinstance(body, dict) else (None, None)
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return Embedded(by_index(caller, data, count, "embedding"), billed_tokens(tokens))


def tei_body(_: OwnEncoder, texts: Sequence[str]) -> Body:
    """Return a request in TEI's shape; texts that are too long are cut there."""
    return {"inputs": list(texts), "truncate": True}


def read_tei(_: Caller, body: Any, count: int) -> Embedded:  # noqa: ANN401
    """Return the vectors, which are all of the answer."""
    return Embedded(body)


SHAPES: Mapping[tuple[str, str], Shape] = {
    ("openai", "dense"): Shape(
        ("/v1/embeddings", "/embeddings"), openai_body, read_openai, documents=128
    ),
    ("tei", "dense"): Shape(("/embed",), tei_body, read_tei, documents=32),
    ("tei", "sparse"): Shape(("/embed_sparse",), tei_body, read_tei, documents=32),
}
"""The wire formats by `shape` and `kind`."""


NAMES = {"openai": "OpenAI", "tei": "TEI"}


def _spec(encoder: OwnEncoder) -> Spec:
    """Return the spec of a server's encoder; its revision covers all that shapes its vectors."""
    shape = SHAPES[encoder.shape, encoder.kind]
    prefixes = encoder.query_prefix, encoder.document_prefix
    identity = repr((encoder.url, encoder.shape, encoder.model, encoder.dimensions, prefixes))
    return Spec(
        key=encoder.key,
        label=encoder.name,
        family="learned sparse" if encoder.kind == "sparse" else "bi-encoder",
        summary=f"A server of your own that speaks the format of {NAMES[encoder.shape]}.",
        scale="inner product" if encoder.kind == "sparse" else "cosine",
        model=encoder.model or "the server's model",
        revision=hashlib.sha256(identity.encode()).hexdigest()[:12],
        license="the model's own",
        local=False,
        provider=encoder.key,
        self_hosted=True,
        languages="as the model's card says",
        limits=Limits(documents=encoder.documents or shape.documents),
    )


def _entry(encoder: OwnEncoder) -> EncoderEntry:
    spec = _spec(encoder)

    def check(settings: Settings) -> None:
        if encoder.key_env:
            api_key(spec, settings, encoder.name, encoder.key_env)

    def load(context: EncoderContext) -> RemoteEncoder | RemoteSparseEncoder:
        queries, documents = (
            _endpoint(encoder, spec, context, prefix or "")
            for prefix in (encoder.query_prefix, encoder.document_prefix)
        )
        if encoder.kind == "sparse":
            return RemoteSparseEncoder(queries, documents)
        return RemoteEncoder(queries, documents)

    sparse = encoder.kind == "sparse"
    return EncoderEntry(spec, load, encoder.dimensions, sparse=sparse, check=check)


def _endpoint(encoder: OwnEncoder, spec: Spec, context: EncoderContext, prefix: str) -> Endpoint:
    """Return what encodes queries, or documents, with their prefix."""
    key, shape = context.settings.keys.get(encoder.key, ""), SHAPES[encoder.shape, encoder.kind]
    model = encoder.model or "such model"
    caller = Caller(encoder.name, model, key, encoder.key_env, own=True, role=ENCODING)
    capacity = capacity_of(encoder)
    places = addresses(encoder.url, shape.paths)

    def send(texts: Sequence[str], seconds: float) -> Embedded:
        body = shape.body(encoder, [prefix + text for text in texts])
        answer, _ = first_answer(
            places, capacity, lambda address: post(caller, address, body, seconds)
        )
        return shape.read(caller, answer, len(texts))

    dense = partial(dense_rows, dimension=encoder.dimensions)
    read = sparse_rows if encoder.kind == "sparse" else dense
    remote = context.settings.remote
    return Endpoint(spec, caller, send, read, remote, context.meter, capacity)


FAMILY = EncoderFamily(
    lambda settings: tuple(_entry(encoder) for encoder in settings.encoders if encoder.url)
)
