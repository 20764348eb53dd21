"""What a model is: its spec, its limits, and the protocols of encoders and rerankers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from components.domain.rankings import Scores

Vector = npt.NDArray[np.float32]
"""Shape (dimension,), float32, unit length."""


Matrix = npt.NDArray[np.float32]
"""Shape (rows, dimension), float32, rows of unit length."""


Progress = Callable[[int, int], None]
"""`progress(done, total)`, called between steps; it may raise `Cancelled`."""


def no_progress(done: int, total: int) -> None:
    """Ignore progress."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider takes in one request, and what it reads of a text; 0 where none is known.

    Tokens are the provider's own; the lab estimates them. `per_minute` counts requests.
    """

    documents: int = 0
    request_tokens: int = 0
    request_bytes: int = 0
    query_tokens: int = 0
    document_tokens: int = 0
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Spec:
    """A model or method as data: what it is, whose it is, and what its scores mean.

    `local` models share the cores through one gate; `runtime` names what has to be imported
    (``onnx``, ``torch`` or ``none``); `listwise` models score a document by its company;
    `token_vectors` says that documents are encoded ahead, token by token. `provider` names who
    answers over the network and whose key is needed; `instructions` says that the model follows
    an instruction beside the query.
    """

    key: str
    label: str
    family: str
    summary: str
    scale: str
    model: str = ""
    revision: str = ""
    source: str = ""
    authors: str = ""
    license: str = ""
    size_mb: float = 0.0
    max_tokens: int = 0
    runtime: str = "none"
    local: bool = True
    listwise: bool = False
    token_vectors: bool = False
    caution: str = ""
    provider: str = ""
    instructions: bool = False
    languages: str = "English"
    limits: Limits = Limits()


class Encoder(Protocol):
    """A bi-encoder: queries and documents become vectors, each on its own."""

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        ...

    def encode_query(self, text: str) -> Vector:
        """Return the query's unit vector."""
        ...

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one unit row for each text, in order."""
        ...


class Reranker(Protocol):
    """Anything that scores texts against a query. It never sorts and never changes its input."""

    def score(self, query: str, texts: Sequence[str], progress: Progress = no_progress) -> Scores:
        """Return one score for each text, aligned with the input."""
        ...
