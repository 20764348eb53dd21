"""The pages as a visitor works them, through Streamlit's AppTest.

AppTest does not tick a fragment's `run_every`, so `settle` waits for the job and runs once more.
Most tests search the nine passages of the sample "exceptions" with BM25, which needs no model.
"""

from __future__ import annotations

import json
import time
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox, TextInput

from components.charts.palette import letters
from components.corpora import Upload, read_uploads
from components.domain import Comparison, Corpus, Document, Failure, Hit, Ranking, Timing
from components.lab import Lab, catalog, read_settings
from components.lab.work import BackgroundTask, Step
from components.pipeline.job import FIRST, ComparisonJob
from components.ui.compare.board.component import BoardData, ColumnView
from components.ui.compare.board.view import board_data
from components.ui.shared import state
from components.wording import score as score_words
from tests.support.asking import asked, results
from tests.support.visits import APP, PATIENCE, Visit, ask, has, ids, job_of, said, settle, texts

MARK = "pwnmark"
HOSTILE = (
    f"<script>window.{MARK}=1</script><img src=x onerror={MARK}> ![{MARK}](https://evil.example/x)"
)


# ---------------------------------------------------------------- Compare: a visit


@pytest.mark.models
def test_a_first_visit_compares_the_first_sample_query_with_the_defaults() -> None:
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    job = settle(at)
    helpdesk = state.sample("helpdesk")
    assert job.corpus is helpdesk
    assert job.request == asked(
        helpdesk.queries[0].text, "bge-small", ("minilm-l12", "late-minilm", "bm25"), 100
    )
    assert job.error is None
    assert all(isinstance(r, Ranking) and len(r.hits) == 100 for r in results(job).values())
    assert said(at, "verdict").startswith("minilm-l12 ")
    assert "nDCG@10" in said(at, "verdict")
    assert "One query is an anecdote" in said(at, "verdict")
    assert has(at, "board")
    assert all(has(at, chart) for chart in ("latency", "scores"))
    board = board_data(job, 10, helpdesk.grades(helpdesk.queries[0]))
    assert {path.id for path in board.paths} >= {card.id for c in board.columns for card in c.cards}
    assert all(len(path.ranks) == 4 for path in board.paths)
    assert not has(at, "progress")


def test_typing_a_query_and_pressing_compare_searches_it(visit: Visit) -> None:
    at = visit()
    first = settle(at)
    assert first.request.query.text == state.sample("exceptions").queries[0].text
    second = settle(ask(at, "weather in the harbour city"))
    assert second is not first
    assert second.request.query.text == "weather in the harbour city"
    assert ids(second.first_stage)[0] == ids(results(second)["bm25"])[0] == "harbour-weather"
    assert "No judgments for this query" in said(at, "verdict")
    assert at.text_input[0].value == "weather in the harbour city"


@pytest.mark.parametrize("blank", ["", "   ", "\t\n"])
def test_a_blank_query_is_refused_and_the_page_stays_usable(visit: Visit, blank: str) -> None:
    at = visit()
    settle(at)
    ask(at, blank)
    assert not at.exception
    assert "The query is empty. Type" in said(at, "complaint").replace("\n", " ")
    assert not has(at, "board")
    assert ids(settle(ask(at, "logging")).first_stage)[0] == "logging-exception"
    assert not has(at, "complaint")


def test_a_sample_query_is_compared_as_soon_as_it_is_picked(visit: Visit) -> None:
    at = visit()
    settle(at)
    wanted = state.sample("exceptions").queries[4]
    picker = next(s for s in at.selectbox if s.label.startswith("Sample queries"))
    picker.set_value(wanted.text).run()
    job = settle(at)
    assert job.request.query.text == wanted.text
    assert at.text_input[0].value == wanted.text
    assert wanted.note in said(at, "soft-note")


def test_sample_queries_can_be_narrowed_to_what_makes_them_hard(visit: Visit) -> None:
    at = visit()
    job = settle(at)
    tags = next(s for s in at.selectbox if s.label == "What makes it hard")
    tags.set_value("negation").run()
    picker = next(s for s in at.selectbox if s.label.startswith("Sample queries"))
    queries = state.sample("exceptions").queries
    assert list(picker.options) == [q.text for q in queries if "negation" in q.tags]
    assert picker.value is None
    assert job_of(at) is job, "narrowing alone searches nothing"
    picker.set_value(picker.options[0]).run()
    assert settle(at).request.query.text == picker.options[0]


