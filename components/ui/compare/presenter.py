"""Presenter view: one query and its columns, as large as a projector shows them.

The board's script presses the buttons: arrow keys and the keys of a presenter's remote control step
through the queries, Escape leaves.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from components.pipeline import Request
from components.ui.compare import recording
from components.ui.shared import state, systems
from components.wording import count

STYLE = Path(__file__).with_name("presenter.css").read_text(encoding="utf-8")


def request() -> Request | None:
    """Draw the query, the steps and the way out; return what is compared, None in other views."""
    if state.get(state.VIEW) != "presenter":
        return None
    st.html(f"<style>{STYLE}</style>")
    texts = queries()
    at = texts.index(state.query()) if state.query() in texts else -1
    with st.container(horizontal=True, vertical_alignment="center", key="presented", wrap=False):
        if texts:
            _step("previous_query", "←", "Previous query (← or Page Up)", texts[max(at, 0) - 1])
        with st.container(key="presented_query", gap=None):
            st.text(state.query())
        if texts:
            st.text(f"{at + 1:,} / {len(texts):,}" if at >= 0 else count(len(texts), "query"))
            following = texts[(at + 1) % len(texts)]
            _step("next_query", "→", "Next query (→ or Page Down)", following)
        st.button(
            "Leave (Esc)",
            key="leave_presenter",
            icon=":material/close:",
            help="Leave presenter view",
            on_click=lambda: state.put(state.VIEW, "all"),
        )
    return recording.request_for(state.query(), systems.pipelines())


def queries() -> list[str]:
    """Return the queries that are stepped through: those of the recording, else of the corpus."""
    recorded = recording.replayed()
    return [query.text for query in (recorded or state.corpus()).queries]


def _step(key: str, label: str, explanation: str, text: str) -> None:
    """Draw a button that asks another query."""
    st.button(label, key=key, help=explanation, on_click=lambda: state.put(state.QUERY, text))
