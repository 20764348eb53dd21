"""The open queue: its card, the guidelines, and what came out once it has ended."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import streamlit as st

from components.analysis.matching import matching_words
from components.domain import Corpus, LabError
from components.judging import queues
from components.judging.desk import GUIDELINES, Desk
from components.judging.records import MAX_JUDGE, Place
from components.judging.store import MAX_GUIDELINES, JudgingStore
from components.ui.judge import outcome
from components.ui.judge.card import CardData, Question, card
from components.ui.judge.card.component import Part, acts
from components.ui.shared import page, state

CARD = "judge-card"
_ERROR = "judge_error"
_USUAL_SCALE = 2
_WIDTH = 960
"""Pixels of the card and of what stands above it."""


def store() -> JudgingStore:
    """Return the judgments of the lab."""
    return JudgingStore(state.settings().data_dir)


def place() -> Place:
    """Return where the judgments of the session's corpus belong."""
    return Place(state.corpus().name, state.visitor().owner)


def usual_judge() -> str:
    """Return who judges unless another name is written: the visitor, or who judged last."""
    name = str(state.mapping(state.JUDGING).get("judge") or state.visitor().name)
    if name:
        return name[:MAX_JUDGE]
    try:
        rows = store().rows(place())
    except LabError:  # whoever lists judgments says why
        rows = []
    return rows[-1].entry.judge if rows else "judge 1"


def usual_scale(corpus: Corpus) -> int:
    """Return the highest grade of a corpus's own judgments; that of three grades without any."""
    top = max((grade for row in corpus.judgments.values() for grade in row.values()), default=0)
    return min(top, 9) if top > 0 else _USUAL_SCALE


def open_queue(id: str, plan: queues.Plan, judge: str) -> None:
    """Make a queue the session's own; what is judged from now on belongs to it."""
    desk = Desk(store(), place(), state.corpus(), id, plan, judge)
    state.mapping(state.JUDGING).update(desk=desk, judge=judge)
    st.session_state.pop(CARD, None)


def close() -> None:
    """Leave the queue; what is judged of it is kept."""
    state.mapping(state.JUDGING).pop("desk", None)


def current() -> Desk | None:
    """Return the session's queue, if one of the corpus at hand is open."""
    desk: Desk | None = state.mapping(state.JUDGING).get("desk")
    return desk if desk and desk.place == place() else None


def show(desk: Desk) -> None:
    """Show the queue until its end, then what came out."""
    with st.container(horizontal=True, key="desk-head", vertical_alignment="center"):
        page.soft(f"{desk.judge} judges {desk.place.corpus}. Every grade is kept at once.", "desk")
        st.button("Leave the queue", key="leave_queue", on_click=close)
    _guidelines(desk)
    ended = _ended(desk)
    if ended:
        outcome.show(desk)
        if desk.last:
            st.button("Take the last judgment back", key="undo_last", on_click=_take_back)
    else:
        st.fragment(_card)(desk)


def _take_back() -> None:
    """Take the last judgment back, which opens the queue again."""
    desk = current()
    if desk is None:
        return
    st.session_state[_ERROR] = None
    try:
        desk.take(secrets.token_hex(16), "undo")
    except LabError as exc:
        st.session_state[_ERROR] = exc


def _ended(desk: Desk) -> bool:
    with page.complaints("complaint-desk"):
        duel = desk.queue.duel()
        return bool(duel and duel.ended) or not desk.questions()
    return False


def _card(desk: Desk) -> None:
    with page.complaints():
        if _ended(desk):
            st.rerun()
        data = CardData(
            tuple(_questions(desk)),
            desk.labels,
            tuple(desk.kept[-100:]),
            desk.last,
            desk.progress,
            desk.share,
        )
        card(data, key=CARD, on_acts=lambda: _keep(desk))
    error: LabError | None = st.session_state.get(_ERROR)
    if error:
        page.complain(error, key="complaint-judge")


def _keep(desk: Desk) -> None:
    """Keep what the browser sent; what cannot be kept is sent again with the next."""
    st.session_state[_ERROR] = None
    try:
        for act in acts(CARD):
            desk.take(act.token, act.kind, act.question, act.grade, act.note)
    except LabError as exc:
        st.session_state[_ERROR] = exc


def _questions(desk: Desk) -> Iterator[Question]:
    for question in desk.questions():
        document = desk.corpus.by_id[question.document]
        title = _parts(question.query, document.title)
        text = _parts(question.query, document.text)
        yield Question(desk.name_of(question), question.query, title, text)


def _parts(query: str, text: str) -> tuple[Part, ...]:
    """Return a text in pieces, the words that the query has too marked."""
    parts: list[Part] = []
    end = 0
    for start, stop in matching_words(query, text):
        parts += [(text[end:start], False), (text[start:stop], True)]
        end = stop
    return tuple(part for part in (*parts, (text[end:], False)) if part[0])


def _guidelines(desk: Desk) -> None:
    """Show the guidelines, and let the judge write others."""
    guidelines = st.expander("Guidelines", icon=":material/menu_book:", width=_WIDTH)
    with guidelines, page.complaints("complaint-guidelines"):
        written = desk.store.guidelines(desk.place)
        st.text(written or GUIDELINES.get(desk.plan.highest, "Nothing is written yet."))
        with st.popover("Change them", width="content"):
            text = st.text_area(
                "Guidelines, kept with the judgments",
                written or GUIDELINES.get(desk.plan.highest, ""),
                max_chars=MAX_GUIDELINES,
                height=220,
                key="_guidelines",
            )
            if st.button("Keep them", key="keep_guidelines", type="primary"):
                desk.store.write_guidelines(desk.place, text, desk.judge)
                st.rerun()
