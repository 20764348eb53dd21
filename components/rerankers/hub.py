"""Rerankers from the model hub, or from a folder, through sentence-transformers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from components.config import HubModel, Settings
from components.domain import (
    Progress,
    Reranker,
    RerankError,
    Scores,
    ScoringProgress,
    Spec,
    no_progress,
)
from components.encoders import check_query_length
from components.models.devices import Device, batches, device_for, words_for
from components.models.hub import HubSource, read_json
from components.models.sentence_transformers import load_from_folder
from components.rerankers import Context, Family
from components.rerankers.causal import CausalReranker
from components.rerankers.cross_encoder import ROOM_FOR_DOCUMENT
from components.rerankers.multi_vector import MultiVectorReranker
from components.wording import count

BGE_V2_M3 = Spec(
    key="bge-v2-m3",
    label="bge-v2-m3",
    family="cross-encoder",
    summary="A large multilingual cross-encoder: slower and stronger than minilm-l12.",
    scale="logit",
    model="BAAI/bge-reranker-v2-m3",
    revision="main",
    source="https://huggingface.co/BAAI/bge-reranker-v2-m3",
    authors="Beijing Academy of Artificial Intelligence (BAAI)",
    license="Apache-2.0",
    size_mb=2270.0,
    max_tokens=1024,
    runtime="torch",
    languages="more than 100",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What the catalog says of a kind of models, and the tokens of query and text it reads."""

    family: str
    summary: str
    scale: str
    max_tokens: int


class HubCrossEncoder:
    """A sequence classifier with one output, loaded by sentence-transformers; raw logits.

    On the CPU pairs go through one at a time, so that a score is a function of its pair alone; an
    accelerator takes several of like length. The document is cut at `max_tokens` or at the model's
    own limit, the query never. `name` stands for the model in errors; UnavailableError where the
    folder holds no cross-encoder.
    """

    def __init__(self, folder: Path, max_tokens: int, name: str, device: Device) -> None:
        self._name, self._device = name, device
        model = load_from_folder(
            "CrossEncoder",
            folder,
            f"a cross-encoder from {folder}",
            "The folder must hold config.json, the weights and the tokenizer of one.",
            device,
        )
        self._tokenizer, self._network = model.tokenizer, model.model
        longest = min(token_positions(self._network), int(self._tokenizer.model_max_length))
        self._max_tokens = min(max_tokens, longest)

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        """Return one logit for each text."""
        room = self._tokenizer.num_special_tokens_to_add(pair=True) + ROOM_FOR_DOCUMENT
        limit = self._max_tokens - min(room, self._max_tokens // 2)
        check_query_length(self._count(query), limit, self._name)
        tokens = [self._count(text) for text in texts]
        values, read = np.zeros(len(texts), np.float64), np.zeros(len(texts), np.int64)
        done = 0
        for batch in batches(tokens, self._device):
            logits, kept = self._score_pairs(query, [texts[i] for i in batch])
            values[batch], read[batch] = logits, kept
            done += len(batch)
            progress(done, len(texts), [(i, float(values[i])) for i in batch])
        cut = (n - int(r) for n, r in zip(tokens, read, strict=True))
        return Scores(values, tokens_read=tuple(map(int, read)), tokens_cut=tuple(cut))

    def _count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False, verbose=False).input_ids)

    def _score_pairs(self, query: str, texts: Sequence[str]) -> tuple[list[float], list[int]]:
        """Return a logit for each text, and how many of its tokens were read."""
        import torch

        # an empty text alone is no second part, and one of several would be
        if len(texts) > 1 and not all(texts):
            parts = [self._score_pairs(query, [text]) for text in texts]
            return [logits[0] for logits, _ in parts], [read[0] for _, read in parts]
        pair = (query, texts[0]) if len(texts) == 1 else ([query] * len(texts), list(texts))
        batch = self._tokenizer(
            *pair,
            truncation="only_second",
            max_length=self._max_tokens,
            padding=len(texts) > 1,
            return_tensors="pt",
        )
        with torch.inference_mode():
            logits = self._network(**batch.to(self._device.name)).logits.float().cpu()
        if logits.shape[-1] != 1:
            raise RerankError(
                f"{self._name} gives {count(logits.shape[-1], 'output')} a pair; a reranker "
                f"gives one.",
                "Configure a cross-encoder trained for ranking.",
            )
        return logits[:, 0].tolist(), [batch.sequence_ids(i).count(1) for i in range(len(texts))]


