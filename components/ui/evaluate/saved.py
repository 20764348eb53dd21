"""Saved evaluations: open or delete one, compare two."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.domain import LabError
from components.evaluation.over_time import changes, unlike
from components.evaluation.saved import EvaluationSummary, SavedEvaluation
from components.evaluation.significance import interval_text, verdict
from components.evaluation.store import EvaluationStore
from components.exports.evaluation_report import EvaluationReport
from components.ui.evaluate import exports, one_page
from components.ui.evaluate.report import open_saved
from components.ui.shared import page, state
from components.wording import signed

MEASURE = "nDCG@10"
"""The measure of the list and of the comparison of two."""


def show(report: EvaluationReport | None) -> None:
    """Show the files of the evaluation at hand, then everything that is saved."""
    if report is not None:
        one_page.show(report)
        exports.downloads(report)
    page.heading(
        "Kept evaluations",
        f"{_whose()} Choose one to open or delete it, two to compare them. The address of an open "
        "one is its link: who has it can read it.",
    )
    try:
        summaries = _store().summaries(_owner())
        unreadable = _store().unreadable(_owner())
    except LabError as exc:
        page.complain(exc, key="complaint-kept-list")
        return
    for i, sentence in enumerate(unreadable):
        page.soft(sentence, f"unreadable-{i}")
    if not summaries:
        if not unreadable:
            st.text("None yet: every evaluation is kept here when it ends.")
        return
    selected = _choose(summaries)
    with page.complaints():
        if len(selected) == 1:
            _one(selected[0])
        elif len(selected) == 2:
            _two(selected)
        elif selected:
            page.soft("Choose two to compare them.", "too-many")


def _store() -> EvaluationStore:
    return EvaluationStore(state.settings().data_dir)


def _owner() -> str:
    return state.visitor().owner


def _whose() -> str:
    return "Of this lab, on this machine." if state.visitor().local else "Yours."


def _choose(summaries: Sequence[EvaluationSummary]) -> list[EvaluationSummary]:
    """Show the list, and return what the visitor selected in it."""
    event = st.dataframe(
        [_row(summary) for summary in summaries],
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="multi-row",
        key=state.SAVED_ROWS,
    )
    return [summaries[i] for i in event["selection"]["rows"] if i < len(summaries)]


def _row(summary: EvaluationSummary) -> dict[str, object]:
    values = {s: m[MEASURE] for s, m in summary.means.items() if MEASURE in m}
    return {
        "Made (UTC)": f"{summary.made:%d %b %Y %H:%M}",
        "Corpus": summary.corpus,
        "Queries": f"{summary.queries:,}: {summary.subset}",
        "Judgments": summary.split,
        "Candidates": summary.initial_k,
        "Filter": str(summary.filter) or "none",
        "Rules": summary.rules.description,
        MEASURE: " · ".join(f"{s} {value:.3f}" for s, value in values.items()),
    }


def offer_last() -> None:
    """Offer to look at the newest saved evaluation of the session's corpus, if there is one."""
    fingerprint = state.corpus().fingerprint
    try:
        summaries = [s for s in _store().summaries(_owner()) if s.fingerprint == fingerprint]
    except LabError:
        return  # the list of saved evaluations says why
    if summaries:
        with st.container(horizontal=True, key="last-kept", vertical_alignment="center"):
            if st.button("Open the last one", key="open_last"):
                _open(summaries[0])
            page.soft(summaries[0].title, "last-kept-title")


def _open(summary: EvaluationSummary) -> None:
    open_saved(_store().load(summary.id, _owner()))
    state.put(state.EVIDENCE, "quality")
    st.rerun()


def _one(summary: EvaluationSummary) -> None:
    with st.container(horizontal=True, key="kept-one", vertical_alignment="center"):
        if st.button("Open", key="open_kept", type="primary"):
            _open(summary)
        if st.button("Delete", key="delete_kept", icon=":material/delete:"):
            _store().delete(summary.id, _owner())
            st.session_state.pop(state.SAVED_ROWS, None)
            st.rerun()
        page.soft(summary.title, "kept-one-title")


def _two(summaries: Sequence[EvaluationSummary]) -> None:
    """Compare the earlier of two evaluations with the later, system by system."""
    old, new = (_loaded(summary) for summary in sorted(summaries, key=lambda s: s.made))
    page.heading("Then and now", f"Then: {old.title}. Now: {new.title}.")
    for line in unlike(old, new):
        page.soft(line, f"unlike-{line[:12]}")
    rows = [
        {
            "System": change.system,
            f"{MEASURE} then": f"{change.before:.3f}",
            "now": f"{change.after:.3f}",
            "Change": signed(d.mean),
            "95% interval": interval_text(d),
            "Verdict": verdict(d),
            "Queries": f"{d.n:,}",
        }
        for change in changes(old, new, MEASURE)
        for d in (change.difference,)
    ]
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch", key="then-and-now")
    else:
        st.text("They share no system with queries in common.")


def _loaded(summary: EvaluationSummary) -> SavedEvaluation:
    key = ("saved", summary.id, summary.made)
    return state.memo(key, lambda: _store().load(summary.id, _owner()))
