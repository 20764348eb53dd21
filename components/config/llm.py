"""The [[llm]] tables: servers with OpenAI's /v1/chat/completions whose model reranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field, StrictFloat, StrictInt
from pydantic import StrictStr as String
from pydantic_core import PydanticCustomError

from components.config.fields import Address, ServerName, Text, check_unique

METHODS: Mapping[str, int] = MappingProxyType({"pointwise": 1, "listwise": 20, "setwise": 4})
"""How a model is asked, each with the passages of one request."""
DEFAULT_STRIDE = 10
"""Passages by which a listwise window moves towards the front, where no other number is given."""


def _check_method(method: str) -> str:
    if method not in METHODS:
        raise PydanticCustomError(
            "method",
            "must be one of {known}, not {method}",
            {"known": ", ".join(METHODS), "method": repr(method)[:100], "remedy": "Correct it."},
        )
    return method


_POSITIVE = "a whole number of at least 1"
_Number = Annotated[StrictInt, Field(ge=0, le=1_000, description="a whole number up to 1,000")]
_Usd = Annotated[
    StrictFloat | None,
    Field(ge=0, lt=1e6, description="US dollars for 1,000,000 tokens, from 0 to a million"),
]
_Seconds = Annotated[
    StrictFloat, Field(gt=0, le=3600, description="a number of seconds above 0, up to 3600")
]


@dataclass(frozen=True, slots=True)
class LlmServer:
    """An LLM as a reranker: where it answers, how it is asked, what it costs.

    `window` passages go into one request, and a listwise window moves by `stride` of them; 0 stands
    for the method's own number. A listwise order takes `passes` over all candidates; setwise sorts
    the best `depth`. Of a passage the first `passage_tokens` are sent, and an answer may have
    `answer_tokens` (0: as many as the method needs). One pass over the candidates may take
    `deadline_s` seconds. Prices are US dollars for 1,000,000 tokens read and written, None where
    they are not given; they come from `price_source` and are of the day `price_noted`.
    """

    name: ServerName
    url: Address = field(repr=False)
    model: Annotated[String, Field(min_length=1, description="the name of a model")]
    key_env: Text = ""
    method: Annotated[Text, AfterValidator(_check_method)] = "listwise"
    window: _Number = 0
    stride: _Number = 0
    passes: Annotated[StrictInt, Field(ge=1, le=100, description=_POSITIVE)] = 1
    depth: Annotated[StrictInt, Field(ge=1, le=1_000, description=_POSITIVE)] = 10
    passage_tokens: Annotated[
        StrictInt, Field(ge=16, le=100_000, description="a whole number of at least 16 tokens")
    ] = 300
    answer_tokens: Annotated[
        StrictInt, Field(ge=0, le=100_000, description="a whole number of tokens")
    ] = 0
    deadline_s: _Seconds = 300.0
    input_usd: _Usd = None
    output_usd: _Usd = None
    price_source: Text = "your configuration"
    price_noted: Annotated[date | None, Field(strict=True, description="a date, unquoted")] = None

    @property
    def key(self) -> str:
        """Return the key of its reranker."""
        return f"llm:{self.name}"

    @property
    def size(self) -> int:
        """Return how many passages one request holds."""
        return self.window or METHODS[self.method]

    @property
    def step(self) -> int:
        """Return by how many passages a window moves: at most half of it unless it is given."""
        return self.stride or max(1, min(DEFAULT_STRIDE, self.size // 2))

    @property
    def settled(self) -> int:
        """Return how many of the first ranks it sorts for sure, 0 where it scores each passage."""
        listwise = self.passes * (self.size - self.step)
        return {"pointwise": 0, "listwise": listwise}.get(self.method, self.depth)


def check_llms(servers: tuple[LlmServer, ...]) -> tuple[LlmServer, ...]:
    """Return servers whose settings fit together; raise PydanticCustomError for others."""
    check_unique([server.name for server in servers], "two [[llm]] tables are named")
    for server in servers:
        fault = _fault(server)
        if fault:
            what, remedy = fault
            message = "[[llm]] {name}: {what}"
            context = {"name": server.name, "what": what, "remedy": remedy}
            raise PydanticCustomError("table", message, context)
    return servers


def _fault(server: LlmServer) -> tuple[str, str] | None:
    """Return what is wrong between two settings of a table, and what to do; None where nothing."""
    if server.method == "pointwise" and server.window > 1:
        return "window has no meaning: pointwise asks for one passage at a time", "Leave it out."
    if server.method != "pointwise" and server.size < 2:
        return f"window is {server.size}; it must hold at least 2 passages", "Raise it."
    if server.method != "listwise" and (server.stride or server.passes > 1):
        return "stride and passes are those of the method listwise", "Leave them out."
    if server.method == "listwise" and server.step >= server.size:
        return (
            f"stride is {server.step}; it must be smaller than the window of {server.size}",
            "Lower it: what one window passes on to the next is what they share.",
        )
    if (server.input_usd is None) != (server.output_usd is None):
        return "input_usd and output_usd belong together", "Give both, 0 where nothing is charged."
    return None


Llms = Annotated[tuple[LlmServer, ...], AfterValidator(check_llms)]
"""All [[llm]] tables of a configuration."""
