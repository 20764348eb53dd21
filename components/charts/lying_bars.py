"""Lying bars as SVG that is as wide as its place, with their names on the left of it.

Streamlit has Plotly make a chart anew whenever its data changes, which takes the browser 60 to 100
milliseconds. Bars that change with every query are drawn here, from the same figure: places across
are shares of the width, so that nothing has to be measured. All texts are escaped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import plotly.graph_objects as go
from markupsafe import Markup

from components.charts.alternative import plain_text

TOP, ROW, BAR, FOOT = 6, 38, 21, 34
"""Pixels: above the first row, a row, its bar, room for the numbers of the axis."""
LETTER, GAP = 7.2, 18
"""Pixels: about the width of a letter of a name; between a name and its bar."""
MOST_TICKS = 4
"""Numbers on an axis, so that they stand apart on a phone."""
END = 0.93
"""The share of the width from which on a number ends at its mark."""
_BOLD = re.compile(r"<b>(.*?)</b>")
_VALUE = re.compile(r"%\{x:(.*?)\}")
_FILLS: Mapping[str, Markup] = {
    "/": Markup('<path d="M-1 1L1 -1M0 7L7 0M6 8L8 6" stroke="{0}" stroke-width="2.2"/>'),
    "x": Markup('<path d="M0 0L7 7M0 7L7 0" stroke="{0}" stroke-width="1.4"/>'),
    ".": Markup('<circle cx="3.5" cy="3.5" r="1.1" fill="{0}"/>'),
}
"""What a pattern draws on its ground, in tiles of 7 by 7 pixels; the colour is left open."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """The part of the width, 0 to 1, on which the values from `low` to `high` lie.

    On a logarithmic axis `low` and `high` are powers of ten.
    """

    left: float
    right: float
    low: float
    high: float
    log: bool
    layout: Mapping[str, Any]

    @classmethod
    def of(cls, layout: Mapping[str, Any], longest: float) -> Self:
        """Return an axis of a figure; without a range it ends at twice the longest bar."""
        left, right = layout.get("domain", (0, 1))
        low, high = layout.get("range", (0, 2 * longest or 1))  # beside a bar stands its number
        return cls(left, right, low, high, layout.get("type") == "log", layout)

    def share(self, value: float) -> float:
        """Return where a value lies, as a share of the width; beyond the axis its end."""
        at = math.log10(max(value, 10**self.low)) if self.log else value
        part = (at - self.low) / (self.high - self.low)
        return self.left + (self.right - self.left) * min(max(part, 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Return round values with a mark on the axis; the figure's own where it names them."""
        if self.log:
            return [10.0**n for n in range(math.ceil(self.low), math.floor(self.high) + 1)]
        if "tickvals" in self.layout:
            return [float(value) for value in self.layout["tickvals"]]
        tens = 10 ** math.floor(math.log10(self.high))
        steps = [part * tens for part in (0.2, 0.5, 1, 2, 5)]
        step = next(step for step in steps if self.high / step < MOST_TICKS)
        return [n * step for n in range(math.floor(self.high / step) + 1)]


def lying_bars(figure: go.Figure, key: str, label: str) -> Markup:
    """Return a figure of lying bars as SVG; `label` is its alternative text.

    `key` is part of the ids of its patterns, and is no other chart's of the page.
    """
    traces, layout = figure.to_dict()["data"], figure.to_dict()["layout"]
    names = list(dict.fromkeys(name for trace in traces for name in trace["y"]))
    longest: dict[str, float] = {}
    for trace in traces:
        of = _axis_of(trace)
        longest[of] = max(longest.get(of, 0), *trace["x"], 0)
    axes = {name: _Axis.of(layout[name], most) for name, most in longest.items()}
    fills = _Fills(key)
    bars = _bars(traces, names, axes, fills)
    letters = max((len(plain_text(name)) for name in names), default=0)
    left = round(GAP + LETTER * letters)
    height = TOP + ROW * len(names) + FOOT
    text = layout["font"]["color"]
    head = Markup(
        '<svg class="bars" role="img" aria-label="{}" width="100%" height="{}" fill="{}" '
        'font-size="13" overflow="visible" style="display:block;margin-left:{}px;'
        'width:calc(100% - {}px)"><defs>{}</defs>{}</svg>'
    )
    lines = [_axis_lines(axis, len(names)) for axis in axes.values()]
    written = [_name(name, row) for row, name in enumerate(names)]
    parts = Markup("").join([*lines, *bars, *_numbers(layout, names, axes), *written])
    return head.format(label, height, text, left, left, fills.markup(), parts)


def _axis_of(trace: Mapping[str, Any]) -> str:
    return "xaxis" + str(trace.get("xaxis") or "x")[1:]


def _middle(row: int) -> float:
    return TOP + ROW * (row + 0.5)


