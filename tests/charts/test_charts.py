"""Charts: read from the figure objects, never from their JSON, which packs numbers away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.analysis.agreement import Agreement
from components.analysis.explanations import TermWeight
from components.charts import comparison, explanations
from components.charts.layout import plain
from components.charts.lying_bars import LyingBars
from components.charts.palette import LIGHT, StyledRanking, SystemStyle
from components.domain import Document, Hit, Ranking, Timing
from components.wording import milliseconds

COLOURS = ("#000001", "#000002", "#000003")
A, B, C = STYLES = [
    SystemStyle(letter, f"system {letter}", colour, scale)
    for letter, colour, scale in zip("ABC", COLOURS, ("cosine", "logit", "BM25"), strict=True)
]
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


def styled(*rankings: Ranking) -> list[StyledRanking]:
    return [StyledRanking(r, style) for r, style in zip(rankings, STYLES, strict=False)]


# ---------------------------------------------------------------- latency


TIMING = Timing(embed_ms=3, search_ms=1, rerank_ms=1200, load_ms=5000, wait_ms=40)


def parts(chart: LyingBars) -> dict[str, list[tuple[float, float]]]:
    """Return where each part of each series begins and how long it is."""
    return {one.name: [(part.begin, part.length) for part in one.parts] for one in chart.series}


def test_latency_puts_the_stages_one_after_another_and_leaves_loading_out() -> None:
    first = ranking("a", "ab", timing=Timing(embed_ms=300, search_ms=100))
    slow = replace(TIMING, embed_ms=300, search_ms=100)
    chart = comparison.latency(styled(first, ranking("b", "ba", timing=slow)), LIGHT)
    assert parts(chart) == {
        "embed": [(0.0, 300.0), (0.0, 300.0)],
        "search": [(300.0, 100.0), (300.0, 100.0)],
        "rerank": [(400.0, 0.0), (400.0, 1200.0)],
        "waited": [(0.0, 0.0), (0.0, 40.0)],
    }
    *stages, waited = [one.axis for one in chart.series]
    assert waited.left > stages[0].right  # waiting is on an axis of its own
    assert (stages[0].low, stages[0].high) == (0, 2000)
    assert chart.texts == ((400.0, "400 ms"), (1600.0, "1,600 ms"))


def test_latency_far_apart_stands_on_a_logarithmic_axis() -> None:
    first = ranking("a", "ab", timing=Timing(embed_ms=20, search_ms=10))
    second = ranking("b", "ba", timing=Timing(embed_ms=20, search_ms=10, rerank_ms=970))
    columns = styled(first, second)
    assert comparison.spreads_widely(columns)
    chart = comparison.latency(columns, LIGHT)
    assert chart.series[0].axis.low == 10  # ms
    assert chart.series[0].axis.share(1000) == pytest.approx(0.8)
    assert parts(chart)["rerank"] == [(30.0, 0.0), (30.0, 970.0)]
    assert chart.texts == ((30.0, "30 ms"), (1000.0, "1,000 ms"))
    assert [part.value for part in chart.series[2].parts] == ["0.0 ms", "970 ms"]


def test_a_time_that_nobody_measured_is_not_nothing() -> None:
    systems = [ranking("a", "ab", timing=TIMING), ranking("b", "ba")]
    chart = comparison.latency(styled(*systems), LIGHT)
    assert [text for _, text in chart.texts] == ["1,204 ms", "not measured"]


def test_latency_gives_each_system_its_colour_in_the_rerank_bar() -> None:
    systems = [ranking(letter, "ab", timing=TIMING) for letter in "abc"]
    chart = comparison.latency(styled(*systems), LIGHT)
    by_stage = {one.name: tuple(part.fill.colour for part in one.parts) for one in chart.series}
    assert by_stage["rerank"] == COLOURS
    assert by_stage["embed"] == (LIGHT.soft,) * 3
    assert by_stage["waited"] == (LIGHT.line,) * 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0 ms"), (0.84, "0.8 ms"), (9.94, "9.9 ms"), (12.4, "12 ms"), (1214.4, "1,214 ms")],
)
def test_milliseconds_in_words(value: float, text: str) -> None:
    assert milliseconds(value) == text


# ---------------------------------------------------------------- scores


def test_scores_never_share_an_axis() -> None:
    systems = [ranking("a", "abc"), ranking("b", "cab"), ranking("c", "bca")]
    figure = comparison.scores(styled(*systems), 2, LIGHT)
    assert [trace.yaxis for trace in figure.data] == ["y", "y2", "y3"]
    assert not any(figure.layout[name].matches for name in ("yaxis", "yaxis2", "yaxis3"))
    titles = [a.text for a in figure.layout.annotations]
    assert titles == [
        "<b>A</b> system A · cosine",
        "<b>B</b> system B · logit",
        "<b>C</b> system C · BM25",
    ]


def test_scores_stand_over_their_ranks_and_fade_beyond_the_cut() -> None:
    figure = comparison.scores(styled(ranking("b", "cab")), 2, LIGHT)
    (bars,) = figure.data
    assert list(bars.x) == [1, 2, 3]
    assert list(bars.y) == [2.0, 1.0, 0.0]
    assert list(bars.marker.color) == [COLOURS[0], COLOURS[0], LIGHT.line]
    assert list(bars.customdata) == ["Title c", "Title a", "Title b"]


# ---------------------------------------------------------------- hostile and empty input


def test_plain_escapes_markup_and_keeps_short_text() -> None:
    assert plain("a < b & c > d") == "a &lt; b &amp; c &gt; d"
    assert plain("  two\n\nlines\t") == "two lines"
    assert plain("x" * 48) == "x" * 48
    assert plain("x" * 49) == "x" * 47 + "…"


def test_hostile_titles_and_labels_are_never_markup() -> None:
    first, second = styled(ranking("a", "ab", title=HOSTILE), ranking("b", "ba", title=HOSTILE))
    systems = [replace(first, style=replace(A, label=HOSTILE)), second]
    figure = comparison.scores(systems, 2, LIGHT)
    said = str(figure.to_dict())
    assert "<script" not in said
    assert "<a " not in said
    assert "&lt;script" in said


@pytest.mark.parametrize("count", [1, 2])
def test_rankings_without_hits_draw_empty_figures(count: int) -> None:
    systems = styled(*(Ranking(name, ()) for name in "ab"[:count]))
    stages = parts(comparison.latency(systems, LIGHT))
    assert list(stages.values()) == [[(0.0, 0.0)] * count] * 3
    assert [list(trace.x) for trace in comparison.scores(systems, 10, LIGHT).data] == [[]] * count


def test_no_rankings_at_all_draw_empty_figures() -> None:
    assert not any(parts(comparison.latency([], LIGHT)).values())
    assert not comparison.scores([], 10, LIGHT).data


# ---------------------------------------------------------------- headroom, agreement, depth, why


def test_headroom_bars_add_up_to_one() -> None:
    chart = comparison.headroom({A: 0.4, B: 0.7}, 0.9, LIGHT)
    rows = zip(*parts(chart).values(), strict=True)
    assert [sum(length for _, length in row) for row in rows] == pytest.approx([1.0, 1.0, 1.0])
    assert parts(chart)["reached"] == [(0.0, 0.4), (0.0, 0.7), (0.0, 0.9)]
    assert list(parts(chart)) == ["reached", "badly ranked", "not retrieved"]
    assert [letter for letter, _ in chart.names] == ["A", "B", "best order"]


def test_agreement_says_every_value() -> None:
    figure = comparison.agreement(Agreement("RBO", ((1.0, 0.25), (0.25, 1.0))), [A, B], LIGHT)
    assert [list(row) for row in figure.data[0].text] == [["1.00", "0.25"], ["0.25", "1.00"]]
    assert figure.data[0].zmin == 0
    tau = comparison.agreement(Agreement("Kendall's tau", ((1.0,),)), [A], LIGHT)
    assert tau.data[0].zmin == -1


def test_letters_of_lines_that_end_close_together_do_not_overlap() -> None:
    ends = {A: 0.70, B: 0.71, C: 0.50}
    curves = {style: [(10, 0.4), (20, y)] for style, y in ends.items()}
    figure = comparison.depth(curves, {}, 20, "nDCG@10", LIGHT)
    places = {trace.text[-1]: trace.textposition for trace in figure.data}
    assert places == {"A": "bottom right", "B": "top right", "C": "middle right"}
    low, high = figure.layout.yaxis.range
    assert (low, high) == pytest.approx((0.4 - 0.15 * 0.31, 0.71 + 0.15 * 0.31))


def test_milliseconds_begin_at_zero_and_quality_need_not() -> None:
    quality, timed = {A: [(10, 0.80), (20, 0.81)]}, {A: [(10, 40.0), (20, 50.0)]}
    figure = comparison.depth(quality, timed, 20, "nDCG@10", LIGHT)
    assert figure.layout.yaxis.range == pytest.approx((0.77, 0.84))
    assert figure.layout.yaxis2.range == pytest.approx((0.0, 56.0))


def test_depth_draws_what_is_known() -> None:
    quality = {B: [(10, 0.5), (20, 0.6)]}
    figure = comparison.depth(quality, {B: [(20, 90.0)]}, 20, "nDCG@10", LIGHT)
    assert [(list(t.x), list(t.y)) for t in figure.data] == [
        ([10, 20], [0.5, 0.6]),
        ([20], [90.0]),
    ]
    unjudged = comparison.depth({B: []}, {B: [(10, 5.0)]}, 10, "nDCG@10", LIGHT)
    assert len(unjudged.data) == 1


def test_terms_are_named_by_their_words_with_the_stem_under_them_and_never_markup() -> None:
    weights = [
        TermWeight("<b>", 1.5, 2, 3.25),
        TermWeight("messag", 1.0, 2, 2.0, ("messages", "message")),
        TermWeight("pin", 1.0, 1, 0.5, ("pin",)),
    ]
    bars = explanations.terms(weights, LIGHT, "#123456")
    assert list(bars.data[0].y) == [
        "&lt;b&gt;",
        'messages, message<br><span style="font-size:11px">stem messag</span>',
        "pin",
    ]
    assert list(bars.data[0].x) == [3.25, 2.0, 0.5]


def test_a_remote_systems_time_is_called_what_it_is() -> None:
    column = StyledRanking(ranking("a", "ab", timing=TIMING), replace(A, remote=True))
    [rerank] = comparison.latency([column], LIGHT).series[2].parts
    assert (rerank.name, rerank.value) == ("network and provider", "1,200 ms")
    assert rerank.fill.pattern == "x"
