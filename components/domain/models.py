"""What a model is: its spec, its limits, and the protocols of encoders and rerankers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from components.domain.rankings import Billed, Scores

Vector = npt.NDArray[np.float32]
"""Shape (dimension,), float32, unit length."""
Matrix = npt.NDArray[np.float32]
"""Shape (rows, dimension), float32, rows of unit length."""
HalfMatrix = npt.NDArray[np.float16]
"""A Matrix in half precision."""
Progress = Callable[[int, int], None]
"""`progress(done, total)`, called between steps; it may raise `Cancelled`."""


class ScoringProgress(Protocol):
    """Progress of scoring, with the scores that were new at this step."""

    def __call__(self, done: int, total: int, scored: Sequence[tuple[int, float]] = (), /) -> None:
        """Take note of the step; `scored` pairs a text's place with its score."""
        ...


def no_progress(done: int, total: int, scored: Sequence[tuple[int, float]] = (), /) -> None:
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


PriceUnit = Literal["searches", "tokens"]
PER: Mapping[PriceUnit, int] = {"searches": 1_000, "tokens": 1_000_000}
"""How many units a price is for."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for 1,000 searches or 1,000,000 tokens, with its source and date.

    One search is one query with up to 100 documents; tokens are those of the query times the
    documents, plus those of all documents. A model that writes an answer takes `written_usd` for
    1,000,000 tokens of it.
    """

    usd: float
    unit: PriceUnit
    source: str
    noted: date | None = None
    written_usd: float = 0.0

    def __str__(self) -> str:
        """Return the price in words."""
        per = f"per {PER[self.unit]:,} {self.unit}"
        if self.written_usd:
            return f"${self.usd:,.2f} {per} read, ${self.written_usd:,.2f} written"
        return f"${self.usd:,.2f} {per}"

    @property
    def origin(self) -> str:
        """Return where the price comes from and of when it is."""
        return f"{self.source}, {self.noted:%d %B %Y}" if self.noted else self.source

    def units(self, billed: Billed) -> float:
        """Return how many of the priced units were billed."""
        return billed.searches if self.unit == "searches" else billed.tokens

    def cost(self, billed: Billed) -> float:
        """Return what billed units cost, in US dollars."""
        written = self.written_usd * billed.written / PER["tokens"]
        return self.usd * self.units(billed) / PER[self.unit] + written


RANKS_ONLY = "ranks, without scores"
"""The scale of a model that orders candidates and gives none of them a score."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A model or method as data: what it is, whose it is, and what its scores mean.

    `local` models share the cores through one gate; `runtime` names what has to be imported
    (``onnx``, ``torch`` or ``none``), `device` where it runs and how precisely. The scores of
    `listwise` models depend on the other candidates. `token_vectors` says that documents are
    compared token by token. `provider` names who answers over the network and whose key is needed,
    `price` what it charges at its own `hosts`; a `self_hosted` server is one's own and charges
    nothing, while one that is `billed_keyless` charges without a key too. `instructions` says that
    the model follows an instruction beside the query. One pass over the candidates may take
    `deadline_s` seconds where that differs from the configured time. Of many candidates it may sort
    the first `settled` alone, and those below only in part; 0 stands for all.
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
    price: Price | None = None
    hosts: tuple[str, ...] = ()
    self_hosted: bool = False
    device: str = ""
    billed_keyless: bool = False
    deadline_s: float = 0.0
    settled: int = 0

    @property
    def remote(self) -> bool:
        """Return whether it answers over the network."""
        return bool(self.provider)

    @property
    def hosted(self) -> bool:
        """Return whether a provider answers over the network, and charges for it."""
        return self.remote and not self.self_hosted


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """The vectors of a text's tokens, shape (tokens_read + 2, dimension).

    The first row is that of [CLS], the last that of [SEP]. The `tokens_cut` tokens that the model
    does not read have none.
    """

    rows: Matrix | HalfMatrix
    tokens_read: int
    tokens_cut: int


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

    def score(
        self, query: str, texts: Sequence[str], progress: ScoringProgress = no_progress
    ) -> Scores:
        """Return one score for each text, aligned with the input.

        A pointwise reranker scores the texts in their order, and may tell each score at once.
        """
        ...
