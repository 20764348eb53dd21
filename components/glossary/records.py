"""A term of the glossary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A term, one to three plain sentences, its source, and other names that it goes by."""

    name: str
    text: str
    source: str = ""
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the explanation with its source."""
        return f"{self.text} ({self.source})" if self.source else self.text
