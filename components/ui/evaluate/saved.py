"""Evaluations kept over time, two of them compared, files to take away, and past searches."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping, Sequence

import streamlit as st

from components.domain import LabError
from components.evaluation.significance import difference, holm
from components.evaluation.store import EvaluationStore, EvaluationSummary, SavedEvaluation
from components.exports.evaluation import files
from components.exports.evaluation_html import evaluation_html
from components.exports.evaluation_report import EvaluationReport
from components.exports.tables import latex, per_query_csv
from components.measures import Metrics
from components.ui.shared import page, state
from components.wording import milliseconds, signed

DAYS: Mapping[str, float] = {"the last hour": 1 / 24, "the last day": 1, "all": 36_500}


def show(report: EvaluationReport | None) -> None:
    """Show the files of the evaluation at hand, then everything that is kept."""
    if report is not None:
        _downloads(report)
    _kept(report)


# ---------------------------------------------------------------- take it away


def _downloads(report: EvaluationReport) -> None:
    page.heading("Take it away", f"{report.saved.title}. The report needs no network.")
    stem = f"{report.saved.plan.corpus}-evaluation"
    downloads = (
        ("Report (HTML)", f"{stem}.html", "text/html", lambda: evaluation_html(report)),
        ("By query (CSV)", f"{stem}.csv", "text/csv", lambda: per_query_csv(report)),
        ("Table (LaTeX)", f"{stem}.tex", "text/plain", lambda: latex(report)),
        ("Everything (ZIP)", f"{stem}.zip", "application/zip", lambda: _zip(report)),
    )
    with st.container(horizontal=True, key="take-evaluation"):
        for label, name, mime, data in downloads:
            st.download_button(
                label,
                data,
                file_name=name,
                mime=mime,
                icon=":material/download:",
                key=f"take-{name.rpartition('.')[2]}",
                on_click="ignore",
                width="content",
            )
    page.soft("The ZIP also holds the TREC runs, the judgments and the metrics as JSON.", "zip")


def _zip(report: EvaluationReport) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files(report):
            archive.writestr(name, text)
    return held.getvalue()


# ---------------------------------------------------------------- kept evaluations


def _store() -> EvaluationStore:
    return EvaluationStore(state.lab().settings.data_dir)


def _kept(report: EvaluationReport | None) -> None:
    page.heading(
        "Kept evaluations",
        "Of the corpora that you hold, on this machine. Choose one to open or delete it, two to "
        "compare them.",
    )
    try:
        heads = _store().summaries(state.fingerprints())
    except LabError as exc:
        page.complain(exc, key="complaint-kept-list")
        return
    if not heads:
        st.text("None yet: every evaluation is kept here when it ends.")
        return
    event = st.dataframe(
        [_row(head) for head in heads],
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="multi-row",
        key="kept",
    )
    chosen = [heads[i] for i in event["selection"]["rows"] if i < len(heads)]
    with page.complaints():
        if len(chosen) == 1:
            _one(chosen[0])
        elif len(chosen) == 2:
            _two(chosen)
        elif chosen:
            page.soft("Choose two to compare them.", "too-many")


def offer_last() -> None:
    """Offer to look at the newest kept evaluation of this session's corpora, if there is one."""
    try:
        heads = _store().summaries(state.fingerprints())
    except LabError:
        return  # the list of kept evaluations says why
    if heads:
        with st.container(horizontal=True, key="last-kept", vertical_alignment="center"):
            if st.button("Open the last one", key="open_last"):
                _open(heads[0])
            page.soft(heads[0].title, "last-kept-title")


def _open(head: EvaluationSummary) -> None:
    state.put(state.EVALUATED, _store().load(head.id, state.fingerprints()))
    state.put(state.EVIDENCE, "quality")
    st.rerun()


def _row(head: EvaluationSummary) -> dict[str, object]:
    values = {s: m["nDCG@10"] for s, m in head.means.items() if "nDCG@10" in m}
    return {
        "Made (UTC)": f"{head.made:%d %b %Y %H:%M}",
        "Corpus": head.corpus,
        "Queries": f"{head.queries:,}: {head.subset}",
        "Judgments": head.split,
        "Candidates": head.initial_k,
        "nDCG@10": " · ".join(f"{s} {value:.3f}" for s, value in values.items()),
    }


