"""Cross-encoders from the model hub, or from a folder, through sentence-transformers."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from components.config import HubModel, Settings
from components.domain import (
    Cancelled,
    Progress,
    RerankError,
    Scores,
    ScoringProgress,
    Spec,
    UnavailableError,
    no_progress,
)
from components.encoders import check_query_length
from components.models.sentence_transformers import load_from_folder
from components.rerankers import Context, Family
from components.rerankers.cross_encoder import ROOM_FOR_DOCUMENT
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
FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
PROBE_SECONDS = 2.0


class HubCrossEncoder:
    """A sequence classifier with one output, loaded by sentence-transformers; raw logits.

    Pairs go through one at a time, so that a score is a function of its pair alone. The document
    is cut at `max_tokens` or at the model's own limit, the query never. `name` stands for the
    model in errors; UnavailableError where the folder holds no cross-encoder.
    """

    def __init__(self, folder: Path, max_tokens: int, name: str) -> None:
        self._name = name
        model = load_from_folder(
            "CrossEncoder",
            folder,
            f"a cross-encoder from {folder}",
            "The folder must hold config.json, the weights and the tokenizer of one.",
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
        values, kept = np.zeros(len(texts), np.float64), []
        for i, text in enumerate(texts):
            values[i], read = self._score_pair(query, text)
            kept.append(read)
            progress(i + 1, len(texts), ((i, float(values[i])),))
        cut = (self._count(text) - read for text, read in zip(texts, kept, strict=True))
        return Scores(values, tokens_read=tuple(kept), tokens_cut=tuple(cut))

    def _count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False, verbose=False).input_ids)

    def _score_pair(self, query: str, text: str) -> tuple[float, int]:
        import torch

        batch = self._tokenizer(
            query,
            text,
            truncation="only_second",
            max_length=self._max_tokens,
            return_tensors="pt",
        )
        with torch.inference_mode():
            logits = self._network(**batch).logits
        if logits.shape[-1] != 1:
            raise RerankError(
                f"{self._name} gives {count(logits.shape[-1], 'output')} a pair; a reranker "
                f"gives one.",
                "Configure a cross-encoder trained for ranking.",
            )
        return float(logits[0, 0]), batch.sequence_ids(0).count(1)


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


def _specs(settings: Settings) -> tuple[Spec, ...]:
    """Return bge-v2-m3 and the cross-encoders that the configuration names."""
    others = tuple(
        Spec(
            key=model.key,
            label=model.key,
            family="cross-encoder",
            summary="A cross-encoder named in the configuration.",
            scale="logit",
            model=model.model or str(model.path),
            source=f"https://huggingface.co/{model.model}" if model.model else "",
            license="as its authors say",
            max_tokens=512,
            runtime="torch",
            languages="as the model's card says",
        )
        for model in settings.hub
        if model.key != BGE_V2_M3.key
    )
    return (BGE_V2_M3, *others)


def _check(spec: Spec, settings: Settings) -> None:
    """Raise UnavailableError unless the model is in a folder or cached, or the hub answers."""
    model = _configured(spec, settings)
    if model.path is not None:
        if not (model.path / "config.json").is_file():
            raise UnavailableError(
                f"The folder {model.path} configured for {spec.key} has no config.json.",
                "Point [[hub]] path at a folder in the hub's layout.",
            )
    elif _cached(model.model) is None and not hub_answers():
        size = f" ({spec.size_mb:,.0f} MB)" if spec.size_mb else ""
        raise UnavailableError(
            f"{model.model} is not on this machine and no model hub answers.",
            f"Connect to the network for the first use{size}, or name a "
            f'folder with the model: [[hub]] key = "{spec.key}", path = "…" in RERANK_LAB_CONFIG.',
        )


def _cached(model: str) -> Path | None:
    """Return the folder of a model in the hub's cache, or None where it is not complete there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, allow_patterns=list(FILES), local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def hub_answers() -> bool:
    """Return whether the hub can be reached; it is asked at most once a minute."""
    if os.environ.get("HF_HUB_OFFLINE", "") in {"1", "true", "True"}:
        return False
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    return _answered_in_minute(endpoint, int(time.monotonic() // 60))


@lru_cache(maxsize=1)
def _answered_in_minute(endpoint: str, minute: int) -> bool:
    try:
        return httpx.head(endpoint, timeout=PROBE_SECONDS).status_code < 500
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _reporting_bar(progress: Progress) -> type[Any]:
    """Return a class of tqdm's that draws nothing and reports the bytes of all its bars.

    The hub fetches files side by side and counts in two bars: what is reported never falls.
    """
    from tqdm.auto import tqdm

    lock, furthest = threading.Lock(), 0

    class Reporting(tqdm):  # type: ignore[misc]
        """Passes the bytes on instead of drawing a bar."""

        monitor_interval = 0  # no thread of tqdm's own

        def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            kwargs.pop("name", None)
            super().__init__(*args, **kwargs | {"disable": False, "mininterval": 0, "miniters": 1})

        def refresh(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            """Report without tqdm's lock: it would stay locked when `progress` raises."""
            nonlocal furthest
            if self.unit == "B" and self.total:
                with lock:
                    furthest = max(furthest, int(self.n))
                    progress(furthest, int(self.total))

        def display(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            """Draw nothing."""

    return Reporting


def _fetch(spec: Spec, settings: Settings, progress: Progress = no_progress) -> None:
    """Download the model unless it is in a configured folder or in the hub's cache.

    `progress` gets bytes. Raises UnavailableError where the download fails.
    """
    model = _configured(spec, settings)
    _check(spec, settings)
    if model.path is not None or _cached(model.model) is not None:
        return
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(
            model.model, allow_patterns=list(FILES), tqdm_class=_reporting_bar(progress)
        )
    except Cancelled:
        raise
    except Exception as exc:  # hub errors, connection errors and disk errors alike
        raise UnavailableError(
            f"{model.model} could not be downloaded: {type(exc).__name__}: {exc}".splitlines()[0],
            "Check the network, or name a folder with the model in RERANK_LAB_CONFIG.",
        ) from exc


def _identity(spec: Spec, settings: Settings) -> str:
    """Return which weights these are: the hub's revision, or a folder's files as they are now."""
    model = _configured(spec, settings)
    folder = model.path or _cached(model.model)
    if folder is None:
        return model.model
    files = sorted(path for path in folder.iterdir() if path.is_file())
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return f"{model.model} {folder.resolve()} {stats} {spec.max_tokens}"


def _load(spec: Spec, context: Context) -> HubCrossEncoder:
    """Return the model, which must have been fetched; its weights are read once."""
    model = _configured(spec, context.settings)
    folder = model.path or _cached(model.model)
    if folder is None:
        raise UnavailableError(f"{model.model} is not on this machine.", "Fetch it first.")
    return _shared(folder, spec.max_tokens, spec.label)


def tokenizer_of(spec: Spec, settings: Settings) -> Path | None:
    """Return the file of a model's tokenizer, or None where there is none on this machine."""
    model = _configured(spec, settings)
    folder = model.path or _cached(model.model)
    file = folder / "tokenizer.json" if folder else None
    return file if file and file.is_file() else None


@lru_cache(maxsize=4)
def _shared(folder: Path, max_tokens: int, name: str) -> HubCrossEncoder:
    return HubCrossEncoder(folder, max_tokens, name)


FAMILY = Family(_specs, _load, _check, _fetch, _identity)
