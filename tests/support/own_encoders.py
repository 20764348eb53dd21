"""Labs whose configuration names encoders, and corpora for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from components.domain import Corpus, Document, Query
from components.lab import Lab, catalog, read_settings
from components.retrieval.first_stages import FirstStage
from tests.support.servers.provider_server import KEY, Provider


def table(name: str, **fields: object) -> str:
    """Return an [[encoder]] table."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"name": name, **fields}.items()]
    return "\n".join(["[[encoder]]", *lines, ""])


def lab_with(
    folder: Path,
    *tables: str,
    provider: Provider | None = None,
    environment: Mapping[str, str] | None = None,
) -> Lab:
    """Return a lab with these tables, whose providers are a loopback server."""
    config = folder / "encoders.toml"
    config.write_text("\n".join(tables))
    variables = provider.environment() if provider else {}
    variables |= {"RERANK_LAB_CONFIG": str(config), "SERVER_KEY": KEY}
    variables |= {"RERANK_LAB_CACHE": str(folder), "RERANK_LAB_DATA": str(folder / "data")}
    return Lab(read_settings(variables | dict(environment or {})))


def stage_of(lab: Lab, key: str) -> FirstStage:
    """Return a first stage of a lab."""
    return catalog.first_stage(key, lab.settings)


def numbered(documents: int, words: int = 6) -> Corpus:
    """Return a corpus of documents of words of their own, ten of which differ in length."""
    texts = [" ".join(f"w{i}x{j}" for j in range(words + i % 10)) for i in range(documents)]
    return Corpus(
        f"numbered-{documents}",
        tuple(Document(str(i), "", text) for i, text in enumerate(texts)),
        (Query("q", texts[0]),),
        fingerprint=f"{documents}-{words}".ljust(64, "0"),
    )
