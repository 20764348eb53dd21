"""Corpora that a session brings along, those that are kept for their visitor, and their links."""

from __future__ import annotations

from components.corpora import sample_names
from components.domain import Corpus
from components.lab.library import Entry, folded
from components.ui.shared import state


def bring(corpus: Corpus) -> None:
    """Add a corpus to this session alone."""
    state.mapping(state.UPLOADS)[corpus.name] = corpus
    state.mapping(state.LINKED).pop(corpus.name, None)


def keep(corpus: Corpus) -> str:
    """Keep a corpus for its visitor, in place of their own of that name; return its name here.

    Raises `LabError` where it cannot be kept; nothing has changed then.
    """
    owner = state.visitor().owner
    entry = state.library().add(corpus, owner, replaces=True)
    for names in (state.mapping(state.UPLOADS), state.mapping(state.LINKED)):
        names.pop(entry.name, None)
    return next(name for name, own in state.kept().items() if own.id == entry.id)


def taken(name: str) -> bool:
    """Return whether the visitor has a kept corpus of this name, whose place another would take."""
    owner, wanted = state.visitor().owner, folded(name)
    return any(e.owner == owner and folded(e.name) == wanted for e in state.kept().values())


def corpus_with(fingerprint: str) -> str | None:
    """Return the name of a corpus with a fingerprint, if there is one; no kept one is opened."""
    by_name = {name: state.sample(name).fingerprint for name in sample_names()}
    by_name |= {name: entry.fingerprint for name, entry in state.kept().items()}
    brought: dict[str, Corpus] = state.mapping(state.UPLOADS)
    by_name |= {name: corpus.fingerprint for name, corpus in brought.items()}
    name = next((name for name, own in by_name.items() if own == fingerprint), None)
    if name is None and state.settings().collections:
        return state.lab().collections.with_fingerprint(fingerprint)
    return name


def entry_of(name: str) -> Entry | None:
    """Return the entry of a corpus of this session, if it is a kept one."""
    return None if name in state.mapping(state.UPLOADS) else state.kept().get(name)


def link_token() -> str:
    """Return the token of a link to the session's corpus; empty where it is no kept one."""
    entry = entry_of(state.corpus().name)
    return entry.token if entry else ""


def open_link(token: str) -> str | None:
    """Let this session find the corpus of a link; return its name here, None where it is gone.

    It gets another name where the visitor has a corpus of that name.
    """
    entry = state.library().linked(token)
    if entry is None:
        return None
    names = {own.id: name for name, own in state.kept().items()}
    if entry.id in names:
        return names[entry.id]
    name = entry.name
    while name in state.corpus_names():
        name = f"{name} (linked)"
    state.mapping(state.LINKED)[name] = token
    return name
