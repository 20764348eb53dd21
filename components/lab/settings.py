"""The settings of this process, with the variables of every provider that there is."""

from __future__ import annotations

from collections.abc import Mapping

from components import config
from components.config import Settings
from components.corpora import sample_names
from components.domain import InputError
from components.lab import catalog


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from an environment (the process's own by default) and its TOML file.

    Raises InputError, which names the file and the table that is wrong.
    """
    settings = config.read_settings(environ, catalog.provider_variables())
    for own in settings.collections:
        if own.name in sample_names():
            raise InputError(
                f"[[collection]] {own.name} has the name of a sample.", "Give it another name."
            )
    return settings
