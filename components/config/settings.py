"""The settings as records.

The records of the TOML file's tables carry what is expected of each value: its type and range for
pydantic, and as `description` the words that an error completes "NAME must be ..." with. They are
checked where the file is read (`components.config.reading`), not when code constructs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictFloat, StrictInt
from pydantic import StrictStr as String
from pydantic_core import PydanticCustomError

from components.domain import PriceUnit

SHAPES = ("cohere", "jina", "tei")
PRICE_UNITS: Mapping[str, PriceUnit] = {
    "per_1k_searches": "searches",
    "per_1m_tokens": "tokens",
}


def check_address(url: str) -> str:
    """Return an address of http or https with a host and without a password.

    Raises PydanticCustomError, a ValueError, for any other; the error does not repeat the address.
    """
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port  # ValueError where one is wrong
        valid = parts.scheme in {"http", "https"} and bool(host) and "@" not in parts.netloc
        valid = valid and not re.search(r"[\s\x00-\x1f\x7f]", url)
    except ValueError:
        valid = False
    if not valid:
        raise PydanticCustomError(
            "address",
            "is not the address of a server",
            {"remedy": "It must begin with http:// or https:// and hold no user name or password."},
        )
    return url


def _check_name(name: str) -> str:
    if not re.fullmatch(r"[\w.-]+", name):
        raise PydanticCustomError(
            "name",
            "must be letters, digits, dots and dashes, not {name}",
            {"name": repr(name), "remedy": 'For example: name = "my-vllm".'},
        )
    return name


def _check_shape(shape: str) -> str:
    if shape and shape not in SHAPES:
        raise PydanticCustomError(
            "shape",
            "must be one of {known}, not {shape}",
            {"known": ", ".join(SHAPES), "shape": repr(shape), "remedy": "Correct it."},
        )
    return shape or "cohere"


Text = Annotated[String, Field(description="text")]
Flag = Annotated[StrictBool, Field(description="true or false")]
_POSITIVE = "a whole number of at least 1"
Batch = Annotated[StrictInt, Field(ge=1, le=10_000, description=_POSITIVE)]
"""Documents of one request."""
Parallel = Annotated[StrictInt, Field(ge=1, le=64, description=_POSITIVE)]
"""Requests at once; each has a thread and a connection."""
ServerNumber = Annotated[StrictInt, Field(ge=1, le=3600, description=_POSITIVE)]
"""A number that a Qdrant server is given: shards, replicas, or seconds."""
Seconds = Annotated[
    StrictFloat,
    Field(gt=0, lt=3600, description="a number of seconds above 0 and below 3600"),
]
Folder = Annotated[
    Path | None,
    Field(description="text"),
    BeforeValidator(lambda path: None if path == "" else path),
]
ServerName = Annotated[
    String, AfterValidator(_check_name), Field(description="letters, digits, dots and dashes")
]
Shape = Annotated[Text, AfterValidator(_check_shape)]
Address = Annotated[
    Text, AfterValidator(check_address), AfterValidator(lambda url: url.rstrip("/"))
]


@dataclass(frozen=True, slots=True)
class HubModel:
    """A cross-encoder by its hub name, or from a local folder."""

    key: Annotated[String, Field(min_length=1, description="text of at least one letter")]
    model: Text = ""
    path: Folder = None


@dataclass(frozen=True, slots=True)
class Server:
    """A self-hosted reranking server: its address and its wire format.

    `shape` is one of SHAPES; `documents` the most that one request may hold (0: as many as the
    shape allows), `instruction` whether it takes one. The key is read from the variable `key_env`.
    """

    name: ServerName
    url: Address = field(repr=False)
    model: Text = ""
    shape: Shape = "cohere"
    key_env: Text = ""
    instruction: Flag = False
    listwise: Flag = False
    documents: Batch = 0

    @property
    def key(self) -> str:
        """Return the key of its reranker."""
        return f"compatible:{self.name}"


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """How network rerankers are called: the seconds each may take, requests at once."""

    deadline_s: Seconds = 30.0
    parallel: Parallel = 4


@dataclass(frozen=True, slots=True)
class PriceOverride:
    """A price of the user's own, in US dollars for 1,000 searches or 1,000,000 tokens."""

    provider: str
    model: str
    usd: float
    unit: PriceUnit


@dataclass(frozen=True, slots=True)
class QdrantSettings:
    """Where Qdrant is. Without `url` it is embedded in this process, in memory."""

    url: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    shards: int = 1
    replicas: int = 1
    timeout_s: int = 10


@dataclass(frozen=True, slots=True)
class ProviderVariables:
    """The environment variables of a hosted provider: of its API key and of another address."""

    provider: str
    key: str
    address: str


class Secrets(Mapping[str, str]):
    """API keys by provider. They are never shown: not by repr, not in an error, not in a file."""

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        self._keys = {name: key.strip() for name, key in (keys or {}).items() if key.strip()}

    def __getitem__(self, provider: str) -> str:
        """Return the key for a provider."""
        return self._keys[provider]

    def __iter__(self) -> Iterator[str]:
        """Return whose keys there are."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._keys)

    def __repr__(self) -> str:
        """Return whose keys there are, and none of them."""
        return f"Secrets({', '.join(sorted(self._keys))})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("API keys are never written anywhere")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured.

    `addresses` holds the addresses that differ from the providers' own and `keys` the API keys,
    both by provider; `variables` the environment variable of each key, by provider or by the key
    of a server's reranker. Two settings that differ only in these three are equal, so nothing
    that is cached by settings may depend on keys.
    """

    qdrant: QdrantSettings = QdrantSettings()
    hub: tuple[HubModel, ...] = ()
    cache_dir: Path = field(default_factory=lambda: platformdirs.user_cache_path("rerank-lab"))
    data_dir: Path = field(default_factory=lambda: platformdirs.user_data_path("rerank-lab"))
    servers: tuple[Server, ...] = ()
    prices: tuple[PriceOverride, ...] = ()
    remote: RemoteSettings = RemoteSettings()
    addresses: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    keys: Secrets = field(default_factory=Secrets, repr=False, compare=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def with_keys(self, keys: Mapping[str, str]) -> Settings:
        """Return the same settings with further keys, which go before those of the environment."""
        return replace(self, keys=Secrets({**self.keys, **keys}))
