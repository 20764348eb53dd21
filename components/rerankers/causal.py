"""Causal language models as rerankers (Qwen3-Reranker's kin): the logit of one token is the score.

sentence-transformers' CrossEncoder loads them: a chat template joins query and document, and the
score is the logit of "yes" at the last position, less that of "no".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from components.domain import Scores, ScoringProgress, no_progress
from components.encoders import check_query_length
from components.models.devices import Device, batches
from components.models.sentence_transformers import load_from_folder
from components.rerankers.cross_encoder import ROOM_FOR_DOCUMENT

MARGIN = 4
"""Tokens by which a text may be longer between others than alone."""


class CausalReranker:
    """A causal language model with a chat template for query and document.

    The document is cut so that the whole fits into `max_tokens` or the model's own limit; the
    template and the query never are. `name` stands for the model in errors.
    """

    def __init__(self, folder: Path, max_tokens: int, name: str, device: Device) -> None:
        self._name, self._device = name, device
        self._model = load_from_folder(
            "CrossEncoder",
            folder,
            f"a causal reranker from {folder}",
            "The folder must hold the model, its tokenizer and a chat template for query and "
            "document.",
            device,
        )
        self._max_tokens = min(max_tokens, int(self._model.max_seq_length or max_tokens))

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        """Return one difference of logits for each text."""
        import torch

        if not texts:
            return Scores(np.zeros(0))
        around = self._model.preprocess([(query, "")])["input_ids"].shape[-1]
        limit = self._max_tokens - min(ROOM_FOR_DOCUMENT, self._max_tokens // 2)
        check_query_length(around, limit, self._name)
        cuts = [self._cut(text, self._max_tokens - around - MARGIN) for text in texts]
        values, done = np.zeros(len(texts), np.float64), 0
        for batch in batches([read for _, read, _ in cuts], self._device):
            values[batch] = self._model.predict(
                [(query, cuts[i][0]) for i in batch],
                batch_size=len(batch),
                activation_fn=torch.nn.Identity(),
                show_progress_bar=False,
            )
            done += len(batch)
            progress(done, len(texts), [(i, float(values[i])) for i in batch])
        read = tuple(read for _, read, _ in cuts)
        return Scores(values, tokens_read=read, tokens_cut=tuple(cut for _, _, cut in cuts))

    def _cut(self, text: str, room: int) -> tuple[str, int, int]:
        """Return a text that fits, and how many of its tokens are read and cut."""
        encoded = self._model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        ends = [end for _, end in encoded["offset_mapping"]]
        if len(ends) <= room:
            return text, len(ends), 0
        return text[: ends[room - 1]], room, len(ends) - room