def test_another_corpus_opens_with_its_first_query(visit: Visit) -> None:
    at = visit()
    before = settle(at)
    at.selectbox(key="_corpus").set_value("atlas").run()
    job = settle(at)
    atlas = state.sample("atlas")
    assert job is not before
    assert job.corpus is atlas
    assert job.request.query.text == atlas.queries[0].text
    assert said(at, "soft-where").startswith("atlas · 393 passages")
    assert at.selectbox(key="_corpus").value == "atlas"


def test_a_page_switch_keeps_settings_and_result(visit: Visit) -> None:
    at = visit()
    settle(ask(at, "logging"))
    at.number_input(key="_final_k").set_value(4)
    at.multiselect(key="_rerankers").set_value(["bm25", "rrf"]).run()
    job = settle(at)
    at.switch_page("pages/rerankers.py").run()
    at.switch_page("app.py").run()
    assert not at.exception
    assert job_of(at) is job
    assert at.number_input(key="_final_k").value == 4
    assert at.multiselect(key="_rerankers").value == ["bm25", "rrf"]
    assert at.text_input[0].value == "logging"


# ---------------------------------------------------------------- Compare: systems and depth


def test_one_reranker_alone(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("rrf", "bm25")})
    settle(at)
    at.multiselect(key="_rerankers").set_value(["bm25"]).run()
    job = settle(at)
    assert job.request.pipelines.rerankers == ("bm25",)
    assert set(results(job)) == {"bm25"}


def test_no_reranker_at_all_shows_the_first_stage(visit: Visit) -> None:
    at = visit()
    settle(at)
    at.multiselect(key="_rerankers").set_value([]).run()
    job = settle(at)
    assert job.request.pipelines.rerankers == ()
    assert results(job) == {}
    assert len(board_data(job, 10, {}).columns) == 1
    assert has(at, "board")
    assert not has(at, "verdict")


def test_final_k_recomputes_nothing(visit: Visit, probes: ModuleType) -> None:
    at = visit(**{state.RERANKERS: ("probe-length",)})
    job = settle(at)
    assert "probe-length" in probes.SEEN
    probes.SEEN.clear()
    at.number_input(key="_final_k").set_value(3).run()
    assert job_of(at) is job
    assert not probes.SEEN
    assert not at.exception


@pytest.mark.models
def test_fewer_candidates_start_anew(visit: Visit) -> None:
    at = visit(**{state.FIRST_STAGE: "bge-small"})
    before = settle(at)
    assert len(ids(before.first_stage)) == 9
    at.number_input(key="_initial_k").set_value(4).run()
    job = settle(at)
    assert ids(job.first_stage) == ids(before.first_stage)[:4]
    assert not has(at, "soft-depth")


@pytest.mark.models
def test_more_candidates_than_passages_are_explained(visit: Visit) -> None:
    at = visit(**{state.FIRST_STAGE: "bge-small"})
    settle(at)
    assert said(at, "soft-depth") == "9 candidates instead of 100: the whole corpus."


def test_a_lexical_first_stage_says_that_it_found_no_more(visit: Visit) -> None:
    at = visit(**{state.QUERY: "harbour"})
    settle(at)
    found = said(at, "soft-depth")
    assert found == "1 candidates instead of 100: all that the first stage found."


def test_no_candidate_at_all_is_said_in_words(visit: Visit) -> None:
    at = visit(**{state.QUERY: "qwertyuiop zxcvbnm"})
    job = settle(at)
    assert ids(job.first_stage) == ids(results(job)["bm25"]) == []
    assert "no document holds a word of this query" in texts(at)
    assert not has(at, "latency")
    assert ids(settle(ask(at, "logging")).first_stage)


def test_the_same_request_is_not_run_twice_but_pressing_compare_repeats_it(visit: Visit) -> None:
    at = visit()
    job = settle(at)
    at.run()
    assert job_of(at) is job
    again = settle(ask(at, at.text_input[0].value))
    assert again is not job
    assert again.request == job.request


# ---------------------------------------------------------------- Compare: stopping


