"""What a finished comparison shows below its columns: headroom, harm, agreement, time, depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from components import evaluation, pipeline
from components.analysis import agreement as agree
from components.analysis import depth
from components.analysis import headroom as room
from components.analysis.headroom import Delta
from components.charts import comparison
from components.charts.palette import StyledRanking
from components.domain import Comparison, InputError, Ranking
from components.lab import StepReport
from components.pipeline import Pipelines
from components.pipeline.job import ComparisonJob
from components.ui.compare.board.view import column_specs
from components.ui.shared import page, state
from components.ui.shared.work import on_demand
from components.wording import milliseconds

K = 10
CHART = {"displayModeBar": False, "displaylogo": False}
DEPTH = "_depth"


@dataclass(frozen=True)
class Shown:
    """A finished comparison as its views need it: rankings with styles, the first stage first."""

    job: ComparisonJob
    comparison: Comparison
    columns: Sequence[StyledRanking]
    grades: Mapping[str, int]
    final_k: int

    @property
    def rankings(self) -> list[Ranking]:
        """Return the rankings alone."""
        return [column.ranking for column in self.columns]

    @property
    def names(self) -> list[str]:
        """Return each system's letter and label."""
        return [column.style.name for column in self.columns]

    def local(self) -> list[int]:
        """Return the places of the rerankers that this machine ran now, and for nothing."""
        specs = column_specs(self.job.request, self.job.lab.settings)
        return [
            i
            for i, r in enumerate(self.rankings)
            if i and not r.recorded and not specs[r.system].provider
        ]

    def pointwise(self) -> list[int]:
        """Return the places of the rerankers whose scores hold at any depth."""
        specs = column_specs(self.job.request, self.job.lab.settings)
        return [
            i
            for i, r in enumerate(self.rankings)
            if i and not r.recorded and not specs[r.system].listwise
        ]


def show(shown: Shown) -> None:
    """Draw all views, two beside each other."""
    pairs: tuple[tuple[Callable[[Shown], None], Callable[[Shown], None]], ...] = (
        (headroom, latency),
        (harm, agreement),
        (by_depth, scores),
    )
    for left, right in pairs:
        columns = st.columns(2, gap="large")
        for column, view in zip(columns, (left, right), strict=True):
            with column:
                view(shown)


# ---------------------------------------------------------------- headroom and harm


def headroom(shown: Shown) -> None:
    """Show what was reached, what was badly ranked, what was never retrieved."""
    found = room.headroom(shown.rankings, shown.grades, K)
    page.heading(
        "Headroom",
        "How to read: the solid part was reached; the hatched part was badly ranked, another order "
        "of the same candidates would have it; the dotted part was not retrieved.",
    )
    if found is None:
        page.soft("No relevant document is known for this query: there is no quality to show.", "h")
        return
    st.text(room.headroom_words(found, shown.names))
    reached = {c.style: v for c, v in zip(shown.columns, found.values, strict=True)}
    figure = comparison.headroom(reached, found.best, page.palette())
    st.plotly_chart(figure, key="headroom", config=CHART, alt=f"nDCG@{K} reached and lost")


def harm(shown: Shown) -> None:
    """Show the relevant documents that rerankers moved down, and queries that they made worse."""
    page.heading(
        "Harm",
        f"Relevant documents of the first stage's first {shown.final_k} that a reranker moved "
        "down, deepest first.",
    )
    rows = [
        {
            "System": shown.names[i],
            "From": h.before,
            "To": h.after,
            "": "fell out" if h.dropped else "",
            "Grade": h.grade,
            "Document": h.title,
        }
        for i, ranking in enumerate(shown.rankings)
        if i
        for h in room.harmed(ranking, shown.grades, shown.final_k)
    ]
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch")
    else:
        words = "None was moved down." if any(shown.grades.values()) else "Nothing is judged here."
        page.soft(words, "no-harm")
    _gallery(shown)


