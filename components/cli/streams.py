"""Standard output and error that end a command in words where they cannot be written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, cast

from components.domain import LabError


class OutputError(LabError):
    """Standard output cannot be written, such as on a full disk."""


class PipeClosedError(LabError):
    """Nobody reads standard output any more: there is nothing to do, and nobody to tell."""


class _Stream:
    """A text stream whose failures are errors of the lab; a character it lacks is escaped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (what the stream has)
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text."""
        with self._failures():
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is still in the buffer."""
        with self._failures():
            self._stream.flush()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            self._discard()
            self.fail(exc)

    def _discard(self) -> None:
        """Let the buffer go nowhere: the interpreter writes it once more when it ends."""
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def fail(self, exc: OSError) -> None:
        """Ignore that a message cannot be shown: the exit code still tells how it ended."""


class _Output(_Stream):
    """Standard output: what cannot be written is an error."""

    def fail(self, exc: OSError) -> None:
        """Raise PipeClosedError or OutputError."""
        if isinstance(exc, BrokenPipeError):
            raise PipeClosedError("Standard output is closed.", "") from None
        reason = exc.strerror or str(exc)
        raise OutputError(f"Standard output cannot be written: {reason}.", "") from None


@contextmanager
def standard_streams() -> Iterator[None]:
    """Put these streams in the place of the process's own, and write all of it at the end.

    A stream that was closed before the process began is None; writing to it is then an error.
    """
    old = sys.stdout, sys.stderr
    out = sys.stdout or Path(os.devnull).open()  # noqa: SIM115  (it cannot be written, like a closed one)
    err = sys.stderr or Path(os.devnull).open()  # noqa: SIM115
    sys.stdout, sys.stderr = cast(TextIO, _Output(out)), cast(TextIO, _Stream(err))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = old