def slow(visit: Visit, probes: ModuleType) -> AppTest:
    """Return a page on which the reranker probe-slow is at work."""
    probes.running.clear()
    probes.proceed.clear()
    at = visit(**{state.RERANKERS: ("bm25", "probe-slow")})
    assert probes.running.wait(PATIENCE)
    return at


def test_a_second_submit_abandons_the_first(visit: Visit, probes: ModuleType) -> None:
    at = slow(visit, probes)
    first = job_of(at)
    assert not first.finished
    probes.running.clear()
    ask(at, "logging")
    assert job_of(at).request.query.text == "logging"
    ask(at, "weather")  # nothing has drawn the page anew in between
    second = job_of(at)
    assert second.request.query.text == "weather"
    assert first.stopped
    assert second is not first
    assert not second.stopped
    first.join(PATIENCE)
    assert first.finished
    assert "probe-slow" not in results(first)
    assert probes.running.wait(PATIENCE)
    probes.proceed.set()
    assert set(results(settle(at))) == {"bm25", "probe-slow"}


def test_stop_keeps_what_had_finished(visit: Visit, probes: ModuleType) -> None:
    at = slow(visit, probes).run()
    assert has(at, "progress")
    at.button(key="stop").click().run()
    job = settle(at)
    assert job.stopped
    assert set(results(job)) == {"bm25"}
    assert job.steps["probe-slow"].state == "stopped"
    assert said(at, "soft-stopped") == "Stopped. What had finished is shown."
    assert has(at, "board")
    assert not has(at, "progress")
    probes.proceed.set()
    assert set(results(settle(ask(at, "logging")))) == {"bm25", "probe-slow"}


def test_work_in_progress_is_shown_beside_what_is_done(visit: Visit, probes: ModuleType) -> None:
    at = slow(visit, probes)
    job = job_of(at)
    deadline = time.monotonic() + PATIENCE
    while "bm25" not in results(job) and time.monotonic() < deadline:
        job.join(0.02)
    first, lexical, probe = board_data(job, 10, {}).columns
    assert (first.state, lexical.state, probe.state) == ("done", "done", "running")
    assert (probe.done, probe.total, probe.cards) == (1, len(first.cards), ())
    probes.proceed.set()
    settle(at)


# ---------------------------------------------------------------- Compare: failures


@pytest.mark.models
def test_a_query_longer_than_the_encoder_reads_is_refused(visit: Visit) -> None:
    at = visit(**{state.FIRST_STAGE: "bge-small"})
    settle(at)
    job = settle(ask(at, "word " * 10_000))
    assert job.error is not None
    assert "512" in said(at, "complaint") or "510" in said(at, "complaint")
    assert not has(at, "board")
    assert settle(ask(at, "logging")).error is None


def test_an_unavailable_reranker_fails_alone(visit: Visit) -> None:
    at = visit(**{state.RERANKERS: ("bge-v2-m3", "bm25")})
    job = settle(at)
    failure = results(job)["bge-v2-m3"]
    assert isinstance(failure, Failure)
    assert failure.reason and failure.remedy
    assert ids(results(job)["bm25"])
    _, column, lexical = board_data(job, 10, {}).columns
    assert (column.state, lexical.state) == ("failed", "done")
    assert (column.reason, column.remedy) == (failure.reason, failure.remedy)
    assert column.cards == ()
    assert said(at, "verdict").split("\n")[0]


def test_faults_of_rerankers_stay_in_their_columns(visit: Visit, probes: ModuleType) -> None:
    bad = ("probe-crash", "probe-nan", "probe-short", "probe-refuse")
    at = visit(**{state.RERANKERS: (*bad, "bm25")})
    job = settle(at)
    shown = {column.key: column for column in board_data(job, 10, {}).columns}
    assert all(shown[key].state == "failed" and shown[key].reason for key in bad)
    assert shown["probe-refuse"].reason == "The probe refuses."
    assert shown["bm25"].state == "done"


# ---------------------------------------------------------------- hostile text

# Elements that show text as it is: plain text, canvas tables, option lists, the typed query, the
# board (its data reaches the page through textContent) and charts, whose titles are escaped.
PLAIN = {
    "text",
    "dataframe",
    "selectbox",
    "text_input",
    "bidi_component",
    "plotly_chart",
    "file_uploader",
}


