"""Settings from the environment and one TOML file."""

from components.config.settings import (
    KEY_VARIABLES,
    PRICE_UNITS,
    SHAPES,
    TABLES,
    URL_VARIABLES,
    HubModel,
    PriceOverride,
    QdrantSettings,
    RemoteSettings,
    Secrets,
    Server,
    Settings,
    read_settings,
)

__all__ = [
    "KEY_VARIABLES",
    "PRICE_UNITS",
    "SHAPES",
    "TABLES",
    "URL_VARIABLES",
    "HubModel",
    "PriceOverride",
    "QdrantSettings",
    "RemoteSettings",
    "Secrets",
    "Server",
    "Settings",
    "read_settings",
]
