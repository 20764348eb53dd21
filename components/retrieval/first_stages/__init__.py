"""First stages, one file a kind; the catalog finds a new file here by itself.

A file offers `FIRST_STAGES`: a `FirstStage` record, or a tuple of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from components.domain import Spec
from components.encoders import EncoderEntry
from components.retrieval.schema import CollectionSchema, EncodedQuery, VectorQuery


@dataclass(frozen=True, slots=True)
class FirstStage:
    """A way to search a whole corpus.

    `schema` is the collection that it searches, `encoder` the bi-encoder of its documents and
    queries. `queries` returns the vectors to search by, none where nothing can match. A `fused`
    stage joins the results of its queries by reciprocal rank fusion; any other has at most one.
    """

    spec: Spec
    schema: CollectionSchema
    queries: Callable[[EncodedQuery], tuple[VectorQuery, ...]]
    encoder: EncoderEntry | None = None
    fused: bool = False

    @property
    def key(self) -> str:
        """Return the key of its spec."""
        return self.spec.key

    def check(self) -> None:
        """Raise UnavailableError unless the encoder's files are installed."""
        for file in self.encoder.files if self.encoder else ():
            file.locate()
