"""Presenter view: the queries that are stepped through, the way out, and what is not projected."""

from __future__ import annotations

from components.ui.shared import state
from tests.support.visits import Visit, has, job_of, said, settle, texts

RERANKERS = {state.RERANKERS: ("bm25",), state.CORPUS: "exceptions"}


def test_steps_lead_through_the_corpus_queries_and_around(visit: Visit) -> None:
    queries = [query.text for query in state.sample("exceptions").queries]
    at = visit(**RERANKERS | {state.VIEW: "presenter", state.QUERY: queries[0]})
    settle(at)
    assert said(at, "presented_query") == queries[0]
    assert f"1 / {len(queries)}" in said(at, "presented")
    at.button(key="next_query").click().run()
    assert said(at, "presented_query") == queries[1]
    assert job_of(at).request.query.text == queries[1]
    for _ in range(2):
        at.button(key="previous_query").click().run()
    assert said(at, "presented_query") == queries[-1]
    at.button(key="next_query").click().run()
    assert said(at, "presented_query") == queries[0]


def test_a_query_of_ones_own_leads_to_the_first_of_the_list(visit: Visit) -> None:
    queries = [query.text for query in state.sample("exceptions").queries]
    at = visit(**RERANKERS | {state.VIEW: "presenter", state.QUERY: "my own"})
    settle(at)
    assert f"{len(queries)} queries" in said(at, "presented")
    at.button(key="next_query").click().run()
    assert said(at, "presented_query") == queries[0]


def test_the_teachers_note_is_not_projected_and_leaving_brings_it_back(visit: Visit) -> None:
    query = next(q for q in state.sample("exceptions").queries if q.note)
    at = visit(**RERANKERS | {state.VIEW: "presenter", state.QUERY: query.text})
    settle(at)
    assert query.note not in texts(at)
    assert not has(at, "settings")
    at.button(key="leave_presenter").click().run()
    assert query.note in said(at, "soft-note")
    assert has(at, "settings")
