"""Reads the settings from the environment and one optional TOML file. Never from a visitor."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

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
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from components.config.collections import CollectionSettings
from components.config.fields import PRICE_UNITS, check_address, check_unique
from components.config.llm import Llms, LlmServer
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
        hub=file.hub,
        cache_dir=Path(cache) if cache else platformdirs.user_cache_path("rerank-lab"),
        data_dir=Path(data) if data else platformdirs.user_data_path("rerank-lab"),
        servers=file.compatible,
        collections=tuple(own.beside(folder) for own in file.collection),
        llms=file.llm,
        prices=file.price_overrides(),
        remote=file.remote,
        spending=file.spending,
        passages=file.passages,
        token_vectors=file.token_vectors,
        library=file.library,
        sharing=file.sharing,
        sign_in=file.sign_in,
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
            raise InputError(f"{provider.address} {exc.message()}.", _remedy(exc.context)) from None
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
    prices: Mapping[_PricedModel, _Price] = Field(default_factory=dict)
    remote: RemoteSettings = RemoteSettings()
    spending: SpendingSettings = SpendingSettings()
    passages: PassageSettings = PassageSettings()
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
        servers: tuple[Server | LlmServer, ...] = (*self.compatible, *self.llm)
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
        unknown = [error for error in errors if error["type"] in _UNKNOWN]
        raise _input_error(path, content, (unknown or errors)[0]) from None


# ---------------------------------------------------------------- errors in words


def _descriptions(hints: Mapping[str, Any]) -> dict[str, str]:
    """Return what each setting must be, from the annotations of a record."""
    required = {
        name: hint if get_origin(hint) is Annotated else get_args(hint)[0]  # or it is optional
        for name, hint in hints.items()
    }
    return {
        name: next(m.description or "" for m in hint.__metadata__ if isinstance(m, FieldInfo))
        for name, hint in required.items()
    }


_EXPECTED: Mapping[str, Mapping[str, str]] = {
    "qdrant": _descriptions(get_type_hints(QdrantNumbers, include_extras=True)),
    "hub": _descriptions(get_type_hints(HubModel, include_extras=True)),
    "compatible": _descriptions(get_type_hints(Server, include_extras=True)),
    "collection": _descriptions(get_type_hints(CollectionSettings, include_extras=True)),
    "llm": _descriptions(get_type_hints(LlmServer, include_extras=True)),
    "remote": _descriptions(get_type_hints(RemoteSettings, include_extras=True)),
    "spending": _descriptions(get_type_hints(SpendingSettings, include_extras=True)),
    "passages": _descriptions(get_type_hints(PassageSettings, include_extras=True)),
    "token_vectors": _descriptions(get_type_hints(TokenSettings, include_extras=True)),
    "library": _descriptions(get_type_hints(LibrarySettings, include_extras=True)),
    "sharing": _descriptions(get_type_hints(SharingSettings, include_extras=True)),
    "sign_in": _descriptions(get_type_hints(SignInSettings, include_extras=True)),
}
_ROW_NAMES = {"hub": "key", "compatible": "name", "collection": "name", "llm": "name"}
"""The tables that may come several times, with the setting that tells one from another."""
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument", "string_pattern_mismatch"}
"""The types of pydantic's errors for a name that is no setting."""
_REMEDIES = {"text": "Quote it.", "true or false": "Leave quotes out."}


def _input_error(path: Path, content: Mapping[str, Any], error: ErrorDetails) -> InputError:
    """Return pydantic's error as a sentence that names file and table."""
    table, *rest = error["loc"]
    if table not in _File.model_fields:
        return _unknown(f"{path}: the configuration", table, _File.model_fields)
    if error["type"] == "table":
        return InputError(f"{path}: {error['msg']}.", _remedy(error["ctx"]))
    if table == "prices" and rest:
        return InputError(
            f"{path}: [prices] {rest[0]} = {content['prices'][rest[0]]!r:.100} is not a price in US"
            " dollars.",
            'For example: "cohere/rerank-v3.5" = { per_1k_searches = 2.0 }, or per_1m_tokens.',
        )
    row_name = _ROW_NAMES.get(str(table))
    where = f"{path}: [[{table}]]" if row_name else f"{path}: [{table}]"
    if error["type"].endswith("_type") and not any(isinstance(step, str) for step in rest):
        kind = "a list of tables" if row_name else "a table"
        return InputError(f"{where} must be {kind}.", "See .docs/settings.md.")
    if row_name:
        index, *rest = rest
        name = content[table][index].get(row_name) if row_name not in rest else None
        where += f" {name}" if name and isinstance(name, str) else f" number {int(index) + 1}"
    return _value_error(where, _EXPECTED[str(table)], str(rest[0]), error)


def _value_error(
    where: str, expected: Mapping[str, str], name: str, error: ErrorDetails
) -> InputError:
    """Return what is wrong with one setting of a table."""
    if name not in expected:
        return _unknown(where, name, expected)
    if "remedy" in error.get("ctx", {}):  # from a check of ours, which says what came
        return InputError(f"{where}: {name} {error['msg']}.", _remedy(error["ctx"]))
    if error["type"] == "missing":
        reason = f"{where}: {name} is missing; it must be {expected[name]}."
        return InputError(reason, f"Add {name} to that table.")
    if where.endswith("[sign_in]"):  # its values are secrets
        return InputError(f"{where}: {name} must be {expected[name]}.", "Correct that table.")
    came = f"{error['input']!r:.100}"
    if error["type"] == "less_than_equal":
        reason = f"{where}: {name} may be at most {error['ctx']['le']:,}, not {came}."
        return InputError(reason, "Lower it.")
    reason = f"{where}: {name} must be {expected[name]}, not {came}."
    return InputError(reason, _REMEDIES.get(expected[name], "Correct that table."))


def _unknown(where: str, name: object, names: Iterable[str]) -> InputError:
    """Return the error for a name that no setting has: it would silently do nothing."""
    return InputError(f"{where} has no setting {name!r}.", f"Known are: {', '.join(names)}.")


def _remedy(context: Mapping[str, Any] | None) -> str:
    return str((context or {}).get("remedy", ""))
