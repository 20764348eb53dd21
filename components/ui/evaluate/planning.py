"""What is evaluated: corpus, split, queries, systems; and what that will take and cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import streamlit as st

from components import evaluation
from components.advice.costs import Traffic, bills
from components.advice.estimates import Estimate, estimate_first_stage, estimate_queries
from components.domain import LabError
from components.evaluation import Plan, Rules, Subset
from components.evaluation.rules import describe_rules
from components.glossary import explain
from components.lab import catalog
from components.pipeline import check_pipelines
from components.ui.shared import filters, page, spending, state, systems
from components.wording import count, dollars, duration

SUBSETS = {"all": "all", "tag": "one kind", "sample": "some, at random"}


def form() -> Plan | LabError:
    """Show the settings and return what would be evaluated, or why nothing can be."""
    with st.container(horizontal=True, key="evaluation-settings", vertical_alignment="bottom"):
        page.corpus_picker("_evaluated_corpus", 170)
        _choose_split()
        st.selectbox(
            "Queries",
            list(SUBSETS),
            format_func=lambda key: SUBSETS[key],
            width=170,
            **state.bound(state.SUBSET),
        )
        _choose_subset()
        with st.popover("Systems and depth", icon=":material/tune:", width="content"):
            systems.choose()
            st.checkbox(
                "Take scores that are kept from earlier runs",
                help="A pair of query and document that a model has scored is not scored again. "
                "Its time is that of the earlier run, and the evaluation says so.",
                **state.bound(state.REUSE),
            )
        filters.popover()
        with st.popover("Rules", icon=":material/rule:", width="content"):
            _choose_rules()
    try:
        return _plan()
    except LabError as exc:
        return exc


def _choose_split() -> None:
    """Let the visitor choose among several sets of judgments."""
    corpus = state.corpus()
    if len(corpus.splits) < 2:
        return
    counts = {name: len(judged) for name, judged in corpus.splits.items()}
    key = f"_split_{corpus.fingerprint[:12]}"
    st.session_state[key] = corpus.split
    st.selectbox(
        "Judgments (split)",
        list(counts),
        format_func=lambda name: f"{name} ({count(counts[name], 'query')})",
        on_change=lambda: state.choose_split(corpus.name, st.session_state[key]),
        key=key,
        help=explain("Split"),
        width=190,
    )


def _choose_subset() -> None:
    kind = state.get(state.SUBSET)
    if kind == "tag":
        counts = Counter(tag for query in state.corpus().queries for tag in query.tags)
        tags = sorted(counts)
        if state.get(state.TAG) not in tags:
            state.put(state.TAG, tags[0] if tags else None)
        st.selectbox(
            "Which kind",
            tags,
            format_func=lambda tag: f"{tag} ({counts[tag]:,})",
            placeholder="no query has a tag",
            width=230,
            **state.bound(state.TAG),
        )
    elif kind == "sample":
        st.number_input("How many", *(1, 100_000), width=130, **state.bound(state.SAMPLE))
        st.number_input(
            "Seed",
            *(0, 1_000_000),
            width=110,
            help=explain("Seed"),
            **state.bound(state.SEED),
        )


def _choose_rules() -> None:
    """Let the visitor count what is left out by default."""
    page.soft("By default none of these counts; a caution says what that leaves out.", "rules")
    st.checkbox(
        "Keep a document that is the query itself",
        help="A query with the id and the text of a document finds itself first. BEIR's evaluator "
        "leaves that document out, and so does this one.",
        **state.bound(state.KEEP_IDENTICAL),
    )
    st.checkbox(
        "Count judged queries without a relevant document",
        help="Their value is 0 in every system. ir_measures counts them; trec_eval counts those "
        "that a run ranks.",
        **state.bound(state.COUNT_ZERO_ONLY),
    )
    st.checkbox(
        "Count judgments of documents that the corpus lacks",
        help="They stand in the ideal ranking, which no system can reach then. ir_measures and "
        "trec_eval count them.",
        **state.bound(state.COUNT_DANGLING),
    )


def _plan() -> Plan:
    kind = state.get(state.SUBSET)
    subset = Subset(
        tag=str(state.get(state.TAG) or "") if kind == "tag" else "",
        sample=int(state.get(state.SAMPLE)) if kind == "sample" else None,
        seed=int(state.get(state.SEED)) if kind == "sample" else 0,
    )
    pipelines = replace(systems.pipelines(), reuse=state.get(state.REUSE))
    check_pipelines(pipelines, state.lab())
    corpus = state.corpus()
    rules = Rules(
        bool(state.get(state.KEEP_IDENTICAL)),
        bool(state.get(state.COUNT_ZERO_ONLY)),
        bool(state.get(state.COUNT_DANGLING)),
    )
    return evaluation.plan(corpus, pipelines, subset=subset, split=corpus.split, rules=rules)


def describe_plan(plan: Plan) -> str:
    """Say what would be evaluated, how long that will take and what it will cost."""
    rerankers = ", ".join(plan.systems[1:]) or "no reranker"
    sentence = (
        f"{count(len(plan.queries), 'judged query')} of {plan.corpus} ({plan.subset}), "
        f"{count(plan.depth, 'candidate')} each from {plan.first_stage}: {rerankers}."
    )
    rules = describe_rules(plan.rules, plan.marginal, plan.pipelines.filter)
    if rules:
        sentence += f" Rules: {rules}."
    return " ".join([sentence, *_describe_time(plan), *_describe_bills(plan)])


def estimate(plan: Plan, queries: int) -> Estimate:
    """Return what so many queries of a plan cost, if no score is cached."""
    lab, corpus = state.lab(), state.corpus()
    tokens = partial(spending.mean_tokens, corpus)
    reranking = estimate_queries(
        plan.pipelines.rerankers, queries, plan.depth, tokens, lab.settings
    )
    if plan.candidates is not None:
        return reranking
    return reranking + estimate_first_stage(plan.first_stage, corpus, queries, tokens, lab)


def _describe_time(plan: Plan) -> Iterator[str]:
    """Say how long the rerankers will take, where their speed was measured."""
    lab, pairs = state.lab(), len(plan.queries) * plan.depth
    speeds = [lab.ms_a_pair(system) for system in plan.systems[1:]]
    seconds = sum(ms for ms in speeds if ms is not None) * pairs / 1000
    if seconds >= 1:
        yield (f"About {duration(seconds)} at the speed measured here, less where scores are kept.")


def _describe_bills(plan: Plan) -> Iterator[str]:
    """Say what providers will charge, about."""
    settings = state.lab().settings
    specs = [catalog.reranker_spec(key, settings) for key in plan.pipelines.rerankers]
    if not any(spec.provider for spec in specs):
        return
    mean = spending.mean_tokens(state.corpus())
    traffic = Traffic(len(plan.queries), plan.depth, mean.query, mean.document)
    for bill in bills(specs, traffic, settings):
        usd = bill.usd_a_query * len(plan.queries)
        yield f"{bill.spec.key} will charge about {dollars(round(usd, 2) or usd)}."
