"""Finding the kept corpora of a folder: by name, owner and link, without opening any."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from secrets import compare_digest
from typing import Final

from components.config import Settings
from components.corpora.layout import TEST
from components.corpora.opening import with_split
from components.domain import Corpus
from components.lab.library.entries import MANIFEST, Entry, read_corpus, read_manifest
from components.lab.library.names import folded
from components.storage.sqlite import WHOLE_LAB

OPEN_AT_ONCE: Final = 32
"""Corpora whose queries and judgments stay in memory; the least recently used is closed."""
_SETTLED_NS: Final = 100_000_000
"""After which a change of a folder has another time than the one before."""
_log = logging.getLogger(__name__)


def library_folder(settings: Settings) -> Path:
    """Return the folder of the corpora that stay."""
    return settings.data_dir / "library"


class KeptCorpora:
    """The corpora in a folder, of all owners, as anybody may read them.

    Safe to share between threads; others may change the folder meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listed: tuple[int, tuple[Entry, ...]] = (0, ())
        self._read: dict[str, tuple[int, Entry | None]] = {}
        self._opened: OrderedDict[str, tuple[str, Corpus]] = OrderedDict()
        self._lock = threading.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """Return all corpora, the oldest first, without opening any."""
        try:
            changed_ns = self.folder.stat().st_mtime_ns
            if self._listed[0] == changed_ns:
                return self._listed[1]
            entries = self._entries()
        except OSError:  # there is none yet
            return ()
        if time.time_ns() - changed_ns > _SETTLED_NS:  # or there may be another change unseen
            self._listed = changed_ns, entries
        return entries

    def _entries(self) -> tuple[Entry, ...]:
        read: dict[str, tuple[int, Entry | None]] = {}
        for folder in [path for path in self.folder.iterdir() if not path.suffix]:
            try:
                written_ns = (folder / MANIFEST).stat().st_mtime_ns
                before = self._read.get(folder.name)
                if before and before[0] == written_ns:
                    read[folder.name] = before
                    continue
                read[folder.name] = (written_ns, None)
                read[folder.name] = (written_ns, read_manifest(folder))
            except (NotADirectoryError, FileNotFoundError):  # removed meanwhile, or no corpus
                continue
            except (OSError, ValueError) as exc:
                _log.warning("the corpus in %s cannot be read: %s", folder, exc)
        self._read = read
        entries = [entry for _, entry in read.values() if entry]
        replaced = {entry.replaces for entry in entries}
        return tuple(
            sorted((e for e in entries if e.id not in replaced), key=lambda e: (e.made, e.id))
        )

    def named(self, owner: str = WHOLE_LAB) -> dict[str, Entry]:
        """Return the corpora that a visitor finds, by name: their own, then what others share.

        Who is bound to this machine finds all of them. One whose name is taken gets a number.
        """
        entries = [e for e in self.entries() if owner in (WHOLE_LAB, e.owner) or e.shared]
        named: dict[str, Entry] = {}
        taken: set[str] = set()
        for entry in sorted(entries, key=lambda e: e.owner != owner):
            name, number = entry.name, 2
            while folded(name) in taken:
                name, number = f"{entry.name} ({number})", number + 1
            taken.add(folded(name))
            named[name] = entry
        return named

    def find(self, name: str, owner: str = WHOLE_LAB) -> tuple[str, Entry] | None:
        """Return a corpus that a visitor finds, with the name it has for them."""
        named, wanted = self.named(owner), folded(name)
        same = ((own, entry) for own, entry in named.items() if folded(own) == wanted)
        return (name, named[name]) if name in named else next(same, None)

    def linked(self, token: str) -> Entry | None:
        """Return the corpus of a link, whoever its owner is."""
        link = token.encode("utf-8", "surrogatepass")
        matching = [e for e in self.entries() if compare_digest(e.token.encode(), link)]
        return next(iter(matching), None)

    def open(self, entry: Entry, name: str = "") -> Corpus:
        """Return a corpus under a name, its own by default; its documents stay on disk."""
        with self._lock:
            digest, corpus = self._opened.pop(entry.id, ("", None))
        if corpus is None or digest != entry.contents:
            corpus = read_corpus(self.folder / entry.id, entry)
        with self._lock:
            self._opened[entry.id] = entry.contents, corpus
            while len(self._opened) > OPEN_AT_ONCE:
                self._opened.popitem(last=False)
        name = name or entry.name
        return corpus if corpus.name == name else replace(corpus, name=name)

    def opened(self, name: str, split: str = TEST) -> Corpus | None:
        """Return a corpus by its name with the judgments of a split; None where there is none.

        Raises CorpusError for a split that it lacks; `test` may be absent.
        """
        named = self.find(name)
        return with_split(self.open(named[1]), split) if named else None

    def bytes_of(self, owner: str | None = None) -> int:
        """Return how much the corpora of an owner take, or those of all."""
        return sum(e.bytes for e in self.entries() if owner in (None, e.owner))
