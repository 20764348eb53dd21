"""The address bar reproduces the view; what it says is checked, and keys are never in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from components.lab import catalog
from components.ui.shared import state

READ = "permalink_read"
NOTICES = "permalink_notices"
VIEWS = {"all": "All columns", "differences": "Differences only", "presenter": "Presenter"}
MOST_TEXT = 2000


def read() -> None:
    """Take the view from the address once a session; unknown values fall back with a notice."""
    if state.get(READ):
        return
    state.put(READ, True)
    given = {name: st.query_params.get_all(name) for name in st.query_params}
    notices: list[str] = []
    _read_corpus(given, notices)
    for name, (key, check) in _FIELDS.items():
        if name in given:
            value = check(given[name])
            if value is None:
                shown = ", ".join(given[name])[:60]
                notices.append(f"{name}={shown} is not known here; the default is used.")
            else:
                state.put(key, value)
    state.put(NOTICES, notices)


def _read_corpus(given: Mapping[str, list[str]], notices: list[str]) -> None:
    name = given.get("corpus", [""])[0]
    if not name:
        return
    if name not in state.corpus_names():
        notices.append(f"The corpus {name[:60]} is not here; {state.corpus().name} is shown.")
        return
    state.choose_corpus(name)
    wanted = given.get("fingerprint", [""])[0]
    if wanted and not state.corpus().fingerprint.startswith(wanted):
        notices.append(f"{name[:60]} has changed since this address was made.")


def _text(values: list[str]) -> str | None:
    found = values[0][:MOST_TEXT]
    return found if found.strip() else None


def _number(low: int, high: int) -> Callable[[list[str]], int | None]:
    def check(values: list[str]) -> int | None:
        found = values[0]
        fine = found.isascii() and found.isdigit() and len(found) < 7
        return int(found) if fine and low <= int(found) <= high else None

    return check


def _first(values: list[str]) -> str | None:
    return values[0] if values[0] in catalog.first_stages() else None


def _rerankers(values: list[str]) -> tuple[str, ...] | None:
    known = catalog.reranker_specs(state.lab().settings)
    wanted = tuple(dict.fromkeys(v for v in values if v))
    return wanted if len(wanted) <= 7 and all(v in known for v in wanted) else None


def _view(values: list[str]) -> str | None:
    return values[0] if values[0] in VIEWS else None


_FIELDS: Mapping[str, tuple[str, Callable[[list[str]], Any]]] = {
    "q": (state.QUERY, _text),
    "first": (state.FIRST_STAGE, _first),
    "reranker": (state.RERANKERS, _rerankers),
    "candidates": (state.INITIAL_K, _number(1, 1000)),
    "shown": (state.FINAL_K, _number(1, 50)),
    "depth": ("_depth", _number(10, 1000)),
    "instruction": (state.INSTRUCTION, _text),
    "document": (state.CHOSEN, _text),
    "view": (state.VIEW, _view),
}


def write() -> None:
    """Put the view into the address; an address without settings stays short."""
    corpus = state.corpus()
    view = {
        "corpus": corpus.name,
        "fingerprint": corpus.fingerprint[:12],
        "q": state.query()[:MOST_TEXT],
        "first": state.get(state.FIRST_STAGE),
        "reranker": list(state.get(state.RERANKERS)) or [""],
        "candidates": str(state.get(state.INITIAL_K)),
        "shown": str(state.get(state.FINAL_K)),
        "depth": str(st.session_state["_depth"]) if st.session_state.get("_depth") else "",
        "instruction": state.get(state.INSTRUCTION),
        "document": state.get(state.CHOSEN) or "",
        "view": state.get(state.VIEW) if state.get(state.VIEW) != "all" else "",
    }
    kept = {name: value for name, value in view.items() if value}
    if kept != _current():
        st.query_params.from_dict(kept)


def _current() -> dict[str, Any]:
    params = st.query_params
    return {n: params.get_all(n) if n == "reranker" else params[n] for n in params}


def notices() -> None:
    """Say what of the address was not known, until the next search."""
    for notice in state.get(NOTICES) or ():
        st.text(f"⚠ {notice}")
