"""Charts as SVG for the HTML reports, which carry no script and load nothing.

All texts are escaped. Colours are CSS variables: what carries a `data-letter` has its system's
colour in `--system`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from components.analysis.comparison import Path
from components.charts.palette import SystemStyle
from components.wording import count, shortened, signed

WIDTH, ROW, LEFT, RIGHT = 720, 30, 190, 70
"""Pixels: a chart's width, one row, room for names, room for numbers."""
EDGE, FOOT = 60, 44
"""Pixels: room for the numbers of an upright axis, for the numbers and the name of a lying one."""
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
    listed = (f"{_name(p)} {', '.join(str(rank or 'none') for rank in p.ranks)}" for p in paths)
    whole = f"{count(len(paths), 'document')} in {count(len(styles), 'system')}"
    label = f"Ranks of {whole}: {'; '.join(listed)}"
    return (
        head.format(label, wide + TITLES, _y(max(heights)) + RANK, wide + TITLES)
        + Markup("").join(parts)
        + Markup("</svg>")
    )


def _name(path: Path) -> str:
    return shortened(path.document.title or path.document.text, 48)


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
        kind = Markup("") if bold else Markup(' class="title"')
        title = Markup('<text{} x="{}" y="{}">{}</text>').format(kind, x + 18, y + 4, _name(path))
    return Markup("<g>{}{}{}</g>").format(line, Markup("").join(dots), title)


# ---------------------------------------------------------------- means and changes


@dataclass(frozen=True, slots=True)
class Bar:
    """A system's value with its interval; NaN for `low` and `high` where there is none."""

    style: SystemStyle
    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """Return the system's name with its value and interval."""
        interval = f" ({self.low:.3f} to {self.high:.3f})" if self.low == self.low else ""
        return f"{self.style.name} {self.value:.3f}{interval}"


def intervals(bars: Sequence[Bar], across: str) -> Markup:
    """Return one row a system on one scale from 0, `across`: a dot on its interval, the value."""
    most = max([b.high if b.high == b.high else b.value for b in bars] + [1e-9])
    scale, floor = (WIDTH - LEFT - RIGHT) / most, ROW * len(bars)
    parts = [_line(LEFT, 0, LEFT, floor, 0.3), *_lying_axis(LEFT, WIDTH - RIGHT, floor, most)]
    parts.append(_label(LEFT, floor + 32, across))
    for i, bar in enumerate(bars):
        y, letter = ROW * i + ROW / 2, bar.style.letter
        parts.append(_label(LEFT - 14, y, shortened(bar.style.name, 24), anchor="end"))
        if bar.low == bar.low:
            ends = LEFT + bar.low * scale, LEFT + bar.high * scale
            parts.append(_line(ends[0], y, ends[1], y, 0.35, width=4, letter=letter))
        parts.append(_dot(LEFT + bar.value * scale, y, 6, letter))
        parts.append(_label(WIDTH - RIGHT + 12, y, f"{bar.value:.3f}"))
    return _svg(floor + FOOT, parts, f"{across}: {'; '.join(bar.text for bar in bars)}")


def changes(values: Sequence[float], titles: Sequence[str], up: str) -> Markup:
    """Return one bar a query in the order given, gains up, losses down, each with a tooltip.

    `up` names the axis.
    """
    height, top, most = 180, 24, max([abs(v) for v in values] + [1e-9])
    step, zero = (WIDTH - EDGE) / max(1, len(values)), top + height / 2
    bar = Markup(
        '<rect class="{}" x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    )
    parts = [_line(EDGE, zero, WIDTH, zero, 0.4), _line(EDGE, top, EDGE, top + height, 0.4)]
    for i, (value, title) in enumerate(zip(values, titles, strict=True)):
        size = abs(value) / most * (height / 2 - 4)
        y = zero - size if value >= 0 else zero
        kind = "gain" if value >= 0 else "loss"
        parts.append(bar.format(kind, EDGE + i * step, y, max(0.5, step * 0.82), size, title))
    ends = ((top + 4, signed(most, 2)), (zero, "0"), (top + height - 4, signed(-most, 2)))
    parts += [_label(EDGE - 8, y, text, anchor="end") for y, text in ends]
    lying = f"{count(len(values), 'query', 'queries')}, the greatest gain first"
    parts += [_label(0, 8, up), _label(EDGE, top + height + 16, lying)]
    gains, losses = [v for v in values if v > 0], [v for v in values if v < 0]
    label = (
        f"{up} of {lying}: {count(len(gains), 'gain')} up to {signed(max([*gains, 0.0]))}, "
        f"{count(len(losses), 'loss', 'losses')} down to {signed(min([*losses, 0.0]))}"
    )
    return _svg(top + height + 30, parts, label)


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
    top, floor = 26, 240
    wide = max([d.x for d in dots] + [1e-9]) * 1.15
    low, high = min(d.y for d in dots), max(d.y for d in dots)
    margin = max(0.02, (high - low) * 0.25)
    low, high = max(0.0, low - margin), high + margin
    parts = [
        _line(EDGE, top, EDGE, floor, 0.4),
        *_lying_axis(EDGE, WIDTH - 10, floor, wide),
        _label(EDGE, floor + 34, across),
        _label(EDGE - 8, top + 4, f"{high:.2f}", "end"),
        _label(EDGE - 8, floor - 4, f"{low:.2f}", "end"),
        _label(0, 8, up),
    ]
    for dot in dots:
        x = EDGE + dot.x / wide * (WIDTH - EDGE - 10)
        y = floor - (dot.y - low) / (high - low) * (floor - top)
        mirrored = x > WIDTH * 0.7
        name = _label(
            x - 12 if mirrored else x + 12, y, dot.style.label, "end" if mirrored else "start"
        )
        group = Markup('<g opacity="{}">{}{}</g>')
        parts.append(
            group.format("0.35" if dot.faint else "1", _dot(x, y, 7, dot.style.letter), name)
        )
    values = "; ".join(f"{d.style.label} {d.y:.3f} at {d.x:,.4g}" for d in dots)
    return _svg(floor + FOOT, parts, f"{up} against {across}: {values}")


# ---------------------------------------------------------------- shapes


def _lying_axis(left: float, right: float, y: float, most: float) -> list[Markup]:
    """Return an axis from 0 to `most` with its ticks at round numbers, four to eight of them."""
    rough = 10 ** math.floor(math.log10(most))
    step = next(s for s in (0.2, 0.5, 1, 2) if most / (rough * s) < 8) * rough
    parts = [_line(left, y, right, y, 0.4)]
    for i in range(math.floor(most / step + 1e-9) + 1):
        x = left + i * step / most * (right - left)
        parts += [
            _line(x, y, x, y + 4, 0.4),
            _label(x, y + 14, f"{i * step:,.4g}", "middle"),
        ]
    return parts


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
