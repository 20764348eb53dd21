"""Charts of an evaluation: one meaning of each colour, with words beside it."""

from __future__ import annotations

from components.analysis.quality import Change
from components.charts import evaluation as charts
from components.charts.palette import GREY, LIGHT, SystemStyle
from components.domain import Query
from components.evaluation.significance import grouped, paired
from components.evaluation.summary import Group

STYLES = {s: SystemStyle(s.upper(), s, f"#00000{i}") for i, s in enumerate("ab")}


def test_gains_and_losses_have_colours_of_their_own_and_words() -> None:
    rows = [Change(Query("q", "<b>"), 0.2, 0.7), Change(Query("r", "r"), 0.5, 0.25)]
    figure = charts.changes(rows, "nDCG@10", LIGHT)
    [bars] = figure.data
    assert list(bars.marker.color) == [LIGHT.gain, LIGHT.loss]
    assert [a.text for a in figure.layout.annotations] == ["<b>▲ gain</b>", "<b>▼ loss</b>"]
    assert [a.font.color for a in figure.layout.annotations] == [LIGHT.gain, LIGHT.loss]
    assert bars.customdata[0][0] == "&lt;b&gt;"
    described = charts.changes(rows, "Judged@10", LIGHT)
    assert set(described.data[0].marker.color) == {LIGHT.soft}
    assert [a.text for a in described.layout.annotations] == ["<b>▲ higher</b>", "<b>▼ lower</b>"]


def test_only_a_clear_difference_of_a_kind_is_shaded() -> None:
    """Eight gains, eight losses, eight of either, and one of a query alone."""
    pairs = [(0.5, 0.75)] * 8 + [(0.5, 0.25)] * 8 + [(0.5, 0.75), (0.5, 0.25)] * 4 + [(0.0, 1.0)]
    places = {"up": range(8), "down": range(8, 16), "both": range(16, 24), "one": range(24, 25)}
    inside = {tag: [i in place for i in range(25)] for tag, place in places.items()}
    tested = grouped("nDCG@10", {"b": pairs}, inside)
    groups = [
        Group(tag, len(place), {"a": 0.5, "b": 0.75}, {"b": tested[tag, "b"]})
        for tag, place in places.items()
    ]
    [heat] = charts.tags(groups, "a", STYLES, LIGHT).data
    assert [list(row) for row in heat.z] == [[0, 1], [0, -1], [0, 0], [0, 0]]
    assert [row[1] for row in heat.text] == [
        *("0.75<br>+0.25<br>better", "0.75<br>−0.25<br>worse"),
        *("0.75<br>0.00<br>not clear", "0.75<br>+1.00<br>too few"),
    ]
    assert [row[0] for row in heat.text] == ["0.50<br>baseline"] * 4
    assert list(heat.y) == ["up (n = 8)", "down (n = 8)", "both (n = 8)", "one (n = 1)"]
    assert heat.colorscale[0][1] == charts.mixed(LIGHT.loss, LIGHT.paper)
    assert heat.colorscale[2][1] == charts.mixed(LIGHT.gain, LIGHT.paper)


def test_costs_keep_the_systems_colours() -> None:
    ways = [charts.Cost("a on your machine", 60.0, "#000001", own=True), charts.Cost("b", 5.5)]
    [bars] = charts.costs(ways, LIGHT).data
    assert list(bars.marker.color) == ["#000001", GREY]
    assert list(bars.marker.pattern.shape) == ["/", ""]
    assert list(bars.text) == ["$60", "$5.50"]


def test_a_difference_stands_on_its_interval_with_its_verdict() -> None:
    tested = paired("nDCG@10", {"b": [(0.5, 0.5 + 0.01 * i) for i in range(1, 10)]})
    figure = charts.differences(tested, STYLES, LIGHT)
    [dot] = figure.data
    [d] = tested
    assert (list(dot.x), dot.marker.color) == ([d.mean], STYLES["b"].colour)
    assert dot.error_x.array[0] == d.high - d.mean
    assert dot.error_x.arrayminus[0] == d.mean - d.low
    assert [a.text for a in figure.layout.annotations] == ["+0.050 better"]
    low, high = figure.layout.xaxis.range
    assert low == -high, "0 stands in the middle"
    few = charts.differences(paired("nDCG@10", {"b": [(0.5, 0.6), (0.1, 0.4)]}), STYLES, LIGHT)
    assert few.data[0].error_x.array[0] == 0, "two queries bound nothing"