def hostile_jsonl() -> bytes:
    """Return a corpus whose every field tries to be markup."""
    rows = [
        {"_id": f"{n}-{HOSTILE}", "title": f"{HOSTILE} {n}", "text": f"harbour {HOSTILE} {n}"}
        for n in range(3)
    ]
    return "\n".join(map(json.dumps, rows)).encode()


def hostile_corpus() -> Corpus:
    """Return that corpus with a hostile query and a hostile card."""
    query = {
        "_id": "q",
        "text": f"harbour {HOSTILE}",
        "metadata": {"note": HOSTILE, "tags": [HOSTILE]},
    }
    grade = f"query-id\tcorpus-id\tscore\nq\t0-{HOSTILE}\t2\n"
    return read_uploads(
        [
            Upload("corpus.jsonl", hostile_jsonl()),
            Upload("queries.jsonl", json.dumps(query).encode()),
            Upload("qrels.tsv", grade.encode()),
            Upload("card.md", HOSTILE.encode()),
        ],
        HOSTILE,
    )


def carriers(at: AppTest) -> set[str]:
    """Return the types of the elements, and of the blocks, that hold hostile text."""
    return {
        node.type for node in (*at.main, *at.sidebar) if MARK in str(getattr(node, "proto", ""))
    }


def test_hostile_corpora_and_queries_are_only_ever_plain_text(visit: Visit) -> None:
    corpus = hostile_corpus()
    at = visit(**{state.UPLOADS: {HOSTILE: corpus}, state.CORPUS: HOSTILE})
    job = settle(at)
    assert job.corpus is corpus
    assert ids(results(job)["bm25"])
    found = carriers(at)
    assert {"text", "bidi_component", "plotly_chart"} <= found <= PLAIN
    charts = [node for node in at.main if node.type == "plotly_chart"]
    assert not any(f"<script>window.{MARK}" in str(chart.proto) for chart in charts)


def test_hostile_corpora_on_the_corpus_page_are_only_ever_plain_text(visit: Visit) -> None:
    held = {HOSTILE: hostile_corpus()}
    at = visit("pages/corpus.py", **{state.UPLOADS: held, state.CORPUS: HOSTILE})
    at.file_uploader[0].upload(f"{MARK}.jsonl", hostile_jsonl()).run()
    assert not at.exception
    assert at.session_state["new_corpus"][1].documents[0].title == f"{HOSTILE} 0"
    assert {"text", "dataframe"} <= carriers(at) <= PLAIN


def test_hostile_file_names_in_complaints_are_plain_text(visit: Visit) -> None:
    at = visit("pages/corpus.py")
    at.file_uploader[0].upload(f"![{MARK}](x).jsonl", f'{{"<b>{MARK}"}}'.encode()).run()
    assert MARK in said(at, "complaint")
    assert carriers(at) <= PLAIN


# ---------------------------------------------------------------- Corpus


def begin(at: AppTest) -> BackgroundTask:
    """Return the visitor's task once it has ended and is shown."""
    task = at.session_state[state.TASK]
    assert isinstance(task, BackgroundTask)
    task.join(PATIENCE)
    assert task.finished
    at.run()
    assert not at.exception
    return task


def jsonl(*rows: dict[str, str]) -> bytes:
    """Return rows as the bytes of a JSONL file."""
    return "\n".join(map(json.dumps, rows)).encode()


LIGHTHOUSE = jsonl(
    {"_id": "a", "title": "The lighthouse", "text": "A lamp of zorblax on the cliff."},
    {"_id": "b", "title": "The mill", "text": "Two stones grind the corn."},
)


def upload(at: AppTest, name: str, content: bytes) -> AppTest:
    """Give the Corpus page a file in place of those it had."""
    at.file_uploader[0].set_value([(name, content, "application/octet-stream")])
    return at.run()


def name_field(at: AppTest) -> TextInput:
    """Return the field for an upload's name."""
    return next(field for field in at.text_input if field.label == "Name")


def column_field(at: AppTest, role: str) -> Selectbox[str]:
    """Return the field for a table's column."""
    return next(field for field in at.selectbox if field.label == f"{role} column")


def names(at: AppTest) -> list[str]:
    """Return the corpora that the visitor can choose."""
    return list(at.selectbox(key="_corpus_page").options)


