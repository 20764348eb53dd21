"""Past searches: how long those of this lab took."""

from __future__ import annotations

import time
from collections.abc import Mapping

import streamlit as st

from components.exports.evaluation_report import EvaluationReport
from components.ui.shared import page, state
from components.wording import milliseconds

DAYS: Mapping[str, float] = {"the last hour": 1 / 24, "the last day": 1, "all": 36_500}


def show(_: EvaluationReport | None) -> None:
    """Show how long the lab's own past searches took, by system and stage."""
    visitor = state.visitor()
    whose = "Searches of everybody at this lab" if visitor.local else "Your searches"
    page.heading(
        "Past searches",
        f"{whose}: how many, how long, what failed. Only times are kept, no text.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="past-controls"):
        span = st.selectbox("Since", list(DAYS), index=1, key="_past_span", width=170)
        forget = st.button("Forget them", key="forget_searches", icon=":material/delete:")
    log = state.lab().search_log
    if forget:
        log.clear(visitor.owner)
    times = log.times(time.time() - DAYS[span] * 86_400, visitor.owner)
    if not times:
        st.text("None in that time. Search on the Compare page; each search is counted here.")
        return
    rows = [
        {
            "System": stage.system,
            "Stage": stage.stage,
            "Searches": stage.count,
            "p50": milliseconds(stage.p50) if stage.count else "",
            "p95": milliseconds(stage.p95) if stage.count else "",
            "Failures": stage.failures,
        }
        for stage in times
    ]
    st.dataframe(
        rows, hide_index=True, width="stretch", key="past", column_config=page.explained(rows[0])
    )
