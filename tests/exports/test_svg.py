"""SVG: coordinates that can be computed by hand, texts that are never markup."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from markupsafe import Markup

from components.analysis.comparison import movement_paths
from components.charts.palette import SystemStyle
from components.exports import svg
from tests.support.rankings import first_stage, reranked

NASTY = "<script>alert('x')</script>\"&"
A = SystemStyle("A", NASTY, "#0072b2")
B = SystemStyle("B", "second", "#c25100")


def parsed(chart: Markup) -> ET.Element:
    assert "<script" not in chart
    return ET.fromstring(chart)


def texts(chart: ET.Element) -> list[str]:
    return ["".join(node.itertext()) for node in chart.iter("text")]


def test_movement_has_a_line_a_document_and_a_dashed_cut() -> None:
    rankings = (first_stage("ab"), reranked("ab", "ba"))
    chart = parsed(svg.movement(movement_paths(rankings, 1), (A, B), 1, {"b"}))
    assert chart.get("aria-label") == "Ranks of 2 documents in 2 systems: a 1, 2; b 2, 1"
    cut, a, b = chart.iter("path")
    assert cut.get("stroke-dasharray") == "2 4"
    # ranks 1 and 2 stand at 34 + 12 and, in the band below the cut, at 34 + 2 * 24
    assert a.get("d") == "M18 46.0C93.0 46.0 93.0 82.0 168 82.0"
    assert b.get("d") == "M18 82.0C93.0 82.0 93.0 46.0 168 46.0"
    assert (a.get("stroke-width"), b.get("stroke-width")) == ("1", "2.4")
    assert texts(chart) == ["A", "B", "1", "2", "a", "2", "1", "b"]
    assert [c.get("data-letter") for c in chart.iter("circle")] == ["A", "B"] * 2


def test_movement_of_nothing_is_empty() -> None:
    assert svg.movement((), (A,), 10, ()) == ""


def test_intervals_stand_on_one_scale_from_zero() -> None:
    bars = [svg.Bar(A, 0.5, 0.25, 1.0), svg.Bar(B, 0.4, math.nan, math.nan)]
    chart = parsed(svg.intervals(bars, "mean nDCG@10"))
    assert [float(c.get("cx") or 0) for c in chart.iter("circle")] == [190 + 230, 190 + 184]
    axis, floor, *ticks, interval = chart.iter("line")
    assert (interval.get("x1"), interval.get("x2")) == ("305.0", "650.0")
    assert axis.get("data-letter") is None
    assert (floor.get("x1"), floor.get("x2")) == ("190.0", "650.0")
    assert [t.get("x1") for t in ticks] == ["190.0", "282.0", "374.0", "466.0", "558.0", "650.0"]
    scale = ["0", "0.2", "0.4", "0.6", "0.8", "1", "mean nDCG@10"]
    assert texts(chart) == [*scale, f"A {NASTY}"[:23] + "…", "0.500", "B second", "0.400"]
    assert chart.get("aria-label") == (
        f"mean nDCG@10: A {NASTY} 0.500 (0.250 to 1.000); B second 0.400"
    )


def test_changes_point_up_and_down_in_the_colours_of_gain_and_loss() -> None:
    chart = parsed(svg.changes([0.5, -0.25], [NASTY, "t"], "change in nDCG@10"))
    bars = [(r.get("class"), r.get("y"), r.get("height")) for r in chart.iter("rect")]
    assert bars == [("gain", "28.0", "86.0"), ("loss", "114.0", "43.0")]
    assert [t.text for t in chart.iter("title")] == [NASTY, "t"]
    lying = "2 queries, the greatest gain first"
    assert texts(chart) == ["+0.50", "0", "−0.50", "change in nDCG@10", lying]
    assert chart.get("aria-label") == (
        f"change in nDCG@10 of {lying}: 1 gain up to +0.500, 1 loss down to −0.250"
    )


def test_a_scatter_names_its_systems_and_fades_the_dominated() -> None:
    dots = [svg.Dot(A, 0.0, 0.5, faint=False), svg.Dot(B, 100.0, 0.4, faint=True)]
    chart = parsed(svg.scatter(dots, "ms a query", "nDCG@10"))
    assert [g.get("opacity") for g in chart.iter("g")] == ["1", "0.35"]
    assert [c.get("cx") for c in chart.iter("circle")] == ["60.0", "625.2"]
    assert texts(chart)[-2:] == [NASTY, "second"]
    assert texts(chart)[:7] == ["0", "20", "40", "60", "80", "100", "ms a query"]
    assert chart.get("aria-label") == (
        f"nDCG@10 against ms a query: {NASTY} 0.500 at 0; second 0.400 at 100"
    )
