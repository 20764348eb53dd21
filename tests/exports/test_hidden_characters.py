"""Control characters and direction marks in every file: escaped, encoded or isolated."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.charts.palette import StyledRanking, SystemStyle
from components.config import Settings
from components.domain import Comparison, Corpus, Document, Failure, Hit, Query, Ranking
from components.evaluation import Evaluation, Plan
from components.evaluation.store import SavedEvaluation
from components.exports.as_json import comparison_json, json_text
from components.exports.comparison import ComparisonReport, comparison_html
from components.exports.evaluation import files
from components.exports.evaluation_report import EvaluationReport
from components.exports.recordings import Saved, bundle, read_bundle
from components.exports.tables import comparison_csv
from components.exports.trec import comparison_run, qrels_lines, read_run, run_lines
from components.pipeline import Pipelines
from components.wording import DIRECTIONS, HIDDEN

MADE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOSTILE = {
    "override": "safe\u202eexe.fdp",
    "embedding": "\u202aa\u202bb\u202cc",
    "isolates": "\u2066a\u2067b\u2068c\u2069\u2069\u202d",
    "marks": "a\u200eb\u200fc\u061c",
    "terminal": "\x1b[2J\x1b]0;title\x07",
    "C1": "\x9b31m\x90q\x9c\x85",
    "bells": "a\x01\x08\x0b\x0c\x1c\x7f",
    "lines": "a\u2028b\u2029c",
    "returns": "a\rb",
    "formula": "\x01=cmd|' /C calc'!A0",
}
TEXTS = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
# corpora and runs hold no null characters
IDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)


def compared(text: str) -> tuple[Corpus, Comparison]:
    """Return a comparison of which every text is given."""
    documents = (Document(text, text, text), Document(f"{text} 2", "", text))
    hits = tuple(Hit(d, n, 3.0 - n, n, 3.0 - n) for n, d in enumerate(documents, start=1))
    failure = Failure("jina", text, text)
    comparison = Comparison(text, Ranking("bm25", hits), (Ranking(text, hits), failure))
    return Corpus(text, documents, fingerprint="f" * 64), comparison


def comparison_page(text: str) -> str:
    corpus, comparison = compared(text)
    styles = [SystemStyle(letter, text, "#0072b2", text) for letter in "AB"]
    rankings = (comparison.first_stage, *comparison.rankings)
    columns = [StyledRanking(r, s) for r, s in zip(rankings, styles, strict=True)]
    failures, models = comparison.failures, {styles[0]: text}
    report = ComparisonReport(
        text, corpus, columns, models, failures, {text: 1}, None, 1, text, MADE
    )
    return comparison_html(report)


def evaluated(text: str) -> dict[str, str]:
    """Return the files of an evaluation of which every text is given."""
    corpus, comparison = compared(text)
    queries = (Query(text, text, (text,)), Query(f"{text} 2", text))
    judgments = {q.id: {text: 1} for q in queries}
    pipelines = Pipelines(f"{text} first", (f"{text} second",), instruction=text)
    plan = Plan(pipelines, queries, judgments, None, text, "f" * 64, 2, text)
    evaluation = Evaluation(plan.systems)
    first, second = plan.systems
    hits = comparison.first_stage.hits
    backwards = tuple(replace(h, rank=n) for n, h in enumerate(hits[::-1], start=1))
    evaluation.note(queries[0].id, Ranking(first, hits))
    evaluation.note(queries[0].id, Ranking(second, backwards))
    evaluation.note(queries[1].id, Ranking(first, hits))
    evaluation.note(queries[1].id, Failure(second, text, text))
    saved = SavedEvaluation("id", MADE, plan, evaluation, {s: text for s in plan.systems})
    metrics = evaluation.metrics(plan.judgments)
    return dict(files(EvaluationReport(saved, metrics, Settings(), corpus)))


def hidden(text: str, but: str = "\n") -> set[str]:
    """Return the hidden characters that a text holds as they are."""
    return set(HIDDEN.findall(text)) - set(but)


class Isolated(HTMLParser):
    """Notes the innermost element of each text that holds a direction mark."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.around: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br", "line", "path", "circle", "rect"}:
            self.open.append("auto" if ("dir", "auto") in attrs else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"line", "path", "circle", "rect"}:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if set(data) & set(DIRECTIONS):
            self.around.add([tag for tag in self.open if tag != "b"][-1])