def _gallery(shown: Shown) -> None:
    """Look for the corpus's queries on which the first stage beats a reranker."""
    job = shown.job
    local = shown.local()
    if not job.corpus.judgments or not local or job.request.query.recorded_first is not None:
        return
    i = local[0]
    system = shown.rankings[i].system
    key = (
        "gallery",
        job.corpus.fingerprint,
        job.request.pipelines.first_stage,
        system,
        job.request.pipelines.initial_k,
    )
    result = on_demand(
        key,
        f"Where does the first stage beat {system}?",
        "gallery",
        lambda report, out: out.update(deltas=deltas(job, system, report)),
    )
    if not result:
        return
    found: Sequence[Delta] = result["deltas"]
    worse = room.worst_first(found)
    better = sum(d.change > 0 for d in found)
    page.soft(
        f"Of {len(found)} judged queries {system} makes {better} better and {len(worse)} worse "
        f"(nDCG@{K}). Choose one to open it.",
        "gallery",
    )
    rows = [
        {"Query": d.text, "First stage": f"{d.before:.2f}", system: f"{d.after:.2f}"} for d in worse
    ]
    if rows:
        event = st.dataframe(
            rows,
            hide_index=True,
            width="stretch",
            on_select="rerun",
            selection_mode="single-row",
            key="gallery_rows",
        )
        chosen = event["selection"]["rows"]
        if chosen and worse[chosen[0]].text != state.query():
            state.put(state.QUERY, worse[chosen[0]].text)
            st.rerun()


def deltas(job: ComparisonJob, system: str, report: StepReport) -> tuple[Delta, ...]:
    """Return nDCG@10 before and after one reranker for every judged query of the corpus."""
    asked = job.request.pipelines
    pipelines = Pipelines(asked.first_stage, (system,), asked.initial_k, reuse=True)
    plan = evaluation.plan(job.corpus, pipelines)
    found = evaluation.evaluate(job.lab, job.corpus, plan, report)
    metrics, name = found.metrics(plan.judgments), f"nDCG@{K}"
    before, after = metrics[plan.first_stage].per_query, metrics[system].per_query
    texts = {query.id: query.text for query in plan.queries}
    return tuple(Delta(q, texts[q], before[q][name], after[q][name]) for q in before)


# ---------------------------------------------------------------- agreement


def agreement(shown: Shown) -> None:
    """Show how alike the systems rank."""
    page.heading(
        "Agreement",
        "How to read: 1 is the same order. Kendall's tau counts pairs over all candidates, RBO "
        "weighs the top, overlap counts shared documents at the top.",
    )
    names = list(agree.measures(shown.final_k))
    chosen = st.segmented_control(
        "Measure",
        names,
        default=names[0],
        key="_measure_of_agreement",
        label_visibility="collapsed",
    )
    found = agree.agreement(shown.rankings, chosen or names[0], shown.final_k)
    st.text(agree.agreement_words(found, shown.names))
    figure = comparison.agreement(found, [c.style for c in shown.columns], page.palette())
    st.plotly_chart(figure, key="agreement", config=CHART, alt=f"{found.measure} between systems")


# ---------------------------------------------------------------- time


ROUNDS = 10


def latency(shown: Shown) -> None:
    """Show each stage's time, warm percentiles on request, and what a deadline would have done."""
    page.heading(
        "Where the time went",
        "How to read: one bar a system, its stages in turn. Waiting (dotted) is not the model's "
        "fault; crossed is network and provider together.",
    )
    figure = comparison.latency(shown.columns, page.palette())
    st.plotly_chart(figure, key="latency", config=CHART, alt="Milliseconds by stage")
    _deadline(shown)
    local = shown.local()
    if not local:
        return
    job = shown.job
    systems = [shown.rankings[i].system for i in local]
    result = on_demand(
        ("repeat", job.request, tuple(systems)),
        f"Run those on this machine {ROUNDS} times",
        "repeat",
        lambda report, out: out.update(repeated(job, systems, report)),
    )
    if result:
        st.dataframe(
            [
                {
                    "System": shown.names[i],
                    "Cold start": milliseconds(shown.rankings[i].timing.load_ms),
                    "Warm p50": milliseconds(float(np.percentile(result[s], 50))),
                    "Warm p95": milliseconds(float(np.percentile(result[s], 95))),
                    "n": len(result[s]),
                }
                for i, s in zip(local, systems, strict=True)
                if result.get(s)
            ],
            hide_index=True,
            width="stretch",
        )


def shown_first(job: ComparisonJob) -> Ranking:
    """Return the first stage of a job that has ended."""
    if job.comparison is None:
        raise InputError("The first stage has no ranking yet.", "Wait for it.")
    return job.comparison.first_stage


def repeated(job: ComparisonJob, systems: Sequence[str], report: StepReport) -> dict[str, list[float]]:
    """Return the milliseconds of warm scoring passes, one system at a time."""
    found: dict[str, list[float]] = {system: [] for system in systems}
    first, query = shown_first(job), job.request.query.text
    for done in range(ROUNDS * len(systems)):
        system = systems[done % len(systems)]
        report(system, done, ROUNDS * len(systems))
        ranking = pipeline.rerank_candidates(job.run, query, first, system)
        found[system].append(ranking.timing.rerank_ms)
    return found


