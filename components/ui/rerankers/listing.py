"""The Rerankers page's catalog: every model, its provider, keys for this session, a test."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import pipeline
from components.charts.palette import own_letter
from components.domain import LabError, Limits, Ranking, Spec
from components.lab import Lab, catalog
from components.lab.catalog import Entry
from components.rerankers.hosted.prices import price_of
from components.ui.compare import ask
from components.ui.compare.board.view import usage_words
from components.ui.shared import page, state
from components.wording import dollars, milliseconds

TESTED = "tested"


# ---------------------------------------------------------------- the catalog


def listing() -> None:
    """Show every first stage and every reranker: local, hosted, self-hosted."""
    entries = catalog.entries(state.lab().settings)
    seconds = [e for e in entries if e.stage == "reranker"]
    groups = (
        (
            "First stages",
            "Search the whole corpus and hand on the candidates.",
            [e for e in entries if e.stage == "first stage"],
        ),
        (
            "Rerankers on this machine",
            "Score the same candidates anew; the lab sorts by that score.",
            [e for e in seconds if not e.spec.provider],
        ),
    )
    for title, how, shown in groups:
        page.heading(title, how)
        _grid(shown)
    page.heading(
        "Hosted rerankers",
        "Query and texts go to the provider. A key typed here lives in this browser session only.",
    )
    for provider in dict.fromkeys(e.spec.provider for e in seconds if e.spec.hosted):
        _provider(provider, [e for e in seconds if e.spec.provider == provider])
    servers = [e for e in seconds if e.spec.self_hosted]
    page.heading(
        "Self-hosted servers",
        "Named in the configuration file: vLLM, TEI, Infinity, llama.cpp, a LiteLLM proxy."
        + ("" if servers else " None is configured; the README shows how."),
    )
    columns = st.columns(2)
    for i, entry in enumerate(servers):
        with columns[i % 2]:
            _provider(entry.spec.provider, [entry])


def _grid(entries: Sequence[Entry]) -> None:
    columns = st.columns(2)
    for i, entry in enumerate(entries):
        with columns[i % 2]:
            _card(entry)


def _card(entry: Entry) -> None:
    spec = entry.spec
    with st.container(border=True, key=f"entry-{entry.stage.replace(' ', '-')}-{spec.key}"):
        _title(entry)
        st.text(spec.summary)
        if spec.caution:
            st.text(f"Caution: {spec.caution}")
        if not entry.available:
            st.text(f"{entry.reason} {entry.remedy}")
        page.soft(_facts(spec), f"facts-{entry.stage}-{spec.key}")


def _title(entry: Entry) -> None:
    spec = entry.spec
    letter = "A" if entry.stage == "first stage" else own_letter(spec.key, state.lab().settings)
    with st.container(horizontal=True, vertical_alignment="center"):
        if letter:
            page.tag(letter)
        st.markdown(f"**`{spec.key}`**", width="content")
        page.soft(spec.family, f"family-{entry.stage}-{spec.key}")
        if entry.available:
            st.badge("ready", icon=":material/check:", color="green")
        else:
            st.badge("not here", icon=":material/block:", color="orange")


def _facts(spec: Spec) -> str:
    facts = [
        spec.model,
        f"by {spec.authors}" if spec.authors else "",
        f"license {spec.license}",
        f"scores: {spec.scale}",
        f"{spec.size_mb:,.0f} MB" if spec.size_mb else "",
        f"reads {spec.max_tokens:,} tokens" if spec.max_tokens else "",
        spec.source,
    ]
    return " · ".join(fact for fact in facts if fact)


# ---------------------------------------------------------------- providers


def _provider(provider: str, entries: Sequence[Entry]) -> None:
    first = entries[0]
    safe = provider.replace(":", "-")
    with st.container(border=True, key=f"provider-{safe}"):
        _title(first)
        st.text(first.spec.summary)
        if not first.available:
            st.text(f"{first.reason} {first.remedy}")
        if first.spec.hosted:
            page.soft(_provider_facts(first.spec), f"source-{safe}")
            st.dataframe([_model_row(e.spec) for e in entries], hide_index=True, width="stretch")
        else:
            page.soft(_server_facts(first.spec), f"source-{safe}")
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"actions-{safe}"):
            _key_form(provider, safe)
            _test(provider, safe, entries)
        _test_result(provider, safe)


def _provider_facts(spec: Spec) -> str:
    price = price_of(spec, state.lab().settings)
    noted = f" · prices second-hand, from {price.origin}" if price else ""
    return f"by {spec.authors} · {spec.license} · {spec.source}{noted}"


def _server_facts(spec: Spec) -> str:
    takes = "takes an instruction" if spec.instructions else "takes no instruction"
    how = "candidates scored together" if spec.listwise else "each candidate scored on its own"
    limits = f"limits: {limit_words(spec.limits)}"
    return " · ".join([spec.model, takes, how, limits, f"scores: {spec.scale}"])


def _model_row(spec: Spec) -> dict[str, str]:
    price = price_of(spec, state.lab().settings)
    return {
        "Key": spec.key,
        "Model": spec.model,
        "Price": str(price) if price else "not on file",
        "Scores": spec.scale,
        "Instructions": "follows them" if spec.instructions else "takes none",
        "Candidates": "together, never split" if spec.listwise else "each on its own",
        "Limits": limit_words(spec.limits),
        "Languages": spec.languages,
    }


def limit_words(limits: Limits) -> str:
    """Return a provider's limits in words."""
    words = [
        f"{limits.documents:,} documents a request" if limits.documents else "",
        f"{limits.request_tokens:,} tokens a request" if limits.request_tokens else "",
        f"{limits.document_tokens:,} tokens a document" if limits.document_tokens else "",
        f"{limits.query_tokens:,} tokens a query" if limits.query_tokens else "",
        f"{limits.per_minute:,} requests a minute" if limits.per_minute else "",
    ]
    return ", ".join(word for word in words if word) or "none known"


