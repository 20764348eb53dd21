"""Grading where one looks: the document that is open beside the columns of Compare."""

from __future__ import annotations

import secrets

import streamlit as st

from components.domain import Corpus, Document, LabError
from components.judging.desk import LABELS
from components.judging.records import Draw, Entry, Judgment, Kind, digest_of, in_force
from components.ui.judge import desk
from components.ui.shared import page, state

_POOL = "compare"
"""How such pairs are drawn: somebody looked at them, and saw who ranked them where."""


def show(corpus: Corpus, query: str, document: Document) -> None:
    """Let the visitor grade a document for the query at hand; who ranked it is not hidden here.

    Nothing is offered for texts that were pasted, which belong to no corpus, and in presenter
    view, where keys lead from system to system.
    """
    if corpus.fingerprint != state.corpus().fingerprint or state.get(state.VIEW) == "presenter":
        return
    judge = desk.usual_judge()
    try:
        judgments = in_force(desk.store().rows(desk.place()))
    except LabError as exc:
        page.complain(exc, key="complaint-grade-here")
        return
    own = next((j for j in judgments if (j.judge, *j.pair) == (judge, query, document.id)), None)
    highest = own.highest if own else desk.usual_scale(corpus)
    labels = LABELS.get(highest, ("",) * (highest + 1))
    ways: list[tuple[str, str, Kind, int | None]]
    ways = [(label or str(n), "", Kind.GRADE, n) for n, label in enumerate(labels)]
    ways += [("cannot say", "The query or the document is unclear.", Kind.CANNOT_SAY, None)]
    ways += [("take back", "", Kind.REOPEN, None)] if own else []
    with st.container(key="grade-here", gap="xxsmall"):
        page.soft(_describe(judge, own), "grade-here-line")
        with st.container(horizontal=True, gap="xxsmall"):
            for label, help, kind, grade in ways:
                current = own is not None and kind is Kind.GRADE and own.grade == grade
                st.button(
                    label,
                    key=f"grade_here_{kind.value}_{grade}",
                    help=help or None,
                    type="primary" if current else "secondary",
                    on_click=_keep,
                    args=(judge, query, document, highest, kind, grade),
                    shortcut=None if grade is None else str(grade),
                )
    error: LabError | None = state.mapping(state.JUDGING).pop("here error", None)
    if error:
        page.complain(error, key="complaint-here")


def _describe(judge: str, own: Judgment | None) -> str:
    """Say what is kept of this judge, and what is offered."""
    if own is None:
        return f"Not yet graded by {judge}. The name is set on the Judge page."
    grade = "cannot say" if own.grade is None else str(own.grade)
    outdated = " The document was edited since." if own.is_outdated(state.corpus().by_id) else ""
    return f"Kept, by {judge}: {grade}.{outdated}"


def _keep(
    judge: str, query: str, document: Document, highest: int, kind: Kind, grade: int | None
) -> None:
    """Keep a judgment that is not blind."""
    try:
        entry = Entry(
            *(judge, query, document.id, digest_of(document), kind, highest, grade),
            draw=Draw(pool=_POOL),
        )
        desk.store().record(desk.place(), entry, secrets.token_hex(16))
    except LabError as exc:
        state.mapping(state.JUDGING)["here error"] = exc
