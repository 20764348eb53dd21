"""Tiny models with random weights, written in the hub's layout: encoders of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LENGTH = 64
"""Tokens that a tiny model reads, special ones included."""
DIMENSION = 16
PROMPTS = {"query": "query: ", "document": "passage: "}


def _tokenizer(texts: Iterable[str]) -> tuple[Any, int]:
    """Return a tokenizer that knows the words of texts, and how many tokens it has."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = sorted({word for text in (*texts, "query: passage:") for word in text.split()})
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    ids = {name: i for i, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    special = {"unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "pad": "[PAD]", "mask": "[MASK]"}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=LENGTH,
        **{f"{name}_token": token for name, token in special.items()},
    ), len(names)


def _network(folder: Path, texts: Iterable[str], kind: str) -> Path:
    """Write a tiny BERT of a kind of transformers' and its tokenizer."""
    import torch
    import transformers

    tokenizer, size = _tokenizer(texts)
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=size,
        hidden_size=DIMENSION,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=LENGTH,
        initializer_range=0.5,
        num_labels=1,
    )
    getattr(transformers, kind)(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def dense_model(
    folder: Path, texts: Iterable[str], prompts: Mapping[str, str] | None = None
) -> Path:
    """Write a SentenceTransformer: a tiny BERT with mean pooling."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    words = Transformer(str(_network(folder / "bert", texts, "BertModel")))
    pooled = Pooling(DIMENSION)
    model = SentenceTransformer(
        modules=[words, pooled], device="cpu", prompts=dict(PROMPTS if prompts is None else prompts)
    )
    model.save(str(folder / "model"))
    return folder / "model"


def sparse_model(folder: Path, texts: Iterable[str]) -> Path:
    """Write a SparseEncoder: a tiny BERT with SPLADE's pooling over its vocabulary."""
    from sentence_transformers import SparseEncoder
    from sentence_transformers.sparse_encoder.modules import MLMTransformer, SpladePooling

    words = MLMTransformer(str(_network(folder / "bert", texts, "BertForMaskedLM")))
    model = SparseEncoder(modules=[words, SpladePooling("max")], device="cpu")
    model.save(str(folder / "model"))
    return folder / "model"


def cross_encoder(folder: Path, texts: Iterable[str]) -> Path:
    """Write a sequence classifier with one output."""
    return _network(folder, texts, "BertForSequenceClassification")


def late_model(folder: Path, texts: Iterable[str]) -> Path:
    """Write a MultiVectorEncoder: a tiny BERT whose every token has a vector."""
    from sentence_transformers import MultiVectorEncoder

    model = MultiVectorEncoder(str(_network(folder / "bert", texts, "BertModel")), device="cpu")
    model.save(str(folder / "model"))
    return folder / "model"


TEMPLATE = (
    "query: {{ messages | selectattr('role', 'eq', 'query') | map(attribute='content') | first }} "
    "passage: {{ messages | selectattr('role', 'eq', 'document') | map(attribute='content') "
    "| first }} relevant:"
)


def causal_model(folder: Path, texts: Iterable[str]) -> Path:
    """Write a tiny Qwen3 with a chat template for query and document, and the words yes and no."""
    import torch
    import transformers

    tokenizer, size = _tokenizer((*texts, "yes no relevant:"))
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(7)
    config = transformers.Qwen3Config(
        vocab_size=size,
        hidden_size=16,
        head_dim=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=32,
        max_position_embeddings=LENGTH,
        initializer_range=0.5,
    )
    transformers.Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