def test_the_corpus_page_tells_the_figures(visit: Visit) -> None:
    at = visit("pages/corpus.py")
    corpus = state.sample("exceptions")
    words = sum(len(f"{d.title} {d.text}".split()) for d in corpus.documents)
    assert {metric.label: metric.value for metric in at.metric} == {
        "Passages": "9",
        "Words a passage": f"{words / 9:,.0f}",
        "Queries": "6",
        "Judgments": str(sum(map(len, corpus.judgments.values()))),
        "Fingerprint": corpus.fingerprint[:12],
    }
    assert corpus.card.strip() in [markdown.value for markdown in at.markdown]
    assert names(at) == ["helpdesk", "atlas", "exceptions"]


def test_choosing_a_corpus_on_its_page_changes_what_compare_searches(visit: Visit) -> None:
    at = visit()
    settle(at)
    at.switch_page("pages/corpus.py").run()
    at.selectbox(key="_corpus_page").set_value("atlas").run()
    assert at.metric[0].value == "393"
    at.switch_page("app.py").run()
    job = settle(at)
    assert job.corpus.name == "atlas"
    assert job.request.query.text == state.sample("atlas").queries[0].text
    assert at.selectbox(key="_corpus").value == "atlas"
    at.selectbox(key="_corpus").set_value("exceptions").run()
    assert settle(at).corpus.name == "exceptions"
    at.switch_page("pages/corpus.py").run()
    assert at.metric[0].value == "9"


def test_a_corpus_without_queries_opens_with_its_first_title(visit: Visit) -> None:
    line = b'{"_id": "q", "title": "The quarry road", "text": "It is closed after rain."}'
    corpus = read_uploads([Upload("mine.jsonl", line)], "mine")
    at = visit(**{state.UPLOADS: {"mine": corpus}, state.CORPUS: "mine"})
    assert settle(at).request.query.text == "The quarry road"


@pytest.mark.models
def test_index_now_fills_the_store_and_says_so(visit: Visit) -> None:
    corpus = read_uploads([Upload("mine.jsonl", LIGHTHOUSE)], "mine")
    at = visit("pages/corpus.py", **{state.UPLOADS: {"mine": corpus}, state.CORPUS: "mine"})
    row = at.dataframe[-1].value.set_index("System")
    assert set(row["In the store"]) == {"not yet"}
    assert at.selectbox(key="_index_with").value == "bge-small"
    assert at.checkbox(key="_index_tokens").value is True
    at.button(key="index_now").click().run()
    task = begin(at)
    assert (task.error, task.step) == (None, Step("done"))
    assert at.success[0].value == "Indexed."
    row = at.dataframe[-1].value.set_index("System")
    assert dict(row["In the store"]) == {
        "bge-small": "2 points",
        "minilm-l6": "not yet",
        "bm25": "not yet",
        "hybrid": "2 points",
        "late-minilm": "2 points",
    }
    assert row["Vectors on disk"]["bge-small"] == row["Vectors on disk"]["late-minilm"] == "yes"
    assert row["Vectors on disk"]["minilm-l6"] == "no"


def test_an_upload_is_previewed_named_used_and_searched(visit: Visit) -> None:
    at = visit()
    settle(at)
    at.switch_page("pages/corpus.py").run()
    upload(at, "towers.jsonl", LIGHTHOUSE)
    assert "towers: 2 passages, 0 queries, 0 judgments." in texts(at)
    assert list(at.dataframe[-2].value["title"]) == ["The lighthouse", "The mill"]
    assert at.session_state[state.CORPUS] == "exceptions", "a preview changes nothing"
    name_field(at).set_value("coast")
    at.button(key="use_upload").click().run()
    assert begin(at).step.state == "done"
    assert names(at) == ["helpdesk", "atlas", "exceptions", "coast (uploaded)"]
    assert at.selectbox(key="_corpus_page").value == "coast"
    assert at.metric[0].value == "2"
    at.switch_page("app.py").run()
    assert at.selectbox(key="_corpus").value == "coast"
    assert said(at, "soft-where").startswith("coast · 2 passages")
    job = settle(ask(at, "zorblax"))
    assert job.corpus.name == "coast"
    assert ids(job.first_stage) == ids(results(job)["bm25"]) == ["a"]


