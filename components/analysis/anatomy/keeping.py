"""Anatomies that stay on disk, so that a corpus is not read again for the same figures."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from components.analysis.anatomy.records import Anatomy
from components.config import Settings
from components.domain import Corpus

VERSION: Final = 1
"""Of the figures and how they are counted; those of another version are counted again."""
_ANATOMY: Final = TypeAdapter(Anatomy)
_log = logging.getLogger(__name__)


def identity(corpus: Corpus, settings: Settings, most: int | None) -> str:
    """Return a digest of all that an anatomy depends on: documents, queries, judgments, models."""
    digest = hashlib.sha256(f"{VERSION} {corpus.identity} {most}".encode())
    hub = sorted((model.key, model.model, str(model.path or "")) for model in settings.hub)
    queries = [(query.id, query.text) for query in corpus.queries]
    unasked = {split: count.number for split, count in corpus.unasked.items()}
    splits = dict(corpus.splits) or {corpus.split: corpus.judgments}
    for part in (hub, queries, splits, dict(corpus.dangling), unasked):
        digest.update(json.dumps(part, default=dict).encode())
    return digest.hexdigest()


class AnatomyStore:
    """Keeps anatomies as JSON files of the cache folder, which may be deleted at any time.

    A file's name begins with its corpus's fingerprint: `lab.library` deletes it with its corpus.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.cache_dir / "anatomy"

    def path(self, corpus: Corpus, most: int | None) -> Path:
        """Return the file of a corpus's anatomy, or of that of a sample."""
        digest = identity(corpus, self._settings, most)
        return self._folder / f"{corpus.fingerprint[:32]}-{digest[:32]}.json"

    def find(self, corpus: Corpus, most: int | None = None) -> Anatomy | None:
        """Return what is kept of a corpus, None where nothing is or the file is damaged."""
        path = self.path(corpus, most)
        try:
            return _ANATOMY.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as exc:
            _log.warning("%s is read again: %s", path.name, type(exc).__name__)
            return None

    def keep(self, corpus: Corpus, anatomy: Anatomy, most: int | None = None) -> None:
        """Keep an anatomy; a disk that cannot be written costs the next look some time."""
        path = self.path(corpus, most)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as part:
                    part.write(_ANATOMY.dump_json(anatomy))
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as exc:
            _log.warning("what a corpus is made of could not be kept in %s: %s", path, exc)
