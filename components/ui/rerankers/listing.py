"""The catalog: first stages, local rerankers, hosted providers and self-hosted servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from components.domain import Spec
from components.lab import catalog
from components.lab.catalog import Entry
from components.network.prices import price_of
from components.ui.rerankers import providers
from components.ui.rerankers.title import title
from components.ui.shared import page, state
from components.wording import count, key_form


def listing() -> None:
    """Show every first stage and every reranker: local, hosted, self-hosted."""
    entries = catalog.entries(state.lab().settings)
    rerankers = [e for e in entries if e.stage == "reranker"]
    page.heading(
        "First stages",
        "Search the whole corpus and hand on the candidates.",
        *("First stage", "Candidate"),
    )
    firsts = [e for e in entries if e.stage == "first stage"]
    _in_two_columns([e for e in firsts if not e.spec.hosted], _card)
    _hosted_encoders([e for e in firsts if e.spec.hosted])
    page.heading(
        "Rerankers on this machine",
        "Score the same candidates anew; the lab sorts by that score.",
        *("Reranker", "Pointwise", "Listwise"),
    )
    _in_two_columns([e for e in rerankers if not e.spec.provider], _card)
    page.heading(
        "Hosted rerankers",
        "Query and texts go to the provider. A key typed here lives in this browser session only.",
    )
    llms = [e for e in rerankers if e.spec.family == "llm"]
    others = [e for e in rerankers if e not in llms]
    for provider in dict.fromkeys(e.spec.provider for e in others if e.spec.hosted):
        providers.box([e for e in others if e.spec.provider == provider])
    page.heading(
        "LLMs",
        "Named in the configuration file: any server with OpenAI's /v1/chat/completions. Query and "
        "texts go to it." + ("" if llms else " None is configured; .docs/settings.md shows how."),
        *("LLM", "Pointwise", "Listwise", "Setwise"),
    )
    _in_two_columns(llms, lambda entry: providers.box([entry]))
    servers = [e for e in others if e.spec.self_hosted]
    page.heading(
        "Self-hosted servers",
        "Named in the configuration file: vLLM, TEI, Infinity, llama.cpp, a LiteLLM proxy."
        + ("" if servers else " None is configured; .docs/settings.md shows how."),
    )
    _in_two_columns(servers, lambda entry: providers.box([entry]))


def _hosted_encoders(entries: Sequence[Entry]) -> None:
    """Show the encoders of each provider as a table; what they lack is said once."""
    labels, settings = catalog.provider_labels(), state.lab().settings
    for provider in dict.fromkeys(entry.spec.provider for entry in entries):
        own = [entry for entry in entries if entry.spec.provider == provider]
        label = f"Encoders of {labels.get(provider, provider)} ({len(own)})"
        with st.expander(label, key=f"encoders-{provider}"):
            st.text(
                "The corpus is sent once, and every query. Where a key names two models, the "
                "second one encodes the queries."
            )
            for reason in dict.fromkeys(f"{e.reason} {e.remedy}" for e in own if not e.available):
                st.text(reason)
            rows = [
                {
                    "Key": spec.key,
                    "Model": spec.model,
                    "Price": str(price) if (price := price_of(spec, settings)) else "not on file",
                    "Limits": providers.describe_limits(spec.limits),
                    "Languages": spec.languages,
                }
                for spec in (entry.spec for entry in own)
            ]
            st.dataframe(rows, hide_index=True, width="stretch")


def _in_two_columns(entries: Sequence[Entry], draw: Callable[[Entry], None]) -> None:
    columns = st.columns(2)
    for i, entry in enumerate(entries):
        with columns[i % 2]:
            draw(entry)


def _card(entry: Entry) -> None:
    spec = entry.spec
    with st.container(border=True, key=f"entry-{key_form(entry.stage)}-{spec.key}"):
        title(entry)
        st.text(spec.summary)
        if spec.caution:
            st.text(f"Caution: {spec.caution}")
        if not entry.available:
            st.text(f"{entry.reason} {entry.remedy}")
        page.soft(_facts(spec), f"facts-{entry.stage}-{spec.key}")


def _facts(spec: Spec) -> str:
    facts = [
        spec.model,
        f"by {spec.authors}" if spec.authors else "",
        f"license {spec.license}",
        spec.device,
        f"scores: {spec.scale}",
        f"{spec.size_mb:,.0f} MB" if spec.size_mb else "",
        f"reads {count(spec.max_tokens, 'token')}" if spec.max_tokens else "",
        spec.source,
    ]
    return " · ".join(fact for fact in facts if fact)
