"""Charts: read from the figure objects, never from their JSON, which packs numbers away."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from components import charts
from components.charts import DARK_INK, LIGHT_INK, Look, plain
from components.domain import Document, Hit, Ranking, Timing

COLOURS = ("#000001", "#000002", "#000003")
LOOKS = {
    i: Look(letter, f"system {letter}", colour, scale)
    for i, (letter, colour, scale) in enumerate(
        zip("ABC", COLOURS, ("cosine", "logit", "BM25"), strict=True)
    )
}
NO_TIME = Timing()
HOSTILE = '<script>alert("1")</script> <b>bold</b> & <a href="https://evil.example">here</a>'


def ranking(system: str, order: str, *, timing: Timing = NO_TIME, title: str = "") -> Ranking:
    """Rank one-letter documents in an order; the first stage has them by the alphabet.

    Scores fall by one from the number of documents.
    """
    first = sorted(order)
    hits = tuple(
        Hit(
            Document(name, f"{title}Title {name}", f"Text {name}"),
            rank,
            float(len(order) - rank),
            first.index(name) + 1,
            0.0,
        )
        for rank, name in enumerate(order, start=1)
    )
    return Ranking(system, hits, timing)


def lines(figure: go.Figure) -> dict[str, go.Scatter]:
    """Return a bump chart's lines by the title they show."""
    return {trace.customdata[0]: trace for trace in figure.data}


def heights(figure: go.Figure) -> dict[str, list[float | None]]:
    """Return where each line of a bump chart stands in every column."""
    return {title: list(trace.y) for title, trace in lines(figure).items()}


# ---------------------------------------------------------------- movement


def test_bump_stands_each_document_at_its_rank() -> None:
    found = charts.bump([ranking("a", "abc"), ranking("b", "cab")], LOOKS, 3, LIGHT_INK)
    assert heights(found) == {"Title a": [1, 2], "Title b": [2, 3], "Title c": [3, 1]}
    assert all(list(trace.x) == [0, 1] for trace in found.data)
    assert lines(found)["Title c"].text == ("3", "1")
    assert list(found.layout.xaxis.ticktext) == ["<b>A</b> system A", "<b>B</b> system B"]
    assert not found.layout.shapes, "nothing stands below the cut, so there is no dotted line"


def test_bump_turns_the_axis_so_that_rank_1_is_on_top() -> None:
    found = charts.bump([ranking("a", "abc"), ranking("b", "cab")], LOOKS, 3, LIGHT_INK)
    low, high = found.layout.yaxis.range
    assert low > 3 > 1 > high


def test_bump_packs_ranks_beyond_the_cut_into_a_band_and_keeps_their_numbers() -> None:
    left, right = ranking("a", "abcdefgh"), ranking("b", "hgabcdef")
    found = charts.bump([left, right], LOOKS, 2, LIGHT_INK)
    # Shown are a, b (left) and h, g (right). The band begins at k + 1.5 and counts by rank.
    assert heights(found) == {
        "Title a": [1, 3.5],
        "Title b": [2, 4.5],
        "Title g": [3.5, 2],
        "Title h": [4.5, 1],
    }
    assert lines(found)["Title h"].text == ("8", "1")
    assert lines(found)["Title g"].text == ("7", "2")
    assert lines(found)["Title b"].text == ("2", "4")
    (cut,) = found.layout.shapes
    assert cut.y0 == cut.y1 == 2.75
    assert found.layout.yaxis.range[0] > 4.5


def test_bump_leaves_a_gap_where_a_system_has_no_such_document() -> None:
    found = charts.bump([ranking("a", "ab"), ranking("b", "a")], LOOKS, 2, LIGHT_INK)
    assert heights(found) == {"Title a": [1, 1], "Title b": [2, None]}
    assert lines(found)["Title b"].text == ("2", "")


def test_bump_draws_telling_documents_in_ink_and_the_chosen_one_thickest_and_last() -> None:
    found = charts.bump(
        [ranking("a", "abc"), ranking("b", "cab")], LOOKS, 3, DARK_INK, telling={"b"}, chosen="a"
    )
    drawn = {title: (trace.line.color, trace.line.width) for title, trace in lines(found).items()}
    assert drawn["Title a"][0] == drawn["Title b"][0] == DARK_INK.text
    assert drawn["Title c"][0] == DARK_INK.line
    assert drawn["Title a"][1] > drawn["Title b"][1] > drawn["Title c"][1]
    assert found.data[-1].customdata[0] == "Title a"
    assert list(lines(found)["Title a"].marker.line.color) == list(COLOURS[:2])


def test_bump_of_one_system_is_one_column() -> None:
    found = charts.bump([ranking("a", "ab")], LOOKS, 10, LIGHT_INK)
    assert heights(found) == {"Title a": [1], "Title b": [2]}


# ---------------------------------------------------------------- latency


TIMING = Timing(embed_ms=3, search_ms=1, rerank_ms=1200, load_ms=5000, wait_ms=40)


