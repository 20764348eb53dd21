"""Which first stages and rerankers exist, whether each can run here, and why not.

Everything is found in the files of `retrieval.first_stages`, `rerankers` and `rerankers.hosted`;
each model is loaded at most once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Literal, TypeVar

from components import discovery, rerankers
from components.config import ProviderVariables, Settings
from components.domain import (
    Billed,
    Encoder,
    InputError,
    Progress,
    Reranker,
    Spec,
    UnavailableError,
    no_progress,
)
from components.encoders import EncoderContext, EncoderEntry, SparseEncoder
from components.lab.stages import DEFAULT_FIRST_STAGE as DEFAULT_FIRST_STAGE
from components.lab.stages import encoder_families as encoder_families
from components.lab.stages import first_stage as first_stage
from components.lab.stages import first_stages as first_stages
from components.lab.stages import offered_first_stages as offered_first_stages
from components.lab.stages import ordered
from components.lab.stages import require as require
from components.rerankers import Context, Family, estimate_pass, hosted

T = TypeVar("T")
Stage = Literal["first stage", "reranker"]
DEFAULT_RERANKER = "minilm-l12"
DEFAULT_RERANKERS = (DEFAULT_RERANKER, "late-bge", "bm25")
"""The rerankers with which a visitor begins, and which are measured on request."""
BY_REPUTATION = ("cohere", "voyage", "jina", "bge-v2-m3", "minilm-l12", "late-bge", "bm25")
"""Providers, and models without one, by reputation on public collections, the strongest first.

It is a place to begin: it was not measured here.
"""
RENAMED: Mapping[str, str] = {"late-minilm": "late-bge"}
"""Former keys of rerankers, which links and commands may name, with those that took their place.

What was recorded or saved under a former key keeps it.
"""
WITHOUT_INSTRUCTION = "@plain"
"""Ends the name of a reranker that is run without the instruction, beside the one that gets it."""

# The order in which people should meet the systems; others follow by name, the anti-pattern last.
_RERANKERS = ("minilm-l12", "late-bge", "bm25", "rrf", "cohere", "voyage", "jina", "bge-v2-m3")
_LAST = ("biencoder-minilm",)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalog: a model in one role, and whether it can run here."""

    spec: Spec
    stage: Stage
    available: bool
    reason: str = ""
    remedy: str = ""


# ---------------------------------------------------------------- rerankers


@cache
def families() -> tuple[Family, ...]:
    """Return the families of rerankers."""
    return tuple(
        family
        for package in (rerankers, hosted)
        for family in discovery.offered(package, "FAMILY", Family)
    )


def provider_variables() -> tuple[ProviderVariables, ...]:
    """Return which environment variables hold each provider's key and address."""
    providers = (family.provider for family in families() if family.provider)
    return tuple(ProviderVariables(p.key, p.key_variable, p.address_variable) for p in providers)


def provider_labels() -> dict[str, str]:
    """Return the providers' names by key."""
    return {f.provider.key: f.provider.label for f in families() if f.provider}


def reranker_specs(settings: Settings) -> dict[str, Spec]:
    """Return the rerankers by key, the default first."""
    specs: dict[str, Spec] = {}
    for spec in (spec for family in families() for spec in family.specs(settings)):
        if spec.key in specs:
            raise InputError(
                f"Two rerankers have the key {spec.key!r}.", "Give the configured one another key."
            )
        specs[spec.key] = spec
    return ordered(specs, _RERANKERS, _LAST)


def about_renamed(key: str) -> str:
    """Return in a sentence what took the place of a former key."""
    return f"{key} is now {RENAMED[key]}, which takes its place."


def base(system: str) -> str:
    """Return the reranker's key in a system's name: `voyage@plain` is `voyage`."""
    return system.removesuffix(WITHOUT_INSTRUCTION)


