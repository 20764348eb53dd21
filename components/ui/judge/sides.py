"""Two rankings side by side, unnamed: which is better; their names at the end."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from pydantic import ValidationError

from components.domain import LabError
from components.judging import sides
from components.judging.records import Place
from components.judging.sides import Side, SidesPlan
from components.judging.store import JudgingStore, KeptQueue
from components.ui.shared import page, state
from components.wording import count, shortened

_TEXT = 200
_BUTTONS = {
    Side.LEFT: ("Left is better", "1"),
    Side.RIGHT: ("Right is better", "2"),
    Side.SAME: ("The same", "3"),
    Side.BAD: ("Both are bad", "4"),
}
"""What can be said, and its key."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A judge's queue of two rankings that is open."""

    store: JudgingStore
    place: Place
    id: str
    plan: SidesPlan
    judge: str

    def said(self) -> dict[str, Side]:
        """Return what was said of each query."""
        return sides.in_force(self.store.preferences(self.place, self.id))


def _place() -> Place:
    return Place(state.corpus().name, state.visitor().owner)


def open_sides(id: str, plan: SidesPlan, judge: str) -> None:
    """Make a queue of two rankings the session's own."""
    pair = Pair(JudgingStore(state.settings().data_dir), _place(), id, plan, judge)
    state.mapping(state.JUDGING).update(sides=pair, judge=judge)


def current() -> Pair | None:
    """Return the session's queue of two rankings, if one of the corpus at hand is open."""
    pair: Pair | None = state.mapping(state.JUDGING).get("sides")
    return pair if pair and pair.place == _place() else None


def entry(kept: KeptQueue) -> None:
    """Draw a queue's line in the list; nothing of what came out."""
    try:
        plan = SidesPlan.model_validate(kept.plan)
    except ValidationError:
        page.soft(f"The queue of {kept.at:%d %b %Y %H:%M} is of another version.", kept.id)
        return
    with st.container(horizontal=True, key=f"queue-{kept.id}", vertical_alignment="center"):
        args = (kept.id, plan, kept.judge)
        st.button("Go on", key=f"open-{kept.id}", on_click=open_sides, args=args)
        line = f"{kept.at:%d %b %Y %H:%M} UTC · {kept.judge} · side by side"
        page.soft(f"{line} · {count(len(plan.queries), 'query')}", f"queue-{kept.id}")


def show(pair: Pair) -> None:
    """Show the next query with both rankings, or what came out."""
    with st.container(horizontal=True, key="sides-head", vertical_alignment="center"):
        whose = f"{pair.judge} judges {pair.place.corpus}."
        page.soft(f"{whose} Every answer is kept at once.", "sides")
        leave = state.mapping(state.JUDGING).pop
        st.button("Leave the queue", key="leave_sides", on_click=leave, args=("sides", None))
    with page.complaints():
        said = pair.said()
        left = [i for i, query in enumerate(pair.plan.queries) if query not in said]
        if left:
            _ask(pair, left[0], len(said))
        else:
            _reveal(pair, said)
    error: LabError | None = state.mapping(state.JUDGING).pop("sides error", None)
    if error:
        page.complain(error, key="complaint-sides")


def _ask(pair: Pair, i: int, done: int) -> None:
    """Show a query with both rankings; keys answer as buttons do."""
    total = len(pair.plan.queries)
    st.progress(done / total, f"{done:,} of {count(total, 'query')} judged")
    page.heading("Which one is better?", "Two systems, in places that are drawn for each query.")
    with st.container(key="verdict"):
        st.text(pair.plan.queries[i])
    with st.container(horizontal=True, key="sides-answers"):
        for side, (label, key) in _BUTTONS.items():
            args = (pair, pair.plan.queries[i], side)
            st.button(label, key=f"side_{key}", shortcut=key, on_click=_say, args=args)
        rows = pair.store.preferences(pair.place, pair.id)
        said = sides.in_force(rows)
        last = next((query for query, _ in reversed(rows) if query in said), "")
        undo = (pair, last, Side.NOTHING)
        label, off = "Undo", not last
        st.button(label, key="side_undo", disabled=off, on_click=_say, args=undo, shortcut="u")
    for column, name, ids in zip(st.columns(2), ("Left", "Right"), pair.plan.sides(i), strict=True):
        with column.container(border=True, key=f"side-{name.lower()}"):
            page.soft(name, f"side-{name}")
            for number, id in enumerate(ids, start=1):
                document = state.corpus().by_id.get(id)
                title = (document.title or document.id) if document else id
                st.text(f"{number}. {title}")
                text = shortened(" ".join(document.text.split()), _TEXT) if document else ""
                page.soft(text or "(no text)", f"{name}-{number}")


def _say(pair: Pair, query: str, side: Side) -> None:
    """Keep an answer."""
    try:
        pair.store.prefer(pair.place, pair.id, pair.judge, query, side.value)
    except LabError as exc:
        state.mapping(state.JUDGING)["sides error"] = exc


def _reveal(pair: Pair, said: dict[str, Side]) -> None:
    """Name the systems, and say which one was preferred."""
    plan = pair.plan
    page.heading("The queue has ended", f"{count(len(said), 'query')} judged by {pair.judge}.")
    with st.container(key="verdict"):
        st.text(sides.outcome(plan, said).sentence(plan.before, plan.after))
    rows = [
        {"Query": query, "Preferred": _preferred(plan, i, said[query])}
        for i, query in enumerate(plan.queries)
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="preferences")


def _preferred(plan: SidesPlan, i: int, side: Side) -> str:
    """Return the preferred system of a query, or what was said of both."""
    if side not in (Side.LEFT, Side.RIGHT):
        return side.value
    return plan.after if (side is Side.LEFT) == plan.swapped[i] else plan.before
