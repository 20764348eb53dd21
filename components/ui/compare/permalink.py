"""The address bar reproduces the view; typed keys are never part of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from components.exports.permalink import about_rerankers, parameters
from components.measures import DEFAULT
from components.pipeline.limits import MAX_TEXT
from components.ui.shared import address, page, state, uploads

_KEYS: Mapping[str, str] = {
    "q": state.QUERY,
    "first": state.FIRST_STAGE,
    "reranker": state.RERANKERS,
    "candidates": state.INITIAL_K,
    "shown": state.FINAL_K,
    "depth": state.DEPTH,
    "instruction": state.INSTRUCTION,
    "filter": state.FILTER,
    "document": state.CHOSEN,
    "column": state.CHOSEN_SYSTEM,
    "view": state.VIEW,
    "measure": state.COMPARE_MEASURE,
}
"""The session key of each parameter."""


def read() -> None:
    """Take the view from the address, once a session and where the visitor goes back or forward.

    Unknown values fall back with a notice.
    """
    given = {name: st.query_params.get_all(name) for name in st.query_params}
    back = address.navigated() and bool(given) and state.get(state.PERMALINK_READ)
    state.put(state.NAVIGATED, back)
    if state.get(state.PERMALINK_READ) and not back:
        return
    state.put(state.PERMALINK_READ, True)
    if back:  # what that address does not name was as it is at first
        for key in _KEYS.values():
            state.put(key, state.DEFAULTS.get(key))
    notices = _read_corpus(given)
    for name, check in parameters(state.lab().settings).items():
        if name not in given:
            continue
        value = check(given[name])
        if value is None:
            value_text = ", ".join(given[name])[:60]
            notices.append(f"{name}={value_text} is not known here; the default is used.")
        else:
            state.put(_KEYS[name], value)
            if name == "reranker":
                notices += about_rerankers(given[name], state.lab().settings)
    state.put(state.NOTICES, notices)
    state.put(state.FROM_ADDRESS, bool(given))


def _read_corpus(given: Mapping[str, list[str]]) -> list[str]:
    """Choose the address's corpus; return what there is to say of it."""
    name, token = given.get("corpus", [""])[0], given.get("upload", [""])[0]
    if token:
        name = uploads.open_link(token) or name
    if not name:
        return []
    if name not in state.corpus_names():
        return [f"The corpus {name[:60]} is not here; {state.corpus().name} is shown."]
    state.choose_corpus(name)
    fingerprint = given.get("fingerprint", [""])[0]
    if fingerprint and not state.corpus().fingerprint.startswith(fingerprint):
        return [f"{name[:60]} has changed since this address was made."]
    return []


def write() -> None:
    """Put the view into the address; an address without settings stays short."""
    corpus, measure = state.corpus(), state.get(state.COMPARE_MEASURE)
    view = {
        "corpus": corpus.name,
        "fingerprint": corpus.fingerprint[:12],
        "upload": uploads.link_token(),
        "q": state.query()[:MAX_TEXT],
        "first": state.get(state.FIRST_STAGE),
        "reranker": list(state.get(state.RERANKERS)) or [""],
        "candidates": str(state.get(state.INITIAL_K)),
        "shown": str(state.get(state.FINAL_K)),
        "depth": str(state.get(state.DEPTH) or ""),
        "instruction": state.get(state.INSTRUCTION),
        "filter": list(state.get(state.FILTER).texts),
        "document": state.get(state.CHOSEN) or "",
        "column": state.get(state.CHOSEN_SYSTEM) or "",
        "view": state.get(state.VIEW) if state.get(state.VIEW) != "all" else "",
        "measure": measure if measure != DEFAULT else "",
    }
    params = st.query_params
    several = {name for name, value in view.items() if isinstance(value, list)}
    current = {n: params.get_all(n) if n in several else params[n] for n in params}
    wanted = {name: value for name, value in view.items() if value}
    if wanted != current:
        params.from_dict(wanted)


def link() -> str:
    """Return the address of the view as it is, to be written into a file; empty where unknown.

    The link to an upload is left out: who is handed a file is not handed the whole corpus.
    """
    names = [name for name in st.query_params if name != "upload"]
    view = urlencode([(name, v) for name in names for v in st.query_params.get_all(name)])
    home = (st.context.url or "").rstrip("/")
    return f"{home}/?{view}" if home.startswith(("http://", "https://")) and view else ""


def notices() -> None:
    """Say what of the address was not known."""
    page.notices(state.get(state.NOTICES) or ())