def with_variants(rerankers: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """Return rerankers, each that follows an instruction beside itself without the instruction."""
    specs = reranker_specs(settings)
    pairs = (
        (key, key + WITHOUT_INSTRUCTION) if specs[key].instructions else (key,) for key in rerankers
    )
    return tuple(key for pair in pairs for key in pair)


def reranker_spec(system: str, settings: Settings) -> Spec:
    """Return the spec of a system; InputError where its reranker does not exist."""
    spec = require(base(system), reranker_specs(settings), "reranker")
    if system == spec.key:
        return spec
    return replace(spec, key=system, label=f"{spec.label}, no instruction", instructions=False)


def _family(key: str, settings: Settings) -> tuple[Spec, Family]:
    spec = require(key, reranker_specs(settings), "reranker")
    return spec, next(family for family in families() if spec in family.specs(settings))


def identity(system: str, settings: Settings, instruction: str = "") -> str:
    """Return what a reranker's scores depend on besides query and texts, as lines of text."""
    spec, family = _family(base(system), settings)
    return "\n".join((spec.key, family.identity(spec, settings), instruction))


def estimate(
    spec: Spec, settings: Settings, query_tokens: float, tokens: Sequence[float]
) -> Billed:
    """Return what a reranker is billed for one query and texts of so many tokens, about."""
    key = base(spec.key)
    offered = (f for f in families() if any(other.key == key for other in f.specs(settings)))
    family = next(offered, None)
    bill = family.estimate if family else estimate_pass
    return bill(spec, settings, query_tokens, tokens)


def check_reranker(key: str, settings: Settings) -> None:
    """Raise UnavailableError unless the reranker can run here."""
    spec, family = _family(key, settings)
    family.check(spec, settings)


def entries(settings: Settings) -> tuple[Entry, ...]:
    """Return every first stage and reranker, each with its availability."""
    firsts = [
        _entry(stage.spec, "first stage", partial(stage.check, settings))
        for stage in first_stages(settings).values()
    ]
    seconds = [
        _entry(spec, "reranker", partial(check_reranker, spec.key, settings))
        for spec in reranker_specs(settings).values()
    ]
    return (*firsts, *seconds)


def _entry(spec: Spec, stage: Stage, check: Callable[[], None]) -> Entry:
    try:
        check()
    except UnavailableError as exc:
        return Entry(spec, stage, available=False, reason=exc.reason, remedy=exc.remedy)
    return Entry(spec, stage, available=True)


# ---------------------------------------------------------------- loading

_lock = threading.RLock()
_encoders: dict[tuple[str, str], Encoder | SparseEncoder] = {}
_warm: set[tuple[str, Settings]] = set()


def load_encoder(entry: EncoderEntry, context: EncoderContext | None = None) -> tuple[Any, float]:
    """Return an encoder and the milliseconds it took to load and warm it (0 when it was warm).

    One behind the network is made anew for each caller, whose key it uses, and not warmed: a call
    may cost money.
    """
    key = (entry.spec.key, entry.spec.revision)
    with _lock:
        if key in _encoders:
            return _encoders[key], 0.0
        begun = time.perf_counter()
        encoder = entry.load(context or EncoderContext(Settings()))
        if entry.spec.local:
            encoder.encode_query("warm up")
            _encoders[key] = encoder
        return encoder, (time.perf_counter() - begun) * 1000


def warm_reranker(key: str, settings: Settings) -> None:
    """Load a local reranker and let it score one pair; a provider's call may cost money."""
    spec, family = _family(key, settings)
    with _lock:
        if spec.local and (key, settings) not in _warm:
            family.load(spec, Context(settings)).score("warm up", ["warm up"])
            _warm.add((key, settings))


def load_reranker(key: str, context: Context) -> Reranker:
    """Return a reranker bound to what the context offers."""
    spec, family = _family(key, context.settings)
    return family.load(spec, context)


def fetch_reranker(key: str, settings: Settings, progress: Progress = no_progress) -> None:
    """Bring a reranker's model to this machine, where that is still to be done."""
    spec, family = _family(key, settings)
    family.fetch(spec, settings, progress)
