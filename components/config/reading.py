"""Reads the settings from the environment and one optional TOML file. Never from a visitor."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from components.config.collections import CollectionSettings
from components.config.encoders import (
    Encoders,
    HostedModel,
    HybridSettings,
    ModelSettings,
    OwnEncoder,
)
from components.config.fields import PRICE_UNITS, check_address, check_unique
from components.config.llm import Llms, LlmServer
from components.config.mistakes import UNKNOWN, input_error, remedy_of
from components.config.settings import (
    HubModel,
    LibrarySettings,
    PassageSettings,
    PriceOverride,
    ProviderVariables,
    QdrantNumbers,
    QdrantSettings,
    RemoteSettings,
    Secrets,
    Server,
    Settings,
    SharingSettings,
    SignInSettings,
    SpendingSettings,
    TokenSettings,
)
from components.domain import InputError

_AS_THEY_ARE = (
    *("hub", "hybrid", "remote", "spending", "passages"),
    *("models", "token_vectors", "library", "sharing", "sign_in"),
)
"""The tables that are settings under their own names."""


def read_settings(
    environ: Mapping[str, str] | None = None, providers: Sequence[ProviderVariables] = ()
) -> Settings:
    """Read the settings; InputError names the file and the table that is wrong.

    `environ` is the process's environment unless another is given; `providers` says in which
    variables the keys and addresses of the hosted providers are.
    """
    env = os.environ if environ is None else environ
    file = _read_file(Path(path)) if (path := env.get("RERANK_LAB_CONFIG", "")) else _File()
    cache, data = env.get("RERANK_LAB_CACHE"), env.get("RERANK_LAB_DATA")
    variables = {p.provider: p.key for p in providers} | file.key_variables()
    folder = Path(path).expanduser().absolute().parent
    return Settings(
        qdrant=QdrantSettings(
            url=env.get("QDRANT_URL", "").strip(),
            api_key=env.get("QDRANT_API_KEY", "").strip(),
            **asdict(file.qdrant),
        ),
        cache_dir=Path(cache) if cache else platformdirs.user_cache_path("rerank-lab"),
        data_dir=Path(data) if data else platformdirs.user_data_path("rerank-lab"),
        servers=file.compatible,
        encoders=file.encoder,
        hosted=tuple(file.hosted.items()),
        collections=tuple(own.beside(folder) for own in file.collection),
        llms=file.llm,
        prices=file.price_overrides(),
        **{name: getattr(file, name) for name in _AS_THEY_ARE},
        addresses=_addresses(env, providers),
        keys=Secrets({owner: env.get(variable, "") for owner, variable in variables.items()}),
        variables=variables,
    )


def _addresses(env: Mapping[str, str], providers: Sequence[ProviderVariables]) -> dict[str, str]:
    """Return the addresses that differ from the providers' own, by provider."""
    addresses = {}
    for provider in providers:
        url = env.get(provider.address, "").strip()
        if not url:
            continue
        try:
            addresses[provider.provider] = check_address(url)
        except PydanticCustomError as exc:
            raise InputError(
                f"{provider.address} {exc.message()}.", remedy_of(exc.context)
            ) from None
    return addresses


# ---------------------------------------------------------------- the file


_Unit = Literal["per_1k_searches", "per_1m_tokens"]
_Dollars = Annotated[StrictFloat, Field(ge=0, lt=1e6)]
_Price = Annotated[dict[_Unit, _Dollars], Field(min_length=1, max_length=1)]
_PricedModel = Annotated[str, Field(pattern=r"^[^/]+/[\s\S]+$")]


class _File(BaseModel):
    """The TOML file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    qdrant: QdrantNumbers = QdrantNumbers()
    hub: tuple[HubModel, ...] = ()
    compatible: tuple[Server, ...] = ()
    collection: tuple[CollectionSettings, ...] = ()
    llm: Llms = ()
    encoder: Encoders = ()
    hosted: Mapping[_PricedModel, HostedModel] = Field(default_factory=dict)
    hybrid: HybridSettings = HybridSettings()
    prices: Mapping[_PricedModel, _Price] = Field(default_factory=dict)
    remote: RemoteSettings = RemoteSettings()
    spending: SpendingSettings = SpendingSettings()
    passages: PassageSettings = PassageSettings()
    models: ModelSettings = ModelSettings()
    token_vectors: TokenSettings = TokenSettings()
    library: LibrarySettings = LibrarySettings()
    sharing: SharingSettings = SharingSettings()
    sign_in: SignInSettings | None = None

    @field_validator("passages")
    @classmethod
    def _check_passages(cls, passages: PassageSettings) -> PassageSettings:
        if passages.overlap > passages.length // 2:
            message = "[passages] overlap may be at most half of length"
            raise PydanticCustomError("table", message, {"remedy": "Lower it."})
        return passages

    @field_validator("sharing")
    @classmethod
    def _check_sharing(cls, sharing: SharingSettings) -> SharingSettings:
        if sharing.user_header and not sharing.proxies:
            message = "[sharing] user_header needs proxies: it is believed from those alone"
            raise PydanticCustomError("table", message, {"remedy": "Add proxies."})
        return sharing

    @field_validator("hub")
    @classmethod
    def _check_hub(cls, models: tuple[HubModel, ...]) -> tuple[HubModel, ...]:
        for model in models:
            if not model.model and not model.path:
                message = "[[hub]] {key} names neither model nor path"
                context = {"key": model.key, "remedy": "Add one."}
                raise PydanticCustomError("table", message, context)
        check_unique([model.key for model in models], "two [[hub]] tables have the key")
        return models

    @field_validator("compatible", "collection")
    @classmethod
    def _check_names(cls, tables: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
        check_unique([t.name for t in tables], f"two [[{info.field_name}]] tables are named")
        return tables

    def key_variables(self) -> dict[str, str]:
        """Return the variables of the keys that tables name, by the key of what needs them."""
        servers: tuple[Server | LlmServer | OwnEncoder, ...] = (
            *self.compatible,
            *self.llm,
            *self.encoder,
        )
        variables = {server.key: server.key_env for server in servers}
        variables |= {own.key: own.api_key_env for own in self.collection}
        return {owner: variable for owner, variable in variables.items() if variable}

    def price_overrides(self) -> tuple[PriceOverride, ...]:
        """Return `"cohere/rerank-v3.5" = { per_1k_searches = 2.0 }` and its like as records."""
        prices = []
        for name, price in self.prices.items():
            provider, _, model = name.partition("/")
            [(unit, usd)] = price.items()
            prices.append(PriceOverride(provider, model, usd, PRICE_UNITS[unit]))
        return tuple(prices)


def _read_file(path: Path) -> _File:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:  # also of a number of 5000 digits
        raise InputError(
            f"The configuration {path} cannot be read: {exc}.",
            "RERANK_LAB_CONFIG must name a TOML file; see .docs/settings.md.",
        ) from exc
    try:
        return _File.model_validate(content)
    except ValidationError as exc:
        # An unknown name goes first: what is missing beside it is often that one, misspelt.
        errors = exc.errors()
        unknown = [error for error in errors if error["type"] in UNKNOWN]
        raise input_error(path, content, (unknown or errors)[0], _File.model_fields) from None
