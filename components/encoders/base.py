"""What all encoders share: families, their entries, the limit of a query, unit vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from components.config import Settings
from components.domain import Encoder, InputError, Matrix, Progress, Spec, no_progress
from components.models.bm25 import SparseVector
from components.models.files import ModelFile
from components.network.metering import UNMETERED, Meter
from components.network.providers import Provider
from components.wording import count

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class SparseEncoder(Protocol):
    """A learned sparse encoder: texts become weights of the terms of its vocabulary."""

    def encode_query(self, text: str) -> SparseVector:
        """Return the query's weights, all above 0, by term in ascending order."""
        ...

    def encode_documents(
        self, texts: Sequence[str], progress: Progress = no_progress
    ) -> csr_array[np.float32]:
        """Return one row for each text, in order, shape (len(texts), terms)."""
        ...


@dataclass(frozen=True, slots=True)
class EncoderContext:
    """What an encoder may use: the settings, and a meter that is asked before what costs money."""

    settings: Settings
    meter: Meter = UNMETERED


def no_check(settings: Settings) -> None:
    """Accept an encoder that can run everywhere."""


def no_fetch(settings: Settings, progress: Progress) -> bool:
    """Fetch nothing: the model is on this machine, or on a server."""
    return False


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """An encoder as data.

    - `spec`: what it is. Its key and revision name whatever is stored of it: the revision covers
      the model, its dimension and its prompts.
    - `load(context)`: an `Encoder`, or a `SparseEncoder` where it is `sparse`.
    - `dimension`: the length of its vectors; 0 where only the loaded model or a server knows it.
    - `files`: the model files that come with the installation.
    - `check(settings)`: raises UnavailableError where it cannot run here.
    - `fetch(settings, progress)`: brings the model to this machine before it is loaded; returns
      whether it was not there.
    - `documents`: the spec of the model that encodes the documents, where that is another one with
      which it shares a space.
    """

    spec: Spec
    load: Callable[[EncoderContext], Any]
    dimension: int = 0
    files: tuple[ModelFile, ...] = ()
    sparse: bool = False
    check: Callable[[Settings], None] = no_check
    fetch: Callable[[Settings, Progress], bool] = no_fetch
    documents: Spec | None = None

    @property
    def stored(self) -> Spec:
        """Return the spec of the model that encodes documents: it names what is stored."""
        return self.documents or self.spec

    @property
    def specs(self) -> tuple[Spec, ...]:
        """Return its models, each once: that of queries, and that of documents."""
        return (self.spec,) if self.documents is None else (self.spec, self.documents)


@dataclass(frozen=True, slots=True)
class EncoderFamily:
    """What one file of encoders offers: entries, and the provider where they are hosted by one."""

    entries: Callable[[Settings], tuple[EncoderEntry, ...]]
    provider: Provider | None = None


def bundled(
    spec: Spec, build: Callable[[], Encoder], dimension: int, *files: ModelFile
) -> EncoderEntry:
    """Return the entry of a bi-encoder whose model files come with the installation."""
    return EncoderEntry(spec, lambda context: build(), dimension, files)


def check_query_length(tokens: int, limit: int, model: str) -> None:
    """Raise InputError if a query has more tokens than a model reads: queries are never cut."""
    if tokens > limit:
        raise InputError(
            f"The query has {count(tokens, 'token')}; {model} reads at most {limit:,}.",
            "Shorten the query: cutting it silently would answer another question.",
        )


def unit_rows(rows: np.ndarray[Any, np.dtype[np.float32]]) -> Matrix:
    """Return rows, or one vector, scaled to unit length; a row of zeros stays as it is."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
