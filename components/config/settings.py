"""Settings from the environment and one optional TOML file. Never from a visitor."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import platformdirs

from components.domain import InputError

TABLES = ("qdrant", "hub", "compatible", "prices", "remote")
SHAPES = ("cohere", "jina", "tei")
KEY_VARIABLES = {"cohere": "CO_API_KEY", "voyage": "VOYAGE_API_KEY", "jina": "JINA_API_KEY"}
URL_VARIABLES = {"cohere": "CO_API_URL", "voyage": "VOYAGE_API_URL", "jina": "JINA_API_URL"}


@dataclass(frozen=True, slots=True)
class HubModel:
    """A cross-encoder by its hub name, or from a local folder."""

    key: str
    model: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A self-hosted reranking server: where it is and which wire format it speaks.

    `shape` is one of SHAPES; `documents` the most that one request may hold, `instruction` whether
    it takes one. The key is read from the variable `key_env`.
    """

    name: str
    url: str = field(repr=False)
    model: str = ""
    shape: str = "cohere"
    key_env: str = ""
    instruction: bool = False
    listwise: bool = False
    documents: int = 0

    @property
    def key(self) -> str:
        """Return the key of its reranker."""
        return f"compatible:{self.name}"


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """How network rerankers are called: the seconds each may take, requests at once."""

    deadline_s: float = 30.0
    parallel: int = 4


@dataclass(frozen=True, slots=True)
class PriceOverride:
    """A price of the user's own, in US dollars for 1,000 searches or 1,000,000 tokens."""

    provider: str
    model: str
    usd: float
    unit: str


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
class QdrantSettings:
    """Where Qdrant is. Without `url` it is embedded in this process, in memory."""

    url: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    shards: int = 1
    replicas: int = 1
    timeout_s: int = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured.

    Two settings that differ only in their keys are equal, so nothing that is kept by settings may
    depend on keys.
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

    def with_keys(self, keys: Mapping[str, str]) -> Settings:
        """Return the same settings with further keys, which go before those of the environment."""
        return replace(self, keys=Secrets({**self.keys, **keys}))


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; InputError names the file and the table that is wrong."""
    env = os.environ if environ is None else environ
    path = env.get("RERANK_LAB_CONFIG", "")
    table = _read_toml(Path(path)) if path else {}
    _check_names(table, TABLES, f"{path}: the configuration")
    qdrant = _table(table, "qdrant", path)
    _check_names(qdrant, ("shards", "replicas", "timeout_s"), f"{path}: [qdrant]")
    cache, data = env.get("RERANK_LAB_CACHE"), env.get("RERANK_LAB_DATA")
    servers = _servers(_rows(table, "compatible", path), path)
    return Settings(
        qdrant=QdrantSettings(
            url=env.get("QDRANT_URL", "").strip(),
            api_key=env.get("QDRANT_API_KEY", "").strip(),
            shards=_positive(qdrant, "shards", 1, path),
            replicas=_positive(qdrant, "replicas", 1, path),
            timeout_s=_positive(qdrant, "timeout_s", 10, path),
        ),
        hub=_hub_models(_rows(table, "hub", path), path),
        cache_dir=Path(cache) if cache else platformdirs.user_cache_path("rerank-lab"),
        data_dir=Path(data) if data else platformdirs.user_data_path("rerank-lab"),
        servers=servers,
        prices=_prices(_table(table, "prices", path), path),
        remote=_remote(_table(table, "remote", path), path),
        addresses=_addresses(env),
        keys=_secrets(env, servers),
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise InputError(
            f"The configuration {path} cannot be read: {exc}.",
            "RERANK_LAB_CONFIG must name a TOML file; see the README.",
        ) from exc


def _check_names(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Raise InputError for a name that no setting has: it would silently do nothing."""
    strange = sorted(set(table) - set(known))
    if strange:
        raise InputError(
            f"{where} has no setting {strange[0]!r}.", f"Known are: {', '.join(known)}."
        )