def test_the_columns_of_a_table_can_be_chosen(visit: Visit) -> None:
    at = visit("pages/corpus.py")
    table = b"number,what,words\n1,The lighthouse,A lamp of zorblax\n2,The mill,Two stones\n"
    upload(at, "towers.csv", table)
    assert column_field(at, "Text").value == "number", "no column is named like a text"
    column_field(at, "Text").set_value("words")
    column_field(at, "Title").set_value("what")
    column_field(at, "Id").set_value("number").run()
    at.button(key="use_upload").click().run()
    begin(at)
    corpus = at.session_state[state.UPLOADS]["towers"]
    assert [(d.id, d.title, d.text) for d in corpus.documents] == [
        ("1", "The lighthouse", "A lamp of zorblax"),
        ("2", "The mill", "Two stones"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.jsonl", b'{"_id": "1", "text": "x"}\n{"_id": "2", "text": 3}', "a.jsonl:2"),
        ("a.jsonl", b'{"_id": "1", "text": "x"}\n{nonsense', "a.jsonl:2"),
        ("a.csv", b"id,text\n1,one\n2,two,three\n", "a.csv:3"),
        ("a.csv", b"", "a.csv:1"),
        ("a.txt", b"caf\xe9", "a.txt:1"),
        ("a.zip", b"PK nonsense", "a.zip"),
    ],
)
def test_a_bad_upload_names_file_and_line_and_changes_nothing(
    visit: Visit, name: str, content: bytes, where: str
) -> None:
    at = upload(visit("pages/corpus.py"), name, content)
    assert not at.exception
    assert f"⚠ {where}" in said(at, "complaint")
    assert not has(at, "use_upload")
    assert names(at) == ["helpdesk", "atlas", "exceptions"]
    assert at.session_state[state.CORPUS] == "exceptions"
    assert has(at, "index_now"), "the rest of the page is there"


def test_a_good_upload_after_a_bad_one(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "a.jsonl", b"{nonsense")
    assert has(at, "complaint")
    upload(at, "towers.jsonl", LIGHTHOUSE)
    assert not has(at, "complaint")
    assert has(at, "use_upload")


@pytest.mark.parametrize("taken", ["helpdesk", "exceptions", "", "   "])
def test_an_upload_cannot_take_the_name_of_a_sample(visit: Visit, taken: str) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    name_field(at).set_value(taken)
    at.button(key="use_upload").click().run()
    assert "is empty or taken" in said(at, "complaint")
    assert names(at) == ["helpdesk", "atlas", "exceptions"]
    assert at.session_state[state.CORPUS] == "exceptions"
    name_field(at).set_value("towers")
    at.button(key="use_upload").click().run()
    begin(at)
    assert names(at)[-1] == "towers (uploaded)"


