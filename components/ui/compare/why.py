"""The chosen document: what each system made of it, what it read, and why it scored so."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from components import pipeline
from components.analysis import comparison as analysis
from components.analysis import explanations as explain
from components.analysis.explanations import Occlusion, Unit
from components.charts import explanations
from components.charts.palette import StyledRanking, SystemStyle
from components.domain import Hit, Ranking, Spec
from components.lab import StepReport, catalog
from components.lab.work import BackgroundTask
from components.models.bm25 import BM25, statistics
from components.models.tokens import estimate_tokens
from components.pipeline.job import ComparisonJob
from components.rerankers.hosted.prices import price_of
from components.ui.compare.board.view import column_specs, first_spec
from components.ui.shared import page
from components.wording import dollars
from components.wording import score as score_words

EXPLAINED = "explained"
EXPLAINING = "explaining"
_CHART = {"displayModeBar": False, "displaylogo": False}


def detail(
    job: ComparisonJob,
    chosen: str,
    columns: Sequence[StyledRanking],
    grades: Mapping[str, int],
) -> None:
    """Show the chosen document in full, and open what there is to say of its score."""
    document = job.corpus.by_id[chosen]
    hits = analysis.ranks_of(chosen, [column.ranking for column in columns])
    there = [(column, hit) for column, hit in zip(columns, hits, strict=True) if hit is not None]
    with st.container(border=True, key="detail"):
        left, right = st.columns([1, 1], gap="large")
        with left:
            st.text(document.title or "(no title)")
            grade = grades.get(chosen)
            page.soft(f"id {chosen} · {'unjudged' if grade is None else f'grade {grade}'}", "grade")
            st.text(document.text)
            st.dataframe(_rows(there), hide_index=True, width="stretch")
        with right:
            _why(job, there, columns)


def _rows(there: Sequence[tuple[StyledRanking, Hit]]) -> list[dict[str, object]]:
    return [
        {
            "System": column.style.name,
            "Rank": hit.rank,
            "Score": f"{score_words(hit.score)} ({column.style.scale})",
            "First stage": hit.first_stage_rank or None,
            "Tokens read": _count(hit.tokens_read, column.ranking) if hit.tokens_read else "",
            "Cut": _count(hit.tokens_cut, column.ranking),
        }
        for column, hit in there
    ]


def _count(tokens: int, ranking: Ranking) -> str:
    return f"about {tokens:,}" if ranking.cut_estimated and tokens else f"{tokens:,}"


# ---------------------------------------------------------------- why


def _why(
    job: ComparisonJob, there: Sequence[tuple[StyledRanking, Hit]], columns: Sequence[StyledRanking]
) -> None:
    """Let the visitor choose one of the systems that ranked the document; explain its score."""
    st.markdown("**Why this score?**")
    i = st.selectbox(
        "System",
        range(len(there)),
        index=min(1, len(there) - 1),
        format_func=lambda n: there[n][0].style.name,
        key=f"_why_{len(columns)}",
        width=260,
    )
    if i is None:
        return
    column, hit = there[i]
    ranking = column.ranking
    spec = (
        first_spec(job.request)
        if column is columns[0]
        else column_specs(job.request, job.lab.settings)[ranking.system]
    )
    _read(job, spec, ranking, hit)
    _explainer(spec, ranking)(job, spec, ranking, hit, column.style)


Explainer = Callable[[ComparisonJob, Spec, Ranking, Hit, SystemStyle], None]


def _explainer(spec: Spec, ranking: Ranking) -> Explainer:
    """Return what can honestly explain a system's score."""
    if ranking.recorded:
        return _none("It was computed elsewhere or earlier; only its scores were kept.")
    if spec.key == BM25.key:
        return _bm25
    if spec.token_vectors:
        return _maxsim
    if spec.provider or spec.family == "cross-encoder":
        return _occlusion
    if spec.family == "fusion":
        return _none("A fusion adds up ranks: look at its members.")
    return _none(
        "A bi-encoder compares two vectors: nothing in them belongs to one word. Look at a "
        "reranker."
    )


def _none(words: str) -> Explainer:
    def say(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit, style: SystemStyle) -> None:
        page.soft(words, "no-explanation")

    return say


def _read(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit) -> None:
    """Show the exact text that was passed on, and where the model stopped reading."""
    passage = hit.document.passage
    found = explain.what_was_read(
        catalog.base(spec.key), job.request.query.text, passage, hit.tokens_read, hit.tokens_cut
    )
    how = "" if found.exact else ", estimated"
    label = f"What it read: {'all of it' if not found.unread else f'not to its end{how}'}"
    with st.expander(label, expanded=False):
        page.soft("The title, a space, and the text, as one passage:", "passage")
        st.text(found.read)
        if found.unread:
            st.markdown(f"**✂ truncated**: {_count(hit.tokens_cut, ranking)} tokens not read")
            page.soft(found.unread, "unread")


def _bm25(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit, style: SystemStyle) -> None:
    terms = explain.bm25_terms(statistics(job.corpus), job.request.query.text, hit.document.passage)
    page.soft(
        f"How to read: one bar a word of the query; together they are the score, "
        f"{sum(t.contribution for t in terms):.2f}. {explain.CAVEATS['bm25']}",
        "bm25",
    )
    figure = explanations.terms(terms, page.palette(), style.colour)
    st.plotly_chart(figure, key="terms", config=_CHART, alt="Contribution of each query term")


