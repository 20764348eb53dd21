"""The form that begins a queue: who judges, on which scale, and which pairs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

import streamlit as st

from components.advice.estimates import estimate_queries
from components.domain import Corpus, InputError, LabError
from components.evaluation import Plan as EvaluationPlan
from components.evaluation import evaluate
from components.evaluation.store import EvaluationStore
from components.judging import pools
from components.judging.drawing import Rankings
from components.judging.queues import Plan, PoolKind
from components.judging.records import MAX_JUDGE
from components.judging.sides import SidesPlan, sides_plan
from components.lab import StepReport
from components.pipeline import Pipelines, check_pipelines
from components.ui.judge import desk, sides
from components.ui.shared import page, spending, state, systems
from components.ui.shared.work import on_demand

KINDS: Mapping[PoolKind, str] = {
    PoolKind.TOP: "the best of each system",
    PoolKind.DUEL: "which of two is better",
    PoolKind.SIDES: "two rankings side by side",
    PoolKind.HOLES: "holes that could turn an evaluation over",
    PoolKind.RANDOM: "some at random",
}
Made = Callable[[Mapping[str, Rankings]], Plan | SidesPlan]
_SIDE = 5
"""Documents of each ranking that stand side by side."""


def form() -> None:
    """Let the visitor choose judge, scale and pairs, and prepare the queue."""
    page.heading(
        "Judge",
        "Grade pairs of a query and a document, one after another, without seeing who ranked them.",
    )
    corpus = state.corpus()
    with st.container(horizontal=True, key="judge-settings", vertical_alignment="bottom"):
        page.corpus_picker("_judged_corpus", 170)
        name = st.text_input(
            "Judge", desk.usual_judge(), max_chars=MAX_JUDGE, width=170, key="_judge_name"
        )
        highest = st.number_input(
            "Highest grade", *(1, 9), value=desk.usual_scale(corpus), width=130, key="_judge_scale"
        )
        kind = st.selectbox(
            "Pairs", list(KINDS), format_func=lambda k: KINDS[k], width=330, key="_judge_kind"
        )
        if kind is not PoolKind.HOLES:
            with st.popover("Systems and depth", icon=":material/tune:", width="content"):
                systems.choose()
    if not corpus.queries:
        st.text("This corpus has no queries, so there is nothing to judge.")
        return
    with page.complaints("complaint-start"):
        if not name.strip():
            raise InputError("A judgment belongs to somebody.", "Write a judge's name.")
        _prepare(corpus, name.strip(), kind, int(highest))


def _prepare(corpus: Corpus, name: str, kind: PoolKind, highest: int) -> None:
    """Offer to prepare a queue; open it once its rankings are there."""
    seed = secrets.randbelow(1_000_000)
    if kind is PoolKind.HOLES:
        _prepare_holes(corpus, name, highest, seed)
        return
    pipelines = systems.pipelines()
    check_pipelines(pipelines, state.lab())
    make = _maker(corpus, kind, pipelines, highest, seed)
    key = ("judge", corpus, pipelines)
    settings = state.lab().settings
    estimate = estimate_queries(
        pipelines.rerankers,
        len(corpus.queries),
        pipelines.initial_k,
        lambda: spending.mean_tokens(corpus),
        settings,
    )
    rankings = on_demand(key, "Begin", "judge", _ranker(corpus, pipelines), None, estimate)
    if rankings is not None:
        del state.mapping(state.COMPUTATIONS)[key]
        _begin(make(rankings), name)


def _maker(corpus: Corpus, kind: PoolKind, pipelines: Pipelines, highest: int, seed: int) -> Made:
    """Let the visitor say which pairs of the rankings; return what makes a queue of them."""
    queries = corpus.queries
    keys = list(dict.fromkeys((pipelines.first_stage, *pipelines.rerankers)))
    if kind in (PoolKind.DUEL, PoolKind.SIDES):
        if len(keys) < 2:
            raise InputError("This takes two systems.", "Choose a reranker or another one.")
        with st.container(horizontal=True, key="judge-duel"):
            before = st.selectbox("One", keys, width=260, key="_judge_before")
            others = [key for key in keys if key != before]
            after = st.selectbox("The other", others, width=260, key="_judge_after")
        pair = before, after
        if kind is PoolKind.SIDES:
            return lambda runs: sides_plan(runs, queries, pair, _SIDE, seed)
        return lambda runs: pools.duel_pool(runs, queries, pair, highest, seed)
    with st.container(horizontal=True, key="judge-pool"):
        k = int(st.number_input("First k of each", *(1, 100), value=10, width=130, key="_judge_k"))
        if kind is PoolKind.TOP:
            return lambda runs: pools.top_pool(runs, queries, k, highest, seed)
        n = int(st.number_input("Pairs", *(1, 10_000), value=100, width=130, key="_judge_n"))
    return lambda runs: pools.random_pool(runs, queries, k, n, highest, seed)


def _ranker(corpus: Corpus, pipelines: Pipelines) -> Callable[[StepReport], Mapping[str, Rankings]]:
    """Return what ranks all queries of a corpus, judged or not, by all systems."""
    lab = state.lab()
    plan = EvaluationPlan(
        *(pipelines, corpus.queries, {}),
        corpus=corpus.name,
        fingerprint=corpus.fingerprint,
        documents=len(corpus.documents),
    )

    def rank(report: StepReport) -> Mapping[str, Rankings]:
        evaluation = evaluate(lab, corpus, plan, report)
        missing = [s for s in plan.systems if s not in evaluation.rankings]
        if missing or not evaluation.complete:
            failures = [f for fs in evaluation.failures.values() for _, f in fs]
            reason = failures[0].reason if failures else "No query was ranked."
            raise LabError(reason, failures[0].remedy if failures else "")
        return pools.rankings_of(evaluation)

    return rank


def _prepare_holes(corpus: Corpus, name: str, highest: int, seed: int) -> None:
    """Offer the pairs that could turn the newest kept evaluation of this corpus over."""
    store = EvaluationStore(state.settings().data_dir)
    owner = state.visitor().owner
    kept = [s for s in store.summaries(owner) if s.fingerprint == corpus.fingerprint]
    if not kept:
        raise InputError(f"No evaluation of {corpus.name} is kept.", "Evaluate it first.")
    summary = st.selectbox("Evaluation", kept, format_func=lambda s: s.title, key="_judge_kept")
    baseline = st.selectbox("Baseline", list(summary.systems), width=260, key="_judge_baseline")
    if st.button("Begin", type="primary", key="judge_now"):
        saved = store.load(summary.id, owner)
        _begin(pools.hole_pool(saved, baseline, highest, seed), name)


def _begin(plan: Plan | SidesPlan, judge: str) -> None:
    """Keep a queue and open it."""
    id = secrets.token_hex(8)
    desk.store().save_queue(desk.place(), id, judge, plan.model_dump(mode="json"))
    if isinstance(plan, SidesPlan):
        sides.open_sides(id, plan, judge)
    else:
        desk.open_queue(id, plan, judge)
    st.rerun()
