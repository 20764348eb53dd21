"""Small charts as SVG, for a report that carries no script and loads nothing."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, ROW, LEFT, RIGHT = 720, 30, 190, 70
"""Pixels: a drawing's width, one row, room for names, room for numbers."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its interval, where it has one, its name and colour."""

    name: str
    value: float
    low: float
    high: float
    colour: str


def intervals(bars: Sequence[Bar], words: Sequence[str]) -> str:
    """Return one dot and interval a row on one scale from 0."""
    most = max([b.high if b.high == b.high else b.value for b in bars] + [1e-9])
    scale = (WIDTH - LEFT - RIGHT) / most
    parts = []
    for i, (bar, word) in enumerate(zip(bars, words, strict=True)):
        y, x = ROW * i + ROW / 2, LEFT + bar.value * scale
        parts.append(_name(y, bar.name))
        if bar.low == bar.low:
            ends = LEFT + bar.low * scale, LEFT + bar.high * scale
            parts.append(_line(ends[0], y, ends[1], y, bar.colour, 4, opacity=0.35))
        parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="6" fill="{bar.colour}"/>')
        parts.append(_label(WIDTH - RIGHT + 12, y, word))
    axis = _line(LEFT, 0, LEFT, ROW * len(bars), "currentColor", 1, opacity=0.3)
    return _svg(ROW * len(bars), axis + "".join(parts), "Means with their 95% intervals")


def changes(values: Sequence[float], titles: Sequence[str], colours: tuple[str, str]) -> str:
    """Return one bar a query, as they are sorted; gains up, losses down, each with a tooltip."""
    height, most = 180, max([abs(v) for v in values] + [1e-9])
    step = WIDTH / max(1, len(values))
    parts = []
    for i, (value, title) in enumerate(zip(values, titles, strict=True)):
        size = abs(value) / most * (height / 2 - 4)
        y = height / 2 - size if value >= 0 else height / 2
        parts.append(
            f'<rect x="{i * step:.2f}" y="{y:.1f}" width="{max(0.5, step * 0.82):.2f}" '
            f'height="{size:.1f}" fill="{colours[value < 0]}">'
            f"<title>{html.escape(title)}</title></rect>"
        )
    middle = _line(0, height / 2, WIDTH, height / 2, "currentColor", 1, opacity=0.4)
    scale = _label(0, 10, f"+{most:.2f}") + _label(0, height - 8, f"−{most:.2f}")  # noqa: RUF001
    return _svg(height, middle + "".join(parts) + scale, "Change by query")


@dataclass(frozen=True, slots=True)
class Dot:
    """A system's quality beside its price; `faint` where another is as good for less."""

    name: str
    x: float
    y: float
    colour: str
    faint: bool


def scatter(dots: Sequence[Dot], across: str, up: str) -> str:
    """Return systems by price (across, from 0) and quality (up), each with its name."""
    height, floor = 260, 220
    wide = max([d.x for d in dots] + [1e-9]) * 1.15
    low, high = min(d.y for d in dots), max(d.y for d in dots)
    margin = max(0.02, (high - low) * 0.25)
    low, high = max(0.0, low - margin), high + margin
    parts = [
        _line(60, floor, WIDTH - 10, floor, "currentColor", 1, opacity=0.4),
        _line(60, 10, 60, floor, "currentColor", 1, opacity=0.4),
        _label(60, height - 8, f"0 … {wide:,.4g}   {across}"),
        _label(0, 14, f"{high:.2f}"),
        _label(0, floor, f"{low:.2f}"),
        _label(66, 14, up),
    ]
    for dot in dots:
        x = 60 + dot.x / wide * (WIDTH - 70)
        y = floor - (dot.y - low) / (high - low) * (floor - 10)
        shade = "0.35" if dot.faint else "1"
        parts.append(
            f'<g opacity="{shade}"><circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="{dot.colour}"/>'
            + (
                _label(x - 12, y, dot.name, anchor="end")
                if x > WIDTH * 0.7
                else _label(x + 12, y, dot.name)
            )
            + "</g>"
        )
    return _svg(height, "".join(parts), f"{up} against {across}")


def _svg(height: float, body: str, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{html.escape(title)}" '
        f'style="width:100%;max-width:{WIDTH}px">{body}</svg>'
    )


def _line(
    x: float, y: float, to_x: float, to_y: float, colour: str, width: int, *, opacity: float
) -> str:
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}" '
        f'stroke-width="{width}" opacity="{opacity}" stroke-linecap="round"/>'
    )


def _name(y: float, text: str) -> str:
    short = text if len(text) <= 24 else f"{text[:23]}…"
    return _label(LEFT - 14, y, short, anchor="end")


def _label(x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}" fill="currentColor" '
        f'font-size="13">{html.escape(text)}</text>'
    )
