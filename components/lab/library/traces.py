"""What a corpus leaves outside of its folder: vectors, statistics, indexes, what it is made of.

Deleting it removes them, unless another corpus has the same texts. Cached scores stay: they are
numbers under digests of a query and a text, which cannot be turned back. So do saved evaluations,
which are deleted where they are listed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from components.corpora import open_corpus, sample_names
from components.domain import StoreError
from components.lab import catalog
from components.lab.library.entries import Entry
from components.storage.documents import StoredDocuments
from components.storage.locks import exclusive
from components.storage.sizes import bytes_in

if TYPE_CHECKING:
    from components.config import Settings
    from components.lab.library.library import Library
    from components.retrieval.store import VectorStore
    from components.storage.token_store import TokenStore

_AT_ONCE: Final = 1_000
_ENDINGS: Final = (".f32", ".lexicon", ".sparse")
"""Of the files that are written under a lock; the others belong to one of them."""


class Indexes(Protocol):
    """What a lab keeps of its corpora."""

    settings: Settings
    tokens: TokenStore

    @property
    def store(self) -> VectorStore:
        """Return the vector store."""
        ...

    def forget(self, fingerprint: str) -> None:
        """Drop what is in memory of a corpus."""
        ...


def erase(lab: Indexes, library: Library, entry: Entry, folder: Path) -> None:
    """Remove what a deleted corpus left; its documents may still be in `folder`.

    Raises StoreError where the engine cannot be reached, or somebody is encoding the corpus.
    """
    _remove_files(lab.settings.cache_dir, entry.fingerprint, "anatomy")  # it is counted again
    others = [other for other in library.entries() if other.id != entry.id]
    samples = [open_corpus(name) for name in sample_names()]
    twins = [sample for sample in samples if sample.fingerprint == entry.fingerprint]
    for other in others:
        if other.fingerprint == entry.fingerprint:
            with suppress(StoreError):  # a damaged corpus needs nothing
                twins.append(library.open(other))
    if twins:  # what depends on texts alone is theirs, too
        schemas = [stage.schema for stage in catalog.first_stages(lab.settings).values()]
        theirs = {lab.store.alias(twin, schema) for twin in twins for schema in schemas}
        lab.store.drop_all(entry.fingerprint, theirs)
        return
    lab.forget(entry.fingerprint)
    lab.store.drop_all(entry.fingerprint)
    _remove_files(lab.settings.cache_dir, entry.fingerprint)
    try:
        documents = StoredDocuments(folder)
    except StoreError:  # an earlier try has removed them
        return
    texts: set[str] = set()
    for start in range(0, len(documents), _AT_ONCE):
        passages = [document.passage for document in documents[start : start + _AT_ONCE]]
        texts.update(lab.tokens.present(passages))
    for other in others if texts else ():
        with suppress(StoreError):  # a damaged corpus needs nothing
            texts.difference_update(d.passage for d in library.open(other).documents)
    for sample in samples if texts else ():
        texts.difference_update(d.passage for d in sample.documents)
    lab.tokens.forget(texts)


def _remove_files(cache: Path, fingerprint: str, folder: str = "*") -> None:
    """Remove what folders of the cache hold of a corpus, named after its fingerprint.

    Raises StoreError where somebody is writing its vectors or statistics.
    """

    def busy() -> None:
        raise StoreError("The corpus is being encoded at this moment.", "Stop that, and try again.")

    files = sorted(cache.glob(f"{folder}/{fingerprint[:32]}-*"))
    for path in files:
        if path.suffix in _ENDINGS:
            with exclusive(path, busy):
                for one in path.parent.glob(f"{path.name}*"):
                    if one.is_dir():
                        shutil.rmtree(one, ignore_errors=True)
                    elif one.suffix != ".lock":
                        one.unlink(missing_ok=True)
    for path in files:
        if path.is_dir():  # slices of sparse vectors whose encoding was never finished
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def bytes_elsewhere(lab: Indexes, entry: Entry) -> int:
    """Return what a corpus's vectors, statistics and embedded indexes take on this machine."""
    files = lab.settings.cache_dir.glob(f"*/{entry.fingerprint[:32]}-*")
    return sum(map(bytes_in, files)) + lab.store.bytes_here(entry.fingerprint)


def indexed_by(lab: Indexes, entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    """Return by which first stages each corpus is searchable at once, by its id."""
    aliases = lab.store.aliases()
    stages = catalog.first_stages(lab.settings).items()
    return {
        entry.id: tuple(
            key
            for key, stage in stages
            if any(lab.store.is_of(a, entry.fingerprint, stage.schema) for a in aliases)
        )
        for entry in entries
    }
