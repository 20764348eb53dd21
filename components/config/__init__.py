"""Settings from the environment and one TOML file."""

from components.config.collections import TOKENIZERS, CollectionSettings
from components.config.encoders import (
    ENCODER_SHAPES,
    HostedModel,
    HybridSettings,
    ModelSettings,
    OwnEncoder,
)
from components.config.fields import PRICE_UNITS, SHAPES
from components.config.llm import LlmServer
from components.config.reading import read_settings
from components.config.settings import (
    EXACT_LIMIT,
    Budget,
    HubModel,
    LibrarySettings,
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
    "TOKENIZERS",
    "Budget",
    "CollectionSettings",
    "HostedModel",
    "HubModel",
    "HybridSettings",
    "LibrarySettings",
    "LlmServer",
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
