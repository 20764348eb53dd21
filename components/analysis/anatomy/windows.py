"""What the local models read of a text: their windows, and the tokenizers that count."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer

from components.config import Settings
from components.domain import Spec
from components.encoders import BGE_SMALL, MINILM_L6, BgeEncoder
from components.models.files import BGE_TOKENIZER, MINILM_TOKENIZER
from components.models.tokens import load_tokenizer
from components.rerankers import hub
from components.rerankers.bi_encoder import BIENCODER_MINILM
from components.rerankers.cross_encoder import MINILM_L12, ROOM_FOR_DOCUMENT, TOKENIZER
from components.rerankers.late_interaction import LATE_BGE


@dataclass(frozen=True, slots=True)
class TokenizerFile:
    """A tokenizer on disk, under the name of the first model that has it."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Window:
    """How many tokens some models read, beside special ones: `room` for a text.

    With `pair` the query stands in the same window. A query is never cut: one of more tokens than
    `longest` says, a number for each of the `systems`, is refused.
    """

    systems: tuple[str, ...]
    tokenizer: TokenizerFile
    room: int
    pair: bool
    longest: tuple[int, ...]


def windows(settings: Settings) -> tuple[tuple[Window, ...], tuple[str, ...]]:
    """Return the windows of the local models, and the models whose tokenizer is not here.

    Models that read alike share a window; tokenizers that cut alike are one.
    """
    files: dict[str, TokenizerFile] = {}
    alike: dict[tuple[TokenizerFile, int, bool], list[tuple[str, int]]] = {}
    absent = []
    for model in _models(settings):
        if model.tokenizer is None:
            absent.append(model.spec.key)
            continue
        tokenizer, identity = _read(model.tokenizer)
        file = files.setdefault(identity, TokenizerFile(model.spec.key, model.tokenizer))
        limit = model.limit or model.spec.max_tokens
        room = limit - tokenizer.num_special_tokens_to_add(model.pair)
        before = len(tokenizer.encode(model.prefix, add_special_tokens=False).ids)
        longest = room - (min(ROOM_FOR_DOCUMENT, limit // 2) if model.pair else before)
        alike.setdefault((file, room, model.pair), []).append((model.spec.key, longest))
    return tuple(
        Window(tuple(key for key, _ in models), *kind, tuple(longest for _, longest in models))
        for kind, models in alike.items()
    ), tuple(absent)


@dataclass(frozen=True, slots=True)
class _Model:
    """A local model: its tokenizer's file, whether it reads pairs, what precedes a query.

    Its window is its spec's, unless it has another `limit`.
    """

    spec: Spec
    tokenizer: Path | None
    pair: bool = False
    prefix: str = ""
    limit: int = 0


def _models(settings: Settings) -> list[_Model]:
    """Return the models that come with the lab, and the cross-encoders of the model hub."""
    bge, minilm, cross = BGE_TOKENIZER.verify(), MINILM_TOKENIZER.verify(), TOKENIZER.verify()
    others = [(spec, *hub.tokenizer_of(spec, settings)) for spec in hub.FAMILY.specs(settings)]
    return [
        _Model(MINILM_L6, minilm),
        _Model(BIENCODER_MINILM, minilm),
        _Model(MINILM_L12, cross, pair=True),
        _Model(BGE_SMALL, bge, prefix=BgeEncoder.prefix),
        _Model(LATE_BGE, bge),
        *(_Model(spec, file, pair=True, limit=limit) for spec, file, limit in others),
    ]


@lru_cache(maxsize=8)
def _read(path: Path) -> tuple[Tokenizer, str]:
    """Return a tokenizer, and a digest of what decides how it cuts a text."""
    tokenizer = load_tokenizer(path)
    parts = json.loads(tokenizer.to_str())
    parts.pop("post_processor", None)  # it adds the special tokens
    return tokenizer, hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def tokens_of(tokenizer: TokenizerFile, texts: Sequence[str]) -> list[int]:
    """Return how many tokens each text has, without special ones."""
    batch, _ = _read(tokenizer.path)
    encoded = batch.encode_batch_fast(list(texts), add_special_tokens=False)
    return [len(encoding.ids) for encoding in encoded]