def _key_form(provider: str, safe: str) -> None:
    """Take a key for this session; the field is emptied as soon as it is sent."""
    variable = state.lab().settings.variables.get(provider)
    if variable is None:
        page.soft("It needs no key.", f"keyless-{safe}")
        return
    with (
        st.form(f"key-{safe}", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(
            "API key for this session",
            type="password",
            autocomplete="off",
            placeholder=_key_origin(provider, variable),
            key=f"_key_{safe}",
            width=300,
        )
        used = st.form_submit_button("Use")
    if provider in state.typed_keys() and st.button("Forget", key=f"forget-{safe}"):
        _set_key(provider, "")
    if used and typed.strip():
        _set_key(provider, typed)


def _key_origin(provider: str, variable: str) -> str:
    if provider in state.typed_keys():
        return "typed in this session"
    return f"from {variable}" if provider in state.lab().settings.keys else f"{variable} is not set"


def _set_key(provider: str, key: str) -> None:
    keys = state.typed_keys()
    keys.pop(provider, None)
    if key.strip():
        keys[provider] = key.strip()
    st.session_state.get(TESTED, {}).pop(provider, None)
    ask.abandon()  # what failed for want of a key begins anew
    st.rerun()


def _test(provider: str, safe: str, entries: Sequence[Entry]) -> None:
    """Offer one tiny call, which may cost a little."""
    keys = [entry.spec.key for entry in entries]
    chosen = keys[0]
    if len(keys) > 1:
        chosen = st.selectbox("Model to test", keys, key=f"_test_model_{safe}", width=220)
    if st.button("Test connection", key=f"test-{safe}", disabled=not entries[0].available):
        with st.spinner("One tiny call …"):
            st.session_state.setdefault(TESTED, {})[provider] = test_connection(state.lab(), chosen)


def test_connection(lab: Lab, key: str) -> Ranking | LabError:
    """Make one call with one short document; return what came of it."""
    try:
        return pipeline.rerank_texts("Is this a test?", ["This is a test."], reranker=key, lab=lab)
    except LabError as exc:
        return exc


def _test_result(provider: str, safe: str) -> None:
    found = st.session_state.get(TESTED, {}).get(provider)
    if isinstance(found, LabError):
        page.complain(found, key=f"complaint-{safe}")
    elif isinstance(found, Ranking):
        billed = usage_words(found.usage) or "nothing was billed, or the server does not say"
        cost = f", {dollars(found.usage.usd)}" if found.usage.usd is not None else ""
        took = milliseconds(found.timing.rerank_ms)
        st.text(f"✓ {found.system} answered in {took}. Billed: {billed}{cost}.")


test_connection.__test__ = False  # type: ignore[attr-defined]  # it is no test of ours