def _deadline(shown: Shown) -> None:
    """Let the visitor set a deadline and say which order would have shipped."""
    totals = [r.timing.total_ms for r in shown.rankings]
    most = int(max(50, *totals) * 1.2)
    at = st.slider("With a deadline of so many ms …", 1, most, min(300, most), key="_deadline_ms")
    shipped = depth.would_have_shipped(shown.rankings[0], shown.rankings[1:], at)
    parts = []
    for column, one in zip(shown.columns[1:], shipped, strict=True):
        own = one.shipped == one.system
        what = "its own order" if own else "the first stage's order" if one.shipped else "nothing"
        parts.append(f"{column.style.letter} {what} ({milliseconds(one.ms)})")
    if parts:
        page.soft(f"… would have shipped: {'; '.join(parts)}.", "shipped")


# ---------------------------------------------------------------- depth and scores


def chosen_depth(job: ComparisonJob) -> int | None:
    """Return the depth at which the columns are looked at; None for all candidates."""
    found = len(job.first_stage.hits) if job.first_stage else 0
    chosen = st.session_state.get(DEPTH)
    return chosen if chosen is not None and chosen < found else None


def by_depth(shown: Shown) -> None:
    """Let the visitor look at fewer candidates of the same scoring pass."""
    full = len(shown.rankings[0].hits)
    page.heading(
        "Depth",
        "How to read: what each reranker would have made of fewer candidates, from this one "
        "scoring pass; only those that score each candidate on its own.",
    )
    pointwise = shown.pointwise()
    if full <= K or not pointwise:
        page.soft("There are too few candidates, or no such reranker.", "no-depth")
        return
    st.session_state[DEPTH] = min(max(st.session_state.get(DEPTH, full), K), full)
    st.slider(
        "Candidates",
        *(K, full),
        key=DEPTH,
        help="The columns above follow. Nothing is computed anew.",
    )
    measured = _measured_depths(shown, full)
    curves = {
        i: depth.sweep(shown.rankings[i], shown.grades, K, measured.get(shown.rankings[i].system))
        for i in pointwise
    }
    at = st.session_state.get(DEPTH, full)
    sweeps = {shown.columns[i].style: points for i, points in curves.items()}
    quality = {
        style: [(p.depth, p.ndcg) for p in points if p.ndcg is not None]
        for style, points in sweeps.items()
    }
    timed = {
        style: [(p.depth, p.ms) for p in points if p.ms is not None]
        for style, points in sweeps.items()
    }
    figure = comparison.depth(quality, timed, at, f"nDCG@{K}", page.palette())
    st.plotly_chart(figure, key="depth", config=CHART, alt="Quality and latency by depth")
    for i, points in list(curves.items())[:1]:
        st.text(depth.advice_words(points, shown.names[i], K))


def _measured_depths(shown: Shown, full: int) -> dict[str, dict[int, float]]:
    """Offer to measure latency at every depth; return what was measured."""
    job, local = shown.job, [shown.rankings[i].system for i in shown.local()]
    local = [s for s in local if s in {shown.rankings[i].system for i in shown.pointwise()}]
    if not local:
        return {}
    result = on_demand(
        ("depths", job.request, tuple(local)),
        "Measure the latency at each depth",
        "depths",
        lambda report, out: out.update(measured_depths(job, local, full, report)),
    )
    return result or {}


def measured_depths(
    job: ComparisonJob, systems: Sequence[str], full: int, report: StepReport
) -> dict[str, dict[int, float]]:
    """Return the milliseconds of a scoring pass at every depth, by system."""
    found: dict[str, dict[int, float]] = {system: {} for system in systems}
    first, query, steps = shown_first(job), job.request.query.text, depth.depths(full)
    for done in range(len(systems) * len(steps)):
        system, at = systems[done // len(steps)], steps[done % len(steps)]
        report(f"{system} at {at}", done, len(systems) * len(steps))
        fewer = depth.at_depth(first, at)
        ranking = pipeline.rerank_candidates(job.run, query, fewer, system)
        found[system][at] = ranking.timing.rerank_ms
    return found


def scores(shown: Shown) -> None:
    """Show every score by rank, each system on its own scale."""
    page.heading(
        "Score by rank",
        "How to read: each system has its own scale, so compare shapes, never heights.",
    )
    figure = comparison.scores(shown.columns, shown.final_k, page.palette())
    st.plotly_chart(figure, key="scores", config=CHART, alt="Score by rank for each system")