# What holds nothing beside the text: an isolate, a cell, a text of a chart, the tab's title.
ALONE = {"bdi", "auto", "td", "th", "text", "title"}


def isolated(page: str) -> None:
    """Check that a page's direction marks end with the texts that they are in."""
    assert hidden(page, f"\n\r\t{DIRECTIONS}") == set()
    reader = Isolated()
    reader.feed(page)
    assert reader.open == []
    assert reader.around <= ALONE


@TEXTS
def test_a_comparison_in_every_format(text: str) -> None:
    corpus, comparison = compared(text)
    isolated(comparison_page(text))
    rankings = (comparison.first_stage, *comparison.rankings)
    assert hidden(comparison_csv(rankings, {}), "\n\r") == set()
    assert hidden(comparison_run(rankings[:1], text)) == set()
    value = comparison_json(comparison, corpus, 10)
    assert hidden(json_text(value, indent=1)) == set()
    assert json.loads(json_text(value)) == json.loads(json.dumps(value))


@TEXTS
def test_an_evaluation_in_every_file(text: str) -> None:
    for name, content in evaluated(text).items():
        if name == "report.html":
            isolated(content)
        else:
            assert hidden(content, "\n\r" if name.endswith(".csv") else "\n") == set(), name


def test_a_text_that_stands_alone_is_shown_as_it_is() -> None:
    page = comparison_page(HOSTILE["override"])
    assert f"<h1><bdi>{HOSTILE['override']}</bdi></h1>" in page
    assert f'<b dir="auto">{HOSTILE["override"]}</b>' in page
    assert "jina failed: safe\\u202eexe.fdp safe\\u202eexe.fdp" in page
    assert "<bdi>safe\u202eexe.fdp</bdi> (" in evaluated(HOSTILE["override"])["report.html"]


def test_a_csv_shows_what_is_hidden_and_keeps_line_breaks() -> None:
    table = comparison_csv([ranked(["a\n\u202eb\x1b"])], {})
    [_, row] = csv.reader(io.StringIO(table, newline=""))
    assert row[2] == "a\n\\u202eb\\u001b"


def ranked(ids: Sequence[str]) -> Ranking:
    hits = (Hit(Document(i, "", ""), n, -n, n, -n) for n, i in enumerate(ids, start=1))
    return Ranking("s", tuple(hits))


@TEXTS
def test_a_recording_escapes_what_is_hidden_and_reads_it_back(text: str) -> None:
    corpus, comparison = compared(text)
    data = bundle([Saved(comparison, 2, text, {}, {}, {text: 1})], corpus, MADE)
    assert hidden(data) == set()
    recording = read_bundle(data.encode(), "x.json")
    assert recording.documents == corpus.documents
    assert (recording.queries[0].text, recording.corpus_name) == (text, text)


@pytest.mark.parametrize(
    ("id", "token"),
    [
        ("a\u202eb", "a%E2%80%AEb"),
        ("\x1b[2J", "%1B[2J"),
        ("a b", "a%20b"),
        ("a%20b", "a%2520b"),
        ("a%2520b", "a%252520b"),
        ("%E2%80%AE", "%25E2%80%AE"),
        ("caf%C3%A9", "caf%C3%A9"),
        ("100%", "100%"),
        ("%25", "%25"),
        ("%25\x1b", "%25%1B"),
    ],
)
def test_ids_of_trec_files(id: str, token: str) -> None:
    assert list(qrels_lines({id: {id: 1}})) == [f"{token} 0 {token} 1"]
    assert list(read_run(f"{token} Q0 {token} 1 1 s\n".encode(), "a.run")) == [id]


@settings(max_examples=300, deadline=None)
@given(IDS, st.lists(IDS, min_size=1, max_size=4, unique=True))
def test_any_id_is_read_back_from_a_run(query: str, ids: list[str]) -> None:
    run = {query: {id: float(-n) for n, id in enumerate(ids)}}
    lines = "".join(f"{line}\n" for line in run_lines(run, "s"))
    assert hidden(lines) == set()
    recorded = read_run(lines.encode(), "a.run")
    assert {q: dict(r.documents) for q, r in recorded.items()} == run


@settings(max_examples=50, deadline=None)
@given(IDS.filter(lambda text: bool(text.split())))
def test_any_text_in_every_format(text: str) -> None:
    isolated(comparison_page(text))
    for name, content in evaluated(text).items():
        if name != "report.html":
            assert hidden(content, "\n\r\t") == set(), name
