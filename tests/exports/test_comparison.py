from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

from components.analysis.verdict import verdict
from components.charts.palette import DARK, LIGHT, StyledRanking, SystemStyle, letter_rules
from components.domain import Comparison, Corpus, Document, Failure, Hit, Ranking, Timing, Usage
from components.exports.as_json import ranking_json
from components.exports.comparison import ComparisonReport, comparison_html
from components.exports.tables import comparison_csv
from components.exports.trec import comparison_run, read_run

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> ![x](https://evil.example/x) &"
STYLES = (
    SystemStyle("A", "bm25", "#0072b2", "BM25"),
    SystemStyle("F", HOSTILE, "#665200", "0 to 1"),
)
RTL = "\u202eשלום e\u0301 " + "x" * 100_000


def report(query: str = HOSTILE) -> ComparisonReport:
    a = Document("a", HOSTILE, RTL)
    b = Document("=1+1", "", HOSTILE)
    first = Ranking("bm25", (Hit(a, 1, 2.0, 1, 2.0), Hit(b, 2, 1.0, 2, 1.0)), Timing(3, 1))
    second = Ranking(
        "cohere",
        (Hit(b, 1, 0.9, 2, 1.0), Hit(a, 2, 0.1, 1, 2.0)),
        Timing(3, 1, 200.0),
        Usage(usd=0.002, estimated=True),
        recorded="22 November 2026",
    )
    failure = Failure("jina", HOSTILE, HOSTILE)
    comparison = Comparison(query, first, (second, failure))
    grades = {"a": 0, "=1+1": 2}
    return ComparisonReport(
        query,
        Corpus("tiny", (a, b), fingerprint="abcdef0123456789"),
        [StyledRanking(first, STYLES[0]), StyledRanking(second, STYLES[1])],
        dict(zip(STYLES, ("BM25 1", "rerank-v3.5"), strict=True)),
        (failure,),
        grades,
        verdict(comparison, grades, "nDCG@10"),
        1,
        HOSTILE,
        datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    )


class Tags(HTMLParser):
    """Notes every tag and every attribute that could load or run something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        names = ("src", "href", "srcset", "action", "data", "poster")
        self.loads += [f"{tag} {n}" for n, _ in attrs if n in names or n.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def test_a_report_needs_nothing_else_and_runs_nothing() -> None:
    page = comparison_html(report())
    tags = parsed(page)
    assert not tags.tags & {"script", "img", "link", "iframe", "object", "form", "a"}
    assert tags.loads == []
    assert "url(" not in page
    assert "default-src 'none'" in page
    assert HOSTILE in "".join(tags.texts)
    assert len(page) < 30_000  # a line of 100,000 characters does not make it one


def test_a_report_and_json_tell_what_files_say_of_documents() -> None:
    plain = report()
    assert 'class="details"' not in comparison_html(plain)
    [first, *_] = plain.columns
    told = replace(first.ranking.hits[0], document=Document("a", "", "x", {HOSTILE: HOSTILE}))
    ranking = replace(first.ranking, hits=(told, *first.ranking.hits[1:]))
    page = comparison_html(replace(plain, columns=[StyledRanking(ranking, first.style)]))
    assert page.count('class="details"') == 1, "one hit is shown"
    assert not parsed(page).tags & {"script", "img"}
    hits = ranking_json(ranking, 2)["hits"]
    assert [hit.get("details") for hit in hits] == [{HOSTILE: HOSTILE}, None]


def test_a_report_tells_query_columns_verdict_versions_and_date() -> None:
    text = "\n".join(parsed(comparison_html(report("what is up"))).texts)
    for line in (
        "what is up",
        "tiny, 2 documents, fingerprint abcdef012345. 22 November 2026 09:30 UTC.",
        "One query is an anecdote",
        "recorded 22 November 2026",
        "204 ms · $0.002 estimated",
        "rerank-v3.5",
        "from 2",
        "●●○",
        "nDCG@10 0.63",
        "nDCG@10 1.00",
        "jina failed:",
    ):
        assert line in text
    assert re.search(r'aria-label="Ranks of 2 documents in 2 systems: ', comparison_html(report()))


def test_a_report_follows_the_readers_tone_with_the_palettes_colours() -> None:
    page = comparison_html(report())
    style = page.partition("<style>")[2].partition("</style>")[0]
    light, _, dark = style.partition("@media screen and (prefers-color-scheme: dark)")
    for palette, rules in ((LIGHT, light), (DARK, dark)):
        assert f"--text: {palette.text};" in rules
        assert f"--on-system: {palette.on_system};" in rules
        assert letter_rules(palette) in rules
    # the same specificity: what comes last is what counts
    assert style.index("[data-letter] {") < style.index('[data-letter="A"] {')
    for letter in "AF":
        assert f'<span class="tag" data-letter="{letter}">{letter}</span>' in page
    assert not re.search(r'(fill|stroke|background)[:=]"?#', page.partition("</style>")[2])


def test_one_reranker_may_be_the_first_stage_too() -> None:
    first, second = report().columns
    twice = [first, replace(second, ranking=replace(second.ranking, system="bm25"))]
    page = comparison_html(replace(report("q"), columns=twice))
    assert (
        page.count('class="tag" data-letter="A"') == page.count('class="tag" data-letter="F"') == 1
    )
    assert "<bdi>bm25</bdi></h2>" in page


def test_csv_holds_every_hit_and_no_formula() -> None:
    rankings = [column.ranking for column in report().columns]
    rows = list(csv.DictReader(io.StringIO(comparison_csv(rankings, report().grades, "=q"))))
    assert len(rows) == 4
    assert rows[2] == {
        "system": "cohere",
        "rank": "1",
        "id": "'=1+1",
        "score": "0.9",
        "first_stage_rank": "2",
        "grade": "2",
        "title": "",
        "query": "'=q",
    }
    assert rows[0]["title"] == HOSTILE


def test_runs_can_be_read_back_one_by_one() -> None:
    text = comparison_run([column.ranking for column in report().columns], "q 1")
    lines = text.splitlines()
    assert len(lines) == 4
    columns = read_run("\n".join(lines[2:]).encode(), "x")
    assert [d for d, _ in columns["q 1"].documents] == ["=1+1", "a"]


def test_a_report_leads_back_to_the_lab_where_it_has_an_address() -> None:
    assert "<a " not in comparison_html(report())
    link = 'http://127.0.0.1:8501/?q=a&corpus="><script>'
    page = comparison_html(replace(report(), link=link))
    assert parsed(page).loads == ["a href"]
    assert 'href="http://127.0.0.1:8501/?q=a&amp;corpus=&#34;&gt;&lt;script&gt;"' in page


def test_up_to_five_columns_stand_in_one_row_and_more_in_two() -> None:
    first, second = report().columns
    for columns, abreast in ((2, 2), (5, 5), (6, 3), (7, 4), (8, 4)):
        page = comparison_html(replace(report(), columns=[first, *[second] * (columns - 1)]))
        assert f'<div class="columns" style="--columns:{abreast}">' in page


def test_a_card_begins_with_its_rank_and_writes_scores_as_the_page_does() -> None:
    first, second = report().columns
    hits = tuple(replace(hit, score=-1234.5) for hit in second.ranking.hits)
    columns = [first, replace(second, ranking=replace(second.ranking, hits=hits))]
    page = comparison_html(replace(report(), columns=columns))
    cards = re.findall(r"<li><span class=\"rank\">(\d+)</span>.*?</li>", page, re.DOTALL)
    assert cards == ["1", "1"]  # one card a column: the cut-off is 1
    assert '<span class="score">−1,234.50</span>' in page
    assert 'role="img" aria-label="grade 2">●●○</span>' in page
    legend = "".join(parsed(page).texts)
    for mark in ("▲ 3 and ▼ 3", "“from 16”", "first 1.", "dots are the document's grade, of 3"):
        assert mark in legend


def test_grades_that_are_too_high_for_dots_are_written() -> None:
    page = comparison_html(replace(report("q"), grades={"a": 100, "=1+1": -3}))
    assert "●" not in page
    assert 'class="judged">grade 100</span>' in page
    assert 'class="judged">grade −3</span>' in page
    assert "Grades go up to 100." in page


def test_fewer_candidates_than_were_scored_are_said() -> None:
    whole = report()
    assert "of the same scoring pass" not in comparison_html(whole)
    assert "the times are those of all 100." in comparison_html(replace(whole, scored=100))
