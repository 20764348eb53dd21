"""What a sound server of vectors says, in each documented wire format.

A text's vector counts its words in buckets by CRC-32, so that expected vectors are computed by
hand. Models of one space give the same vectors, any other model its own.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np

DIMENSION = 64
"""The length of the vectors of a server of one's own."""
SPACE = ("voyage-4-large", "voyage-4", "voyage-4-lite")


def words(text: str) -> list[str]:
    """Return a text's words in lower case, without punctuation around them."""
    return [word.strip(".,?:!'") for word in text.lower().split()]


def vector(text: str, dimension: int = DIMENSION, model: str = "") -> list[float]:
    """Return a text's vector, not of unit length; the first number is never 0."""
    salt = "voyage-4" if model in SPACE else model
    row = [0.5] + [0.0] * (dimension - 1)
    for word in words(text):
        row[crc32((salt + word).encode()) % dimension] += 1.0
    return row


def terms(text: str) -> dict[int, float]:
    """Return a text's sparse weights by term."""
    counts = Counter(words(text))
    return {crc32(word.encode()) % 30_522: 0.5 * n for word, n in counts.items() if word}


def embeddings(path: str, body: dict[str, Any], texts: Sequence[str]) -> Any:  # noqa: ANN401
    """Return the answer of the server at a path."""
    if path.endswith("/embed_sparse"):
        return [[{"index": i, "value": v} for i, v in terms(text).items()] for text in texts]
    hosted = path.endswith("/v2/embed") or path.startswith("/voyage")
    default = 1024 if hosted else DIMENSION
    if body.get("model") == "embed-v4.0":
        default = 1536
    dimension = body.get("output_dimension") or body.get("dimensions") or default
    rows = [vector(text, dimension, body.get("model", "") if hosted else "") for text in texts]
    tokens = sum(len(text.split()) for text in texts)
    if path.endswith("/v2/embed"):
        units = {"billed_units": {"input_tokens": float(tokens)}}
        embedded = {"float": rows}
        return {"id": "1", "embeddings": embedded, "texts": list(texts), "meta": units}
    if not path.endswith("/embeddings"):
        return rows
    data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
    if body.get("encoding_format") == "base64":
        for item, row in zip(data, rows, strict=True):
            item["embedding"] = base64.b64encode(np.array(row, np.float32).tobytes()).decode()
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": body.get("model", ""), "usage": usage}
