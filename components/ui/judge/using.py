"""The judgments in use: which of them count on Compare and Evaluate, and files to take away."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from pydantic import ValidationError

from components.domain import Corpus
from components.exports.judgments import beir_qrels, judgments_csv, trec_qrels
from components.judging.queues import Plan, PoolKind
from components.judging.records import Judgment, in_force
from components.judging.use import Choice, Rule, Source, Used, in_use, partly_judged
from components.ui.judge import desk
from components.ui.shared import page, state
from components.wording import count

SPLITS = "splits"
"""Begins the keys under which the session has a corpus's judgments in use."""


def show() -> None:
    """Let the visitor choose whose judgments count, and take them away."""
    with page.complaints("complaint-use"):
        judgments = in_force(desk.store().rows(desk.place()))
        if not judgments:
            return
        page.heading(
            "Use them",
            "On Compare and Evaluate, beside the corpus's own judgments; each figure says which.",
        )
        corpus = _as_it_came(state.corpus())
        choice = _choose(judgments, corpus)
        used = in_use(judgments, corpus, choice)
        part = partly_judged(used, corpus, _pools())
        st.text(used.description)
        if part:
            page.soft(
                f"{count(len(part), 'query')} partly judged: no pool of theirs is graded wholly. "
                "Figures may change with further grades, and files leave them out.",
                "partly",
            )
        st.button("Use these", key="use_judgments", on_click=_use, args=(corpus.name, used))
        _files(used, part, judgments, corpus)


def _as_it_came(corpus: Corpus) -> Corpus:
    """Return a corpus with judgments of its own, even where ours are in use."""
    ours = state.mapping(state.JUDGING).get((SPLITS, corpus.name), {})
    if corpus.split not in ours:
        return corpus
    own = [name for name in corpus.splits if name not in ours]
    return corpus.with_split(own[0]) if own else replace(corpus, judgments={})


def _choose(judgments: list[Judgment], corpus: Corpus) -> Choice:
    judges = sorted({judgment.judge for judgment in judgments})
    sources = [Source.OURS, Source.ADDED] if corpus.judgments else [Source.OURS]
    with st.container(horizontal=True, key="judgments-in-use", vertical_alignment="bottom"):
        source = st.selectbox("Whose", sources, width=260, key="_use_source")
        if len(judges) < 2:
            return Choice(source)
        rules = sorted(Rule, key=lambda rule: rule is not Rule.MEDIAN)  # the usual one first
        rule = st.selectbox("One grade of several", rules, width=190, key="_use_rule")
        if rule is not Rule.ONE:
            return Choice(source, rule)
        return Choice(source, rule, st.selectbox("Judge", judges, width=190, key="_use_judge"))


def _pools() -> list[tuple[tuple[str, str], ...]]:
    """Return the pairs of pools that hold all of a query's documents down to a rank."""
    pools = []
    for kept in desk.store().queues(desk.place()):
        try:
            plan = Plan.model_validate(kept.plan)
        except ValidationError:
            continue  # of another kind, or version; the list of queues says so
        if plan.kind is PoolKind.TOP:
            pools.append(plan.pairs)
    return pools


def _use(name: str, used: Used) -> None:
    """Let a corpus's figures be computed with these judgments, until others are chosen."""
    title = used.description.removeprefix("Judgments: ").partition(". ")[0].rstrip(".")
    state.mapping(state.JUDGING).setdefault((SPLITS, name), {})[title] = used.judgments
    state.choose_split(name, title)


def _files(used: Used, part: list[str], judgments: list[Judgment], corpus: Corpus) -> None:
    whole = {query: row for query, row in used.judgments.items() if query not in part}
    table = judgments_csv(judgments, corpus, names=False)
    files: list[page.Download] = [
        ("Every judgment", "judgments.csv", "text/csv", lambda: table),
    ]
    if whole:
        files += [
            ("TREC qrels", "judgments.trec", "text/plain", lambda: trec_qrels(whole, corpus)),
            ("BEIR qrels", "judgments.tsv", "text/plain", lambda: beir_qrels(whole, corpus)),
        ]
    page.downloads(files, "judgment-files")
