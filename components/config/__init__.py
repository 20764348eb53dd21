"""Settings from the environment and one TOML file."""

from components.config.encoders import ENCODER_SHAPES, HostedModel, HybridSettings, OwnEncoder
from components.config.fields import PRICE_UNITS, SHAPES
from components.config.reading import read_settings
from components.config.settings import (
    EXACT_LIMIT,
    Budget,
    HubModel,
    ModelSettings,
    PassageSettings,
    PriceOverride,
    ProviderVariables,
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

__all__ = [
    "ENCODER_SHAPES",
    "EXACT_LIMIT",
    "PRICE_UNITS",
    "SHAPES",
    "Budget",
    "HostedModel",
    "HubModel",
    "HybridSettings",
    "ModelSettings",
    "OwnEncoder",
    "PassageSettings",
    "PriceOverride",
    "ProviderVariables",
    "QdrantSettings",
    "RemoteSettings",
    "Secrets",
    "Server",
    "Settings",
    "SharingSettings",
    "SignInSettings",
    "SpendingSettings",
    "TokenSettings",
    "read_settings",
]
