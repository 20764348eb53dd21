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
    assert chart.get("aria-label") == "Ranks of 2 documents in 2 systems"
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
    chart = parsed(svg.intervals([svg.Bar(A, 0.5, 0.25, 1.0), svg.Bar(B, 0.4, math.nan, math.nan)]))
    assert [float(c.get("cx") or 0) for c in chart.iter("circle")] == [190 + 230, 190 + 184]
    axis, interval = chart.iter("line")
    assert (interval.get("x1"), interval.get("x2")) == ("305.0", "650.0")
    assert axis.get("data-letter") is None
    assert texts(chart) == [f"A {NASTY}"[:23] + "…", "0.500", "B second", "0.400"]


def test_changes_point_up_and_down_in_the_colours_of_gain_and_loss() -> None:
    chart = parsed(svg.changes([0.5, -0.25], [NASTY, "t"]))
    bars = [(r.get("class"), r.get("y"), r.get("height")) for r in chart.iter("rect")]
    assert bars == [("gain", "4.0", "86.0"), ("loss", "90.0", "43.0")]
    assert [t.text for t in chart.iter("title")] == [NASTY, "t"]
    assert texts(chart) == ["+0.50 gain", "−0.50 loss"]


def test_a_scatter_names_its_systems_and_fades_the_dominated() -> None:
    dots = [svg.Dot(A, 0.0, 0.5, faint=False), svg.Dot(B, 100.0, 0.4, faint=True)]
    chart = parsed(svg.scatter(dots, "ms a query", "nDCG@10"))
    assert [g.get("opacity") for g in chart.iter("g")] == ["1", "0.35"]
    assert [c.get("cx") for c in chart.iter("circle")] == ["60.0", "625.2"]
    assert texts(chart)[-2:] == [NASTY, "second"]
    assert chart.get("aria-label") == "nDCG@10 against ms a query"
