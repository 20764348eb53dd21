"""Settings from the environment and one optional TOML file. Never from a visitor."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from components.domain import InputError

TABLES = ("qdrant", "hub", "compatible", "prices")
"""The tables of the configuration file; each is read where its subject is at home."""


@dataclass(frozen=True, slots=True)
class HubModel:
    """A cross-encoder by its hub name, or from a local folder."""

    key: str
    model: str
    path: Path | None = None


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
    """Everything that can be configured."""

    qdrant: QdrantSettings = QdrantSettings()
    hub: tuple[HubModel, ...] = ()
    cache_dir: Path = field(default_factory=lambda: platformdirs.user_cache_path("rerank-lab"))


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; InputError names the file and the table that is wrong."""
    env = os.environ if environ is None else environ
    path = env.get("RERANK_LAB_CONFIG", "")
    table = _read_toml(Path(path)) if path else {}
    _check_names(table, TABLES, f"{path}: the configuration")
    qdrant = _table(table, "qdrant", path)
    _check_names(qdrant, ("shards", "replicas", "timeout_s"), f"{path}: [qdrant]")
    cache = env.get("RERANK_LAB_CACHE")
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
            "Correct the [qdrant] table.",
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
