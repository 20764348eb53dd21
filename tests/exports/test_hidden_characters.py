"""Control characters and direction marks in every file: escaped, encoded or isolated."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.charts.palette import StyledRanking, SystemStyle
from components.domain import Document, Hit, Ranking
from components.exports.as_json import comparison_json, json_text
from components.exports.comparison import ComparisonReport, comparison_html
from components.exports.recordings import Saved, bundle, read_bundle
from components.exports.tables import comparison_csv
from components.exports.trec import comparison_run, qrels_lines, read_run, run_lines
from components.wording import DIRECTIONS, HIDDEN
from tests.support.given_texts import MADE, compared, evaluated

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
        if name.endswith(".html"):
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
        if name.endswith(".html"):
            isolated(content)
        else:
            assert hidden(content, "\n\r\t") == set(), name
