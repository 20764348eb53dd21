"""The address of the Evaluate page names the evaluation that is open: who has it can read it."""

from __future__ import annotations

import streamlit as st

from components.domain import LabError
from components.evaluation.saved import SavedEvaluation
from components.evaluation.store import EvaluationStore
from components.ui.evaluate.report import open_saved
from components.ui.shared import page, state

NAME = "evaluation"


def read() -> None:
    """Open the evaluation that the address names, once."""
    id = st.query_params.get(NAME, "")
    if not id or id == state.get(state.EVALUATION_LINK):
        return
    state.put(state.EVALUATION_LINK, id)
    saved: SavedEvaluation | None = state.get(state.EVALUATED)
    if saved is not None and saved.id == id:
        return
    with page.complaints():
        open_saved(_load(id))


def _load(id: str) -> SavedEvaluation:
    """Return the visitor's evaluation, or whosever it is, to be read."""
    store = EvaluationStore(state.settings().data_dir)
    try:
        return store.load(id, state.visitor().owner)
    except LabError:
        return store.linked(id)


def write() -> None:
    """Put the open evaluation into the address."""
    saved: SavedEvaluation | None = state.get(state.EVALUATED)
    if saved is not None and st.query_params.get(NAME) != saved.id:
        state.put(state.EVALUATION_LINK, saved.id)
        st.query_params[NAME] = saved.id
