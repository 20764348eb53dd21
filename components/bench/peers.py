"""The local cross-encoder's peers: other libraries with the same weights and their own defaults.

Each peer gets a folder with links to the model's files, laid out as that library expects them, and
as many threads as the lab's runtime. Batch sizes, padding and order are its own defaults.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.bench.timings import INSTALL, Array, import_onnx
from components.domain import RerankError, UnavailableError
from components.models.runtime import THREADS
from components.rerankers.cross_encoder import MODEL, TOKENIZER

Values = npt.NDArray[np.float64]
ScoreTexts = Callable[[str, Sequence[str]], Values]
"""`score(query, texts)`: one score for each text, aligned with the texts."""
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True, slots=True)
class PeerSpec:
    """A peer as data: its key, name and package, and what makes it score."""

    key: str
    label: str
    package: str
    build: Callable[[Path], ScoreTexts]


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that is loaded; `version` is that of its package."""

    key: str
    label: str
    version: str
    scorer: ScoreTexts

    def score(self, query: str, texts: Sequence[str]) -> Values:
        """Return one score for each text; raise RerankError where the library fails."""
        try:
            return self.scorer(query, texts)
        except Exception as exc:  # three libraries, many unrelated types
            raise RerankError(
                f"{self.label} failed while scoring: {type(exc).__name__}: {exc}",
                "Run the benchmark without it: name the others with --peer.",
            ) from exc


def open_peer(spec: PeerSpec, folder: Path) -> Peer:
    """Load a peer from files made in `folder`; raise UnavailableError where that fails."""
    home = folder / spec.key
    try:
        home.mkdir()
        return Peer(spec.key, spec.label, version(spec.package), spec.build(home))
    except UnavailableError:
        raise
    except ImportError as exc:  # PackageNotFoundError is one
        raise UnavailableError(f"{spec.label} cannot be imported: {exc}.", INSTALL) from exc
    except Exception as exc:  # three libraries, many unrelated types
        raise UnavailableError(
            f"{spec.label} cannot load the model: {type(exc).__name__}: {exc}", INSTALL
        ) from exc


# ---------------------------------------------------------------- FlashRank


def _flashrank(home: Path) -> ScoreTexts:
    """Return FlashRank over the model: one batch, padded to its longest pair."""
    import onnxruntime
    from flashrank import Ranker, RerankRequest
    from flashrank.Config import model_file_map

    name = "ms-marco-MiniLM-L-12-v2"
    _lay_out(home / name, model_file_map[name])
    ranker = Ranker(name, cache_dir=str(home), log_level="ERROR")
    # FlashRank takes no thread count: give its session the number, and no other option.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    ranker.session = onnxruntime.InferenceSession(str(home / name / model_file_map[name]), options)

    def score(query: str, texts: Sequence[str]) -> Values:
        passages = [{"id": i, "text": text} for i, text in enumerate(texts)]
        values = np.empty(len(texts), np.float64)
        for passage in ranker.rerank(RerankRequest(query=query, passages=passages)):
            values[passage["id"]] = passage["score"]
        return values

    return score


# ---------------------------------------------------------------- fastembed


def _fastembed(home: Path) -> ScoreTexts:
    """Return fastembed over the model: batches of 64 in the given order, padded."""
    from fastembed.rerank.cross_encoder import TextCrossEncoder

    _lay_out(home, "onnx/model.onnx")
    encoder = TextCrossEncoder(
        "Xenova/ms-marco-MiniLM-L-12-v2",
        cache_dir=str(home),
        threads=THREADS,
        local_files_only=True,
        specific_model_path=str(home),
    )
    return lambda query, texts: np.array(list(encoder.rerank(query, texts)), np.float64)


# ---------------------------------------------------------------- sentence-transformers


def _sentence_transformers(home: Path) -> ScoreTexts:
    """Return a fp32 CrossEncoder over the dequantised weights: sorted batches of 32, padded."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    write_fp32(home)
    torch.set_num_threads(THREADS)
    model = CrossEncoder(str(home), device="cpu", local_files_only=True)

    def score(query: str, texts: Sequence[str]) -> Values:
        pairs = [(query, text) for text in texts]
        return np.asarray(model.predict(pairs, show_progress_bar=False), np.float64)

    return score


def write_fp32(home: Path) -> None:
    """Write a BertForSequenceClassification with the int8 model's weights, dequantised."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    weights = dequantised(import_onnx().load(str(MODEL.verify())).graph)
    vocabulary, hidden = weights["bert.embeddings.word_embeddings.weight"].shape
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=len(weights["bert.encoder.layer.0.intermediate.dense.bias"]),
        num_labels=1,
    )
    model = BertForSequenceClassification(config)
    state: Mapping[str, Any] = {
        name: torch.from_numpy(np.array(value)) for name, value in weights.items()
    }
    model.load_state_dict(state)  # strict: a weight too few or too many is an error
    model.save_pretrained(home)
    _link_tokenizer(home)


def dequantised(graph: Any) -> dict[str, Array]:  # noqa: ANN401
    """Return the graph's weights in fp32 under the names of a BertForSequenceClassification.

    A MatMulInteger's node is named after its layer and holds the weight transposed; embeddings,
    biases and LayerNorm parameters are initializers under their own names.
    """
    to_array = import_onnx().numpy_helper.to_array
    tensors = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    weights = {
        name: value
        for name, value in tensors.items()
        if name.startswith(("bert.", "classifier.")) and name.endswith((".bias", "Norm.weight"))
    }
    for name in tensors:
        if name.startswith("bert.embeddings.") and name.endswith("_quantized"):
            weights[name.removesuffix("_quantized")] = _dequantise(tensors, name)
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            layer = node.name.strip("/").rpartition("/")[0].replace("/", ".")
            weights[f"{layer}.weight"] = _dequantise(tensors, node.input[1]).T
    return weights


def _dequantise(tensors: Mapping[str, Array], name: str) -> Array:
    """Return (q - zero point) · scale of one quantised tensor, in fp32."""
    stem = name.removesuffix("_quantized")
    centred = tensors[name].astype(np.int32) - tensors[f"{stem}_zero_point"].astype(np.int32)
    return centred.astype(np.float32) * tensors[f"{stem}_scale"]


# ---------------------------------------------------------------- folders


def _lay_out(folder: Path, model_file: str) -> None:
    """Link the model under the name a library wants, and the tokenizer's files beside it."""
    _link(MODEL.verify(), folder / model_file)
    _link_tokenizer(folder)
    config = json.dumps({"model_type": "bert", "pad_token_id": 0})
    (folder / "config.json").write_text(config, encoding="utf-8")


def _link_tokenizer(folder: Path) -> None:
    source = TOKENIZER.verify().parent
    for name in _TOKENIZER_FILES:
        _link(source / name, folder / name)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # a folder that was filled before
    try:
        target.symlink_to(source)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


PEERS = {
    spec.key: spec
    for spec in (
        PeerSpec("flashrank", "FlashRank", "FlashRank", _flashrank),
        PeerSpec("fastembed", "fastembed", "fastembed", _fastembed),
        PeerSpec(
            "st", "sentence-transformers fp32", "sentence-transformers", _sentence_transformers
        ),
    )
}
"""The peers, by key."""
