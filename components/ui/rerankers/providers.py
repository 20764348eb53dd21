"""Hosted providers and self-hosted servers: their models, keys for this session, a test call."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import pipeline
from components.domain import RANKS_ONLY, LabError, Limits, Ranking, Spec
from components.lab import Lab
from components.lab.catalog import Entry
from components.network.capacity import forget
from components.network.prices import price_of
from components.rerankers.hosted.compatible import answered_at
from components.ui.compare import jobs
from components.ui.compare.board.view import describe_usage
from components.ui.rerankers.title import title
from components.ui.shared import page, state
from components.wording import count, dollars, key_form, milliseconds


def box(entries: Sequence[Entry]) -> None:
    """Show one provider's models, its key for this session and a connection test."""
    first = entries[0]
    spec, provider = first.spec, first.spec.provider
    safe = key_form(provider)
    with st.container(border=True, key=f"provider-{safe}"):
        title(first)
        st.text(spec.summary)
        if spec.caution:
            st.text(f"Caution: {spec.caution}")
        if not first.available:
            st.text(f"{first.reason} {first.remedy}")
        named_here = spec.self_hosted or spec.family == "llm"
        page.soft(
            _describe_server(spec) if named_here else _describe_provider(spec), f"source-{safe}"
        )
        if not named_here:
            st.dataframe([_model_row(e.spec) for e in entries], hide_index=True, width="stretch")
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"actions-{safe}"):
            _key_form(provider, safe)
            _test(provider, safe, entries)
        _test_result(provider, safe)


def _describe_provider(spec: Spec) -> str:
    price = price_of(spec, state.lab().settings)
    noted = f" · prices second-hand, from {price.origin}" if price else ""
    return f"by {spec.authors} · {spec.license} · {spec.source}{noted}"


def _describe_server(spec: Spec) -> str:
    takes = "takes an instruction" if spec.instructions else "takes no instruction"
    how = "candidates scored together" if spec.listwise else "each candidate scored on its own"
    facts = [spec.model, takes, how, f"limits: {describe_limits(spec.limits)}"]
    facts.append(spec.scale if spec.scale == RANKS_ONLY else f"scores: {spec.scale}")
    if spec.hosted:
        price = price_of(spec, state.lab().settings)
        facts.append(f"{price}, from {price.origin}" if price else "price not on file")
    return " · ".join(facts)


def _model_row(spec: Spec) -> dict[str, str]:
    price = price_of(spec, state.lab().settings)
    return {
        "Key": spec.key,
        "Model": spec.model,
        "Price": str(price) if price else "not on file",
        "Scores": spec.scale,
        "Instructions": "follows them" if spec.instructions else "takes none",
        "Candidates": "together, never split" if spec.listwise else "each on its own",
        "Limits": describe_limits(spec.limits),
        "Languages": spec.languages,
    }


def describe_limits(limits: Limits) -> str:
    """Return a provider's limits in words."""
    parts = [
        f"{count(limits.documents, 'document')} a request" if limits.documents else "",
        f"{count(limits.request_tokens, 'token')} a request" if limits.request_tokens else "",
        f"{count(limits.document_tokens, 'token')} a document" if limits.document_tokens else "",
        f"{count(limits.query_tokens, 'token')} a query" if limits.query_tokens else "",
        f"{count(limits.per_minute, 'request')} a minute" if limits.per_minute else "",
    ]
    return ", ".join(part for part in parts if part) or "none known"


def _key_form(provider: str, safe: str) -> None:
    """Take a key for this session; the field is emptied as soon as it is sent."""
    settings, typed_keys = state.lab().settings, state.typed_keys()
    variable = settings.variables.get(provider)
    if variable is None:
        page.soft("It needs no key.", f"keyless-{safe}")
        return
    origin = f"from {variable}" if provider in settings.keys else f"{variable} is not set"
    with (
        st.form(f"key-{safe}", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(
            "API key for this session",
            type="password",
            autocomplete="off",
            placeholder="typed in this session" if provider in typed_keys else origin,
            key=f"_key_{safe}",
            width=300,
        )
        used = st.form_submit_button("Use")
    if provider in typed_keys and st.button("Forget", key=f"forget-{safe}"):
        _set_key(provider, "")
    if used and typed.strip():
        _set_key(provider, typed)


def _set_key(provider: str, key: str) -> None:
    keys = state.typed_keys()
    keys.pop(provider, None)
    if key.strip():
        keys[provider] = key.strip()
    state.mapping(state.TESTED).pop(provider, None)
    jobs.forget()  # columns that failed for want of a key are computed anew
    st.rerun()


def _test(provider: str, safe: str, entries: Sequence[Entry]) -> None:
    """Offer one tiny call, which may cost a little."""
    keys = [entry.spec.key for entry in entries]
    key = keys[0]
    if len(keys) > 1:
        key = st.selectbox("Model to test", keys, key=f"_test_model_{safe}", width=220)
    if st.button("Test connection", key=f"test-{safe}", disabled=not entries[0].available):
        with st.spinner("One tiny call …"):
            state.mapping(state.TESTED)[provider] = tiny_call(state.lab(), key)


def tiny_call(lab: Lab, key: str) -> Ranking | LabError:
    """Rerank one short document; return the ranking, or the error.

    What is known of servers is forgotten before: their operators may have changed them.
    """
    forget()
    try:
        return pipeline.rerank_texts("Is this a test?", ["This is a test."], reranker=key, lab=lab)
    except LabError as exc:
        return exc


def _test_result(provider: str, safe: str) -> None:
    result = state.mapping(state.TESTED).get(provider)
    if isinstance(result, LabError):
        page.complain(result, key=f"complaint-{safe}")
    elif isinstance(result, Ranking):
        billed = describe_usage(result.usage) or "nothing was billed, or the server does not say"
        cost = f", {dollars(result.usage.usd)}" if result.usage.usd is not None else ""
        took = milliseconds(result.timing.rerank_ms)
        path = answered_at(result.system, state.lab().settings)
        notes = f" ({'; '.join(result.notes)})" if result.notes else ""
        where = f" at {path}" if path and path not in notes else ""
        st.text(f"✓ {result.system} answered in {took}{where}{notes}. Billed: {billed}{cost}.")
