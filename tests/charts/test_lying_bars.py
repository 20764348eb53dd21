"""Lying bars as SVG: places across are shares of the width, worked out by hand."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from components.charts import comparison
from components.charts.lying_bars import BAR, ROW, TOP, LyingBars
from components.charts.palette import LIGHT, StyledRanking, SystemStyle
from components.domain import Ranking, Timing

A, B = (SystemStyle(n, f"system {n}", c) for n, c in (("A", "#000001"), ("B", "#000002")))
HOSTILE = '<script>alert("1")</script> <b>bold</b> & <a href="https://evil.example">here</a>'
Bar = tuple[str, str, str, str]


def taking(*timings: Timing) -> list[StyledRanking]:
    """Return the columns of A and B, which took these times."""
    columns = zip((A, B), timings, strict=False)
    return [StyledRanking(Ranking(style.label, (), timing), style) for style, timing in columns]


def drawn(chart: LyingBars, label: str = "") -> ET.Element:
    return ET.fromstring(chart.as_svg("k", label))


def bars(svg: ET.Element) -> list[Bar]:
    """Return each part of a bar: where it begins, how long it is, its fill, and its words."""
    return [
        (bar.get("x", ""), bar.get("width", ""), bar.get("fill", ""), bar.findtext("title", ""))
        for bar in svg.findall("rect")
    ]


def words(svg: ET.Element) -> list[tuple[str, str]]:
    """Return where each text stands across, and what it says."""
    return [(text.get("x", ""), "".join(text.itertext())) for text in svg.findall("text")]


def test_what_was_reached_badly_ranked_and_not_retrieved_stand_one_after_another() -> None:
    # the axis ends at 1.12: 0.56 is half of the width
    svg = drawn(comparison.headroom({A: 0.56}, 0.84, LIGHT), "Reached")
    assert svg.get("aria-label") == "Reached"
    assert bars(svg) == [
        ("0.00%", "50.00%", "#000001", "reached: 0.560"),
        ("0.00%", "75.00%", LIGHT.text, "reached: 0.840"),
        ("50.00%", "25.00%", "url(#bars-k-0)", "badly ranked: 0.280"),
        ("75.00%", "14.29%", "url(#bars-k-1)", "not retrieved: 0.160"),
        ("75.00%", "14.29%", "url(#bars-k-1)", "not retrieved: 0.160"),
    ]
    assert [pattern.get("id") for pattern in svg.iter("pattern")] == ["bars-k-0", "bars-k-1"]
    tops = [float(bar.get("y", "")) for bar in svg.findall("rect")]
    assert tops[:2] == [TOP + (ROW - BAR) / 2, TOP + ROW + (ROW - BAR) / 2]
    assert words(svg)[:5] == [
        ("0.00%", "0"),
        ("22.32%", "0.25"),
        ("44.64%", "0.5"),
        ("66.96%", "0.75"),
        ("89.29%", "1"),
    ]
    assert words(svg)[5:] == [
        ("90.18%", "0.56"),
        ("90.18%", "0.84"),
        ("-9", "A system A"),
        ("-9", "best order"),
    ]


def test_stages_begin_where_the_one_before_ends_and_waiting_stands_apart() -> None:
    timing = Timing(embed_ms=300, search_ms=100, rerank_ms=1200, wait_ms=40)
    first = replace(timing, rerank_ms=0, wait_ms=0)
    svg = drawn(comparison.latency(taking(first, timing), LIGHT))
    second = [bar for bar in bars(svg) if bar[3] in {"rerank: 1,200 ms", "waited: 40 ms"}]
    assert second == [  # of 2,000 ms on 76% of the width, and of 100 ms from 82% on
        ("15.20%", "45.60%", "#000002", "rerank: 1,200 ms"),
        ("82.00%", "7.20%", "url(#bars-k-1)", "waited: 40 ms"),
    ]
    said = [text for _, text in words(svg)]
    assert [text for text in said if text.endswith("0 ms")][:3] == ["0 ms", "1,000 ms", "2,000 ms"]
    assert {"400 ms", "1,600 ms", "40 ms", "waited"} <= set(said)


def test_times_far_apart_stand_on_powers_of_ten() -> None:
    first = Timing(embed_ms=20, search_ms=10)
    svg = drawn(comparison.latency(taking(first, replace(first, rerank_ms=970)), LIGHT))
    # two powers of ten to 1,000 ms, and a quarter more for the number there
    assert words(svg)[:3] == [("0.00%", "10 ms"), ("40.00%", "100 ms"), ("80.00%", "1,000 ms")]
    assert ("80.00%", "1,000 ms") in words(svg)[3:]  # and beside the second bar


def test_a_bar_without_a_time_says_so_and_without_systems_there_is_only_an_axis() -> None:
    svg = drawn(comparison.latency(taking(Timing(search_ms=4), Timing()), LIGHT))
    assert [bar[3] for bar in bars(svg)] == ["search: 4.0 ms"]
    assert ("0.00%", "not measured") in words(svg)
    assert not bars(drawn(comparison.latency([], LIGHT)))


def test_hostile_names_are_text() -> None:
    style = SystemStyle("A", HOSTILE, "#000001")
    svg = drawn(comparison.headroom({style: 0.4, B: 0.7}, 0.9, LIGHT), HOSTILE)
    assert svg.get("aria-label") == HOSTILE
    tags = {node.tag for node in svg.iter()}
    assert tags <= {"svg", "defs", "pattern", "path", "circle", "rect", "title", "text", "tspan"}
    assert any("<script>" in text for _, text in words(svg))


@pytest.mark.parametrize("most", [0.03, 1, 1.9, 4, 8.6, 9.99, 10, 73, 512, 99_999])
def test_an_axis_has_a_few_round_numbers(most: float) -> None:
    svg = drawn(comparison.latency(taking(Timing(rerank_ms=most)), LIGHT))
    marks = [float(re.sub("[^0-9.e-]", "", text)) for at, text in words(svg)[:-2]]
    steps = {round(b - a, 9) for a, b in itertools.pairwise(marks)}
    assert marks[0] == 0
    assert 2 <= len(marks) <= 4
    assert len(steps) == 1
    assert f"{steps.pop():e}"[0] in "125"


def test_of_many_powers_of_ten_every_second_has_its_number() -> None:
    first = Timing(embed_ms=3.0)
    svg = drawn(comparison.latency(taking(first, replace(first, rerank_ms=20_000)), LIGHT))
    assert len(svg.findall("line")) == 6
    assert [text for _, text in words(svg)[:3]] == ["1 ms", "100 ms", "10,000 ms"]
