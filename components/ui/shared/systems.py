"""The form for first stage, rerankers and depth, which Compare and Evaluate share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from components.domain import InputError
from components.glossary import explain
from components.lab import catalog
from components.pipeline import Pipelines
from components.pipeline.limits import MAX_FINAL_K, MAX_INITIAL_K, MAX_SYSTEMS, MAX_TEXT
from components.ui.shared import page, state


def choose() -> None:
    """Let the visitor choose first stage, rerankers, depths, deadline and instruction."""
    settings = state.lab().settings
    corpus, current = state.corpus(), state.get(state.FIRST_STAGE)
    firsts = dict(state.lab().first_stages(corpus))
    rerankers = catalog.reranker_specs(settings)
    if not corpus.remote:
        with suppress(InputError):  # a link may name a fusion that is not listed
            firsts.setdefault(current, catalog.first_stage(current, settings))
    keyless = {
        key
        for key, specs in (
            *((key, [e.spec for e in stage.encoders]) for key, stage in firsts.items()),
            *((key, [spec]) for key, spec in rerankers.items()),
        )
        if any(s.provider in settings.variables and s.provider not in settings.keys for s in specs)
    }
    st.selectbox(
        "First stage",
        list(dict.fromkeys((*firsts, state.get(state.FIRST_STAGE)))),
        help=explain("First stage"),
        format_func=lambda key: (
            f"{key} · not for this corpus"
            if key not in firsts
            else f"{key} · {'needs a key' if key in keyless else firsts[key].spec.family}"
        ),
        **state.bound(state.FIRST_STAGE),
    )
    st.multiselect(
        "Rerankers",
        list(rerankers),
        format_func=lambda key: (
            f"{key} · {'needs a key' if key in keyless else rerankers[key].family}"
        ),
        max_selections=MAX_SYSTEMS,
        help=explain("Reranker"),
        **state.bound(state.RERANKERS),
    )
    usual = f"{settings.remote.deadline_s:g} for those over the network"
    _choose_depths(usual + (", LLMs have their own" if settings.llms else ""))
    _choose_instruction([key for key in state.get(state.RERANKERS) if rerankers[key].instructions])


def _choose_depths(usual_deadline: str) -> None:
    st.number_input(
        "Candidates (initial_k)",
        *(1, MAX_INITIAL_K),
        help=explain("Depth"),
        **state.bound(state.INITIAL_K),
    )
    st.number_input(
        "Shown (final_k)",
        *(1, MAX_FINAL_K),
        help="How many documents each column shows. Changing it recomputes nothing.",
        **state.bound(state.FINAL_K),
    )
    st.number_input(
        "Deadline for each reranker, in seconds",
        *(0.1, 3600.0),
        placeholder=usual_deadline,
        help="A reranker that has not finished by then fails, alone, in its column.",
        **state.bound(state.DEADLINE),
    )


def _choose_instruction(followers: Sequence[str]) -> None:
    """Let the visitor write an instruction; name the rerankers that follow one."""
    st.text_area(
        "Instruction",
        max_chars=MAX_TEXT,
        height=80,
        placeholder="for example: prefer passages that answer directly",
        **state.bound(state.INSTRUCTION),
    )
    page.soft(
        f"Followed by {', '.join(followers)}." if followers else "None of these follows one.",
        "followers",
    )
    st.checkbox(
        "A/B: show these rerankers without the instruction, too",
        help=explain("A/B"),
        disabled=not (followers and str(state.get(state.INSTRUCTION)).strip()),
        **state.bound(state.WITHOUT),
    )


def pipelines() -> Pipelines:
    """Return the first stage, the depth and the rerankers that the session's settings name."""
    rerankers = tuple(state.get(state.RERANKERS))
    instruction = str(state.get(state.INSTRUCTION))
    if state.get(state.WITHOUT) and instruction.strip():
        rerankers = catalog.with_variants(rerankers, state.lab().settings)[:MAX_SYSTEMS]
    return Pipelines(
        first_stage=state.get(state.FIRST_STAGE),
        rerankers=rerankers,
        initial_k=int(state.get(state.INITIAL_K)),
        instruction=instruction,
        deadline_s=state.get(state.DEADLINE),
        filter=state.get(state.FILTER),
    )
