"""Files packed with gzip: any format may come as `corpus.jsonl.gz`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from components.corpora.layout import Source
from components.corpora.limits import MAX_BYTES, MAX_SIZE, TooMuchError
from components.corpora.text import HEAD, UNKNOWN, Upload, printable
from components.domain import CorpusError
from components.wording import count

GZ: Final = ".gz"
MAX_RATIO: Final = 200
"""How many times its size a file may unpack to; as that of a zip."""
SMALL: Final = 1_000_000
"""Bytes that any file may unpack to, whatever its ratio."""
_STEP: Final = 1024 * 1024
_GZIP: Final = 31  # zlib's window size for gzip's header and checksum
_REMEDY = "Pack the file again with gzip, or give it unpacked."


def bare_name(name: str) -> str:
    """Return a file's name without the ending of gzip."""
    return name[: -len(GZ)] if name.lower().endswith(GZ) else name


def unpacking(sources: Sequence[Source], most: int = MAX_BYTES) -> list[Source]:
    """Return files with those packed with gzip to be unpacked, to at most so many bytes in all."""
    left = [most]

    def unpacked(source: Source) -> Source:
        if bare_name(source.name) == source.name and not source.name.lower().endswith(".tgz"):
            return source

        def load() -> Upload:
            file = gunzip(source.load(), left[0])
            left[0] -= len(file.content)
            return file

        return Source(bare_name(source.name), _head(source.head), load)

    return [unpacked(source) for source in sources]


def gunzip(upload: Upload, room: int = MAX_BYTES) -> Upload:
    """Return the file in a gzip, under its own name; it has at most `room` bytes.

    Raises `CorpusError` where it is damaged, unpacks to more, or holds an archive.
    """
    name = bare_name(upload.name)
    if name.lower().endswith((".tar", ".zip", ".tgz", GZ)):
        raise CorpusError(
            f"{upload.name}: expected one file in the gzip; found an archive.",
            "Pack the files as one zip.",
        )
    limit = min(room, max(SMALL, MAX_RATIO * len(upload.content))) if room <= MAX_BYTES else room
    content = bytearray()
    try:
        for chunk in _chunks(upload):
            content += chunk
            if len(content) > limit:
                raise TooMuchError(
                    f"{upload.name}: the gzip of {count(len(upload.content), 'byte')} unpacks to "
                    f"more than {limit:,}, the most that is allowed for its size.",
                    f"Upload the file unpacked, at most {MAX_SIZE} in all.",
                )
    except zlib.error as exc:
        raise CorpusError(
            f"{upload.name}: the gzip is damaged or no gzip: {printable(str(exc))}.", _REMEDY
        ) from exc
    return replace(upload, name=name, content=bytes(content))


def _head(packed: bytes) -> bytes:
    """Return how a file begins whose gzip begins like this."""
    try:
        return zlib.decompressobj(_GZIP).decompress(packed, HEAD)
    except zlib.error:
        return UNKNOWN


def _chunks(upload: Upload) -> Iterator[bytes]:
    """Yield what is in each of a gzip's members, a megabyte at a time."""
    rest = upload.content
    while True:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            upload.check()
            chunk = member.decompress(rest, _STEP)
            rest = member.unconsumed_tail
            yield chunk
            if not (chunk or rest or member.eof):
                raise zlib.error("it ends before its end: it was cut")
        rest = member.unused_data
        if not rest.strip(b"\0"):
            return
