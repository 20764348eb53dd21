"""Work that costs money: what it will cost, and the click that allows more than a little."""

from __future__ import annotations

import streamlit as st

from components.advice.costs import MeanTokens, tokens_of_corpus
from components.advice.estimates import Estimate
from components.domain import Corpus
from components.ui.shared import state


def confirmed(pressed: bool, estimate: Estimate, key: str) -> bool:
    """Return whether work may begin: at once where it costs little, else after a second click.

    `pressed` says whether the button that begins it was pressed in this run; what it will cost is
    then shown here until it is confirmed, left, or no longer the same. `key` is part of the
    elements' keys.
    """
    waiting = state.mapping(state.UNCONFIRMED)
    if not estimate.needs_confirmation(state.lab().settings.spending):
        waiting.pop(key, None)
        return pressed
    if pressed:
        waiting[key] = estimate
    if waiting.get(key) != estimate:
        return False
    with st.container(border=True, key=f"confirm-{key}"):
        st.text(f"This is estimated to cost {estimate}. Nothing has been sent yet.")
        with st.container(horizontal=True):
            agreed = st.button("Spend it", key=f"spend_{key}", type="primary")
            left = st.button("Leave it", key=f"leave_{key}")
    if agreed or left:
        del waiting[key]
        if left:
            st.rerun()
    return agreed


def mean_tokens(corpus: Corpus) -> MeanTokens:
    """Return the tokens of a corpus's queries and documents, counted once a session."""
    return state.memo(("mean tokens", corpus), lambda: tokens_of_corpus(corpus))