def _name(name: str, row: int) -> Markup:
    """Return a row's name on the left of the bars, its first part in bold as in the figure."""
    bold = _BOLD.match(name)
    first, rest = (plain_text(bold[1]), plain_text(name[bold.end() :])) if bold else ("", name)
    text = Markup(
        '<text x="{}" y="{}" text-anchor="end"><tspan font-weight="700">{}</tspan>{}</text>'
    )
    return text.format(-GAP // 2, _middle(row) + 4.5, first, f" {rest}" if rest else "")


class _Fills:
    """The patterns of a chart: one for each ground, shape and colour."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._patterns: dict[tuple[str, str, str], str] = {}

    def fill(self, colour: str, shape: str, lines: str) -> str:
        """Return what fills a bar: a colour, or a reference to a pattern on it."""
        if not shape:
            return colour
        new = f"bars-{self._key}-{len(self._patterns)}"
        return f"url(#{self._patterns.setdefault((colour, shape, lines), new)})"

    def markup(self) -> Markup:
        """Return the patterns' definitions."""
        tile = Markup(
            '<pattern id="{}" width="7" height="7" patternUnits="userSpaceOnUse">'
            '<rect width="7" height="7" fill="{}"/>{}</pattern>'
        )
        return Markup("").join(
            tile.format(id, colour, _FILLS[shape].format(lines))
            for (colour, shape, lines), id in self._patterns.items()
        )


def _bars(
    traces: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    axes: Mapping[str, _Axis],
    fills: _Fills,
) -> list[Markup]:
    """Return each part of each bar that has a length, the later ones on the earlier ones."""
    ends = dict.fromkeys(((a, name) for a in axes for name in names), 0.0)
    drawn = []
    for trace in traces:
        of = _axis_of(trace)
        for i, (name, length) in enumerate(zip(trace["y"], trace["x"], strict=True)):
            begin = trace["base"][i] if trace.get("base") is not None else ends[of, name]
            ends[of, name] = begin + length
            if length > 0:
                drawn.append(_bar(trace, i, axes[of], begin, names.index(name), fills))
    return drawn


def _bar(
    trace: Mapping[str, Any], i: int, axis: _Axis, begin: float, row: int, fills: _Fills
) -> Markup:
    """Return a part of a bar, with what the pointer is told of it, and its own number beside it."""
    marker = trace["marker"]
    pattern = marker.get("pattern", {})
    fill = fills.fill(
        _one(marker["color"], i), _one(pattern.get("shape", ""), i), pattern.get("fgcolor", "")
    )
    left, right = axis.share(begin), axis.share(begin + trace["x"][i])
    line = marker.get("line", {})
    bar = Markup(
        '<rect x="{:.2%}" y="{}" width="{:.2%}" height="{}" fill="{}" stroke="{}" '
        'stroke-width="{}"><title>{}</title></rect>'
    )
    drawn = bar.format(
        *(left, _middle(row) - BAR / 2, right - left, BAR, fill),
        *(line.get("color", "none"), line.get("width", 0), _hover(trace, i)),
    )
    own = trace.get("text")
    return drawn + (_number(right, row, own[i]) if own is not None and own[i] else Markup(""))


def _one(value: str | Sequence[str], i: int) -> str:
    return value if isinstance(value, str) else value[i]


def _hover(trace: Mapping[str, Any], i: int) -> str:
    template = str(trace["hovertemplate"]).removesuffix("<extra></extra>")
    if trace.get("customdata") is not None:
        template = template.replace("%{customdata}", str(trace["customdata"][i]))
    return _VALUE.sub(lambda part: format(trace["x"][i], part[1]), template)


def _number(share: float, row: int, text: str) -> Markup:
    number = Markup('<text x="{:.2%}" dx="5" y="{}">{}</text>')
    return number.format(share, _middle(row) + 4.5, plain_text(text).strip())


def _numbers(
    layout: Mapping[str, Any], names: Sequence[str], axes: Mapping[str, _Axis]
) -> list[Markup]:
    """Return the figure's notes, each beside its bar."""
    axis = axes.get("xaxis")
    notes = [note for note in layout.get("annotations", ()) if note.get("y") in names]
    return [
        _number(
            axis.share(10 ** note["x"] if axis.log else note["x"]),
            names.index(note["y"]),
            note["text"],
        )
        for note in notes
        if axis
    ]


def _axis_lines(axis: _Axis, rows: int) -> Markup:
    """Return the axis with its numbers and name, and thin lines through the rows."""
    layout, foot = axis.layout, TOP + ROW * rows
    title = plain_text((layout.get("title") or {}).get("text") or "")
    name = Markup('<text x="{:.2%}" y="{}">{}</text>').format(axis.left, foot + 18, title)
    if layout.get("showticklabels") is False:
        return name
    line = Markup('<line x1="{0:.2%}" x2="{0:.2%}" y1="{1}" y2="{2}" stroke="{3}"/>')
    number = Markup('<text x="{:.2%}" y="{}" text-anchor="{}">{:,g}{}</text>')
    unit, colour = layout.get("ticksuffix", ""), layout.get("gridcolor")
    parts = [name] if title else []
    ticks = axis.ticks()
    numbered = ticks[:: 2 if axis.log and len(ticks) > MOST_TICKS else 1]
    for value in ticks:
        share = axis.share(value)
        parts += [line.format(share, TOP, foot, colour)] if colour else []
        side = "middle" if 0 < share < END else "end" if share else "start"
        if value in numbered:
            parts.append(number.format(share, foot + 18, side, value, unit))
    return Markup("").join(parts)
