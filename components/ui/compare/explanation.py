"""Why a system gave a document its score, and what its model read of the text."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from components.analysis import explanations
from components.charts import explanations as charts
from components.charts.palette import StyledRanking, SystemStyle
from components.domain import RANKS_ONLY, Hit, Ranking, Spec
from components.lab import catalog
from components.models.bm25 import BM25, statistics
from components.pipeline.job import ComparisonJob
from components.ui.compare import occlusion, tokens
from components.ui.shared import page
from components.wording import count


def why(job: ComparisonJob, spec: Spec, column: StyledRanking, hit: Hit | None) -> None:
    """Explain the score that a system gave a document; `hit` is None where it gave none."""
    st.markdown("**Why this score?**")
    if hit is None:
        page.soft("This system does not rank the document: there is no score.", "no-explanation")
    elif not job.finished:
        page.soft("Explained once the comparison has ended.", "no-explanation")
    else:
        _text_read(job, spec, column.ranking, hit)
        # Written at once, so that no other document's explanation stands here meanwhile.
        place = st.empty()
        place.text("…")
        with place.container():
            _explainer(spec, column.ranking)(job, spec, column.ranking, hit, column.style)


YIELD_SECONDS = 0.05
"""How long the token matches wait, so that the text above them is sent before a model loads."""

Explainer = Callable[[ComparisonJob, Spec, Ranking, Hit, SystemStyle], None]


def _explainer(spec: Spec, ranking: Ranking) -> Explainer:
    """Return the explanation that a system's kind of score allows."""
    if ranking.recorded:
        return _none("It was computed elsewhere or earlier; only its scores were kept.")
    if spec.key == BM25.key:
        return _bm25
    if spec.token_vectors:
        return _maxsim
    if spec.scale == RANKS_ONLY:
        return _none("It orders candidates and gives none a score: there is nothing to take apart.")
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
            about = "about " if ranking.cut_estimated else ""
            st.markdown(f"**✂ truncated**: {about}{count(hit.tokens_cut, 'token')} not read")
            page.soft(parts.unread, "unread")


def _bm25(job: ComparisonJob, spec: Spec, ranking: Ranking, hit: Hit, style: SystemStyle) -> None:
    query, text = job.request.query.text, hit.document.passage
    terms = explanations.bm25_terms(statistics(job.corpus), query, text)
    page.soft(
        f"How to read: one bar a stem of the query, with the words it stands for; together they "
        f"are the score, {sum(t.contribution for t in terms):.2f}. {explanations.CAVEATS['bm25']}",
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
        "How to read: each token of the query counts with its best match in the document. Together "
        f"they are the score, {matches.score:.2f}. {explanations.CAVEATS['maxsim']}",
        "maxsim",
    )
    st.html(tokens.best_matches_html(matches, style.colour))
    page.soft(tokens.describe_special(matches), "special-tokens")
    with st.expander(f"All {count(len(matches.document_tokens), 'token')} of the document"):
        st.html(tokens.all_tokens_html(matches, style.colour))
    with st.expander("Every query token with every document token"):
        st.html(tokens.matrix_html(matches, style.colour))


@st.cache_data(show_spinner="Matching tokens …", max_entries=64)
def _token_matches(query: str, text: str) -> explanations.TokenMatches:
    time.sleep(YIELD_SECONDS)
    return explanations.token_matches(query, text)