def test_latency_stacks_the_stages_and_leaves_loading_out() -> None:
    first = ranking("a", "ab", timing=Timing(embed_ms=3, search_ms=1))
    found = charts.latency([first, ranking("b", "ba", timing=TIMING)], LOOKS, LIGHT_INK)
    bars = {trace.name: list(trace.x) for trace in found.data}
    assert bars == {
        "embed": [3.0, 3.0],
        "search": [1.0, 1.0],
        "rerank": [0.0, 1200.0],
        "waiting": [0.0, 40.0],
    }
    assert found.layout.barmode == "stack"
    assert found.layout.xaxis.range[1] > 1244


def test_latency_writes_the_work_at_the_end_of_the_bar_without_the_wait() -> None:
    first = ranking("a", "ab", timing=Timing(embed_ms=3, search_ms=1))
    found = charts.latency([first, ranking("b", "ba", timing=TIMING)], LOOKS, LIGHT_INK)
    assert [(a.text.strip(), a.x) for a in found.layout.annotations] == [
        ("4.0 ms", 4.0),
        ("1,204 ms", 1244.0),
    ]


def test_latency_gives_each_system_its_colour_in_the_rerank_bar() -> None:
    systems = [ranking(letter, "ab", timing=TIMING) for letter in "abc"]
    found = charts.latency(systems, LOOKS, LIGHT_INK)
    by_stage = {trace.name: list(trace.marker.color) for trace in found.data}
    assert by_stage["rerank"] == list(COLOURS)
    assert by_stage["embed"] == by_stage["waiting"] == [LIGHT_INK.soft] * 3


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0.0 ms"), (0.84, "0.8 ms"), (9.94, "9.9 ms"), (12.4, "12 ms"), (1214.4, "1,214 ms")],
)
def test_milliseconds_in_words(value: float, words: str) -> None:
    assert charts.milliseconds(value) == words


# ---------------------------------------------------------------- scores


def test_scores_never_share_an_axis() -> None:
    systems = [ranking("a", "abc"), ranking("b", "cab"), ranking("c", "bca")]
    found = charts.scores(systems, LOOKS, 2, LIGHT_INK)
    assert [trace.yaxis for trace in found.data] == ["y", "y2", "y3"]
    assert not any(found.layout[name].matches for name in ("yaxis", "yaxis2", "yaxis3"))
    titles = [a.text for a in found.layout.annotations]
    assert titles == [
        "<b>A</b> system A · cosine",
        "<b>B</b> system B · logit",
        "<b>C</b> system C · BM25",
    ]


def test_scores_stand_over_their_ranks_and_fade_beyond_the_cut() -> None:
    found = charts.scores([ranking("b", "cab")], LOOKS, 2, LIGHT_INK)
    (bars,) = found.data
    assert list(bars.x) == [1, 2, 3]
    assert list(bars.y) == [2.0, 1.0, 0.0]
    assert list(bars.marker.color) == [COLOURS[0], COLOURS[0], LIGHT_INK.line]
    assert list(bars.customdata) == ["Title c", "Title a", "Title b"]


# ---------------------------------------------------------------- hostile and empty input


def test_plain_escapes_markup_and_keeps_short_text() -> None:
    assert plain("a < b & c > d") == "a &lt; b &amp; c &gt; d"
    assert plain("  two\n\nlines\t") == "two lines"
    assert plain("x" * 48) == "x" * 48
    assert plain("x" * 49) == "x" * 47 + "…"


@pytest.mark.parametrize("draw", ["bump", "scores", "latency"])
def test_hostile_titles_and_labels_are_never_markup(draw: str) -> None:
    looks = {0: replace(LOOKS[0], label=HOSTILE), 1: LOOKS[1]}
    systems = [ranking("a", "ab", title=HOSTILE), ranking("b", "ba", title=HOSTILE)]
    found = {
        "bump": lambda: charts.bump(systems, looks, 2, LIGHT_INK),
        "scores": lambda: charts.scores(systems, looks, 2, LIGHT_INK),
        "latency": lambda: charts.latency(systems, looks, LIGHT_INK),
    }[draw]()
    said = str(found.to_dict())
    assert "<script" not in said
    assert "<a " not in said
    assert "&lt;script" in said


def test_documents_without_a_title_are_named_by_their_text() -> None:
    hit = Hit(Document("a", "", "<i>Only</i> text"), 1, 1.0, 1, 1.0)
    found = charts.bump([Ranking("a", (hit,))], LOOKS, 1, LIGHT_INK)
    assert found.data[0].customdata[0] == "&lt;i&gt;Only&lt;/i&gt; text"


@pytest.mark.parametrize("count", [1, 2])
def test_rankings_without_hits_draw_empty_figures(count: int) -> None:
    systems = [Ranking(name, ()) for name in "ab"[:count]]
    assert not charts.bump(systems, LOOKS, 10, LIGHT_INK).data
    assert [list(trace.x) for trace in charts.latency(systems, LOOKS, LIGHT_INK).data] == [
        [0.0] * count
    ] * 4
    assert [list(trace.x) for trace in charts.scores(systems, LOOKS, 10, LIGHT_INK).data] == [
        []
    ] * count


def test_no_rankings_at_all_draw_empty_figures() -> None:
    assert not charts.bump([], LOOKS, 10, LIGHT_INK).data
    assert all(not trace.x for trace in charts.latency([], LOOKS, LIGHT_INK).data)
