"""Hostile corpora, queries and file names are plain text on every page."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest

from components.corpora import Upload, read_uploads
from components.domain import Corpus
from components.ui.compare import views
from components.ui.shared import state
from tests.support.asking import results
from tests.support.visits import Visit, ids, said, settle

MARK = "pwnmark"
HOSTILE = (
    f"<script>window.{MARK}=1</script><img src=x onerror={MARK}> ![{MARK}](https://evil.example/x)"
)


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
    found: set[str] = set()
    for view in views.PAIRS:
        at.session_state[state.OPEN_VIEW] = view
        found |= carriers(at.run())
        charts = [node for node in at.main if node.type == "plotly_chart"]
        assert not any(f"<script>window.{MARK}" in str(chart.proto) for chart in charts)
    assert {"text", "bidi_component", "plotly_chart"} <= found <= PLAIN


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
