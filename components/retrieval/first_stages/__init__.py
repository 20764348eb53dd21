"""First stages, one file a kind; the catalog finds a new file here by itself.

A file offers `FIRST_STAGES`: a `FirstStage` record, or a tuple of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from components.config import Settings
from components.domain import Spec
from components.encoders import EncoderEntry
from components.retrieval.schema import CollectionSchema, EncodedQuery, VectorQuery


@dataclass(frozen=True, slots=True)
class FirstStage:
    """A way to search a whole corpus.

    `schema` is the collection that it searches, `encoder` the encoder of its documents and
    queries. `queries` returns the vectors to search by, none where nothing can match. A `fused`
    stage joins the results of its queries by reciprocal rank fusion; any other has at most one.
    One with `parts` joins theirs, each with its own weight, and has no collection of its own.
    """

    spec: Spec
    schema: CollectionSchema
    queries: Callable[[EncodedQuery], tuple[VectorQuery, ...]]
    encoder: EncoderEntry | None = None
    fused: bool = False
    parts: tuple[FirstStage, ...] = ()
    weights: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """Return the key of its spec."""
        return self.spec.key

    @property
    def searched(self) -> tuple[FirstStage, ...]:
        """Return the stages whose collections it searches: its parts, or itself."""
        return self.parts or (self,)

    @property
    def encoders(self) -> tuple[EncoderEntry, ...]:
        """Return its encoders."""
        return tuple(stage.encoder for stage in self.searched if stage.encoder)

    @property
    def sparse(self) -> bool:
        """Return whether it searches sparse vectors alone."""
        return not self.parts and (self.encoder is None or self.encoder.sparse)

    def check(self, settings: Settings) -> None:
        """Raise UnavailableError unless its encoders can run here."""
        for encoder in self.encoders:
            for file in encoder.files:
                file.locate()
            encoder.check(settings)
