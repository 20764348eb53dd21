"""The settings as records.

The records of the TOML file's tables are checked where the file is read
(`components.config.reading`), not when code constructs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, NoReturn

import platformdirs
from pydantic import Field
from pydantic import StrictStr as String

from components.config.collections import CollectionSettings
from components.config.encoders import HostedModel, HybridSettings, ModelSettings, OwnEncoder
from components.config.fields import (
    Address,
    Batch,
    CookieSecret,
    Dollars,
    Flag,
    Folder,
    HeaderName,
    HostNames,
    Megabytes,
    Networks,
    Overlap,
    Parallel,
    PassageWords,
    PointCount,
    Requests,
    Seconds,
    Secret,
    ServerName,
    ServerNumber,
    ServerPath,
    Shape,
    Text,
    Truncate,
    Window,
)
from components.config.llm import LlmServer
from components.domain import PriceUnit


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
    `path` is where it reranks; without one the shape's usual paths are tried. `truncate` says
    whether the server cuts long texts, or after how many tokens; None leaves it to the shape. With
    `max_tokens`, of query and text together, the lab cuts texts before it sends them.
    """

    name: ServerName
    url: Address = field(repr=False)
    model: Text = ""
    shape: Shape = "cohere"
    key_env: Text = ""
    instruction: Flag = False
    listwise: Flag = False
    documents: Batch = 0
    path: ServerPath = ""
    truncate: Truncate | None = None
    max_tokens: Window = 0

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
class Budget:
    """What may be spent with the operator's keys in a day (UTC), by all and by one visitor.

    US dollars, and requests to models without a price; infinity where there is no limit.
    """

    day_usd: float = math.inf
    visitor_usd: float = math.inf
    day_requests: float = math.inf
    visitor_requests: float = math.inf


SHARED_BUDGET = Budget(day_usd=5.0, visitor_usd=1.0, day_requests=1_000, visitor_requests=200)
"""The budget of a shared lab whose configuration names none."""


@dataclass(frozen=True, slots=True)
class SpendingSettings:
    """Budgets, None where the configuration names none, and what is confirmed before it is sent.

    Work that is estimated at more than `confirm_usd` US dollars, or at more than
    `confirm_requests` requests to models without a price, waits for a confirmation.
    """

    day_usd: Dollars | None = None
    visitor_usd: Dollars | None = None
    day_requests: Requests | None = None
    visitor_requests: Requests | None = None
    confirm_usd: Dollars = 0.10
    confirm_requests: Requests = 50

    def budget(self, *, shared: bool) -> Budget:
        """Return the budget; a lab that is not shared has only the limits that were configured."""
        given = {
            field.name: getattr(self, field.name)
            for field in fields(Budget)
            if getattr(self, field.name) is not None
        }
        return replace(SHARED_BUDGET if shared else Budget(), **given)


@dataclass(frozen=True, slots=True)
class PassageSettings:
    """How prose is cut: the words of a passage, and how many of them the next one repeats."""

    length: PassageWords = 300
    overlap: Overlap = 0


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """What the token vectors of late interaction may take on disk, in megabytes."""

    limit_mb: Megabytes = 2_000


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """What the texts of kept corpora may take on disk, in megabytes.

    `limit_mb` is for all together, `visitor_mb` for each visitor of a shared lab.
    """

    limit_mb: Megabytes = 20_000
    visitor_mb: Megabytes = 1_000


@dataclass(frozen=True, slots=True)
class SharingSettings:
    """How other machines reach the lab.

    `hosts` are names under which it is reached. `user_header` is the HTTP header in which a reverse
    proxy names who is signed in; it is believed from `proxies` alone, IP addresses or networks.
    """

    hosts: HostNames = ()
    user_header: HeaderName = ""
    proxies: Networks = ()


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """An OpenID Connect provider, in the words of Streamlit's own settings; none is ever shown."""

    client_id: Secret = field(repr=False)
    client_secret: Secret = field(repr=False)
    cookie_secret: CookieSecret = field(repr=False)
    redirect_uri: Address = field(repr=False)
    server_metadata_url: Address = field(repr=False)


EXACT_LIMIT = 200_000
"""Points up to which dense vectors are searched exactly; on two cores that takes about 30 ms."""


@dataclass(frozen=True, slots=True)
class QdrantNumbers:
    """What the file says of Qdrant; its address and key come from the environment alone."""

    shards: ServerNumber = 1
    replicas: ServerNumber = 1
    timeout_s: ServerNumber = 10
    exact_limit: PointCount = EXACT_LIMIT


@dataclass(frozen=True, slots=True)
class QdrantSettings:
    """Where Qdrant is; without `url` it is embedded in this process, on disk.

    Up to `exact_limit` points are searched exactly, larger collections through a graph.
    """

    url: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    shards: int = 1
    replicas: int = 1
    timeout_s: int = 10
    exact_limit: int = EXACT_LIMIT


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
    collections: tuple[CollectionSettings, ...] = ()
    llms: tuple[LlmServer, ...] = ()
    encoders: tuple[OwnEncoder, ...] = ()
    hosted: tuple[tuple[str, HostedModel], ...] = ()
    hybrid: HybridSettings = field(default_factory=HybridSettings)
    prices: tuple[PriceOverride, ...] = ()
    remote: RemoteSettings = RemoteSettings()
    spending: SpendingSettings = SpendingSettings()
    passages: PassageSettings = PassageSettings()
    models: ModelSettings = field(default_factory=ModelSettings)
    token_vectors: TokenSettings = TokenSettings()
    library: LibrarySettings = LibrarySettings()
    sharing: SharingSettings = SharingSettings()
    sign_in: SignInSettings | None = None
    addresses: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    keys: Secrets = field(default_factory=Secrets, repr=False, compare=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def with_keys(self, keys: Mapping[str, str]) -> Settings:
        """Return the same settings with further keys, which go before those of the environment."""
        return replace(self, keys=Secrets({**self.keys, **keys}))
