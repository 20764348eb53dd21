"""Settings as a file gives them."""

from __future__ import annotations

from pathlib import Path

from components.config import Settings
from components.lab import read_settings


def settings_of(folder: Path, toml: str) -> Settings:
    """Write a configuration and read it, with nothing else in the environment."""
    path = folder / "lab.toml"
    path.write_text(toml, encoding="utf-8")
    return read_settings({"RERANK_LAB_CONFIG": str(path)})
