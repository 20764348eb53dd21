"""The address of the Judge page: its corpus, and the queue that is open."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from components.domain import LabError
from components.judging.queues import Plan, PoolKind
from components.ui.judge import desk
from components.ui.shared import address, state


def read() -> None:
    """Open what the address names, once a session and where the visitor goes back or forward.

    Call before the page's header, which names the corpus. What is not here is left alone: a queue
    belongs to its visitor.
    """
    session = state.mapping(state.JUDGING)
    first, moved = "address" not in session, address.navigated()
    if not (first or moved):
        return
    corpus, id = (st.query_params.get(name, "") for name in ("corpus", "queue"))
    session["address"] = id
    if corpus in state.corpus_names() and corpus != state.corpus().name:
        state.choose_corpus(corpus)
    if moved and not id:
        desk.close()
    if id:
        try:
            kept = {queue.id: queue for queue in desk.store().queues(desk.place())}
            if id in kept and kept[id].plan.get("kind") != PoolKind.SIDES:
                desk.open_queue(id, Plan.model_validate(kept[id].plan), kept[id].judge)
        except (LabError, ValidationError):
            return  # the list of queues says why


def write() -> None:
    """Put the corpus and the open queue into the address."""
    queue = desk.current()
    wanted = {"corpus": state.corpus().name} | ({"queue": queue.id} if queue else {})
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)
