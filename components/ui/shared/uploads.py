"""Corpora that a session brings along: uploads, which are kept for their visitor, and others."""

from __future__ import annotations

from dataclasses import replace

from components.domain import Corpus
from components.ui.shared import state


def bring(corpus: Corpus, *, keep: bool = False) -> None:
    """Add a corpus to this session; with `keep` it is the visitor's, also after a reload."""
    state.mapping(state.UPLOADS)[corpus.name] = corpus
    state.mapping(state.LINKED).pop(corpus.name, None)
    if keep:
        state.shelf().add(state.visitor().owner, corpus)


def link_token() -> str:
    """Return the token of a link to the session's corpus; empty where it is no kept upload."""
    name = state.corpus().name
    linked: dict[str, str] = state.mapping(state.LINKED)
    return linked.get(name) or state.shelf().token(state.visitor().owner, name)


def open_link(token: str) -> str | None:
    """Bring the upload of a link into this session and return its name; None where it is gone.

    It gets another name where the visitor has a corpus of that name.
    """
    corpus = state.shelf().linked(token)
    if corpus is None:
        return None
    if state.uploads().get(corpus.name, corpus) != corpus:
        corpus = replace(corpus, name=f"{corpus.name} (linked)")
    bring(corpus)
    state.mapping(state.LINKED)[corpus.name] = token
    return corpus.name
