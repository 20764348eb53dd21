"""Record and replay as a visitor works it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.domain import Ranking
from components.exports.recordings import bundle
from components.exports.tables import comparison_csv
from components.exports.trec import comparison_run
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from tests.support.asking import results
from tests.support.visits import Visit, has, ids, job_of, said, settle


def upload(at: AppTest, name: str, data: bytes) -> AppTest:
    """Give a file to “Record and replay”."""
    return at.file_uploader(key="_recording").set_value((name, data, "text/plain")).run()


def history(at: AppTest) -> list[str]:
    """Return the queries that can be saved."""
    held = at.session_state.get(state.HISTORY, [])
    return [one.comparison.query for _, one in held]


def saved_bundle(at: AppTest) -> bytes:
    """Return what the save button would write."""
    job = job_of(at)
    _, one = at.session_state[state.HISTORY][-1]

    return bundle([one], job.corpus, datetime(2026, 11, 22, tzinfo=UTC)).encode()


@pytest.mark.models
def test_a_finished_comparison_can_be_saved_once(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("minilm-l12",)})
    job = settle(at)
    at.run()
    assert history(at) == [job.request.query.text]
    assert any(b.label == "Save this comparison" for b in at.get("download_button"))
    found = json.loads(saved_bundle(at))
    assert found["queries"][0]["systems"][0]["system"] == "minilm-l12"


@pytest.mark.models
def test_a_recording_is_replayed_without_any_model(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("minilm-l12",)})
    before = settle(at)
    data = saved_bundle(at)
    other = visit()
    settle(other)
    upload(other, "demo.json", data)
    job = settle(other)
    assert job.request.pipelines.rerankers == ()
    assert ids(results(job)["recorded:minilm-l12"]) == ids(results(before)["minilm-l12"])
    columns = board_data(job, 10, {}).columns
    assert [c.label for c in columns] == ["bm25", "minilm-l12"]
    assert all("recorded 22 November 2026" in c.notes for c in columns)
    assert "Recorded 22 November 2026" in said(other, "replay")
    other.button(key="leave_recording").click().run()
    assert not has(other, "replay")
    assert settle(other).request.query.recorded == ()


@pytest.mark.models
def test_a_live_column_joins_a_recording(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("minilm-l12",)})
    settle(at)
    data = saved_bundle(at)
    upload(at, "demo.json", data)
    settle(at)
    at.multiselect(key="_rerankers").set_value(["bm25"]).run()
    job = settle(at)
    assert list(results(job)) == ["bm25", "recorded:minilm-l12"]
    live = results(job)["bm25"]
    assert isinstance(live, Ranking)
    assert not live.recorded


@pytest.mark.models
def test_a_recording_of_a_corpus_that_is_not_here_brings_its_documents(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("minilm-l12",)})
    before = settle(at)
    value = json.loads(saved_bundle(at))
    value["corpus"] |= {"name": "elsewhere", "fingerprint": "ab" * 32}
    upload(at, "demo.json", json.dumps(value).encode())
    job = settle(at)
    assert job.corpus.name == "recorded elsewhere"
    assert ids(results(job)["recorded:minilm-l12"]) == ids(results(before)["minilm-l12"])


def test_a_broken_recording_is_refused_and_changes_nothing(visit: Visit) -> None:
    at = visit()
    job = settle(at)
    upload(at, "demo.json", b'{"format": "<script>"}')
    assert "demo.json is not a recording" in said(at, "complaint")
    assert job_of(at) is job
    assert state.RECORDING not in at.session_state or at.session_state[state.RECORDING] is None


def test_a_run_file_joins_as_a_column_and_can_be_removed(visit: Visit) -> None:
    at = visit()
    corpus = settle(at).corpus
    query = corpus.queries[0].id
    names = [d.id for d in corpus.documents][::-1]
    lines = [f"{query} Q0 {name} {n} {-n} backwards" for n, name in enumerate(names, start=1)]
    upload(at, "b.run", "\n".join(lines).encode())
    job = settle(at)
    assert ids(results(job)["run:backwards"]) == names
    column = next(c for c in board_data(job, 10, {}).columns if c.key == "run:backwards")
    assert "run from b.run" in column.notes
    at.button(key="remove-run:backwards").click().run()
    assert "run:backwards" not in results(settle(at))


def test_a_run_of_other_queries_is_refused(visit: Visit) -> None:
    at = visit()
    settle(at)
    upload(at, "b.run", b"nobody Q0 d 1 1 t\n")
    assert "ranks none of the queries of exceptions" in said(at, "complaint")


def without_hits(at: AppTest) -> dict[str, Any]:
    """Return what the visitor would save, as a recording of a query that nothing answers."""
    value: dict[str, Any] = json.loads(saved_bundle(at))
    value["documents"] = []
    (query,) = value["queries"]
    for system in (query["first_stage"], *query["systems"]):
        system["hits"] = []
    return value


def test_a_recording_without_hits_is_replayed_where_its_corpus_is(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("bm25",)})
    settle(at)
    upload(at, "none.json", json.dumps(without_hits(at)).encode())
    job = settle(at)
    assert ids(results(job)["recorded:bm25"]) == []
    assert "Recorded" in said(at, "replay")
    at.switch_page("pages/corpus.py").run()
    assert not at.exception
    assert at.metric[0].value == "9"


def test_a_recording_without_documents_makes_no_corpus(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("bm25",)})
    job = settle(at)
    value = without_hits(at)
    value["corpus"] |= {"name": "else\u202ewhere", "fingerprint": "ab" * 32}
    upload(at, "none.json", json.dumps(value).encode())
    assert "The recording holds no documents" in said(at, "complaint")
    assert "'else\\u202ewhere'" in said(at, "complaint")
    assert job_of(at) is job
    assert not at.session_state.get(state.RECORDING)
    at.switch_page("pages/corpus.py").run()
    assert not at.exception
    assert "recorded elsewhere" not in at.selectbox(key="_corpus_page").options


@pytest.mark.parametrize("kind", ["csv", "trec"])
def test_the_files_of_a_comparison_come_back_as_its_columns(visit: Visit, kind: str) -> None:
    at = visit()
    before = settle(at)
    assert before.comparison is not None
    query = before.corpus.find_query(before.request.query.text)
    assert query is not None
    rankings = (before.comparison.first_stage, *before.comparison.rankings)
    other = replace(before.comparison.rankings[0], system="other")
    text = (
        comparison_csv([*rankings[:1], other], {}, query.text)
        if kind == "csv"
        else comparison_run([*rankings[:1], other], query.id)
    )
    upload(at, f"comparison.{kind}", text.encode())
    job = settle(at)
    assert [r.key for r in job.request.query.recorded] == ["run:bm25", "run:other"]
    assert ids(results(job)["run:bm25"]) == ids(before.comparison.first_stage)
    assert ids(results(job)["run:other"]) == ids(other)
    upload(at, "broken.csv", b"system,rank\n")
    assert any("is not the head of a comparison's table" in str(t.value) for t in at.text)
