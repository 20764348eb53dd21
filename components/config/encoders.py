"""Encoders in the configuration: one's own, a provider's, fusions, and what models run on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, Field, StrictFloat, StrictInt
from pydantic_core import PydanticCustomError

from components.config.fields import (
    Address,
    Batch,
    Flag,
    Folder,
    ServerName,
    Text,
    Window,
    check_unique,
)

ENCODER_KINDS = ("dense", "sparse")
ENCODER_SHAPES = ("openai", "tei")


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    """Return a check that a text is one of several."""

    def check(name: str) -> str:
        if name not in names:
            context = {"names": ", ".join(names), "name": repr(name)[:100], "remedy": "Correct it."}
            raise PydanticCustomError("choice", "must be one of {names}, not {name}", context)
        return name

    return check


Kind = Annotated[Text, AfterValidator(_one_of(ENCODER_KINDS))]
Shape = Annotated[Text, AfterValidator(_one_of(ENCODER_SHAPES))]
DeviceName = Annotated[Text, AfterValidator(_one_of(("auto", "cpu", "cuda", "mps")))]
Precision = Annotated[Text, AfterValidator(_one_of(("float32", "float16", "bfloat16")))]
Dimensions = Annotated[
    StrictInt, Field(ge=2, le=65_536, description="a whole number of at least 2 dimensions")
]
Tokens = Annotated[
    StrictInt, Field(ge=1, le=100_000_000, description="a whole number of tokens of at least 1")
]
Weight = Annotated[
    StrictFloat, Field(gt=0, le=1000, description="a number above 0, and at most 1,000")
]


@dataclass(frozen=True, slots=True)
class OwnEncoder:
    """An encoder from a folder (`path`), the hub (`id`) or a server (`url`), as a first stage.

    `kind` is one of ENCODER_KINDS; `shape` one of ENCODER_SHAPES, the wire format of a server. Its
    key is in the variable `key_env`, and it gets at most `documents` texts in a request (0: as many
    as the shape allows). Vectors are cut to `dimensions` numbers. The prefixes go before
    queries and documents, in place of a local model's own prompts; None leaves those. A local model
    reads at most `max_tokens` of a text, and runs code of its own only with `trust_remote_code`.
    """

    name: ServerName
    kind: Kind = "dense"
    path: Folder = None
    id: Text = ""
    url: Address = field(default="", repr=False)
    shape: Shape = "openai"
    model: Text = ""
    key_env: Text = ""
    documents: Batch = 0
    dimensions: Dimensions = 0
    query_prefix: Text | None = None
    document_prefix: Text | None = None
    max_tokens: Window = 0
    trust_remote_code: Flag = False

    @property
    def key(self) -> str:
        """Return the key of its first stage."""
        return f"encoder:{self.name}"


@dataclass(frozen=True, slots=True)
class HostedModel:
    """What the configuration says of a provider's encoder: its dimension and its limits; 0 nothing.

    `documents` and `request_tokens` are those of one request, `document_tokens` what is read of a
    text.
    """

    dimensions: Dimensions = 0
    documents: Batch = 0
    request_tokens: Tokens = 0
    document_tokens: Tokens = 0
    per_minute: Batch = 0

    @property
    def limits(self) -> dict[str, int]:
        """Return the limits that are given."""
        names = ("documents", "request_tokens", "document_tokens", "per_minute")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class HybridSettings:
    """What the ranks of each side weigh in `hybrid:A+B`."""

    dense: Weight = 1.0
    sparse: Weight = 1.0


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What models of the hub run on: `auto` takes the fastest device there is."""

    device: DeviceName = "auto"
    precision: Precision = "float32"


def check_encoders(encoders: tuple[OwnEncoder, ...]) -> tuple[OwnEncoder, ...]:
    """Return encoders of which each says where it is, in one way; PydanticCustomError if not."""
    check_unique([encoder.name for encoder in encoders], "two [[encoder]] tables are named")
    for encoder in encoders:
        places = (encoder.path is not None, bool(encoder.id), bool(encoder.url))
        sparse = encoder.kind == "sparse"
        local = ("shape", "model", "key_env", "documents") if not encoder.url else ()
        remote = ("max_tokens", "trust_remote_code") if encoder.url else ()
        idle = [
            name
            for name in (*local, *remote, *(("dimensions",) if sparse else ()))
            if getattr(encoder, name) != OwnEncoder.__dataclass_fields__[name].default
        ]
        fault = remedy = ""
        if sum(places) != 1:
            fault, remedy = "must name one of path, id and url", "Keep one of them."
        elif encoder.url and sparse and encoder.shape != "tei":
            fault, remedy = 'is sparse, which needs shape = "tei"', "Set it, or drop kind."
        elif idle:
            fault, remedy = f"has {idle[0]}, which does nothing there", f"Leave {idle[0]} out."
        if fault:
            context = {"name": encoder.name, "fault": fault, "remedy": remedy}
            raise PydanticCustomError("table", "[[encoder]] {name} {fault}", context)
    return encoders


Encoders = Annotated[tuple[OwnEncoder, ...], AfterValidator(check_encoders)]
"""All [[encoder]] tables of a configuration."""
