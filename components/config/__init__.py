"""Settings from the environment and one TOML file."""

from components.config.reading import read_settings
from components.config.settings import (
    PRICE_UNITS,
    SHAPES,
    HubModel,
    PriceOverride,
    ProviderVariables,
    QdrantSettings,
    RemoteSettings,
    Secrets,
    Server,
    Settings,
)

__all__ = [
    "PRICE_UNITS",
    "SHAPES",
    "HubModel",
    "PriceOverride",
    "ProviderVariables",
    "QdrantSettings",
    "RemoteSettings",
    "Secrets",
    "Server",
    "Settings",
    "read_settings",
]
