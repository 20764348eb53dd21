"""Documents on disk, which are read as they are needed.

Two files of a folder. `documents.bin` holds one record after another: the lengths of id, title,
text and metadata, then these in UTF-8, the metadata as JSON. `documents.idx` holds, mapped into
memory, where each record begins, its CRC-32, and a sorted hash of each id with its place: 28 bytes
a document, of which only what is asked for is read. A damaged index is noticed when it is opened,
a damaged record when it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Final, Self

import numpy as np

from components.domain import Document, LazyDocuments, StoreError
from components.storage.mapped import Array, read_mapped, write_mapped
from components.wording import count

RECORDS, INDEX = "documents.bin", "documents.idx"
_CONTENTS: Final = "documents, version 1"
_HEAD = struct.Struct("<4I")
"""Bytes of id, title, text and metadata."""
_BLOCK: Final = 1 << 20
"""Bytes that are read at once where documents follow each other."""
_NOTHING: Mapping[str, str] = MappingProxyType({})


class DocumentWriter:
    """Writes documents one by one into a folder; they are whole once `close` has returned.

    `bytes_written` and `word_count` tell how much there is so far. Raises OSError where the disk
    cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / RECORDS).open("wb", buffering=_BLOCK)
        self._starts, self._checks, self._hashes = array("q", [0]), array("I"), array("Q")
        self._digest = hashlib.blake2b(digest_size=16)
        self.word_count = 0

    @property
    def bytes_written(self) -> int:
        """Return the bytes of the records so far."""
        return self._starts[-1]

    def __len__(self) -> int:
        """Return how many documents were written."""
        return len(self._checks)

    def add(self, document: Document) -> None:
        """Write the next document."""
        extra = json.dumps(dict(document.metadata)) if document.metadata else ""
        identity = document.id.encode("utf-8", "surrogatepass")
        rest = [t.encode("utf-8", "surrogatepass") for t in (document.title, document.text, extra)]
        record = _HEAD.pack(len(identity), *map(len, rest)) + identity + b"".join(rest)
        self._file.write(record)
        self._digest.update(record)
        self._starts.append(self._starts[-1] + len(record))
        self._checks.append(zlib.crc32(record))
        self._hashes.append(_hash(identity))
        self.word_count += len(document.passage.split())

    def close(self) -> None:
        """Bring everything to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        hashes = np.array(self._hashes, np.uint64)
        order = np.argsort(hashes, kind="stable")
        digest = np.frombuffer(self._digest.digest(), np.uint8)
        arrays: dict[str, list[Array]] = {
            "starts": [np.array(self._starts, np.int64)],
            "checks": [np.array(self._checks, np.uint32)],
            "hashes": [hashes[order]],
            "places": [order.astype(np.uint32)],
            "words": [np.array([self.word_count], np.int64)],
            "digest": [digest],
        }
        write_mapped(self._folder / INDEX, _CONTENTS, arrays)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close what is whole; of anything else only the file handle."""
        if kind is None:
            self.close()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the file: what was written is not whole."""
        self._file.close()


class StoredDocuments(LazyDocuments):
    """The documents of a folder that `DocumentWriter` has written.

    The folder may go while they are read, where the system allows it. Raises StoreError where it
    does not hold them whole.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORDS
        arrays = read_mapped(folder / INDEX, _CONTENTS)
        if arrays is None:
            raise self._damaged("its index is absent or damaged")
        self._starts, self._checks = arrays["starts"], arrays["checks"]
        self._hashes, self._places = arrays["hashes"], arrays["places"]
        self.word_count = int(arrays["words"][0])
        self.digest = arrays["digest"].tobytes()
        try:
            self._file: IO[bytes] = self._path.open("rb", buffering=0)
            size = os.fstat(self._file.fileno()).st_size
        except OSError as exc:
            raise self._damaged(exc.strerror or str(exc)) from exc
        if size != int(self._starts[-1]):
            raise self._damaged(f"it has {size:,} of {count(int(self._starts[-1]), 'byte')}")
        self._lock = threading.Lock()

    def _damaged(self, why: str) -> StoreError:
        return StoreError(
            f"The documents in {self._path} cannot be read: {why}.",
            "Delete the corpus and add it again.",
        )

    @property
    def deleted(self) -> bool:
        """Return whether the corpus was deleted; what is open can still be read."""
        return not self._path.exists()

    def close(self) -> None:
        """Let go of the files; nothing can be read any more. Windows renames no open folder."""
        self._file.close()
        del self._starts, self._checks, self._hashes, self._places

    def __len__(self) -> int:
        """Return how many documents there are."""
        return len(self._checks)

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        """Compare by content, without reading it."""
        return isinstance(other, StoredDocuments) and self.digest == other.digest

    def at(self, places: Sequence[int]) -> list[Document]:
        """Return the documents at these places, in their order; neighbours are read at once."""
        if isinstance(places, range) and places.step == 1:
            return list(map(_document, self._records(places.start, places.stop)))
        places = [range(len(self))[place] for place in places]
        return [_document(next(self._records(place, place + 1))) for place in places]

    def ids(self, places: Sequence[int]) -> list[str]:
        """Return the ids of the documents at these places; their texts are not read."""
        return [self._id(range(len(self))[place]) for place in places]

    @property
    def by_id(self) -> Mapping[str, Document]:
        """Return the documents by id."""
        return _ById(self)

    def place_of(self, identity: str) -> int | None:
        """Return the place of the document with an id; None where there is none."""
        wanted = _hash(identity.encode("utf-8", "surrogatepass"))
        first, last = (
            int(np.searchsorted(self._hashes, np.uint64(wanted), side))
            for side in ("left", "right")
        )
        places = (int(place) for place in self._places[first:last])
        return next((place for place in places if self._id(place) == identity), None)

    def __iter__(self) -> Iterator[Document]:
        """Yield all documents in order; a block is in memory at once."""
        return map(_document, self._records())

    def all_ids(self) -> Iterator[str]:
        """Yield all ids in order."""
        for record in self._records():
            length = _HEAD.unpack_from(record)[0]
            yield str(record[_HEAD.size : _HEAD.size + length], "utf-8", "surrogatepass")

    def _records(self, first: int = 0, end: int | None = None) -> Iterator[memoryview]:
        end = len(self) if end is None else end
        while first < end:
            limit = int(self._starts[first]) + _BLOCK
            last = int(np.searchsorted(self._starts, limit, "right")) - 1
            last = min(max(last, first + 1), end)
            begin = int(self._starts[first])
            block = memoryview(self._read(begin, int(self._starts[last]) - begin))
            bounds = [start - begin for start in self._starts[first : last + 1].tolist()]
            for place in range(first, last):
                record = block[bounds[place - first] : bounds[place - first + 1]]
                if zlib.crc32(record) != int(self._checks[place]):
                    raise self._damaged(f"document {place + 1:,} is not what was written")
                yield record
            first = last

    def _id(self, place: int) -> str:
        begin, end = self._starts[place : place + 2].tolist()
        start = self._read(begin, min(end - begin, 256))
        length = _HEAD.unpack_from(start)[0]
        if _HEAD.size + length > len(start):
            start = self._read(begin, end - begin)
        identity = start[_HEAD.size : _HEAD.size + length]
        wanted = np.uint64(_hash(identity))
        if wanted != self._hashes[np.searchsorted(self._hashes, wanted) % len(self)]:
            raise self._damaged(f"the id of document {place + 1:,} is not what was written")
        return identity.decode("utf-8", "surrogatepass")

    def _read(self, start: int, length: int) -> bytes:
        try:
            if hasattr(os, "pread"):
                content = os.pread(self._file.fileno(), length, start)
            else:
                with self._lock:
                    self._file.seek(start)
                    content = self._file.read(length)
        except OSError as exc:
            raise self._damaged(exc.strerror or str(exc)) from exc
        if len(content) < length:
            raise self._damaged("its end is missing")
        return content


class _ById(Mapping[str, Document]):
    """Documents by id: looking for one reads no other."""

    def __init__(self, documents: StoredDocuments) -> None:
        self._documents = documents

    def __getitem__(self, identity: str) -> Document:
        place = self._documents.place_of(identity)
        if place is None:
            raise KeyError(identity)
        return self._documents.at([place])[0]

    def __contains__(self, identity: object) -> bool:
        return isinstance(identity, str) and self._documents.place_of(identity) is not None

    def __iter__(self) -> Iterator[str]:
        return self._documents.all_ids()

    def __len__(self) -> int:
        return len(self._documents)


def _hash(identity: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest(), "little")


def _document(record: memoryview) -> Document:
    lengths = _HEAD.unpack_from(record)
    parts, at = [], _HEAD.size
    for length in lengths:
        parts.append(str(record[at : at + length], "utf-8", "surrogatepass"))
        at += length
    identity, title, text, extra = parts
    metadata = MappingProxyType(json.loads(extra)) if extra else _NOTHING
    return Document(identity, title, text, metadata)
