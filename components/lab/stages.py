"""Which first stages exist: those of the project's files, of every encoder, and fusions of two."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Mapping
from functools import cache
from typing import TypeVar

from components import discovery, encoders
from components.config import Settings
from components.domain import InputError
from components.encoders import EncoderEntry, EncoderFamily, hosted
from components.models.bm25 import BM25
from components.retrieval import first_stages as stages
from components.retrieval.first_stages import FirstStage
from components.retrieval.first_stages.dense import dense_stage
from components.retrieval.first_stages.hybrid import PREFIX, fusion
from components.retrieval.first_stages.sparse import sparse_stage

T = TypeVar("T")
DEFAULT_FIRST_STAGE = "bge-small"
LATELY_S = 1.0
_lately: dict[Hashable, tuple[float, Mapping[str, FirstStage]]] = {}
_FIRST_STAGES = ("bge-small", "minilm-l6", "bm25", "hybrid")


def require(key: str, entries: Mapping[str, T], what: str) -> T:
    """Return the entry with a key, or raise InputError that lists the keys there are."""
    if key not in entries:
        raise InputError(f"There is no {what} {key!r}.", f"Choose one of: {', '.join(entries)}.")
    return entries[key]


def ordered(
    entries: Mapping[str, T], first: tuple[str, ...], last: tuple[str, ...]
) -> dict[str, T]:
    """Return entries by key: the first ones, others by name, the last ones."""
    others = sorted(set(entries) - {*first, *last})
    return {key: entries[key] for key in (*first, *others, *last) if key in entries}


@cache
def offered_first_stages() -> tuple[FirstStage, ...]:
    """Return the first stages that no setting and no encoder makes."""
    return tuple(discovery.offered(stages, "FIRST_STAGES", FirstStage))


@cache
def encoder_families() -> tuple[EncoderFamily, ...]:
    """Return the families of encoders."""
    return tuple(
        family
        for package in (encoders, hosted)
        for family in discovery.offered(package, "FAMILY", EncoderFamily)
    )


def first_stages(settings: Settings) -> Mapping[str, FirstStage]:
    """Return the first stages by key, the default first, as they were at most a second ago.

    Of the fusions of two, those of configured encoders with BM25 or the default are among them.
    Which model is in a folder is looked up on the disk, and every query asks several times.
    """
    addresses = tuple(sorted(settings.addresses.items()))  # settings are equal without them
    key = (settings, addresses, offered_first_stages(), encoder_families())
    moment, by_key = _lately.get(key, (-math.inf, {}))
    if time.monotonic() - moment > LATELY_S:
        by_key = _first_stages(settings)
        _lately.clear()
        _lately[key] = time.monotonic(), by_key
    return by_key


def look_again() -> None:
    """Forget which first stages there were: a model has come to this machine."""
    _lately.clear()


def _first_stages(settings: Settings) -> Mapping[str, FirstStage]:
    entries = (entry for family in encoder_families() for entry in family.entries(settings))
    single = (*offered_first_stages(), *map(_stage, entries))
    by_key = {stage.key: stage for stage in single}
    for encoder in settings.encoders:
        sparse = encoder.kind == "sparse"
        pair = (DEFAULT_FIRST_STAGE, encoder.key) if sparse else (encoder.key, BM25.key)
        stage = _fusion("+".join(pair), by_key, settings)
        by_key[stage.key] = stage
    hosted_keys = sorted(key for key, stage in by_key.items() if stage.spec.hosted)
    return ordered(by_key, _FIRST_STAGES, tuple(hosted_keys))


def _stage(entry: EncoderEntry) -> FirstStage:
    return sparse_stage(entry) if entry.sparse else dense_stage(entry)


def _fusion(pair: str, by_key: Mapping[str, FirstStage], settings: Settings) -> FirstStage:
    """Return the fusion of two first stages, `A+B`; InputError where there is none."""
    parts = pair.split("+")
    if len(parts) != 2:
        raise InputError(
            f"{PREFIX}{pair} does not name two first stages.",
            f"For example: {PREFIX}{DEFAULT_FIRST_STAGE}+{BM25.key}.",
        )
    dense, sparse = (require(key, by_key, "first stage") for key in parts)
    return fusion(dense, sparse, (settings.hybrid.dense, settings.hybrid.sparse))


def first_stage(key: str, settings: Settings) -> FirstStage:
    """Return a first stage, or a fusion of two; InputError where there is none with this key."""
    by_key = first_stages(settings)
    if key not in by_key and key.startswith(PREFIX):
        return _fusion(key.removeprefix(PREFIX), by_key, settings)
    return require(key, by_key, "first stage")
