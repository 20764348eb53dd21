"""The settings of this process, with the variables of every provider that there is."""

from __future__ import annotations

from collections.abc import Mapping

from components import config
from components.config import Settings
from components.lab import catalog


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from an environment (the process's own by default) and its TOML file.

    Raises InputError, which names the file and the table that is wrong.
    """
    return config.read_settings(environ, catalog.provider_variables())