def token_positions(network: Any) -> int:  # noqa: ANN401
    """Return how many tokens a network has positions for.

    RoBERTa and its relatives count positions from `padding_idx` + 1: 514 embeddings are 512
    positions.
    """
    modules = dict(network.named_modules()).items()
    table = next((m for name, m in modules if name.endswith("position_embeddings")), None)
    padding = getattr(table, "padding_idx", None)
    unused = 0 if padding is None else int(padding) + 1
    return int(getattr(network.config, "max_position_embeddings", sys.maxsize)) - unused


# ---------------------------------------------------------------- where the model is


def _configured(spec: Spec, settings: Settings) -> HubModel:
    configured = next((m for m in settings.hub if m.key == spec.key), None)
    return configured or HubModel(spec.key, spec.model)


KINDS: Mapping[str, Kind] = {
    "": Kind("cross-encoder", "A cross-encoder named in the configuration.", "logit", 512),
    "causal": Kind(
        "cross-encoder",
        "A causal language model named in the configuration: the logit of one token is its score.",
        "logit",
        2048,
    ),
    "multi-vector": Kind(
        "late interaction",
        "A trained late-interaction model named in the configuration: each query token looks for "
        "its best document token, and the similarities are summed (MaxSim).",
        "MaxSim",
        512,
    ),
}
"""The kinds of models that a [[hub]] table may name, by what their files say of them."""


def kind_of(folder: Path | None) -> str:
    """Return the key in KINDS of the model in a folder; a cross-encoder where nothing is known."""
    if folder is None:
        return ""
    own = read_json(folder / "config_sentence_transformers.json").get("model_type")
    if own == "MultiVectorEncoder" or (folder / "artifact.metadata").is_file():
        return "multi-vector"
    architectures = read_json(folder / "config.json").get("architectures") or [""]
    return "causal" if str(architectures[0]).endswith("ForCausalLM") else ""


def _specs(settings: Settings) -> tuple[Spec, ...]:
    """Return bge-v2-m3 and the models that the configuration names."""
    device = words_for(settings.models)
    others = []
    for model in settings.hub:
        if model.key == BGE_V2_M3.key:
            continue
        source = HubSource(model.model, model.path, model.key)
        kind = KINDS[kind_of(source.lately)]
        others.append(
            Spec(
                key=model.key,
                label=model.key,
                family=kind.family,
                summary=kind.summary,
                scale=kind.scale,
                model=model.model or str(model.path),
                source=f"https://huggingface.co/{model.model}" if model.model else "",
                license="as its authors say",
                max_tokens=kind.max_tokens,
                runtime="torch",
                languages="as the model's card says",
                device=device,
            )
        )
    return (replace(BGE_V2_M3, device=device), *others)


def _source(spec: Spec, settings: Settings) -> HubSource:
    model = _configured(spec, settings)
    size = f"{spec.size_mb:,.0f} MB" if spec.size_mb else ""
    return HubSource(model.model, model.path, spec.key, size=size)


def _check(spec: Spec, settings: Settings) -> None:
    """Raise UnavailableError unless the model is in a folder or cached, or the hub answers."""
    device_for(settings.models)
    _source(spec, settings).check()


def _fetch(spec: Spec, settings: Settings, progress: Progress = no_progress) -> None:
    """Download the model unless it is in a configured folder or in the hub's cache."""
    _source(spec, settings).fetch(progress)


def _identity(spec: Spec, settings: Settings) -> str:
    """Return which weights these are, and what they run on."""
    device = device_for(settings.models)
    return f"{_source(spec, settings).identity()} {spec.max_tokens} {device}"


def _load(spec: Spec, context: Context) -> Reranker:
    """Return the model, which must have been fetched; its weights are read once."""
    folder = _source(spec, context.settings).local()
    return _shared(folder, spec.max_tokens, spec.label, device_for(context.settings.models))


def tokenizer_of(spec: Spec, settings: Settings) -> tuple[Path | None, int]:
    """Return the file of a model's tokenizer, None where it is not here, and its tokens at most."""
    folder, limit = _source(spec, settings).folder, spec.max_tokens
    file = folder / "tokenizer.json" if folder else None
    if folder is None or file is None or not file.is_file():
        return None, limit
    with suppress(OSError, ValueError, TypeError):  # it may be absent, or not say it
        told = json.loads((folder / "tokenizer_config.json").read_bytes())
        limit = min(limit, int(told["model_max_length"])) if "model_max_length" in told else limit
    return file, limit


@lru_cache(maxsize=4)
def _shared(folder: Path, max_tokens: int, name: str, device: Device) -> Reranker:
    kind = kind_of(folder)
    if kind == "causal":
        return CausalReranker(folder, max_tokens, name, device)
    if kind == "multi-vector":
        return MultiVectorReranker(folder, max_tokens, name, device)
    return HubCrossEncoder(folder, max_tokens, name, device)


FAMILY = Family(_specs, _load, _check, _fetch, _identity)
