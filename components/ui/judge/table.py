"""The judgments of a corpus as a table: filtered, changed, taken back into the queue."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.domain import LabError
from components.judging import table
from components.judging.records import MAX_JUDGE, Judgment, Kind, in_force
from components.judging.table import Filter, Which
from components.ui.judge import desk
from components.ui.shared import page, state
from components.wording import count, shortened

MOST = 1_000
"""Rows that are drawn, the first ones; a filter finds the others."""
_TEXT = 240
_KEY = "judgments-table"


def show() -> None:
    """Show the judgments in force, and let the visitor change those that are selected."""
    with page.complaints("complaint-listed"):
        judgments = in_force(desk.store().rows(desk.place()))
        if not judgments:
            st.text("Nothing is judged yet.")
            return
        page.heading(
            "Judgments",
            "Select some to change them. Nothing is overwritten: each change keeps who made it, "
            "when, and what it was before.",
        )
        documents = state.corpus().by_id
        listed = _filter(judgments).of(judgments, documents)[:MOST]
        page.soft(f"{len(listed):,} of {count(len(judgments), 'judgment')}.", "judgments-listed")
        event = st.dataframe(
            [_row(judgment) for judgment in listed],
            hide_index=True,
            width="stretch",
            on_select="rerun",
            selection_mode="multi-row",
            key=_KEY,
        )
        rows = event["selection"]["rows"]
        _change([listed[i] for i in rows if i < len(listed)])


def _filter(judgments: Sequence[Judgment]) -> Filter:
    judges = sorted({judgment.judge for judgment in judgments})
    grades = sorted({judgment.grade for judgment in judgments if judgment.grade is not None})
    with st.container(horizontal=True, key="judgments-filter", vertical_alignment="bottom"):
        which = st.selectbox("Which", list(Which), width=200, key="_table_which")
        judge = st.selectbox("Judge", judges, None, width=170, key="_table_judge")
        grade = st.selectbox("Grade", grades, None, width=120, key="_table_grade")
        phrase = st.text_input("In the query", width=200, key="_table_words")
        days = st.number_input("Older than, days", *(0, 10_000), width=150, key="_table_days")
    return Filter(which or Which.ALL, judge or "", grade, phrase, int(days))


def _row(judgment: Judgment) -> dict[str, object]:
    documents = state.corpus().by_id
    document = documents.get(judgment.document)
    return {
        "Query": judgment.query,
        "Document": (document.title if document else "") or judgment.document,
        "Text": shortened(" ".join(document.text.split()), _TEXT) if document else "no longer here",
        "Judge": judgment.judge,
        "Grade": "cannot say" if judgment.grade is None else str(judgment.grade),
        "of": judgment.highest,
        "Note": judgment.note,
        "Edited since": "yes" if judgment.is_outdated(documents) else "",
        "When (UTC)": f"{judgment.at:%d %b %Y %H:%M}",
        "Pool": judgment.draw.pool,
    }


def _change(selected: Sequence[Judgment]) -> None:
    """Offer what can be done with the selected judgments."""
    if not selected:
        return
    highest = min(judgment.highest for judgment in selected)
    ways = [*map(str, range(highest + 1)), Kind.CANNOT_SAY.value, Kind.REOPEN.value]
    with st.container(horizontal=True, key="judgments-change", vertical_alignment="bottom"):
        way = st.selectbox("Change to", ways, width=200, key="_table_way")
        by = st.text_input(
            "By", desk.usual_judge(), max_chars=MAX_JUDGE, width=170, key="_table_by"
        )
        label = f"Change {count(len(selected), 'judgment')}"
        st.button(
            label, key="change_judgments", on_click=_apply, args=(tuple(selected), way, by.strip())
        )
    error: LabError | None = state.mapping(state.JUDGING).pop("table error", None)
    if error:
        page.complain(error, key="complaint-table")


def _apply(selected: Sequence[Judgment], way: str, by: str) -> None:
    """Change the selected judgments; the selection is left where that is done."""
    kind = Kind.GRADE if way.isdigit() else Kind(way)
    grade = int(way) if way.isdigit() else None
    try:
        documents = state.corpus().by_id
        table.change(desk.store(), desk.place(), selected, documents, kind, by, grade)
        st.session_state.pop(_KEY, None)
    except LabError as exc:
        state.mapping(state.JUDGING)["table error"] = exc