def _table(table: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
    value = table.get(name, {})
    if not isinstance(value, Mapping):
        raise InputError(f"{path}: [{name}] must be a table.", "See the README for its settings.")
    return value


def _rows(table: Mapping[str, Any], name: str, path: str) -> list[Mapping[str, Any]]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise InputError(f"{path}: [[{name}]] must be a list of tables.", "See the README.")
    return rows


def _positive(table: Mapping[str, Any], name: str, default: int, path: str) -> int:
    value = table.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(
            f"{path}: {name} must be a whole number of at least 1, not {value!r}.",
            "Correct that table.",
        )
    return value


def _hub_models(rows: list[Mapping[str, Any]], path: str) -> tuple[HubModel, ...]:
    models = {}
    for model in (_hub_model(row, path) for row in rows):
        if model.key in models:
            raise InputError(f"{path}: two [[hub]] tables have the key {model.key!r}.", "Keep one.")
        models[model.key] = model
    return tuple(models.values())


def _hub_model(row: Mapping[str, Any], path: str) -> HubModel:
    _check_names(row, ("key", "model", "path"), f"{path}: [[hub]]")
    key, model, folder = row.get("key"), row.get("model", ""), row.get("path")
    if not isinstance(key, str) or not key or not isinstance(model, str):
        raise InputError(
            f"{path}: every [[hub]] table needs a key and a model, both text; found {dict(row)}.",
            'For example: key = "bge-v2-m3", model = "BAAI/bge-reranker-v2-m3".',
        )
    if not model and not folder:
        raise InputError(f"{path}: [[hub]] {key} names neither model nor path.", "Add one.")
    if folder is not None and not isinstance(folder, str):
        raise InputError(f"{path}: [[hub]] {key}: path must be text, not {folder!r}.", "Quote it.")
    return HubModel(key, model, Path(folder) if folder else None)


# ---------------------------------------------------------------- network rerankers


def _secrets(env: Mapping[str, str], servers: Sequence[Server]) -> Secrets:
    names = KEY_VARIABLES | {s.key: s.key_env for s in servers if s.key_env}
    return Secrets({provider: env.get(variable, "") for provider, variable in names.items()})


def _addresses(env: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses that differ from the providers' own, by provider."""
    found = {p: env.get(name, "").strip() for p, name in URL_VARIABLES.items()}
    for provider, url in found.items():
        if url:
            _check_address(url, URL_VARIABLES[provider])
    return {provider: url for provider, url in found.items() if url}


def _check_address(url: str, where: str) -> None:
    """Raise InputError unless an address is http or https with a host and without a password."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port  # ValueError where one is wrong
        fine = parts.scheme in {"http", "https"} and bool(host) and "@" not in parts.netloc
        fine = fine and not re.search(r"[\s\x00-\x1f\x7f]", url)
    except ValueError:
        fine = False
    if not fine:
        raise InputError(
            f"{where} is not the address of a server.",
            "It must begin with http:// or https:// and hold no user name or password.",
        )


_SERVER_NAMES = ("name", "url", "model", "shape", "key_env", "instruction", "listwise", "documents")


def _servers(rows: list[Mapping[str, Any]], path: str) -> tuple[Server, ...]:
    servers: dict[str, Server] = {}
    for server in (_server(row, path) for row in rows):
        if server.name in servers:
            raise InputError(
                f"{path}: two [[compatible]] tables are named {server.name!r}.", "Keep one."
            )
        servers[server.name] = server
    return tuple(servers.values())


def _server(row: Mapping[str, Any], path: str) -> Server:
    where = f"{path}: [[compatible]]"
    _check_names(row, _SERVER_NAMES, where)
    texts = {n: row.get(n, "") for n in ("name", "url", "model", "shape", "key_env")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise InputError(f"{where}: {name} must be text, not {value!r}.", "Quote it.")
    if not re.fullmatch(r"[\w.-]+", texts["name"]):
        raise InputError(
            f"{where}: name must be letters, digits, dots and dashes, not {texts['name']!r}.",
            'For example: name = "my-vllm".',
        )
    where = f"{where} {texts['name']}"
    _check_address(texts["url"], f"{where}: url")
    shape = texts["shape"] or "cohere"
    if shape not in SHAPES:
        raise InputError(f"{where}: there is no shape {shape!r}.", f"Known: {', '.join(SHAPES)}.")
    flags = {n: row.get(n, False) for n in ("instruction", "listwise")}
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise InputError(
                f"{where}: {name} must be true or false, not {value!r}.", "Leave quotes out."
            )
    return Server(
        texts["name"],
        texts["url"].rstrip("/"),
        texts["model"],
        shape,
        texts["key_env"],
        documents=_positive(row, "documents", 32, path) if "documents" in row else 0,
        **flags,
    )


def _remote(table: Mapping[str, Any], path: str) -> RemoteSettings:
    _check_names(table, ("deadline_s", "parallel"), f"{path}: [remote]")
    deadline = table.get("deadline_s", RemoteSettings().deadline_s)
    if (
        isinstance(deadline, bool)
        or not isinstance(deadline, int | float)
        or not 0 < deadline < 3600
    ):
        raise InputError(
            f"{path}: deadline_s must be a number of seconds, not {deadline!r}.",
            "Correct the [remote] table.",
        )
    return RemoteSettings(float(deadline), _positive(table, "parallel", 4, path))


PRICE_UNITS = {"per_1k_searches": "searches", "per_1m_tokens": "tokens"}


def _prices(table: Mapping[str, Any], path: str) -> tuple[PriceOverride, ...]:
    """Read `"cohere/rerank-v3.5" = { per_1k_searches = 2.0 }` and its like."""
    return tuple(_price(name, value, path) for name, value in table.items())


def _price(name: str, value: object, path: str) -> PriceOverride:
    """Return one price; InputError says what was expected."""
    fields = dict(value) if isinstance(value, Mapping) else {}
    (unit, usd), *others = fields.items() or [("", None)]
    provider, slash, model = name.partition("/")
    number = isinstance(usd, int | float) and not isinstance(usd, bool) and 0 <= usd < 1e6
    if others or unit not in PRICE_UNITS or not (number and slash and provider and model):
        raise InputError(
            f"{path}: [prices] {name} = {value!r} is not a price in US dollars.",
            'For example: "cohere/rerank-v3.5" = { per_1k_searches = 2.0 }, or per_1m_tokens.',
        )
    return PriceOverride(provider, model, float(usd), PRICE_UNITS[unit])  # type: ignore[arg-type]
