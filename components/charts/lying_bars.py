"""Lying bars as SVG that is as wide as its place, with their names on the left of it.

Streamlit has Plotly make a chart anew whenever its data changes, which takes the browser 60 to 100
milliseconds, and the server 20 to build it. Bars that change with every query are drawn here:
places across are shares of the width, so that nothing has to be measured. Texts are escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from components.charts.palette import SystemStyle
from components.wording import shortened

TOP, ROW, BAR, FOOT = 6, 38, 21, 34
"""Pixels: above the first row, a row, its bar, room for the numbers of the axis."""
LETTER, GAP = 7.2, 18
"""Pixels: about the width of a letter of a name; between a name and its bar."""
LONGEST_NAME = 18
"""Letters of a system's name."""
MOST_TICKS = 4
"""Numbers on an axis, so that they stand apart on a phone."""
END = 0.93
"""The share of the width from which on a number ends at its mark."""
_PATTERNS: Mapping[str, Markup] = {
    "/": Markup('<path d="M-1 1L1 -1M0 7L7 0M6 8L8 6" stroke="{0}" stroke-width="2.2"/>'),
    "x": Markup('<path d="M0 0L7 7M0 7L7 0" stroke="{0}" stroke-width="1.4"/>'),
    ".": Markup('<circle cx="3.5" cy="3.5" r="1.1" fill="{0}"/>'),
}
"""What a pattern draws on its ground, in tiles of 7 by 7 pixels; the colour is left open."""


@dataclass(frozen=True, slots=True)
class Fill:
    """A colour, or a pattern of `lines` on it: hatched "/", crossed "x" or dotted "."."""

    colour: str
    pattern: str = ""
    lines: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: where it begins and how long it is on its axis, and its value in words.

    `name` is what it is called where that is not the name of its series.
    """

    begin: float
    length: float
    value: str
    fill: Fill
    name: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """The share of the width, from `left` to `right`, on which values from 0 or `low` lie.

    A logarithmic axis begins at `low` above 0, which is a power of ten. Without `marks` its numbers
    are round ones; thin lines of the colour `lines` go through them where there is one.
    """

    high: float
    low: float = 0.0
    left: float = 0.0
    right: float = 1.0
    marks: tuple[float, ...] | None = None
    unit: str = ""
    lines: str = ""
    title: str = ""

    def share(self, value: float) -> float:
        """Return where a value lies, as a share of the width; beyond the axis its end."""
        if self.low:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = value / self.high
        return self.left + (self.right - self.left) * min(max(part, 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Return the values with a mark."""
        if self.marks is not None:
            return list(self.marks)
        if self.low:
            decades = math.floor(math.log10(self.high / self.low) + 1e-9)
            return [self.low * 10**n for n in range(decades + 1)]
        tens = 10 ** math.floor(math.log10(self.high))
        steps = [part * tens for part in (0.2, 0.5, 1, 2, 5)]
        step = next(step for step in steps if self.high / step < MOST_TICKS)
        return [n * step for n in range(math.floor(self.high / step) + 1)]


