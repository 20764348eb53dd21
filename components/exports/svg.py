"""Charts as SVG for the HTML reports, which carry no script and load nothing.

All texts are escaped. Colours are CSS variables: what carries a `data-letter` has its system's
colour in `--system`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from components.analysis.comparison import Path
from components.charts.palette import SystemStyle
from components.wording import shortened, signed

WIDTH, ROW, LEFT, RIGHT = 720, 30, 190, 70
"""Pixels: a chart's width, one row, room for names, room for numbers."""
RANK, TOP, STEP, PLOT, TITLES = 24, 34, 150, 600, 340
"""Pixels of the movement chart: from rank to rank, above the first, between columns, at most for
all columns, for titles."""


# ---------------------------------------------------------------- movement


def movement(
    paths: Sequence[Path], styles: Sequence[SystemStyle], k: int, bold: Collection[str]
) -> Markup:
    """Return one line a document through the ranks of all systems; empty without documents.

    `styles` are those of the rankings that the paths were made of, in their order, `bold` the ids
    of documents to emphasise. A dashed line separates ranks beyond `k`.
    """
    heights = [h for path in paths for h in path.heights if h is not None]
    if not heights:
        return Markup("")
    step = min(STEP, PLOT // max(1, len(styles) - 1))
    wide = step * (len(styles) - 1) + 40
    parts = [_rank(18 + step * i, 14, style.letter) for i, style in enumerate(styles)]
    if max(heights) > k:
        cut = Markup('<path d="M4 {}H{}" stroke-dasharray="2 4"/>')
        parts.append(cut.format(_y(k + 0.75), wide))
    parts += [_document(path, styles, step, path.document.id in bold) for path in paths]
    head = Markup(
        '<svg class="movement" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}">'
    )
    label = f"Ranks of {len(paths)} documents in {len(styles)} systems"
    return (
        head.format(label, wide + TITLES, _y(max(heights)) + RANK, wide + TITLES)
        + Markup("").join(parts)
        + Markup("</svg>")
    )


def _y(height: float) -> float:
    return TOP + (height - 0.5) * RANK


def _rank(x: float, y: float, text: object) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(x, y, text)


def _document(path: Path, styles: Sequence[SystemStyle], step: int, bold: bool) -> Markup:
    """Return one document: its line, its rank in each system, its title beside the last one."""
    width = 2.4 if bold else 1
    ranked = enumerate(zip(path.heights, path.ranks, strict=True))
    points = [(i, 18 + step * i, _y(h), rank) for i, (h, rank) in ranked if h is not None]
    steps = [f"M{points[0][1]} {points[0][2]}"]
    for (j, _, a, _), (i, x, b, _) in pairwise(points):
        middle = x - step / 2
        curve = f"C{middle} {a} {middle} {b} {x} {b}"
        steps.append(curve if j == i - 1 else f"M{x} {b}")
    line = Markup('<path d="{}" stroke-width="{}"/>').format("".join(steps), width)
    circle = Markup(
        '<circle class="stroke" data-letter="{}" cx="{}" cy="{}" r="10" stroke-width="{}"/>'
    )
    dots = [
        circle.format(styles[i].letter, x, y, width) + _rank(x, y + 4, rank)
        for i, x, y, rank in points
    ]
    last, x, y, _ = points[-1]
    title = Markup("")
    if last == len(styles) - 1:
        text = shortened(path.document.title or path.document.text, 48)
        kind = Markup("") if bold else Markup(' class="title"')
        title = Markup('<text{} x="{}" y="{}">{}</text>').format(kind, x + 18, y + 4, text)
    return Markup("<g>{}{}{}</g>").format(line, Markup("").join(dots), title)


# ---------------------------------------------------------------- means and changes


@dataclass(frozen=True, slots=True)
class Bar:
    """A system's value with its interval; NaN for `low` and `high` where there is none."""

    style: SystemStyle
    value: float
    low: float
    high: float


def intervals(bars: Sequence[Bar]) -> Markup:
    """Return one row a system on one scale from 0: a dot on its interval, and the value."""
    most = max([b.high if b.high == b.high else b.value for b in bars] + [1e-9])
    scale = (WIDTH - LEFT - RIGHT) / most
    parts = [_line(LEFT, 0, LEFT, ROW * len(bars), 0.3)]
    for i, bar in enumerate(bars):
        y, letter = ROW * i + ROW / 2, bar.style.letter
        parts.append(_label(LEFT - 14, y, shortened(bar.style.name, 24), anchor="end"))
        if bar.low == bar.low:
            ends = LEFT + bar.low * scale, LEFT + bar.high * scale
            parts.append(_line(ends[0], y, ends[1], y, 0.35, width=4, letter=letter))
        parts.append(_dot(LEFT + bar.value * scale, y, 6, letter))
        parts.append(_label(WIDTH - RIGHT + 12, y, f"{bar.value:.3f}"))
    return _svg(ROW * len(bars), parts, "Means with their 95% intervals")


def changes(
    values: Sequence[float], titles: Sequence[str], style: SystemStyle, base: SystemStyle
) -> Markup:
    """Return one bar a query in the order given, each with a tooltip.

    Gains are drawn up in the system's colour, losses down in that of `base`.
    """
    height, most = 180, max([abs(v) for v in values] + [1e-9])
    step = WIDTH / max(1, len(values))
    bar = Markup(
        '<rect class="fill" data-letter="{}" x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    )
    parts = [_line(0, height / 2, WIDTH, height / 2, 0.4)]
    for i, (value, title) in enumerate(zip(values, titles, strict=True)):
        size = abs(value) / most * (height / 2 - 4)
        y = height / 2 - size if value >= 0 else height / 2
        letter = (style if value >= 0 else base).letter
        parts.append(bar.format(letter, i * step, y, max(0.5, step * 0.82), size, title))
    parts += [_label(0, 10, signed(most, 2)), _label(0, height - 8, signed(-most, 2))]
    return _svg(height, parts, "Change by query")


# ---------------------------------------------------------------- trade-offs


@dataclass(frozen=True, slots=True)
class Dot:
    """A system's quality (y) and price (x); `faint` where another one is as good for less."""

    style: SystemStyle
    x: float
    y: float
    faint: bool


def scatter(dots: Sequence[Dot], across: str, up: str) -> Markup:
    """Return systems by price (across, from 0) and quality (up), each with its name."""
    height, floor, left = 260, 220, 60
    wide = max([d.x for d in dots] + [1e-9]) * 1.15
    low, high = min(d.y for d in dots), max(d.y for d in dots)
    margin = max(0.02, (high - low) * 0.25)
    low, high = max(0.0, low - margin), high + margin
    parts = [
        _line(left, floor, WIDTH - 10, floor, 0.4),
        _line(left, 10, left, floor, 0.4),
        _label(left, height - 8, f"0 … {wide:,.4g}   {across}"),
        _label(0, 14, f"{high:.2f}"),
        _label(0, floor, f"{low:.2f}"),
        _label(left + 6, 14, up),
    ]
    for dot in dots:
        x = left + dot.x / wide * (WIDTH - left - 10)
        y = floor - (dot.y - low) / (high - low) * (floor - 10)
        mirrored = x > WIDTH * 0.7
        name = _label(
            x - 12 if mirrored else x + 12, y, dot.style.label, "end" if mirrored else "start"
        )
        group = Markup('<g opacity="{}">{}{}</g>')
        parts.append(
            group.format("0.35" if dot.faint else "1", _dot(x, y, 7, dot.style.letter), name)
        )
    return _svg(height, parts, f"{up} against {across}")


# ---------------------------------------------------------------- shapes


def _svg(height: float, parts: Sequence[Markup], label: str) -> Markup:
    head = Markup(
        '<svg viewBox="0 0 {} {:g}" role="img" aria-label="{}" style="width:100%;max-width:{}px">'
    )
    return head.format(WIDTH, height, label, WIDTH) + Markup("").join(parts) + Markup("</svg>")


def _dot(x: float, y: float, radius: int, letter: str) -> Markup:
    dot = Markup('<circle class="fill" data-letter="{}" cx="{:.1f}" cy="{:.1f}" r="{}"/>')
    return dot.format(letter, x, y, radius)


def _line(
    x: float, y: float, to_x: float, to_y: float, opacity: float, width: int = 1, letter: str = ""
) -> Markup:
    """Return a line in a system's colour, or in that of the text."""
    line = Markup(
        '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" {} stroke-width="{}" opacity="{}" '
        'stroke-linecap="round"/>'
    )
    stroke = Markup('class="stroke" data-letter="{}"').format(letter)
    colour = stroke if letter else Markup('stroke="currentColor"')
    return line.format(x, y, to_x, to_y, colour, width, opacity)


def _label(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    label = Markup(
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="currentColor" font-size="13">{}</text>'
    )
    return label.format(x, y + 4, anchor, text)
