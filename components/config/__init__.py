"""Settings from the environment and one TOML file."""

from components.config.reading import KEY_VARIABLES, PROVIDERS, URL_VARIABLES, read_settings
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
    "KEY_VARIABLES",
    "PRICE_UNITS",
    "PROVIDERS",
    "SHAPES",
    "URL_VARIABLES",
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
