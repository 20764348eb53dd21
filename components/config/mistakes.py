"""What is wrong with a configuration file, in sentences that name file and table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from components.config.collections import CollectionSettings
from components.config.encoders import HostedModel, HybridSettings, ModelSettings, OwnEncoder
from components.config.llm import LlmServer
from components.config.settings import (
    HubModel,
    LibrarySettings,
    PassageSettings,
    QdrantNumbers,
    RemoteSettings,
    Server,
    SharingSettings,
    SignInSettings,
    SpendingSettings,
    TokenSettings,
)
from components.domain import InputError


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
    "encoder": _descriptions(get_type_hints(OwnEncoder, include_extras=True)),
    "hosted": _descriptions(get_type_hints(HostedModel, include_extras=True)),
    "hybrid": _descriptions(get_type_hints(HybridSettings, include_extras=True)),
    "remote": _descriptions(get_type_hints(RemoteSettings, include_extras=True)),
    "spending": _descriptions(get_type_hints(SpendingSettings, include_extras=True)),
    "passages": _descriptions(get_type_hints(PassageSettings, include_extras=True)),
    "models": _descriptions(get_type_hints(ModelSettings, include_extras=True)),
    "token_vectors": _descriptions(get_type_hints(TokenSettings, include_extras=True)),
    "library": _descriptions(get_type_hints(LibrarySettings, include_extras=True)),
    "sharing": _descriptions(get_type_hints(SharingSettings, include_extras=True)),
    "sign_in": _descriptions(get_type_hints(SignInSettings, include_extras=True)),
}
_ROW_NAMES = {
    "hub": "key",
    **dict.fromkeys(("compatible", "encoder", "collection", "llm"), "name"),
}
"""The tables that may come several times, with the setting that tells one from another."""
UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument", "string_pattern_mismatch"}
"""The types of pydantic's errors for a name that is no setting."""
_REMEDIES = {"text": "Quote it.", "true or false": "Leave quotes out."}


def input_error(
    path: Path, content: Mapping[str, Any], error: ErrorDetails, tables: Iterable[str]
) -> InputError:
    """Return pydantic's error as a sentence that names file and table."""
    first, *rest = error["loc"]
    table = str(first)
    if table not in tables:
        return _unknown(f"{path}: the configuration", table, tables)
    if error["type"] == "table":
        return InputError(f"{path}: {error['msg']}.", remedy_of(error["ctx"]))
    if table == "prices" and rest:
        return InputError(
            f"{path}: [prices] {rest[0]} = {content['prices'][rest[0]]!r:.100} is not a price in US"
            " dollars.",
            'For example: "cohere/rerank-v3.5" = { per_1k_searches = 2.0 }, or per_1m_tokens.',
        )
    row_name = _ROW_NAMES.get(table)
    where = f"{path}: [[{table}]]" if row_name else f"{path}: [{table}]"
    if table == "hosted" and len(rest) > 1:
        where = f'{path}: [hosted."{rest.pop(0)}"]'
    if error["type"].endswith("_type") and not any(isinstance(step, str) for step in rest):
        kind = "a list of tables" if row_name else "a table"
        return InputError(f"{where} must be {kind}.", "See .docs/settings.md.")
    if row_name:
        index, *rest = rest
        name = content[table][index].get(row_name) if row_name not in rest else None
        where += f" {name}" if name and isinstance(name, str) else f" number {int(index) + 1}"
    return _value_error(where, _EXPECTED[table], str(rest[0]), error)


def _value_error(
    where: str, expected: Mapping[str, str], name: str, error: ErrorDetails
) -> InputError:
    """Return what is wrong with one setting of a table."""
    if name not in expected:
        return _unknown(where, name, expected)
    if "remedy" in error.get("ctx", {}):  # from a check of ours, which says what came
        return InputError(f"{where}: {name} {error['msg']}.", remedy_of(error["ctx"]))
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


def remedy_of(context: Mapping[str, Any] | None) -> str:
    """Return the remedy that a check of ours put into an error's context."""
    return str((context or {}).get("remedy", ""))