def _one(head: EvaluationSummary) -> None:
    with st.container(horizontal=True, key="kept-one", vertical_alignment="center"):
        if st.button("Open", key="open_kept", type="primary"):
            _open(head)
        if st.button("Delete", key="delete_kept", icon=":material/delete:"):
            _store().delete(head.id, state.fingerprints())
            st.session_state.pop("kept", None)
            st.rerun()
        page.soft(head.title, "kept-one-title")


def _two(heads: Sequence[EvaluationSummary]) -> None:
    """Compare the earlier of two evaluations with the later, system by system."""
    earlier, later = sorted(heads, key=lambda head: head.made)
    old, new = (
        state.memo(("kept", h.id, h.made), lambda h=h: _store().load(h.id, state.fingerprints()))  # type: ignore[misc]
        for h in (earlier, later)
    )
    page.heading("Then and now", f"Then: {old.title}. Now: {new.title}.")
    for line in _unlike(old, new):
        page.soft(line, f"unlike-{line[:12]}")
    rows = changes_over_time(old, new)
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch", key="then-and-now")
    else:
        st.text("They share no system with queries in common.")


def _unlike(old: SavedEvaluation, new: SavedEvaluation) -> list[str]:
    """Say what else than the systems differs between two evaluations."""
    said = []
    if old.plan.fingerprint != new.plan.fingerprint:
        said.append("The corpora differ: nothing below is a like-for-like comparison.")
    if old.plan.judgments != new.plan.judgments:
        said.append("The judged queries or their judgments differ; shared queries are compared.")
    if old.plan.pipelines.initial_k != new.plan.pipelines.initial_k:
        depths = old.plan.pipelines.initial_k, new.plan.pipelines.initial_k
        said.append(f"{depths[0]:,} candidates then, {depths[1]:,} now.")
    changed = [s for s in new.models if s in old.models and old.models[s] != new.models[s]]
    said += [f"{s} was {old.models[s]}, and is {new.models[s]}." for s in changed]
    return said


def changes_over_time(
    old: SavedEvaluation, new: SavedEvaluation, name: str = "nDCG@10"
) -> list[dict[str, str]]:
    """Return each shared system's measure then and now, paired over the queries of both."""
    before, after = (_metrics(one, name) for one in (old, new))
    found, rows = [], []
    for system in (s for s in new.plan.systems if s in before and s in after):
        shared = [q for q in after[system].per_query if q in before[system].per_query]
        values = [
            [metrics[system].per_query[q][name] for q in shared] for metrics in (before, after)
        ]
        if shared:
            found.append(difference(system, name, *values))
            rows.append((system, sum(values[0]) / len(shared), sum(values[1]) / len(shared)))
    return [
        {
            "System": system,
            f"{name} then": f"{then:.3f}",
            "now": f"{now:.3f}",
            "Change": signed(d.mean),
            "95% CI": f"{signed(d.low)} to {signed(d.high)}" if d.n > 1 else "one query has none",
            "More than noise?": "yes" if d.distinguishable else "no",
            "Queries": f"{d.n:,}",
        }
        for (system, then, now), d in zip(rows, holm(found), strict=True)
    ]


def _metrics(one: SavedEvaluation, name: str) -> dict[str, Metrics]:
    return one.evaluation.metrics(one.plan.judgments, (name,))


# ---------------------------------------------------------------- past searches


def past_searches(report: EvaluationReport | None) -> None:
    """Show how long the lab's own past searches took, by system and stage."""
    page.heading(
        "Past searches",
        "Searches of this lab, of everybody on this machine: how many, how long, what failed. "
        "Only times are kept, no text.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="past-controls"):
        span = st.selectbox("Since", list(DAYS), index=1, key="_past_span", width=170)
        forget = st.button("Forget them", key="forget_searches", icon=":material/delete:")
    log = state.lab().search_log
    if forget:
        log.clear()
    times = log.times(time.time() - DAYS[span] * 86_400)
    if not times:
        st.text("None in that time. Search on the Compare page; each search is counted here.")
        return
    rows = [
        {
            "System": one.system,
            "Stage": one.stage,
            "Searches": one.count,
            "p50": milliseconds(one.p50) if one.count else "",
            "p95": milliseconds(one.p95) if one.count else "",
            "Failures": one.failures,
        }
        for one in times
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="past")
