"""Where the session's corpus is indexed, and indexing with progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from components.advice.estimates import Estimate, estimate_first_stage
from components.domain import Billed, Corpus
from components.lab import BackgroundTask, StepReport, catalog
from components.lab.vectors import documents_with_vectors
from components.pipeline import describe_indexing
from components.rerankers.late_interaction import LATE_BGE, encode_ahead
from components.retrieval.engine import CollectionStatus
from components.retrieval.first_stages import FirstStage
from components.ui.shared import page, spending, state
from components.ui.shared.work import patience, watch
from components.wording import agree, count, listed

AHEAD = "Otherwise they are computed when a search first wants them, a candidate at a time."


def indexer() -> None:
    """Show where the corpus is indexed, and index it on request."""
    corpus, lab = state.corpus(), state.lab()
    # where a folder lies on another machine is nobody's business
    where = lab.store.where if state.visitor().local else "the lab's Qdrant"
    page.heading(
        "Index",
        f"In {where}. Vectors are kept on disk and computed only once.",
    )
    with page.complaints():
        _collections(corpus)
    first = st.selectbox(
        "First stage", list(catalog.first_stages(lab.settings)), width=320, key="_index_with"
    )
    tokens = st.checkbox(
        f"Also encode token vectors ahead, for {LATE_BGE.key}", key="_index_tokens", help=AHEAD
    )
    pressed = st.button("Index now", type="primary", key="index_now")
    if spending.confirmed(pressed, cost(corpus, first), "indexing"):
        begin(corpus, first, tokens=tokens)
    task = state.task()
    if task and watch(task, "indexing"):
        _ended(task)


def _ended(task: BackgroundTask) -> None:
    """Show how an indexing ended, and what it is billed for."""
    if task.step.state == "done":
        st.success("Indexed.", icon=":material/check:")
    elif not task.error:
        st.info(
            "Stopped. The index that was there before is untouched; vectors that were computed are "
            "kept."
        )
    if isinstance(task, Indexing):
        for i, line in enumerate(task.bills):
            page.soft(line, f"billed-{i}")


def cost(corpus: Corpus, first_stage: str) -> Estimate:
    """Return what indexing a corpus for a first stage costs."""
    tokens = partial(spending.mean_tokens, corpus)
    return estimate_first_stage(first_stage, corpus, 0, tokens, state.lab())


def _collections(corpus: Corpus) -> None:
    """Show, for each first stage, what is stored, and how many token vectors there are."""
    lab = state.lab()
    statuses = lab.store.status()
    collections = {status.alias: status for status in statuses}
    rows: list[dict[str, str]] = []
    keys: dict[str, list[str]] = {}
    for key, stage in catalog.first_stages(lab.settings).items():
        alias = lab.store.alias(corpus, stage.schema)
        keys.setdefault(alias, []).append(key)
        row = _row(key, stage, corpus, collections.get(alias))
        if alias in collections or not (stage.spec.hosted and row["Vectors on disk"][:2] == "0 "):
            rows.append(row)  # of a provider's encoders, those that have something here
    st.dataframe(rows, hide_index=True, width="stretch")
    texts, size = lab.tokens.size()
    page.soft(
        f"Token vectors for {LATE_BGE.key}: {count(texts, 'text')} of all corpora, "
        f"{size / 1e6:,.0f} MB of at most {lab.settings.token_vectors.limit_mb:,} MB.",
        "token-vectors",
    )
    for alias, names in keys.items():
        for i, note in enumerate(collections[alias].notes if alias in collections else ()):
            page.soft(f"⚠ {listed(names)}: {note}", f"note-{names[0]}-{i}")
    _outdated([status for status in statuses if status.outdated])


def _row(
    key: str, stage: FirstStage, corpus: Corpus, status: CollectionStatus | None
) -> dict[str, str]:
    """Return what there is of one first stage."""
    encoded = "none needed"
    if stage.encoders:
        folder, total = state.lab().settings.cache_dir, len(corpus.documents)
        least = min(documents_with_vectors(folder, corpus, e) for e in stage.encoders)
        encoded = f"{least:,} of {total:,}"
    return {
        "System": key,
        "In the store": count(status.points, "point") if status else "not yet",
        "Vectors on disk": encoded,
        "Search": status.search if status else "",
        "Collection": status.collection if status else "",
    }


def _outdated(outdated: Sequence[CollectionStatus]) -> None:
    """List what earlier versions left in the store; who works at this machine may remove it."""
    if not outdated:
        return
    collections = count(len(outdated), "collection")
    page.soft(
        f"{collections} of earlier versions {agree(len(outdated), 'is', 'are')} in the store, of "
        "this and other corpora. This version does not search them.",
        "outdated",
    )
    rows = [{"Left by an earlier version": s.alias, "Points": f"{s.points:,}"} for s in outdated]
    st.dataframe(rows, hide_index=True, width="stretch", key="outdated-collections")
    if not state.visitor().local:
        return
    with st.popover("Remove them", icon=":material/delete:", width="content"):
        st.text("A lab of an earlier version that uses this store would have to index again.")
        if st.button(f"Remove {collections}", type="primary", key="remove_outdated"):
            state.lab().store.drop_outdated()
            st.rerun()


class Indexing(BackgroundTask):
    """Indexing of a corpus; `bills` says in words what its requests are billed for."""

    def __init__(self, work: Callable[[StepReport], None], patience_s: float) -> None:
        super().__init__(work, patience_s)
        self.bills: list[str] = []


def begin(corpus: Corpus, first_stage: str, *, tokens: bool) -> None:
    """Index a corpus in the background, in place of an indexing that is still at work."""
    running = state.task()
    if running and not running.finished:
        running.stop()
    lab = state.lab()
    stage = catalog.first_stage(first_stage, lab.settings)

    def told(billed: Billed) -> None:
        if billed.requests:
            task.bills.append(describe_indexing(stage, billed, lab.settings))

    def work(report: StepReport) -> None:
        lab.index(corpus, first_stage, report, told)
        if tokens:
            progress = partial(report, f"encode with {LATE_BGE.key}")
            encode_ahead(lab.tokens, corpus.documents, progress)

    task = Indexing(work, patience(cost(corpus, first_stage)))
    state.put(state.TASK, task.start())
