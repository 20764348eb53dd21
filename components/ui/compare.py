"""The Compare page's pieces: the query form, the running comparison, the views of its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from components import analysis, catalog, charts
from components.charts import Look
from components.domain import Comparison, Corpus, Query, Ranking
from components.jobs import FIRST, Job
from components.pipeline import Request, check_request
from components.ui import page, state
from components.ui.board import board
from components.ui.board_view import board_data, letters, score_words

MAX_SYSTEMS = 7
POLL_SECONDS = 0.3
QUALITY_DEPTH = 10


# ---------------------------------------------------------------- settings


def query_form() -> None:
    """Show the query and the button; a submit begins a new comparison."""
    query = state.query()
    if state.get(state.SHOWN_QUERY) != query or "_query" not in st.session_state:
        st.session_state["_query"] = query  # it was chosen elsewhere, not typed here
    with (
        st.container(key="ask"),
        st.form("question", border=False, enter_to_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(
            "Query", key="_query", label_visibility="collapsed", placeholder="Ask something"
        )
        pressed = st.form_submit_button("Compare", type="primary", width="content")
    state.put(state.SHOWN_QUERY, typed if pressed else query)
    if pressed:
        state.put(state.QUERY, typed)
        state.put(state.SAMPLE_QUERY, None)
        _abandon()


def settings() -> Request:
    """Show the settings in one row and return what is to be compared."""
    with st.container(horizontal=True, key="settings", vertical_alignment="bottom"):
        page.corpus_picker("_corpus", 170)
        _choose_sample_query()
        with st.popover("Systems and depth", icon=":material/tune:", width="content"):
            _choose_systems()
    return Request(
        query=state.query(),
        first_stage=state.get(state.FIRST_STAGE),
        rerankers=tuple(state.get(state.RERANKERS)),
        initial_k=int(state.get(state.INITIAL_K)),
    )


def _choose_sample_query() -> None:
    corpus = state.corpus()
    if not corpus.queries:
        return
    tag = _choose_tag(corpus)
    texts = [query.text for query in corpus.queries if tag in (None, *query.tags)]
    current = state.query()
    chosen = st.selectbox(
        f"Sample queries ({len(texts):,})",
        texts,
        index=texts.index(current) if current in texts else None,
        placeholder="Pick a sample query",
        width="stretch",
        key=f"_sample_{corpus.fingerprint[:8]}_{tag}_{hash(current)}",
    )
    if chosen is not None and chosen != current:
        state.put(state.QUERY, chosen)
        st.rerun()


def _choose_tag(corpus: Corpus) -> str | None:
    """Return the difficulty to which the sample queries are narrowed, if any."""
    counts = Counter(tag for query in corpus.queries for tag in query.tags)
    if not counts:
        return None
    return st.selectbox(
        "What makes it hard",
        sorted(counts),
        index=None,
        placeholder="anything",
        format_func=lambda tag: f"{tag} ({counts[tag]:,})",
        width=220,
        key=f"_tag_{corpus.fingerprint[:8]}",
    )


def _choose_systems() -> None:
    lab = state.lab()
    firsts, seconds = catalog.first_stages(), catalog.reranker_specs(lab.settings)
    first = st.selectbox(
        "First stage",
        list(firsts),
        index=list(firsts).index(state.get(state.FIRST_STAGE)),
        format_func=lambda key: f"{key} · {firsts[key].family}",
        key="_first_stage",
    )
    chosen = st.multiselect(
        "Rerankers",
        list(seconds),
        default=list(state.get(state.RERANKERS)),
        format_func=lambda key: f"{key} · {seconds[key].family}",
        max_selections=MAX_SYSTEMS,
        key="_rerankers",
    )
    depth = st.number_input(
        "Candidates (initial_k)",
        *(1, 1000),
        value=int(state.get(state.INITIAL_K)),
        key="_initial_k",
        help="How many documents the first stage hands to the rerankers.",
    )
    shown = st.number_input(
        "Shown (final_k)",
        *(1, 50),
        value=int(state.get(state.FINAL_K)),
        key="_final_k",
        help="How many documents each column shows. Changing it recomputes nothing.",
    )
    for key, value in (
        (state.FIRST_STAGE, first),
        (state.RERANKERS, tuple(chosen)),
        (state.INITIAL_K, depth),
        (state.FINAL_K, shown),
    ):
        state.put(key, value)


# ---------------------------------------------------------------- the comparison


def current_job(request: Request) -> Job | None:
    """Return the job for a request: the running one, or a new one that abandons the old."""
    corpus = state.corpus()
    job = state.job()
    if job and job.request == request and job.corpus.fingerprint == corpus.fingerprint:
        return job
    if job:
        job.stop()
    state.put(state.JOB, None)
    with page.complaints():
        check_request(request, state.lab())
        state.put(state.JOB, Job(state.lab(), corpus, request).start())
    return state.job()


def _abandon() -> None:
    job = state.job()
    if job:
        job.stop()
    state.put(state.JOB, None)


def show(job: Job) -> None:
    """Show what a job holds so far, and look again until it has ended."""
    live = not job.finished
    st.fragment(_watch, run_every=POLL_SECONDS if live else None)(job, live)


def _watch(job: Job, live: bool) -> None:
    finished = job.finished  # read before drawing, so that nothing is missed in between
    final_k = _final_k(job)
    query = job.corpus.find_query(job.request.query)
    grades = job.corpus.grades(query)
    if job.error:
        page.complain(job.error)
    _status(job, query, grades, finished=finished)
    if job.first_stage is not None and not job.first_stage.hits:
        st.text("The first stage found no candidate: no document holds a word of this query.")
    elif job.first_stage is not None or not finished:
        chosen = board(board_data(job, final_k, grades), key="board")
        if finished and job.first_stage is not None:
            _results(job, final_k, grades, chosen)
    if finished and live:
        st.rerun()  # ends the polling


def _final_k(job: Job) -> int:
    return min(int(state.get(state.FINAL_K)), job.request.initial_k)


def _status(job: Job, query: Query | None, grades: Mapping[str, int], *, finished: bool) -> None:
    if query and (query.tags or query.note):
        tags = f"Tags: {', '.join(query.tags)}. " if query.tags else ""
        page.soft(f"{tags}{'For the teacher: ' + query.note if query.note else ''}", "note")
    if not finished:
        _progress(job)
        return
    if job.stopped:
        page.soft("Stopped. What had finished is shown.", "stopped")
    if job.first_stage is None:
        return
    found = analysis.verdict(comparison_of(job), grades, QUALITY_DEPTH)
    if found:
        with st.container(key="verdict"):
            st.text(found.sentence)
            page.soft(found.caution, "caution")


_WORDS = {"load": "loading", "wait": "waiting for another model", "run": "scoring"}


def _progress(job: Job) -> None:
    stages = list(job.stages.items())  # the job's threads add to them meanwhile
    busy = [(n, s) for n, s in stages if s.state not in {"done", "failed", "wait"}]
    name, stage = busy[-1] if busy else (FIRST, job.stages.get(FIRST))
    words = _WORDS.get(stage.state, stage.state) if stage else "starting"
    count = f" {stage.done:,} of {stage.total:,}" if stage and stage.total else ""
    share = stage.done / stage.total if stage and stage.total else 0.0
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(min(share, 1.0), text=f"{name}: {words}{count}")
        if st.button("Stop", key="stop", icon=":material/stop:", width="content"):
            job.stop()


def comparison_of(job: Job) -> Comparison:
    """Return what a job holds as a comparison."""
    if job.first_stage is None:
        raise ValueError("the job has no first stage yet")
    results = tuple(job.results[k] for k in job.request.rerankers if k in job.results)
    return Comparison(job.request.query, job.first_stage, results)


# ---------------------------------------------------------------- views of a finished job


def _results(job: Job, final_k: int, grades: Mapping[str, int], chosen: str | None) -> None:
    comparison = comparison_of(job)
    rankings = (comparison.first_stage, *comparison.rankings)
    looks = _looks(job, comparison)
    if chosen:
        _detail(job.corpus, chosen, rankings, looks, grades)
    _depth_note(job, comparison)
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        bold = "documents judged relevant" if any(grades.values()) else "systems' first documents"
        page.heading(
            "Rank movement",
            "How to read: one line a document, one column a system. Bold are the "
            f"{bold}{', thickest the chosen one' if chosen else ''}. Below the dots stand ranks "
            f"beyond {final_k}.",
        )
        telling = analysis.telling_documents(rankings, grades)
        figure = charts.bump(rankings, looks, final_k, page.ink(), telling, chosen)
        st.plotly_chart(figure, key="bump", config=_CHART, alt="Ranks of each document by system")
    with right:
        page.heading(
            "Where the time went",
            "How to read: one bar a system, its stages in turn. Waiting is not the model's fault.",
        )
        figure = charts.latency(rankings, looks, page.ink())
        st.plotly_chart(figure, key="latency", config=_CHART, alt="Milliseconds by stage")
        page.heading(
            "Score by rank",
            "How to read: each system has its own scale, so compare shapes, never heights.",
        )
        figure = charts.scores(rankings, looks, final_k, page.ink())
        st.plotly_chart(figure, key="scores", config=_CHART, alt="Score by rank for each system")


_CHART = {"displayModeBar": False, "displaylogo": False}


def _looks(job: Job, comparison: Comparison) -> dict[int, Look]:
    settings = job.lab.settings
    first = catalog.first_stages()[job.request.first_stage]
    looks = {0: Look("A", first.label, page.colour("A"), first.scale)}
    specs = catalog.reranker_specs(settings)
    named = letters(job.request.rerankers, settings)
    for i, ranking in enumerate(comparison.rankings, start=1):
        letter, spec = named[ranking.system], specs[ranking.system]
        looks[i] = Look(letter, spec.label, page.colour(letter), spec.scale)
    return looks


def _depth_note(job: Job, comparison: Comparison) -> None:
    found, asked = len(comparison.first_stage.hits), job.request.initial_k
    if found < asked:
        whole = found == len(job.corpus.documents)
        why = "the whole corpus" if whole else "all that the first stage found"
        page.soft(f"{found:,} candidates instead of {asked:,}: {why}.", "depth")


def _detail(
    corpus: Corpus,
    chosen: str,
    rankings: Sequence[Ranking],
    looks: Mapping[int, Look],
    grades: Mapping[str, int],
) -> None:
    document = corpus.by_id[chosen]
    with st.container(border=True, key="detail"):
        st.text(document.title or "(no title)")
        grade = grades.get(chosen)
        page.soft(f"id {chosen} · {'unjudged' if grade is None else f'grade {grade}'}", "grade")
        st.text(document.text)
        hits = analysis.ranks_of(chosen, rankings)
        rows = [
            {
                "System": f"{looks[i].letter} {looks[i].label}",
                "Rank": hit.rank,
                "Score": f"{score_words(hit.score)} ({looks[i].scale})",
                "First stage": hit.first_stage_rank,
                "Tokens cut": hit.tokens_cut,
            }
            for i, hit in enumerate(hits)
            if hit is not None
        ]
        st.dataframe(rows, hide_index=True, width="content")
