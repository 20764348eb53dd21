"""Tokenizers: how a text is cut into tokens, and how many of them a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from components.models.files import BGE_TOKENIZER


def load_tokenizer(
    path: Path, max_tokens: int | None = None, strategy: str = "longest_first"
) -> Tokenizer:
    """Return a tokenizer that never pads. It is shared between threads, so never reconfigure it."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if max_tokens is not None:
        tokenizer.enable_truncation(max_tokens, strategy=strategy)
    return tokenizer


def read_and_cut(encoding: Encoding, sequence: int) -> tuple[int, int]:
    """Return how many tokens of one sequence (0 or 1) of an input are read and cut."""
    read = encoding.sequence_ids.count(sequence)
    return read, sum(part.sequence_ids.count(sequence) for part in encoding.overflowing)


@cache
def _estimating_tokenizer() -> Tokenizer:
    return load_tokenizer(BGE_TOKENIZER.verify())


def cut_texts(texts: Sequence[str], most: int) -> list[str]:
    """Return texts, each cut after about `most` tokens, counted as `estimate_tokens` counts."""
    encoded = _estimating_tokenizer().encode_batch(list(texts), add_special_tokens=False)
    return [
        text[: encoding.offsets[most - 1][1]] if len(encoding.ids) > most else text
        for text, encoding in zip(texts, encoded, strict=True)
    ]


def estimate_tokens(texts: Sequence[str]) -> list[int]:
    """Return about how many tokens texts have: counted with the lab's own WordPiece tokenizer."""
    encoded = _estimating_tokenizer().encode_batch(list(texts), add_special_tokens=False)
    return [len(encoding.ids) for encoding in encoded]
