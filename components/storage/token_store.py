"""Token vectors of texts on disk, and MaxSim over them.

A text's key is the model's revision and the SHA-256 of the text; the file holds no text. Rows are
kept in half precision. One process writes at a time while others read. An entry whose checksum is
wrong counts as absent, and the next one for its text replaces it. Beyond a limit of bytes the
entries written first are dropped.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from components.domain import HalfMatrix, Matrix, TokenVectors
from components.storage.sqlite import Database

_log = logging.getLogger(__name__)
_METADATA = sa.MetaData()
_TEXTS = sa.Table(
    "texts",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),  # grows with every write
    sa.Column("revision", sa.String, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("vectors", sa.LargeBinary, nullable=False),
    sa.Column("tokens_read", sa.Integer, nullable=False),
    sa.Column("tokens_cut", sa.Integer, nullable=False),
    sa.Column("checksum", sa.Integer, nullable=False),
    sa.UniqueConstraint("revision", "digest"),
)
_ENTRY = ("vectors", "tokens_read", "tokens_cut", "checksum")
_TEXTS_PER_STATEMENT = 500  # SQLite bounds the number of variables
_DROPPED_AT_ONCE = 16
# OpenBLAS divides a product of more multiplications among threads that spin while they wait: on
# busy cores that took ten times as long.
_UNDIVIDED = 4 * 65_536


@dataclass(frozen=True, slots=True)
class TokenScore:
    """A text's MaxSim, and how many of its tokens were read and cut."""

    value: float
    tokens_read: int
    tokens_cut: int


def cosines(query: Matrix, document: Matrix | HalfMatrix) -> Matrix:
    """Return the cosine of each row of a query with each of a document, shape (query, document).

    The document is taken in half precision: they are the same before it is kept and after.
    """
    rows = document.astype(np.float16, copy=False).astype(np.float32)
    step = max(8, _UNDIVIDED // max(1, query.size))
    return np.concatenate(
        [query @ rows[start : start + step].T for start in range(0, len(rows), step)], axis=1
    )


def maxsim(query: Matrix, document: Matrix | HalfMatrix) -> float:
    """Return the sum over the query's rows of the best cosine with any of the document's rows.

    Documents are multiplied one by one: the last digits of a product depend on its shape, and so
    would a score on the other documents.
    """
    return float(cosines(query, document).max(axis=1).sum(dtype=np.float64))


class TokenStore:
    """The file of token vectors of one model; all methods raise StoreError where it is unusable."""

    def __init__(self, path: Path, revision: str, limit_bytes: int) -> None:
        self._database = Database(path, _METADATA, "token vectors", "RERANK_LAB_CACHE")
        self._revision = revision
        self._limit_bytes = limit_bytes

    def maxsim(self, query: Matrix, texts: Sequence[str]) -> dict[str, TokenScore]:
        """Return the scores of those texts that are kept, by text."""
        return {
            text: TokenScore(maxsim(query, tokens.rows), tokens.tokens_read, tokens.tokens_cut)
            for text, tokens in self._find(texts).items()
        }

    def keep(self, texts: Mapping[str, TokenVectors]) -> None:
        """Save the token vectors of texts, all of them or none."""
        if not texts:
            return
        rows = [self._row(_digest(text), tokens) for text, tokens in texts.items()]
        with self._database.begin() as connection:
            connection.execute(sa.insert(_TEXTS).prefix_with("OR REPLACE"), rows)
            while _bytes_used(connection) > self._limit_bytes:
                oldest = sa.select(_TEXTS.c.id).order_by(_TEXTS.c.id).limit(_DROPPED_AT_ONCE)
                if not connection.execute(_TEXTS.delete().where(_TEXTS.c.id.in_(oldest))).rowcount:
                    return

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return the texts that are not kept, each once and in their order."""
        digests = {_digest(text): text for text in texts}
        with self._database.begin() as connection:
            for part in _parts(list(digests)):
                for (kept,) in connection.execute(self._select(part, _TEXTS.c.digest)):
                    digests.pop(kept, None)
        return list(digests.values())

    def present(self, texts: Iterable[str]) -> list[str]:
        """Return the texts that are kept, each once and in their order."""
        texts = list(dict.fromkeys(texts))
        absent = set(self.missing(texts))
        return [text for text in texts if text not in absent]

    def forget(self, texts: Iterable[str]) -> None:
        """Remove the token vectors of texts, of all models, from the file."""
        digests = list(map(_digest, texts))
        if not digests:
            return
        with self._database.begin() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            for part in _parts(digests):
                connection.execute(_TEXTS.delete().where(_TEXTS.c.digest.in_(part)))

    def size(self) -> tuple[int, int]:
        """Return how many texts are kept, of all models, and how many bytes they take."""
        with self._database.begin() as connection:
            texts = connection.scalar(sa.select(sa.func.count()).select_from(_TEXTS)) or 0
            return texts, _bytes_used(connection)

    def _find(self, texts: Sequence[str]) -> dict[str, TokenVectors]:
        """Return the token vectors of those texts that are kept sound, in the texts' order."""
        digests = {_digest(text): text for text in texts}
        entries: dict[bytes, TokenVectors] = {}
        columns = (_TEXTS.c.digest, *(_TEXTS.c[name] for name in _ENTRY))
        with self._database.begin() as connection:
            for part in _parts(list(digests)):
                for key, vectors, *counts, checksum in connection.execute(
                    self._select(part, *columns)
                ):
                    if _checksum(key, vectors, *counts) != checksum:
                        _log.warning("the token vectors of a text are damaged and made anew")
                        continue
                    rows = np.frombuffer(vectors, np.float16).reshape(counts[0] + 2, -1)
                    entries[key] = TokenVectors(rows, *counts)
        return {text: entries[key] for key, text in digests.items() if key in entries}

    def _select(self, digests: Sequence[bytes], *columns: sa.Column[Any]) -> sa.Select[Any]:
        own = _TEXTS.c.revision == self._revision
        return sa.select(*columns).where(own, _TEXTS.c.digest.in_(digests))

    def _row(self, key: bytes, tokens: TokenVectors) -> dict[str, object]:
        vectors = tokens.rows.astype(np.float16, copy=False).tobytes()
        entry = (vectors, tokens.tokens_read, tokens.tokens_cut)
        values = (*entry, _checksum(key, *entry))
        return {"revision": self._revision, "digest": key, **dict(zip(_ENTRY, values, strict=True))}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _checksum(key: bytes, vectors: bytes, tokens_read: int, tokens_cut: int) -> int:
    return zlib.crc32(vectors, zlib.crc32(key + f"{tokens_read} {tokens_cut}".encode()))


def _parts(digests: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(digests), _TEXTS_PER_STATEMENT):
        yield digests[start : start + _TEXTS_PER_STATEMENT]


def _bytes_used(connection: sa.Connection) -> int:
    """Return the bytes of the file that hold something: dropped entries leave room for others."""
    pragmas = ("page_count", "freelist_count", "page_size")
    pages, free, size = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas
    )
    return int((pages - free) * size)
