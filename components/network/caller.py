"""The caller of a provider: its label, its model, and the API key that never appears in text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from components.domain import UnavailableError

KEY_PART = 8
"""Characters of a key that are enough to be blotted out of a text."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a server is asked to do, in the words of its errors.

    `gives` is what it answers with, `table` where a server of one's own is configured, `smaller`
    what to do where a request is too large, `elsewhere` where it answers at another path.
    """

    does: str
    gives: str
    table: str
    smaller: str
    elsewhere: str


RERANKING = Role(
    does="rerank",
    gives="scores",
    table="[[compatible]]",
    smaller="Lower the number of candidates or shorten the texts.",
    elsewhere='set path = "/…" in its table',
)
ENCODING = Role(
    does="encode texts",
    gives="vectors",
    table="[[encoder]]",
    smaller="Shorten the texts.",
    elsewhere="give that whole address as url in its table",
)


class Caller:
    """What a request needs to name and to authenticate: provider, model, key and its variable.

    `own` says that the server is one's own, named in the configuration. Raises
    UnavailableError where the key holds anything but visible ASCII characters.
    """

    def __init__(
        self,
        label: str,
        model: str,
        key: str = "",
        variable: str = "",
        *,
        own: bool = False,
        role: Role = RERANKING,
    ) -> None:
        self.label, self.model, self.variable, self.own = label, model, variable, own
        self.role = role
        if key and not re.fullmatch(r"[\x21-\x7e]+", key):
            raise UnavailableError(
                f"The API key for {label} holds characters that no key has, such as spaces.",
                "Copy the key again, whole and alone.",
            )
        self.key = key

    def __repr__(self) -> str:
        """Return provider and model, without the key."""
        return f"Caller({self.label!r}, {self.model!r})"

    def in_words(self, text: str) -> str:
        """Return a sentence about the server with its names filled in."""
        return text.format(
            model=self.model,
            variable=self.variable or "the variable that key_env names",
            does=self.role.does,
            table=self.role.table,
            smaller=self.role.smaller,
            elsewhere=self.role.elsewhere,
        )

    def redact(self, text: str) -> str:
        """Return a text in which the key, and every part of it of KEY_PART characters, is dots."""
        if not self.key:
            return text
        size, key = min(KEY_PART, len(self.key)), self.key.lower()  # a host's name is lower case
        parts = {key[i : i + size] for i in range(len(key) - size + 1)}
        blots = [False] * len(text)
        for i in range(len(text) - size + 1):
            if text[i : i + size].lower() in parts:
                blots[i : i + size] = [True] * size
        return "".join("•" if blot else c for c, blot in zip(text, blots, strict=True))
