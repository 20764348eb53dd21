"""Rerankers, one file a family; the catalog finds a new file here by itself.

A file has

- `specs(settings)`: what it offers, as data;
- `load(spec, context)`: a `Reranker`, its weights shared by the whole process. It may draw on the
  context: the corpus whose statistics BM25 needs, the store that holds token vectors, an
  instruction;
- `check(spec, settings)`, optional: raises `UnavailableError` where it cannot run here;
- `identity(spec, settings)`, optional: what its scores depend on, if model and revision do not say;
- `fetch(spec, settings, progress)`, optional: brings a model to this machine before it is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from components.config import KEY_VARIABLES, Settings
from components.domain import Corpus, Matrix, Scores, Spec, UnavailableError


class TokenStore(Protocol):
    """Where document token vectors may already lie."""

    def maxsim(self, query: Matrix, texts: Sequence[str]) -> Scores | None:
        """Return MaxSim and token counts for every text, or None where any text is not stored."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a reranker may draw on besides the query and the texts."""

    settings: Settings
    corpus: Corpus | None = None
    tokens: TokenStore | None = None
    instruction: str = ""


def instructed(query: str, instruction: str) -> str:
    """Return a query with an instruction written before it, for models that follow one."""
    return f"Instruction: {instruction.strip()}\nQuery: {query}" if instruction.strip() else query


def provider_key(spec: Spec, settings: Settings, label: str) -> tuple[str, str]:
    """Return the key for a provider and the variable it may be set in.

    Raises UnavailableError where there is no key.
    """
    servers = {server.key: server.key_env for server in settings.servers}
    variable = KEY_VARIABLES.get(spec.provider) or servers.get(spec.provider, "")
    key = settings.keys.get(spec.provider, "")
    if not key:
        raise UnavailableError(
            f"There is no API key for {label}.",
            f"Set {variable}, or type a key for this session on the Rerankers page.",
        )
    return key, variable
