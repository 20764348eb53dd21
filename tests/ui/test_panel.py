"""The panel of the selected document: its system, its ranks, its marks, and what is escaped."""

from __future__ import annotations

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.analysis.explanations import TokenMatches
from components.charts.palette import LIGHT, StyledRanking, SystemStyle
from components.domain import Document, Hit, Ranking, Spec
from components.pipeline.job import FIRST
from components.ui.compare import panel, tokens
from components.ui.compare.panel import Place
from components.ui.shared import state
from tests.support.asking import results
from tests.support.visits import Visit, htmls, ids, said, settle

HOSTILE = "<script>alert(1)</script><img src=x onerror=y>\"'"


def place(system: str, letter: str, rank: int, before: int = 0, **counts: int) -> Place:
    """Return what a system made of a document; rank 0 stands for no rank."""
    hit = Hit(Document("d", "T", "x"), rank, 1.5, before, 0.5, **counts) if rank else None
    style = SystemStyle(letter, f"{system}<b>", LIGHT.colour(letter), "logit")
    column = StyledRanking(Ranking(system, (hit,) if hit else ()), style)
    return Place(system, column, Spec(system, system, "test", "", "logit"), hit)


def opened(visit: Visit, system: str, **session: object) -> tuple[AppTest, str]:
    """Return a visit with bm25's first document opened in a column, and that document."""
    at = visit(**{state.RERANKERS: ("bm25",)} | session)
    document = ids(results(settle(at))["bm25"])[0]
    at.session_state["board"] = {"selected": {"document": document, "system": system}}
    return at.run(), document


# ---------------------------------------------------------------- which system


def test_the_panel_opens_on_the_system_that_was_clicked() -> None:
    places = [place(FIRST, "A", 3), place("x", "B", 0), place("y", "C", 1), place("z", "D", 2)]
    assert panel.opened_place(places, "z").system == "z"
    assert panel.opened_place(places, FIRST).system == FIRST
    assert panel.opened_place(places, "x").hit is None, "that it has no rank is what is told"
    assert panel.opened_place(places, "").system == "y"
    assert panel.opened_place(places[:2], "gone").system == FIRST


def test_a_selection_and_its_system_reach_the_panel_and_the_address(visit: Visit) -> None:
    at, document = opened(visit, FIRST)
    assert f"id {document} · " in said(at, "detail")
    [heading] = [markup for markup in htmls(at) if "<header" in markup]
    assert ">A</span>" in heading
    assert "rank <b>" in heading
    assert at.query_params["document"] == document
    assert at.query_params["column"] == FIRST
    at.session_state["board"] = {"selected": {"document": document, "system": "bm25"}}
    at.run()
    assert at.query_params["column"] == "bm25"
    assert "together they are the score" in said(at, "why")
    at.session_state["board"] = {"selected": None}
    at.run()
    assert not any("<header" in markup for markup in htmls(at))
    assert "document" not in at.query_params


@pytest.mark.parametrize("selected", ["d", 3, [], {"document": 1}, {"document": "d", "system": 2}])
def test_a_browser_that_sends_something_else_opens_nothing(visit: Visit, selected: object) -> None:
    at = visit(**{state.RERANKERS: ("bm25",)})
    settle(at)
    at.session_state["board"] = {"selected": selected}
    at.run()
    assert not at.exception
    assert said(at, "detail") == ""


# ---------------------------------------------------------------- its parts


def test_the_heading_tells_rank_score_and_movement() -> None:
    heading = panel.heading_html(place("x", "B", 2, 5))
    assert "rank <b>2</b> · score <b>1.50</b> logit · ▲ 3 from A 5" in heading
    assert "<h2" in heading
    assert "x&lt;b&gt;" in heading
    assert "data-panel-close" in heading
    assert "does not rank this document" in panel.heading_html(place("x", "B", 0))
    assert "from A" not in panel.heading_html(place(FIRST, "A", 2, 2))


def test_ranks_name_every_system_and_each_opens_its_own() -> None:
    places = [
        place(FIRST, "A", 3),
        place('x"', "B", 1, 3, tokens_read=1250, tokens_cut=40),
        place("y", "C", 0),
    ]
    table = panel.ranks_html(places, places[1])
    assert re.findall(r'data-panel-system="([^"]*)"', table) == [FIRST, "x&quot;", "y"]
    assert re.findall(r'aria-pressed="(\w+)"', table) == ["false", "true", "false"]
    assert re.findall(r"<td>([^<]*)</td>", table) == [
        *("3", "1.50", "", "1", "1.50", "1,250, 40 cut", "-", "-", ""),
    ]
    assert "Tokens read" not in panel.ranks_html(places[:1], places[0])


def test_the_querys_words_are_marked_and_everything_is_escaped() -> None:
    assert panel.marked_html("Pins & messages <b>", "pinned") == (
        "<mark>Pins</mark> &amp; messages &lt;b&gt;"
    )
    document = Document("d", HOSTILE, f"{HOSTILE} script")
    markup = panel.document_html(document, "script")
    assert markup.count("<mark>script</mark>") == 5
    assert set(re.findall(r"<(\w+)", markup)) == {"h3", "div", "mark"}
    assert "(no title)" in panel.document_html(Document("d", "", "x"), "q")


def test_all_that_a_file_says_of_a_document_is_listed_and_escaped() -> None:
    assert panel.details_html(Document("d", "", "x")) == ""
    markup = panel.details_html(Document("d", "", "x", {"year": "2020", HOSTILE: HOSTILE}))
    assert set(re.findall(r"<(\w+)", markup)) == {"dl", "dt", "dd"}
    assert '<dt dir="auto">year</dt><dd dir="auto">2020</dd>' in markup
    assert markup.count("&lt;script&gt;") == 2
    many = panel.details_html(Document("d", "", "x", {str(n): "v" for n in range(250)}))
    assert many.count("<dd") == panel.MOST_DETAILS + 1
    assert "and 50 others" in many


# ---------------------------------------------------------------- late interaction


def matches(rows: int = 2, columns: int = 3) -> TokenMatches:
    """Return matches of tokens that would be markup."""
    cosines = np.linspace(0.1, 0.9, rows * columns, dtype=np.float32).reshape(rows, columns)
    names = ("[CLS]", "<i>", *map(str, range(rows)))[:rows]
    return TokenMatches(names, ("pin", "##<u>", *map(str, range(columns)))[:columns], cosines)


def test_every_token_of_query_and_document_is_shown_and_never_markup() -> None:
    markup = tokens.best_matches_html(matches(), "#123456")
    assert re.findall(r'dir="auto">([^<]*)</span>', markup) == ["[CLS]", "0", "&lt;i&gt;", "0"]
    chips = tokens.all_tokens_html(matches(2, 300), "#123456")
    assert chips.count("<span") == 300
    assert chips.count('class="best"') == 1
    table = tokens.matrix_html(matches(), "#123456")
    assert table.count("<td") == 6
    assert table.count("●</td>") == 2
    for one in (markup, chips, table):
        assert "<i>" not in one
        assert "<u>" not in one


def test_a_table_that_is_too_large_says_so() -> None:
    table = tokens.matrix_html(matches(60, 512), "#123456")
    assert "512 by 60 tokens make 30,720 pairs" in table
    assert "<td" not in table


def test_special_tokens_are_explained_with_what_they_add() -> None:
    assert "Here they add 0.42 of the score." in tokens.describe_special(matches())
    assert "continues the word before it" in tokens.describe_special(matches())
    assert "##" not in tokens.describe_special(matches(2, 1))
