"""By which first stages a lab can search a corpus."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.config import Settings
from components.domain import Corpus, Filter, InputError
from components.lab import catalog
from components.retrieval.first_stages import FirstStage

if TYPE_CHECKING:
    from components.lab.collections import Collections
    from components.retrieval.store import VectorStore


class CorpusStages(ABC):
    """A lab's first stages: all for its own corpora, for a collection those that it has."""

    settings: Settings

    @property
    @abstractmethod
    def store(self) -> VectorStore:
        """Return the vector store of its own corpora."""

    @property
    @abstractmethod
    def collections(self) -> Collections:
        """Return the collections of one's own that are configured."""

    @property
    def collection_names(self) -> tuple[str, ...]:
        """Return the names of the collections of one's own."""
        return tuple(own.name for own in self.settings.collections)

    def first_stages(self, corpus: Corpus) -> Mapping[str, FirstStage]:
        """Return the first stages by which a corpus can be searched, by key."""
        if corpus.remote:
            return self.collections.stages(corpus)
        return catalog.first_stages(self.settings)

    def usable_first_stage(self, corpus: Corpus, key: str) -> str:
        """Return a first stage's key, or that of a corpus's first one where it cannot be used."""
        stages = self.first_stages(corpus)
        return key if key in stages or not corpus.remote else next(iter(stages))

    def first_stage(self, corpus: Corpus, key: str) -> FirstStage:
        """Return one of them; InputError where there is none with this key."""
        stage = catalog.first_stage(key, self.settings)
        if not corpus.remote:
            return stage
        stages = self.first_stages(corpus)
        if key not in stages:
            raise InputError(
                f"{corpus.name} cannot be searched by {stage.key}: it is a collection that exists "
                "already, with the vectors that it has.",
                f"Choose one of: {', '.join(stages)}.",
            )
        return stages[key]

    def matching(self, corpus: Corpus, stage: FirstStage, filter: Filter) -> int:
        """Return how many documents meet a filter."""
        if corpus.remote:
            return self.collections.count(corpus, filter)
        return self.store.count(corpus, stage.schema, filter)