def test_taking_the_place_of_an_upload_is_said_before(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    assert not has(at, "soft-replaces")
    at.button(key="use_upload").click().run()
    begin(at)
    assert said(at, "soft-replaces") == "This takes the place of the corpus of that name."
    name_field(at).set_value("others").run()
    assert not has(at, "soft-replaces")


def test_a_second_upload_joins_the_first(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    at.button(key="use_upload").click().run()
    begin(at)
    other = jsonl({"_id": "c", "text": "A ship of oak."})
    upload(at, "ships.jsonl", other)
    at.button(key="use_upload").click().run()
    begin(at)
    assert names(at)[3:] == ["towers (uploaded)", "ships (uploaded)"]
    assert at.metric[0].value == "1"
    at.selectbox(key="_corpus_page").set_value("towers").run()
    assert at.metric[0].value == "2"


def test_an_upload_replaces_the_visitors_own_of_the_same_name(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    at.button(key="use_upload").click().run()
    begin(at)
    at.switch_page("app.py").run()
    before = settle(ask(at, "oak"))
    at.switch_page("pages/corpus.py").run()
    upload(at, "towers.jsonl", jsonl({"_id": "c", "text": "A ship of oak."}))
    at.button(key="use_upload").click().run()
    begin(at)
    assert names(at)[3:] == ["towers (uploaded)"]
    at.switch_page("app.py").run()
    job = settle(ask(at, "oak"))
    assert job is not before
    assert ids(job.first_stage) == ["c"]


def test_each_table_begins_with_its_own_columns(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "a.csv", b"id,body,rest\n1,one,x\n")
    assert column_field(at, "Text").value == "body"
    column_field(at, "Text").set_value("rest").run()
    upload(at, "b.csv", b"rest,text\nx,two\n")
    assert column_field(at, "Text").value == "text"
    assert column_field(at, "Id").value == "(none)"
    assert not has(at, "complaint")
    assert at.session_state["new_corpus"][1].documents[0].text == "two"


def test_uploads_belong_to_one_visitor(visit: Visit) -> None:
    at = upload(visit("pages/corpus.py"), "towers.jsonl", LIGHTHOUSE)
    at.button(key="use_upload").click().run()
    begin(at)
    assert names(visit("pages/corpus.py")) == ["helpdesk", "atlas", "exceptions"]


# ---------------------------------------------------------------- Rerankers


def test_the_rerankers_page_lists_the_whole_catalog(visit: Visit) -> None:
    at = visit("pages/rerankers.py")
    assert not at.exception
    entries = catalog.entries(read_settings())
    for entry in entries:
        spec, stage = entry.spec, entry.stage.replace(" ", "-")
        if spec.provider:
            assert entry.reason in said(at, f"provider-{spec.provider}")
            continue
        card = at.main.get_by_key(f"entry-{stage}-{spec.key}")
        words = "\n".join(text.value for text in card.text)
        assert spec.summary in words
        assert f"by {spec.authors}" in words
        assert f"license {spec.license}" in words
        assert spec.source in words
        badges = str([markdown.value for markdown in card.markdown])
        assert ("not here" in badges, "ready" in badges) == (not entry.available, entry.available)
        assert entry.available or (entry.reason and f"{entry.reason} {entry.remedy}" in words)
    local = [e for e in entries if not e.spec.provider]
    assert {e.spec.key for e in local if not e.available} == {"bge-v2-m3"}
    assert {e.spec.key for e in entries} >= {"bge-small", "minilm-l12", "late-minilm", "rrf"}


# ---------------------------------------------------------------- the board's data


def hit(name: str, rank: int, score: float, before: int, cut: int = 0) -> Hit:
    """Return a document at a rank that stood elsewhere before."""
    return Hit(Document(name, f"Title {name}", f"Text {name}"), rank, score, before, 0.0, cut)


def job_at_rest(rerankers: tuple[str, ...] = ("minilm-l12", "bm25")) -> ComparisonJob:
    """Return a job that was never begun, to be filled by hand: a, b, c, d in the first stage."""
    corpus = state.sample("exceptions")
    job = ComparisonJob(Lab(read_settings()), corpus, asked("x", "bge-small", rerankers, 4))
    first = tuple(hit(n, r, 1.0 - r / 10, r) for r, n in enumerate("abcd", start=1))
    tell(job, Ranking("bge-small", first, Timing(embed_ms=3, search_ms=1)))
    return job


def tell(job: ComparisonJob, result: Ranking | Failure) -> None:
    """Tell a job of a result, as its pipelines do."""
    if job.comparison is None and isinstance(result, Ranking):
        job.ranked(result, Comparison(job.request.query.text, result))
    elif job.comparison is not None:
        job.ranked(result, job.comparison.with_result(result, job.request.systems))


def reranked() -> Ranking:
    """Return d, b, a, c with scores 6, 3, 0, -4; half of d was not read."""
    hits = (hit("d", 1, 6, 4, cut=7), hit("b", 2, 3, 2), hit("a", 3, 0, 1), hit("c", 4, -4, 3))
    return Ranking("minilm-l12", hits, Timing(3, 1, 1200, load_ms=2500))


def columns(data: BoardData) -> dict[str, ColumnView]:
    """Return a board's columns by their letter."""
    return {column.letter: column for column in data.columns}


def test_cards_tell_where_each_document_comes_from() -> None:
    job = job_at_rest()
    tell(job, reranked())
    shown = columns(board_data(job, 3, {}))["B"].cards
    assert [(c.id, c.rank, c.first_rank, c.origin, c.delta) for c in shown] == [
        ("d", 1, 4, "from", 3),
        ("b", 2, 2, "same", 0),
        ("a", 3, 1, "down", 2),
    ]
    assert columns(board_data(job, 4, {}))["B"].cards[0].origin == "up"
    first = columns(board_data(job, 3, {}))["A"].cards
    assert [(c.id, c.origin, c.delta) for c in first] == [
        ("a", "first", 0),
        ("b", "first", 0),
        ("c", "first", 0),
    ]


def test_bars_lie_between_0_and_1_over_all_candidates_not_only_the_shown() -> None:
    job = job_at_rest()
    tell(job, reranked())
    shown = columns(board_data(job, 3, {}))["B"].cards
    assert [card.bar for card in shown] == pytest.approx([1.0, 0.7, 0.4])
    assert [card.score for card in shown] == ["6.00", "3.00", "0.0000"]


@pytest.mark.parametrize(
    ("score", "words"),
    [(12345.678, "12,345.68"), (1.5, "1.50"), (0.5, "0.500"), (0.05, "0.0500"), (-2, "−2.00")],
)
def test_scores_in_words(score: float, words: str) -> None:
    assert score_words(score) == words


def test_equal_scores_fill_their_bars() -> None:
    job = job_at_rest()
    tell(job, Ranking("bm25", (hit("a", 1, 0.0, 1), hit("b", 2, 0.0, 2))))
    assert [card.bar for card in columns(board_data(job, 10, {}))["D"].cards] == [1.0, 1.0]


def test_columns_tell_their_state_time_and_badges() -> None:
    job = job_at_rest()
    shown = columns(board_data(job, 3, {}))
    assert (shown["A"].state, shown["A"].latency, shown["A"].scale) == ("done", "4.0 ms", "cosine")
    assert (shown["B"].state, shown["D"].state) == ("waiting", "waiting")
    job.steps["minilm-l12"] = Step("run", 30, 100)
    job.steps["bm25"] = Step("load")
    shown = columns(board_data(job, 3, {}))
    assert (shown["B"].state, shown["B"].done, shown["B"].total) == ("running", 30, 100)
    assert shown["D"].state == "loading"
    tell(job, reranked())
    tell(job, Failure("bm25", "It broke.", "Mend it."))
    shown = columns(board_data(job, 3, {}))
    assert (shown["B"].state, shown["B"].latency) == ("done", "1,200 ms")
    assert shown["B"].notes == ("1 cut", "cold start 2.5 s")
    assert shown["B"].cards[0].cut == 7
    assert (shown["D"].state, shown["D"].reason) == ("failed", "It broke.")
    assert shown["D"].remedy == "Mend it."


def test_grades_reach_the_cards_and_unjudged_stays_unjudged() -> None:
    job = job_at_rest()
    tell(job, reranked())
    data = board_data(job, 3, {"d": 3, "a": 0})
    assert data.max_grade == 3
    assert [(c.id, c.grade) for c in columns(data)["B"].cards] == [("d", 3), ("b", None), ("a", 0)]
    # Only d is relevant: at rank 1 here, at rank 4 in the first stage, 1 / log2(5).
    assert columns(data)["B"].quality == "nDCG@10 1.00"
    assert columns(data)["A"].quality == "nDCG@10 0.43"
    assert board_data(job, 3, {}).max_grade == 0
    assert board_data(job, 3, {"d": 5}).max_grade == 5
    assert columns(board_data(job, 3, {}))["B"].quality == ""


def test_a_system_keeps_its_letter_whatever_stands_beside_it() -> None:
    settings = read_settings()
    known = list(catalog.reranker_specs(settings))[:7]
    together = letters(known, settings)
    assert list(together.values()) == list("BCDEFGH")
    for key in known:
        assert letters((key,), settings) == {key: together[key]}


def test_systems_beyond_the_seventh_take_the_first_free_letter(probes: ModuleType) -> None:
    found = letters(("probe-ties", "bm25", "probe-slow"), read_settings())
    assert found["bm25"] == letters(("bm25",), read_settings())["bm25"]
    assert len(set(found.values())) == 3


def test_bm25_twice_is_two_columns(visit: Visit) -> None:
    job = settle(visit())
    shown = board_data(job, 10, {}).columns
    assert [column.key for column in shown] == [FIRST, "bm25"]
    assert [column.letter for column in shown] == ["A", "D"]
    assert ids(job.first_stage) == ids(results(job)["bm25"])
    assert state.lab().store.has(job.corpus, catalog.first_stage("bm25").schema)
