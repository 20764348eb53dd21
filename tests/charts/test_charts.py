"""Charts: read from the figure objects, never from their JSON, which packs numbers away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from components.analysis.agreement import Agreement
from components.analysis.depth import DepthPoint
from components.analysis.explanations import TermWeight, TokenMatches
from components.analysis.headroom import Headroom
from components.charts import comparison, explanations
from components.charts.layout import LIGHT_INK, plain
from components.charts.palette import Look
from components.domain import Document, Hit, Ranking, Timing
from components.wording import milliseconds

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


# ---------------------------------------------------------------- latency


TIMING = Timing(embed_ms=3, search_ms=1, rerank_ms=1200, load_ms=5000, wait_ms=40)


def test_latency_stacks_the_stages_and_leaves_loading_out() -> None:
    first = ranking("a", "ab", timing=Timing(embed_ms=3, search_ms=1))
    found = comparison.latency([first, ranking("b", "ba", timing=TIMING)], LOOKS, LIGHT_INK)
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
    found = comparison.latency([first, ranking("b", "ba", timing=TIMING)], LOOKS, LIGHT_INK)
    assert [(a.text.strip(), a.x) for a in found.layout.annotations] == [
        ("4.0 ms", 4.0),
        ("1,204 ms", 1244.0),
    ]


def test_latency_gives_each_system_its_colour_in_the_rerank_bar() -> None:
    systems = [ranking(letter, "ab", timing=TIMING) for letter in "abc"]
    found = comparison.latency(systems, LOOKS, LIGHT_INK)
    by_stage = {trace.name: list(trace.marker.color) for trace in found.data}
    assert by_stage["rerank"] == list(COLOURS)
    assert by_stage["embed"] == by_stage["waiting"] == [LIGHT_INK.soft] * 3


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0.0 ms"), (0.84, "0.8 ms"), (9.94, "9.9 ms"), (12.4, "12 ms"), (1214.4, "1,214 ms")],
)
def test_milliseconds_in_words(value: float, words: str) -> None:
    assert milliseconds(value) == words


# ---------------------------------------------------------------- scores


def test_scores_never_share_an_axis() -> None:
    systems = [ranking("a", "abc"), ranking("b", "cab"), ranking("c", "bca")]
    found = comparison.scores(systems, LOOKS, 2, LIGHT_INK)
    assert [trace.yaxis for trace in found.data] == ["y", "y2", "y3"]
    assert not any(found.layout[name].matches for name in ("yaxis", "yaxis2", "yaxis3"))
    titles = [a.text for a in found.layout.annotations]
    assert titles == [
        "<b>A</b> system A · cosine",
        "<b>B</b> system B · logit",
        "<b>C</b> system C · BM25",
    ]


def test_scores_stand_over_their_ranks_and_fade_beyond_the_cut() -> None:
    found = comparison.scores([ranking("b", "cab")], LOOKS, 2, LIGHT_INK)
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


@pytest.mark.parametrize("draw", ["scores", "latency"])
def test_hostile_titles_and_labels_are_never_markup(draw: str) -> None:
    looks = {0: replace(LOOKS[0], label=HOSTILE), 1: LOOKS[1]}
    systems = [ranking("a", "ab", title=HOSTILE), ranking("b", "ba", title=HOSTILE)]
    found = {
        "scores": lambda: comparison.scores(systems, looks, 2, LIGHT_INK),
        "latency": lambda: comparison.latency(systems, looks, LIGHT_INK),
    }[draw]()
    said = str(found.to_dict())
    assert "<script" not in said
    assert "<a " not in said
    assert "&lt;script" in said


@pytest.mark.parametrize("count", [1, 2])
def test_rankings_without_hits_draw_empty_figures(count: int) -> None:
    systems = [Ranking(name, ()) for name in "ab"[:count]]
    assert [list(trace.x) for trace in comparison.latency(systems, LOOKS, LIGHT_INK).data] == [
        [0.0] * count
    ] * 4
    assert [list(trace.x) for trace in comparison.scores(systems, LOOKS, 10, LIGHT_INK).data] == [
        []
    ] * count


def test_no_rankings_at_all_draw_empty_figures() -> None:
    assert all(not trace.x for trace in comparison.latency([], LOOKS, LIGHT_INK).data)
    assert not comparison.scores([], LOOKS, 10, LIGHT_INK).data


# ---------------------------------------------------------------- headroom, agreement, depth, why


def test_headroom_bars_add_up_to_one() -> None:
    found = Headroom(10, (0.4, 0.7), 0.9, 5, 4)
    figure = comparison.headroom(found, LOOKS, LIGHT_INK)
    totals = [sum(values) for values in zip(*(trace.x for trace in figure.data), strict=True)]
    assert totals == pytest.approx([1.0, 1.0, 1.0])
    assert [trace.name for trace in figure.data] == ["reached", "badly ranked", "not retrieved"]
    assert list(figure.data[0].x) == [0.4, 0.7, 0.9]


def test_agreement_says_every_value() -> None:
    figure = comparison.agreement(Agreement("RBO", ((1.0, 0.25), (0.25, 1.0))), LOOKS, LIGHT_INK)
    assert [list(row) for row in figure.data[0].text] == [["1.00", "0.25"], ["0.25", "1.00"]]
    assert figure.data[0].zmin == 0
    tau = comparison.agreement(Agreement("Kendall's tau", ((1.0,),)), LOOKS, LIGHT_INK)
    assert tau.data[0].zmin == -1


def test_letters_of_lines_that_end_close_together_do_not_overlap() -> None:
    ends = {0: 0.70, 1: 0.71, 2: 0.50}
    curves = {i: (DepthPoint(10, 0.4, None), DepthPoint(20, y, None)) for i, y in ends.items()}
    figure = comparison.depth(curves, LOOKS, 20, "nDCG@10", LIGHT_INK)
    places = {trace.text[-1]: trace.textposition for trace in figure.data}
    assert places == {"A": "bottom right", "B": "top right", "C": "middle right"}
    low, high = figure.layout.yaxis.range
    assert (low, high) == pytest.approx((0.4 - 0.15 * 0.31, 0.71 + 0.15 * 0.31))


def test_milliseconds_begin_at_zero_and_quality_need_not() -> None:
    curves = {0: (DepthPoint(10, 0.80, 40.0), DepthPoint(20, 0.81, 50.0))}
    figure = comparison.depth(curves, LOOKS, 20, "nDCG@10", LIGHT_INK)
    assert figure.layout.yaxis.range == pytest.approx((0.77, 0.84))
    assert figure.layout.yaxis2.range == pytest.approx((0.0, 56.0))


def test_depth_draws_what_is_known() -> None:
    points = (DepthPoint(10, 0.5, None), DepthPoint(20, 0.6, 90.0))
    figure = comparison.depth({1: points}, LOOKS, 20, "nDCG@10", LIGHT_INK)
    assert [(list(t.x), list(t.y)) for t in figure.data] == [
        ([10, 20], [0.5, 0.6]),
        ([20], [90.0]),
    ]
    unjudged = comparison.depth({1: (DepthPoint(10, None, 5.0),)}, LOOKS, 10, "nDCG@10", LIGHT_INK)
    assert len(unjudged.data) == 1


def test_terms_and_tokens_are_never_markup() -> None:
    weights = [TermWeight("<b>", 1.5, 2, 3.25)]
    bars = explanations.terms(weights, LIGHT_INK, "#123456")
    assert list(bars.data[0].y) == ["&lt;b&gt;"]
    assert list(bars.data[0].x) == [3.25]
    matches = TokenMatches(("<i>", "q"), ("d", "<u>"), np.array([[0.1, 0.9], [0.8, 0.2]]))
    drawn = explanations.token_matches(matches, LIGHT_INK)
    assert [list(row) for row in drawn.data[0].text] == [["", "●"], ["●", ""]]
    assert "<i>" not in str(drawn.to_dict())
    assert "<u>" not in str(drawn.to_dict())


def test_a_remote_systems_time_is_called_what_it_is() -> None:
    looks = {0: replace(LOOKS[0], remote=True)}
    figure = comparison.latency([ranking("a", "ab", timing=TIMING)], looks, LIGHT_INK)
    rerank = next(t for t in figure.data if t.name == "rerank")
    assert list(rerank.customdata) == ["network and provider"]
    assert list(rerank.marker.pattern.shape) == ["x"]
