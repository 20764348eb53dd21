"""The alternative text of a chart holds its values, without Plotly's markup."""

from __future__ import annotations

import math

from components.analysis.agreement import Agreement
from components.analysis.quality import Change
from components.charts import comparison, evaluation
from components.charts.alternative import MOST, plain_text, values_of
from components.charts.palette import LIGHT, StyledRanking, SystemStyle
from components.domain import Query, Ranking, Timing
from components.evaluation.significance import Mean
from components.evaluation.summary import Group, TradeOff

A = SystemStyle("A", "bge & <b>co</b>", LIGHT.colour("A"))
B = SystemStyle("B", "bm25", LIGHT.colour("B"))
STYLES = {"a": A, "b": B}


def test_means_have_their_intervals() -> None:
    means = {"a": Mean(0.5, 0.25, 0.75, 9), "b": Mean(0.4, math.nan, math.nan, 1)}
    figure = evaluation.quality(means, STYLES, LIGHT, "mean nDCG@10")
    assert values_of(figure) == (
        "A bge & <b>co</b> 0.500 (0.250 to 0.750). B bm25 0.400. Axis: mean nDCG@10."
    )


def test_bars_are_named_and_negative_numbers_have_a_true_minus() -> None:
    rows = [Change(Query("q", "x"), 0.25, 0.75), Change(Query("r", "y"), 0.5, 0.375)]
    figure = evaluation.changes(rows, B, A, "nDCG@10", LIGHT)
    assert values_of(figure).startswith("1 0.500; 2 −0.125. Axis: 2 queries, the greatest gain")


def test_many_values_are_counted() -> None:
    rows = [Change(Query(f"q{i}", "x"), 0.0, 1.0 - i / 1000) for i in range(MOST + 1)]
    text = values_of(evaluation.changes(rows, B, A, "nDCG@10", LIGHT))
    assert text.startswith(f"{MOST + 1} values, from 1 1 to {MOST + 1} 0.920.")


def test_dots_and_lines_say_where_they_stand() -> None:
    systems = (TradeOff("a", 0.5, 0.0, dominated=False), TradeOff("b", 0.625, 1234.5, False))
    text = values_of(evaluation.trade_offs(systems, STYLES, "median ms", "nDCG@10", LIGHT))
    assert text == (
        "A bge & <b>co</b>: 0.500 at 0. B bm25: 0.625 at 1,234. Axis: median ms. Axis: nDCG@10."
    )
    curves = {B: [(10, 0.5), (20, 0.625)]}
    depths = values_of(comparison.depth(curves, {B: [(10, 4.5)]}, 20, "nDCG@10", LIGHT))
    assert depths == "nDCG@10, B: 0.500 at 10; 0.625 at 20. measured milliseconds, B: 4.500 at 10."


def test_cells_are_read_row_by_row() -> None:
    between = Agreement("RBO", ((1.0, 0.25), (0.25, 1.0)))
    figure = comparison.agreement(between, (A, B), LIGHT)
    assert values_of(figure) == "A: A 1.00; B 0.25. B: A 0.25; B 1.00."
    tags = (Group("typo", 3, {"a": 0.5, "b": 0.25}),)
    assert values_of(evaluation.tags(tags, "a", STYLES, LIGHT)) == (
        "typo (n = 3): A bge & <b>co</b> 0.50; B bm25 0.25 −0.25."
    )


def test_stacked_bars_are_read_part_by_part() -> None:
    text = values_of(comparison.headroom({B: 0.5}, 0.75, LIGHT))
    assert text == (
        "reached: B bm25 0.500; best order 0.750. badly ranked: B bm25 0.250; best order 0. "
        "not retrieved: B bm25 0.250; best order 0.250."
    )


def test_markup_is_plotlys_alone() -> None:
    assert plain_text("<b>A</b> x&lt;y&gt;<br>z") == "A x<y> z"


def test_times_are_those_of_the_stages_on_whatever_axis() -> None:
    """On a logarithmic axis a bar is as long as it is drawn, not as its stage took."""
    timings = (Timing(embed_ms=2.0), Timing(embed_ms=2.0, rerank_ms=498.0))
    columns = [
        StyledRanking(Ranking(style.label, (), timing), style)
        for style, timing in zip((A, B), timings, strict=True)
    ]
    assert comparison.spreads_widely(columns)
    text = values_of(comparison.latency(columns, LIGHT))
    assert "embed: A bge & <b>co</b> 2.0 ms; B bm25 2.0 ms." in text
    assert "rerank: A bge & <b>co</b> 0.0 ms; B bm25 498 ms." in text
