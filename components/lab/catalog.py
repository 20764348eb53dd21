"""Which models exist, whether each can run here, and why not. Loads each at most once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType
from typing import Literal

from components import discovery, rerankers
from components.config import Settings
from components.domain import (
    Encoder,
    InputError,
    Progress,
    Reranker,
    Spec,
    UnavailableError,
    no_progress,
)
from components.encoders import ENCODERS
from components.models.bm25 import BM25
from components.rerankers import Context, hosted

Stage = Literal["first stage", "reranker"]

HYBRID = Spec(
    key="hybrid",
    label="hybrid",
    family="fusion",
    summary="bge-small and BM25 searched at once in Qdrant and joined by reciprocal rank fusion.",
    scale="RRF",
    model="bge-small and BM25, fused in Qdrant (k = 60)",
    revision="1",
    source="https://doi.org/10.1145/1571941.1572114",
    authors="Beijing Academy of Artificial Intelligence (BAAI); Robertson and Zaragoza (2009)",
    license="MIT and Apache-2.0",
)
DEFAULT_FIRST_STAGE = "bge-small"
DEFAULT_RERANKER = "minilm-l12"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalog: a model in one role, and whether it can run here."""

    spec: Spec
    stage: Stage
    available: bool
    reason: str = ""
    remedy: str = ""


@cache
def _modules() -> tuple[ModuleType, ...]:
    found = [*discovery.modules(rerankers), *discovery.modules(hosted)]
    return tuple(module for module in found if hasattr(module, "specs"))


def first_stages() -> dict[str, Spec]:
    """Return the first stages by key, the default first."""
    dense = {key: entry.spec for key, entry in ENCODERS.items()}
    return dense | {"bm25": BM25, "hybrid": HYBRID}


# The order in which people should meet the rerankers; others follow by name, the anti-pattern last.
_ORDER = ("minilm-l12", "late-minilm", "bm25", "rrf", "cohere", "voyage", "jina", "bge-v2-m3")
_LAST = ("biencoder-minilm",)
PLAIN = "@plain"
"""Ends the name of a reranker that is run without the instruction, beside the one that gets it."""


def reranker_specs(settings: Settings) -> dict[str, Spec]:
    """Return the rerankers by key, the default first."""
    found: dict[str, Spec] = {}
    for spec in (s for module in _modules() for s in module.specs(settings)):
        if spec.key in found:
            raise InputError(
                f"Two rerankers have the key {spec.key!r}.", "Give the configured one another key."
            )
        found[spec.key] = spec
    others = sorted(set(found) - {*_ORDER, *_LAST})
    return {key: found[key] for key in (*_ORDER, *others, *_LAST) if key in found}


def base(system: str) -> str:
    """Return the reranker's key in a system's name: `voyage@plain` is `voyage`."""
    return system.removesuffix(PLAIN)


def reranker_spec(system: str, settings: Settings) -> Spec:
    """Return the spec of a system; InputError where its reranker does not exist."""
    spec = require(base(system), reranker_specs(settings), "reranker")
    if system == spec.key:
        return spec
    return replace(spec, key=system, label=f"{spec.label}, no instruction", instructions=False)


def entries(settings: Settings) -> tuple[Entry, ...]:
    """Return every first stage and reranker, each with its availability."""
    firsts = [_entry(s, "first stage", check_first_stage, s.key) for s in first_stages().values()]
    seconds = [
        _entry(s, "reranker", check_reranker, s.key, settings)
        for s in reranker_specs(settings).values()
    ]
    return (*firsts, *seconds)


def _entry(spec: Spec, stage: Stage, check: Callable[..., None], *args: object) -> Entry:
    try:
        check(*args)
    except UnavailableError as exc:
        return Entry(spec, stage, available=False, reason=exc.reason, remedy=exc.remedy)
    return Entry(spec, stage, available=True)


def check_first_stage(key: str) -> None:
    """Raise UnavailableError unless the first stage's encoder can run here."""
    encoder = encoder_of(key)
    for file in ENCODERS[encoder].files if encoder else ():
        file.locate()


def check_reranker(key: str, settings: Settings) -> None:
    """Raise UnavailableError unless the reranker can run here."""
    spec, module = _find(key, settings)
    getattr(module, "check", _nothing)(spec, settings)


def identity(system: str, settings: Settings, instruction: str = "") -> str:
    """Return what a reranker's scores depend on besides query and texts, as one line.

    Where its file does not say, that is the model and its revision.
    """
    key = base(system)
    spec, module = _find(key, settings)
    own = getattr(module, "identity", _model_and_revision)(spec, settings)
    return "\n".join((key, own, instruction))


def _model_and_revision(spec: Spec, settings: Settings) -> str:
    return f"{spec.model} {spec.revision} {spec.max_tokens} {settings.addresses.get(spec.provider)}"


def encoder_of(first_stage: str) -> str | None:
    """Return the key of the bi-encoder that a first stage needs, if it needs one."""
    return {"hybrid": DEFAULT_FIRST_STAGE, "bm25": None}.get(first_stage, first_stage)


def require(key: str, known: Mapping[str, Spec], what: str) -> Spec:
    """Return the spec of a key, or raise InputError that lists the known ones."""
    if key not in known:
        raise InputError(f"There is no {what} {key!r}.", f"Choose one of: {', '.join(known)}.")
    return known[key]


def _find(key: str, settings: Settings) -> tuple[Spec, ModuleType]:
    spec = require(key, reranker_specs(settings), "reranker")
    return spec, next(m for m in _modules() if spec in m.specs(settings))


def _nothing(*args: object) -> None:
    """Stand in for an optional function that a reranker's file does not have."""


# ---------------------------------------------------------------- loading

_lock = threading.RLock()
_encoders: dict[str, Encoder] = {}
_warm: set[tuple[str, Settings]] = set()


def load_encoder(key: str) -> tuple[Encoder, float]:
    """Return a warm bi-encoder and the milliseconds it took to warm it (0 when it was warm)."""
    with _lock:
        if key in _encoders:
            return _encoders[key], 0.0
        begun = time.perf_counter()
        encoder = ENCODERS[key].build()
        encoder.encode_query("warm up")
        _encoders[key] = encoder
        return encoder, (time.perf_counter() - begun) * 1000


def warm_reranker(key: str, settings: Settings) -> None:
    """Load a local reranker and let it score one pair; a provider's call may cost money."""
    spec, module = _find(key, settings)
    with _lock:
        if spec.local and (key, settings) not in _warm:
            module.load(spec, Context(settings)).score("warm up", ["warm up"])
            _warm.add((key, settings))


def load_reranker(key: str, context: Context) -> Reranker:
    """Return a reranker bound to what the context offers."""
    spec, module = _find(key, context.settings)
    reranker: Reranker = module.load(spec, context)
    return reranker


def fetch_reranker(key: str, settings: Settings, progress: Progress = no_progress) -> None:
    """Bring a reranker's model to this machine, where that is still to be done."""
    spec, module = _find(key, settings)
    getattr(module, "fetch", _nothing)(spec, settings, progress)
