"""The address of the Evaluate page: which evaluation is open, and how it is looked at.

Who has an evaluation's address can read it. An evaluation is one entry of the browser's history,
to which its view, measure and baseline belong.
"""

from __future__ import annotations

import streamlit as st

from components.domain import LabError
from components.evaluation.saved import SavedEvaluation
from components.evaluation.store import EvaluationStore
from components.exports.permalink import measure_within, one_of, text
from components.measures import DEFAULT, families
from components.pipeline.limits import MAX_INITIAL_K
from components.ui.evaluate.evidence import VIEWS
from components.ui.evaluate.report import open_saved
from components.ui.shared import address, state, uploads

NAME = "evaluation"


def read() -> list[str]:
    """Take the view from the address where the visitor comes by it: at first, by Back or Forward.

    Call before the page's header, which names the corpus. Returns what of the address is not known
    here, in sentences.
    """
    id, moved = st.query_params.get(NAME, ""), address.navigated()
    before, saved = state.get(state.EVALUATION_LINK), state.get(state.EVALUATED)
    first = before is None
    notices = _read_view(afresh=moved) if first or moved else []
    if first or moved or id:
        state.put(state.EVALUATION_LINK, id)
    if moved and not id:
        state.put(state.EVALUATED, None)  # as it was before anything was open
    if id and id != before and (saved is None or saved.id != id):
        try:
            open_saved(_load(id))
        except LabError as exc:
            return [*notices, f"{exc.reason} {exc.remedy}"]
        if first:
            _choose_its_corpus(state.get(state.EVALUATED))
    return notices


def _read_view(*, afresh: bool) -> list[str]:
    """Set view, measure, cut-off and baseline as the address has them; name unknown values.

    What the address does not name stays as it is, or `afresh` becomes the default.
    """
    if afresh:
        for key in (state.EVIDENCE, state.MEASURE, state.CUT, state.BASELINE):
            state.put(key, state.DEFAULTS[key])
    checks = {"view": one_of(VIEWS), "measure": measure_within(MAX_INITIAL_K), "baseline": text}
    given = {n: st.query_params.get_all(n) for n in checks if n in st.query_params}
    values = {name: checks[name](texts) for name, texts in given.items()}
    if values.get("view"):
        state.put(state.EVIDENCE, values["view"])
    if values.get("measure"):
        name, cutoff = values["measure"]
        state.put(state.MEASURE, name)
        state.put(state.CUT, cutoff or state.DEFAULTS[state.CUT])
    if values.get("baseline"):
        state.put(state.BASELINE, values["baseline"])  # the first stage where there is no such one
    unknown = {name: ", ".join(given[name])[:60] for name in values if values[name] is None}
    return [f"{n}={t} is not known here; the default is used." for n, t in unknown.items()]


def _choose_its_corpus(saved: SavedEvaluation) -> None:
    """Make the corpus of an evaluation the session's, where it is at hand."""
    name = uploads.corpus_with(saved.plan.fingerprint)
    if name is not None and name != state.corpus().name:
        state.choose_corpus(name)
        state.choose_split(name, saved.plan.split)


def _load(id: str) -> SavedEvaluation:
    """Return the visitor's evaluation, or whosever it is, to be read."""
    store = EvaluationStore(state.settings().data_dir)
    try:
        return store.load(id, state.visitor().owner)
    except LabError:
        return store.linked(id)


def write() -> None:
    """Put the open evaluation into the address, and how it is looked at."""
    saved: SavedEvaluation | None = state.get(state.EVALUATED)
    view, baseline = state.get(state.EVIDENCE), state.get(state.BASELINE)
    measure = families()[state.get(state.MEASURE)].at(state.get(state.CUT))
    others = saved.plan.systems[1:] if saved else ()
    wanted = {
        NAME: saved.id if saved else "",
        "view": view if view != state.DEFAULTS[state.EVIDENCE] else "",
        "measure": measure if measure != DEFAULT else "",
        "baseline": baseline if baseline in others else "",
    }
    if saved is not None:
        state.put(state.EVALUATION_LINK, saved.id)
    wanted = {name: value for name, value in wanted.items() if value}
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)
