"""Charts of what a corpus is made of: bars, where models stop reading, alternative texts."""

from __future__ import annotations

import pytest

from components.analysis.anatomy.records import Bar, Group, Lengths, Reading
from components.charts.alternative import values_of
from components.charts.anatomy import Amount, amounts, lengths
from components.charts.palette import DARK, LIGHT, Palette

BARS = tuple(Bar(low, low + 49, n) for low, n in ((0, 3), (50, 9), (100, 1)))
SHORT = Lengths(7, 60.0, 99, 120, 800, BARS)
LONG = Lengths(7, 60.0, 99, 900, 1600, (*BARS[:2], Bar(100, 900, 1)))


def reading(*systems: str, reads: int) -> Reading:
    return Reading(systems, "mine", reads, 0, 800, 0, Group())


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_line_stands_where_a_model_stops_reading(palette: Palette) -> None:
    figure = lengths(SHORT, "tokens", [reading("a<b", "c", reads=74)], palette)
    assert list(figure.data[0].x) == ["0 to 49", "50 to 99", "100 to 149"]
    assert list(figure.data[0].y) == [3, 9, 1]
    [line] = figure.layout.shapes
    # token 75 is the first that is not read: in the middle of the bar of 50 to 99, the second one
    assert (line.x0, line.x1) == (1.0, 1.0)
    assert [note.text for note in figure.layout.annotations] == ["<b>74</b> a&lt;b, c"]


def test_a_window_beyond_the_longest_passage_is_an_arrow_at_the_edge() -> None:
    figure = lengths(SHORT, "tokens", [reading("a", reads=510)], LIGHT)
    assert figure.layout.shapes == ()
    [note] = figure.layout.annotations
    assert (note.text, note.x, note.xanchor) == ("<b>510</b> a →", 2.5, "right")


def test_a_window_within_the_open_last_bar_stands_in_it() -> None:
    figure = lengths(LONG, "tokens", [reading("a", reads=510)], LIGHT)
    [line] = figure.layout.shapes
    assert line.x0 == 2.0
    assert list(figure.data[0].x)[-1] == "100 to 900"


def test_values_are_in_the_alternative_text() -> None:
    text = values_of(lengths(SHORT, "words", (), LIGHT))
    assert text == "passages: 0 to 49 3; 50 to 99 9; 100 to 149 1. Axis: words of a passage."
    rows = [Amount("<b>year", 4, "80%", "number, 1 to 2"), Amount("tags", 1, "20%")]
    figure = amounts(rows, LIGHT, "passages")
    assert values_of(figure) == "passages: <b>year number, 1 to 2 4; tags 1."
    assert list(figure.data[0].text) == ["80%", "20%"]
