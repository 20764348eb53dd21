"""Trained late interaction (ColBERT's kin) from a folder or the hub: MaxSim over token vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.domain import Scores, ScoringProgress, no_progress
from components.encoders import check_query_length
from components.models.devices import Device, batches
from components.models.sentence_transformers import load_from_folder


class MultiVectorReranker:
    """A MultiVectorEncoder of sentence-transformers with its own prompts, lengths and similarity.

    A document is cut at the model's limit, the query never. `name` stands for the model in errors.
    """

    def __init__(self, folder: Path, max_tokens: int, name: str, device: Device) -> None:
        self._name, self._device = name, device
        self._model = load_from_folder(
            "MultiVectorEncoder",
            folder,
            f"a late-interaction model from {folder}",
            "The folder must hold a MultiVectorEncoder, or a ColBERT checkpoint.",
            device,
        )
        transformer: Any = self._model[0]
        longest = int(self._model.max_seq_length or max_tokens)
        expanded = getattr(transformer, "query_expansion", None) or {}
        self._query_tokens = int(
            expanded.get("length") or getattr(transformer, "query_length", None) or longest
        )
        self._max_tokens = int(getattr(transformer, "document_length", None) or longest)

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        """Return one sum of similarities for each text."""
        prompt = self._model.prompts.get("query") or ""
        check_query_length(self._count(prompt + query), self._query_tokens, self._name)
        asked = self._model.encode_query([query], show_progress_bar=False)
        tokens = [self._count(text) for text in texts]
        values, done = np.zeros(len(texts), np.float64), 0
        for batch in batches(tokens, self._device):
            documents = self._model.encode_document(
                [texts[i] for i in batch], batch_size=len(batch), show_progress_bar=False
            )
            values[batch] = self._model.similarity(asked, documents)[0].float().cpu().numpy()
            done += len(batch)
            progress(done, len(texts), [(i, float(values[i])) for i in batch])
        read = tuple(min(n, self._max_tokens) for n in tokens)
        cut = tuple(n - r for n, r in zip(tokens, read, strict=True))
        return Scores(values, tokens_read=read, tokens_cut=cut)

    def _count(self, text: str) -> int:
        """Return a text's tokens, special ones included: they are among those that are read."""
        return len(self._model.tokenizer(text, verbose=False).input_ids)
