"""Files packed with gzip: any format may come as `corpus.jsonl.gz`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from components.corpora.limits import MAX_BYTES, MAX_SIZE
from components.corpora.text import Upload, printable
from components.domain import CorpusError

GZ: Final = ".gz"
MAX_RATIO: Final = 200
"""How many times its size a file may unpack to; as that of a zip."""
SMALL: Final = 1_000_000
"""Bytes that any file may unpack to, whatever its ratio."""
_STEP: Final = 1024 * 1024
_GZIP: Final = 31  # zlib's window size for gzip's header and checksum
_REMEDY = "Pack the file again with gzip, or give it unpacked."


def is_gz(name: str) -> bool:
    """Return whether a file's name says that it is packed with gzip."""
    return name.lower().endswith((GZ, ".tgz"))


def unpacked(uploads: Sequence[Upload]) -> list[Upload]:
    """Return files with those packed with gzip unpacked, at most so many bytes in all."""
    files: list[Upload] = []
    room = MAX_BYTES
    for upload in uploads:
        file = gunzip(upload, room) if is_gz(upload.name) else upload
        room -= len(file.content)
        files.append(file)
    return files


def gunzip(upload: Upload, room: int = MAX_BYTES) -> Upload:
    """Return the file in a gzip, under its own name; it has at most `room` bytes.

    Raises `CorpusError` where it is damaged, unpacks to more, or holds an archive.
    """
    name = upload.name[: -len(GZ)]
    if name.lower().endswith((".tar", ".zip", GZ)) or upload.name.lower().endswith(".tgz"):
        raise CorpusError(
            f"{upload.name}: expected one file in the gzip; found an archive.",
            "Pack the files as one zip.",
        )
    limit = min(room, max(SMALL, MAX_RATIO * len(upload.content)))
    content = bytearray()
    try:
        for chunk in _chunks(upload):
            content += chunk
            if len(content) > limit:
                raise CorpusError(
                    f"{upload.name}: the gzip of {len(upload.content):,} bytes unpacks to more "
                    f"than {limit:,}, the most that is allowed for its size.",
                    f"Upload the file unpacked, at most {MAX_SIZE} in all.",
                )
    except zlib.error as exc:
        raise CorpusError(
            f"{upload.name}: the gzip is damaged or no gzip: {printable(str(exc))}.", _REMEDY
        ) from exc
    return replace(upload, name=name, content=bytes(content))


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