def _maxsim(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit, style: SystemStyle) -> None:
    found = _token_matches(job.request.query.text, hit.document.passage)
    page.soft(
        "How to read: rows are the query's tokens, columns the document's; ● marks the best match "
        f"of each. Together they are the score, {found.score:.2f}. {explain.CAVEATS['maxsim']}",
        "maxsim",
    )
    figure = explanations.token_matches(found, page.palette())
    st.plotly_chart(figure, key="maxsim", config=_CHART, alt="Cosine of query and document tokens")


@st.cache_data(show_spinner="Matching tokens …", max_entries=64)
def _token_matches(query: str, text: str) -> explain.TokenMatches:
    return explain.token_matches(query, text)


# ---------------------------------------------------------------- occlusion


def _occlusion(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit, style: SystemStyle) -> None:
    """Leave out sentence by sentence or word by word, on request."""
    text = hit.document.passage
    unit: Unit = (
        "word"
        if st.segmented_control(
            "Leave out, one by one",
            ["sentences", "words"],
            default="sentences",
            key=f"_unit_{spec.provider}",
        )
        == "words"
        else "sentence"
    )
    key = (ranking.system, hit.document.id, job.request, unit)
    found: Occlusion | None = st.session_state.setdefault(EXPLAINED, {}).get(key)
    if found is None:
        page.soft(_price_of_asking(job, spec, text, unit), "asking")
        if st.button("Explain", key="explain", icon=":material/science:"):
            st.session_state[EXPLAINING] = (key, _begin(job, ranking.system, text, unit))
    else:
        _shaded(found, style)
    _watch_task(key)


def _price_of_asking(job: ComparisonJob, spec: Spec, text: str, unit: Unit) -> str:
    """Say how many variants are scored and, for a provider, what that costs."""
    texts = explain.variants(text, unit)
    words = f"{len(texts):,} variants are scored. {explain.CAVEATS['occlusion']}"
    if not spec.provider:
        return words
    most = spec.limits.documents or len(texts)
    requests = 1 if spec.listwise else -(-len(texts) // most)
    tokens = sum(estimate_tokens(texts)) + len(texts) * estimate_tokens([job.request.query.text])[0]
    price = price_of(spec, job.lab.settings)
    cost = "its price is not on file"
    if price:
        searches = -(-len(texts) // 100)
        cost = f"about {dollars(price.cost(explain.billed(searches, tokens)))}"
    ask = f"{requests} request{'' if requests == 1 else 's'}, {cost}."
    return f"{words} {explain.CAVEATS['hosted']} Here: {ask}"


def _begin(job: ComparisonJob, system: str, text: str, unit: Unit) -> tuple[BackgroundTask, dict[str, Any]]:
    """Start scoring the variants; the result lands in the returned dictionary."""
    result: dict[str, Any] = {}

    def work(report: StepReport) -> None:
        class Watch(pipeline.NullWatcher):
            """Passes steps on to the task."""

            def step(self, system: str, state: str, done: int, total: int) -> None:
                report(state, done, total)

        def score(texts: Sequence[str]) -> explain.Values:
            run = replace(job.run, watcher=Watch())
            scoring = pipeline.score_texts(run, job.request.query.text, system, texts)
            return scoring.scores.values

        result["found"] = explain.occlusion(score, text, unit)

    return BackgroundTask(work).start(), result


def _watch_task(key: object) -> None:
    held = st.session_state.get(EXPLAINING)
    if held is None or held[0] != key:
        return
    task, result = held[1]
    live = not task.finished
    st.fragment(_progress, run_every=0.3 if live else None)(key, task, result, live)


def _progress(key: object, task: BackgroundTask, result: dict[str, Any], live: bool) -> None:
    if not task.finished:
        stage = task.step
        share = stage.done / stage.total if stage.total else 0.0
        st.progress(min(share, 1.0), text=f"{stage.state}: {stage.done:,} of {stage.total:,}")
        if st.button("Stop", key="stop_explaining", icon=":material/stop:"):
            task.stop()
        return
    if task.error:
        page.complain(task.error, key="complaint-explain")
        return
    if "found" in result:
        st.session_state[EXPLAINED][key] = result["found"]
    st.session_state[EXPLAINING] = None
    if live or "found" in result:
        st.rerun()


def _shaded(found: Occlusion, style: SystemStyle) -> None:
    """Show the text, each piece shaded by what leaving it out takes from the score."""
    page.soft(
        f"How to read: the whole text scores {score_words(found.full)}. Shaded is what the score "
        "needs, the stronger the more; underlined in dots is what lowers it. "
        f"{explain.CAVEATS['occlusion']}",
        "shaded",
    )
    st.html(f'<div class="shaded" dir="auto">{shaded_html(found, style.colour)}</div>')
    rows = sorted(found.pieces, key=lambda p: -abs(p.effect))[:8]
    st.dataframe(
        [
            {
                "Left out": found.text[p.start : p.end].strip()[:200],
                "Score without": score_words(p.without),
                "Effect": ("+" if p.effect >= 0 else "") + score_words(p.effect),
            }
            for p in rows
        ],
        hide_index=True,
        width="stretch",
    )


def shaded_html(found: Occlusion, colour: str) -> str:
    """Return the pieces of a text as escaped HTML, shaded by their effect."""
    shares = explain.shares([piece.effect for piece in found.pieces])
    parts = []
    for piece, share in zip(found.pieces, shares, strict=True):
        words = html.escape(found.text[piece.start : piece.end])
        shade = f"background:color-mix(in srgb, {colour} {45 * max(share, 0):.0f}%, transparent)"
        style = shade if share > 0 else "text-decoration:underline dotted" if share < -0.1 else ""
        parts.append(f'<span style="{style}" title="{piece.effect:+.3f}">{words}</span>')
    return "".join(parts)
