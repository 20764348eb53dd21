"""Uploaded corpora in memory, for their owners: they outlive a reload of the page, no restart."""

from __future__ import annotations

import secrets
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass

from components.domain import Corpus

MOST_CHARACTERS = 200_000_000
"""Characters of text that all uploads hold at most.

Of the owner who holds most, the upload least recently added makes room: whoever uploads much takes
the room of no other.
"""


@dataclass(frozen=True, slots=True)
class KeptUpload:
    """An uploaded corpus, and the `token` of its link, which cannot be guessed."""

    corpus: Corpus
    token: str
    characters: int


class UploadShelf:
    """The uploads of all owners. Safe to share between threads."""

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        self._most = most_characters
        self._kept: OrderedDict[tuple[str, str], KeptUpload] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, owner: str, corpus: Corpus) -> None:
        """Keep a corpus for its owner under its name; others make room where there is none."""
        characters = sum(len(document.passage) for document in corpus.documents)
        kept = KeptUpload(corpus, secrets.token_urlsafe(24), characters)
        with self._lock:
            self._kept.pop((owner, corpus.name), None)
            self._kept[owner, corpus.name] = kept
            self._make_room()

    def _make_room(self) -> None:
        """Drop uploads until the others fit; the newest stays."""
        while len(self._kept) > 1 and sum(k.characters for k in self._kept.values()) > self._most:
            characters = Counter[str]()
            for (whose, _), kept in self._kept.items():
                characters[whose] += kept.characters
            del self._kept[max(list(self._kept)[:-1], key=lambda key: characters[key[0]])]

    def of(self, owner: str) -> dict[str, Corpus]:
        """Return an owner's uploads by name."""
        with self._lock:
            return {
                name: kept.corpus for (whose, name), kept in self._kept.items() if whose == owner
            }

    def token(self, owner: str, name: str) -> str:
        """Return the token of an upload's link; empty where the upload is not kept."""
        with self._lock:
            kept = self._kept.get((owner, name))
        return kept.token if kept else ""

    def linked(self, token: str) -> Corpus | None:
        """Return the upload of a link, whoever its owner is."""
        with self._lock:
            kept = list(self._kept.values())
        link = token.encode("utf-8", "surrogatepass")
        return next(
            (k.corpus for k in kept if secrets.compare_digest(k.token.encode(), link)), None
        )