@dataclass(frozen=True, slots=True)
class Series:
    """A part of each bar, in the order of the rows; `numbered` ones have their values beside them.

    Parts are outlined in the colour `outline` where there is one.
    """

    name: str
    parts: tuple[Part, ...]
    axis: Axis
    outline: str = ""
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class LyingBars:
    """Rows with a letter and a name each, their parts, and a text beside each bar.

    `texts` say where on the first axis, and what. `colour` is that of all texts.
    """

    names: tuple[tuple[str, str], ...]
    series: tuple[Series, ...]
    texts: tuple[tuple[float, str], ...]
    colour: str

    def described(self) -> str:
        """Return all values in words, one series after another."""
        names = [f"{letter} {name}".strip() for letter, name in self.names]
        listed = (
            "; ".join(f"{n} {p.value}" for n, p in zip(names, one.parts, strict=True))
            for one in self.series
        )
        return " ".join(f"{one.name}: {all}." for one, all in zip(self.series, listed, strict=True))

    def as_svg(self, key: str, label: str) -> Markup:
        """Return the bars as SVG; `label` is their alternative text.

        `key` is part of the ids of the patterns, and is no other chart's of the page.
        """
        fills = (part.fill for one in self.series for part in one.parts if part.fill.pattern)
        ids = {fill: f"bars-{key}-{n}" for n, fill in enumerate(dict.fromkeys(fills))}
        letters = max((len(f"{letter} {name}") for letter, name in self.names), default=0)
        left, rows = round(GAP + LETTER * letters), len(self.names)
        head = Markup(
            '<svg class="bars" role="img" aria-label="{}" width="100%" height="{}" fill="{}" '
            'font-size="13" overflow="visible" style="display:block;margin-left:{}px;'
            'width:calc(100% - {}px)"><defs>{}</defs>{}</svg>'
        )
        first = self.series[0].axis
        parts = [
            *(_axis_lines(axis, rows) for axis in dict.fromkeys(one.axis for one in self.series)),
            *(_bars(one, ids) for one in self.series),
            *(_text(first.share(at), row, text) for row, (at, text) in enumerate(self.texts)),
            *(_name(*name, row) for row, name in enumerate(self.names)),
        ]
        height = TOP + ROW * rows + FOOT
        tile = Markup(
            '<pattern id="{}" width="7" height="7" patternUnits="userSpaceOnUse">'
            '<rect width="7" height="7" fill="{}"/>{}</pattern>'
        )
        tiles = Markup("").join(
            tile.format(id, fill.colour, _PATTERNS[fill.pattern].format(fill.lines))
            for fill, id in ids.items()
        )
        return head.format(label, height, self.colour, left, left, tiles, Markup("").join(parts))


def names_of(styles: Iterable[SystemStyle]) -> tuple[tuple[str, str], ...]:
    """Return the letter and the name of each system, as rows have them."""
    return tuple((s.letter, shortened(" ".join(s.label.split()), LONGEST_NAME)) for s in styles)


# ---------------------------------------------------------------- shapes


def _middle(row: int) -> float:
    return TOP + ROW * (row + 0.5)


def _bars(series: Series, ids: Mapping[Fill, str]) -> Markup:
    """Return the parts that have a length, with what the pointer is told of them."""
    bar = Markup(
        '<rect x="{:.2%}" y="{}" width="{:.2%}" height="{}" fill="{}" stroke="{}">'
        "<title>{}: {}</title></rect>"
    )
    drawn = []
    for row, part in enumerate(series.parts):
        if part.length <= 0:
            continue
        begin = series.axis.share(part.begin)
        end = series.axis.share(part.begin + part.length)
        fill = f"url(#{ids[part.fill]})" if part.fill in ids else part.fill.colour
        place = (begin, _middle(row) - BAR / 2, end - begin, BAR, fill, series.outline or "none")
        drawn.append(bar.format(*place, part.name or series.name, part.value))
        drawn += [_text(end, row, part.value)] if series.numbered else []
    return Markup("").join(drawn)


def _text(share: float, row: int, text: str) -> Markup:
    """Return a text beside a bar."""
    place = Markup('<text x="{:.2%}" dx="5" y="{}">{}</text>')
    return place.format(share, _middle(row) + 4.5, text)


def _name(letter: str, name: str, row: int) -> Markup:
    """Return a row's name on the left of the bars."""
    text = Markup(
        '<text x="{}" y="{}" text-anchor="end"><tspan font-weight="700">{}</tspan>{}</text>'
    )
    return text.format(-GAP // 2, _middle(row) + 4.5, letter, f" {name}" if name else "")


def _axis_lines(axis: Axis, rows: int) -> Markup:
    """Return the axis's title and numbers, and thin lines through the rows.

    On a long logarithmic axis every second mark has its number.
    """
    foot, ticks = TOP + ROW * rows, axis.ticks()
    line = Markup('<line x1="{0:.2%}" x2="{0:.2%}" y1="{1}" y2="{2}" stroke="{3}"/>')
    number = Markup('<text x="{:.2%}" y="{}" text-anchor="{}">{}</text>')
    parts = [number.format(axis.left, foot + 18, "start", axis.title)] if axis.title else []
    for n, value in enumerate(ticks):
        share = axis.share(value)
        parts += [line.format(share, TOP, foot, axis.lines)] if axis.lines else []
        side = "middle" if 0 < share < END else "end" if share else "start"
        if not (axis.low and len(ticks) > MOST_TICKS and n % 2):
            parts.append(number.format(share, foot + 18, side, f"{value:,g}{axis.unit}"))
    return Markup("").join(parts)
