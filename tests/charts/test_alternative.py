"""The alternative text of a chart holds its values, without Plotly's markup."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from components.analysis.agreement import Agreement
from components.charts import comparison, evaluation
from components.charts.alternative import MOST, plain_text, values_of
from components.charts.palette import LIGHT, StyledRanking, SystemStyle
from components.domain import Ranking, Timing
from components.evaluation.significance import Mean
from components.evaluation.summary import TradeOff

A = SystemStyle("A", "bge & <b>co</b>", LIGHT.colour("A"))
B = SystemStyle("B", "bm25", LIGHT.colour("B"))
STYLES = {"a": A, "b": B}


def test_means_have_their_intervals() -> None:
    means = {"a": Mean(0.5, 0.25, 0.75, 9), "b": Mean(0.4, math.nan, math.nan, 1)}
    figure = evaluation.quality(means, STYLES, LIGHT).update_xaxes(title_text="mean nDCG@10")
    assert values_of(figure) == (
        "A bge & <b>co</b> 0.500 (0.250 to 0.750). B bm25 0.400. Axis: mean nDCG@10."
    )


def test_bars_are_named_and_negative_numbers_have_a_true_minus() -> None:
    figure = go.Figure(go.Bar(x=[1, 2], y=[0.5, -0.125]))
    figure.update_xaxes(title_text="2 queries")
    assert values_of(figure) == "1 0.500; 2 −0.125. Axis: 2 queries."
    assert values_of(go.Figure(go.Bar(y=["<b>a</b>"], x=[12_345.6], orientation="h"))) == (
        "a 12,346."
    )


def test_many_values_are_counted() -> None:
    numbers = list(range(1, MOST + 2))
    text = values_of(go.Figure(go.Bar(x=numbers, y=[1.0, *[0.5] * (MOST - 1), -0.0004])))
    assert text == f"{MOST + 1} values, from 1 1 to {MOST + 1} −0.0004."


def test_dots_and_lines_say_where_they_stand() -> None:
    systems = (TradeOff("a", 0.5, 0.0, dominated=False), TradeOff("b", 0.625, 1234.5, False))
    text = values_of(evaluation.trade_offs(systems, STYLES, "median ms", "nDCG@10", LIGHT))
    assert text.startswith("A bge & <b>co</b>: 0.500 at 0. B bm25: 0.625 at 1,234.")
    assert "Axis: median ms." in text
    curves = {B: [(10, 0.5), (20, 0.625)]}
    depths = values_of(comparison.depth(curves, {B: [(10, 4.5)]}, 20, "nDCG@10", LIGHT))
    assert depths == "nDCG@10, B: 0.500 at 10; 0.625 at 20. measured milliseconds, B: 4.500 at 10."


def test_cells_are_read_row_by_row() -> None:
    between = Agreement("RBO", ((1.0, 0.25), (0.25, 1.0)))
    figure = comparison.agreement(between, (A, B), LIGHT)
    assert values_of(figure) == "A: A 1.00; B 0.25. B: A 0.25; B 1.00."
    written = go.Heatmap(z=[[0, 1]], x=["a", "b"], y=["typo"], text=[["0.50<br>+0.02", "0.25"]])
    assert values_of(go.Figure(written)) == "typo: a 0.50 +0.02; b 0.25."
    marked = go.Heatmap(z=[[0.5, 1]], x=["a", "b"], y=["cat"], text=[["●", ""]])
    assert values_of(go.Figure(marked)) == "cat: a 0.500; b 1."


def test_stacked_bars_are_read_part_by_part() -> None:
    text = comparison.headroom({B: 0.5}, 0.75, LIGHT).described()
    assert text == (
        "reached: B bm25 0.500; best order 0.750. badly ranked: B bm25 0.250; best order 0.000. "
        "not retrieved: B bm25 0.250; best order 0.250."
    )


def test_times_are_those_of_the_stages_on_whatever_axis() -> None:
    """On a logarithmic axis a bar is as long as it is drawn, not as its stage took."""
    timings = (Timing(embed_ms=2.0), Timing(embed_ms=2.0, rerank_ms=498.0))
    columns = [
        StyledRanking(Ranking(style.label, (), timing), style)
        for style, timing in zip((A, B), timings, strict=True)
    ]
    assert comparison.spreads_widely(columns)
    text = comparison.latency(columns, LIGHT).described()
    assert "embed: A bge & <b>co</b> 2.0 ms; B bm25 2.0 ms." in text
    assert "rerank: A bge & <b>co</b> 0.0 ms; B bm25 498 ms." in text


def test_markup_is_plotlys_alone() -> None:
    assert plain_text("<b>A</b> x&lt;y&gt;<br>z") == "A x<y> z"
