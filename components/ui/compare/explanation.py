"""The selected document: its rank in each system, what a model read of it, and why its score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from components.analysis import comparison as analysis
from components.analysis import explanations
from components.charts import explanations as charts
from components.charts.palette import StyledRanking, SystemStyle
from components.domain import Hit, Ranking, Spec
from components.lab import catalog
from components.models.bm25 import BM25, statistics
from components.pipeline.job import ComparisonJob
from components.ui.compare import occlusion
from components.ui.compare.board.view import column_specs, first_spec
from components.ui.shared import page
from components.wording import describe_grade, score


def detail(
    job: ComparisonJob,
    selected: str,
    columns: Sequence[StyledRanking],
    grades: Mapping[str, int],
) -> None:
    """Show a document in full with each system's rank and score, and explain one of the scores.

    `selected` is the document's id; `columns` are the rankings, the first stage's first.
    """
    document = job.corpus.by_id[selected]
    hits = analysis.ranks_of(selected, [column.ranking for column in columns])
    ranked = [(column, hit) for column, hit in zip(columns, hits, strict=True) if hit is not None]
    with st.container(border=True, key="detail"):
        left, right = st.columns([1, 1], gap="large")
        with left:
            st.text(document.title or "(no title)")
            page.soft(f"id {selected} · {describe_grade(grades.get(selected))}", "grade")
            st.text(document.text)
            st.dataframe(_rows(ranked), hide_index=True, width="stretch")
        with right:
            st.markdown("**Why this score?**")
            _explain_one(job, ranked, columns)


def _rows(ranked: Sequence[tuple[StyledRanking, Hit]]) -> list[dict[str, object]]:
    return [
        {
            "System": column.style.name,
            "Rank": hit.rank,
            "Score": f"{score(hit.score)} ({column.style.scale})",
            "First stage": hit.first_stage_rank or None,
            "Tokens read": _count(hit.tokens_read, column.ranking) if hit.tokens_read else "",
            "Cut": _count(hit.tokens_cut, column.ranking),
        }
        for column, hit in ranked
    ]


def _count(tokens: int, ranking: Ranking) -> str:
    """Return a number of tokens; estimated ones are about so many."""
    return f"about {tokens:,}" if ranking.cut_estimated and tokens else f"{tokens:,}"


# ---------------------------------------------------------------- why


def _explain_one(
    job: ComparisonJob,
    ranked: Sequence[tuple[StyledRanking, Hit]],
    columns: Sequence[StyledRanking],
) -> None:
    """Let the visitor choose one of the systems that ranked the document; explain its score."""
    i = st.selectbox(
        "System",
        range(len(ranked)),
        index=min(1, len(ranked) - 1),
        format_func=lambda n: ranked[n][0].style.name,
        key=f"_why_{len(columns)}",
        width=260,
    )
    if i is None:
        return
    column, hit = ranked[i]
    ranking = column.ranking
    spec = (
        first_spec(job.request)
        if column is columns[0]
        else column_specs(job.request, job.lab.settings)[ranking.system]
    )
    _text_read(job, spec, ranking, hit)
    _explainer(spec, ranking)(job, spec, ranking, hit, column.style)


Explainer = Callable[[ComparisonJob, Spec, Ranking, Hit, SystemStyle], None]


def _explainer(spec: Spec, ranking: Ranking) -> Explainer:
    """Return the explanation that a system's kind of score allows."""
    if ranking.recorded:
        return _none("It was computed elsewhere or earlier; only its scores were kept.")
    if spec.key == BM25.key:
        return _bm25
    if spec.token_vectors:
        return _maxsim
    if spec.provider or spec.family == "cross-encoder":
        return occlusion.explain
    if spec.family == "fusion":
        return _none("A fusion adds up ranks: look at its members.")
    return _none(
        "A bi-encoder compares two vectors: nothing in them belongs to one word. Look at a "
        "reranker."
    )


def _none(reason: str) -> Explainer:
    """Return an explainer that only says why there is no explanation."""
    return lambda *_: page.soft(reason, "no-explanation")


def _text_read(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit) -> None:
    """Show the exact text that was passed on, and where the model stopped reading."""
    passage = hit.document.passage
    parts = explanations.what_was_read(
        catalog.base(spec.key), job.request.query.text, passage, hit.tokens_read, hit.tokens_cut
    )
    how = "" if parts.exact else ", estimated"
    label = f"What it read: {'all of it' if not parts.unread else f'not to its end{how}'}"
    with st.expander(label, expanded=False):
        page.soft("The title, a space, and the text, as one passage:", "passage")
        st.text(parts.read)
        if parts.unread:
            st.markdown(f"**✂ truncated**: {_count(hit.tokens_cut, ranking)} tokens not read")
            page.soft(parts.unread, "unread")


def _bm25(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit, style: SystemStyle) -> None:
    query, text = job.request.query.text, hit.document.passage
    terms = explanations.bm25_terms(statistics(job.corpus), query, text)
    page.soft(
        f"How to read: one bar a word of the query; together they are the score, "
        f"{sum(t.contribution for t in terms):.2f}. {explanations.CAVEATS['bm25']}",
        "bm25",
    )
    figure = page.figure(
        (job.serial, "terms", hit.document.id, style.colour),
        lambda: charts.terms(terms, page.palette(), style.colour),
    )
    page.chart(figure, "terms", "Contribution of each query term")


def _maxsim(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit, style: SystemStyle) -> None:
    matches = _token_matches(job.request.query.text, hit.document.passage)
    page.soft(
        "How to read: rows are the query's tokens, columns the document's; ● marks the best match "
        f"of each. Together they are the score, {matches.score:.2f}. "
        f"{explanations.CAVEATS['maxsim']}",
        "maxsim",
    )
    figure = page.figure(
        (job.serial, "maxsim", hit.document.id),
        lambda: charts.token_matches(matches, page.palette()),
    )
    page.chart(figure, "maxsim", "Cosine of query and document tokens")


@st.cache_data(show_spinner="Matching tokens …", max_entries=64)
def _token_matches(query: str, text: str) -> explanations.TokenMatches:
    return explanations.token_matches(query, text)
