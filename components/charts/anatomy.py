"""Charts of what a corpus is made of: lengths with what models read, and named amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from components.analysis.anatomy.records import Lengths, Reading
from components.charts.layout import layout, plain
from components.charts.palette import Palette
from components.wording import count

TICKS = 7
"""Labels on the axis of lengths, about."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A bar: its name, its number, what is written at its end, and what under its name."""

    name: str
    number: float
    text: str
    note: str = ""


def range_of(low: int, high: int) -> str:
    """Return the lengths of a bar in words: 7, or 200 to 224."""
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def lengths(
    lengths: Lengths, unit: str, readings: Sequence[Reading], palette: Palette
) -> go.Figure:
    """Draw how many passages have which length, and where models stop reading.

    `readings` are drawn where the unit is theirs, tokens. Those beyond the longest passage stand at
    the right edge.
    """
    bars = lengths.bars
    names = [range_of(bar.low, bar.high) for bar in bars]
    passages = [count(bar.number, "passage") for bar in bars]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[bar.number for bar in bars],
            marker={"color": palette.shade, "line": {"width": 0}},
            customdata=passages,
            hovertemplate=f"%{{x}} {unit}: %{{customdata}}<extra></extra>",
            name="passages",
        )
    )
    step = max(1, round(len(bars) / TICKS))
    ticks = range(0, len(bars), step)
    figure.update_xaxes(
        type="category",
        title_text=f"{unit} of a passage",
        tickvals=[place - 0.5 for place in ticks],
        ticktext=[f"{bars[place].low:,}" for place in ticks],
        range=[-0.5, max(len(bars), 1) - 0.5],
        showgrid=False,
    )
    figure.update_yaxes(gridcolor=palette.line, nticks=5, rangemode="tozero", automargin=True)
    for level, reading in enumerate(sorted(readings, key=lambda one: one.reads)):
        _limit(figure, lengths, reading, level, palette)
    layout(figure, palette, 300 + 18 * len(readings))
    top = 12 + 22 * len(readings)
    return figure.update_layout(margin={"l": 8, "r": 12, "t": top, "b": 44}, bargap=0.06)


def _limit(
    figure: go.Figure, lengths: Lengths, reading: Reading, level: int, palette: Palette
) -> None:
    """Draw where models stop reading, their names on a line of their own above the bars."""
    bars = lengths.bars
    step = bars[1].low - bars[0].low if len(bars) > 1 else 1
    within = reading.reads < lengths.most
    place = (reading.reads + 1) / step - 0.5 if within else len(bars) - 0.5
    if within and place > len(bars) - 1.5 and bars[-1].high > bars[-1].low + step:
        place = len(bars) - 1.0  # in the middle of the last bar, which holds all longer ones
    left = place < len(bars) * 0.45
    names = plain(", ".join(reading.systems), 44)
    figure.add_annotation(
        x=place,
        y=1,
        yref="paper",
        yanchor="bottom",
        yshift=2 + 20 * level,
        xanchor="left" if left else "right",
        xshift=-4 if left else 4,
        text=f"<b>{reading.reads:,}</b> {names}" + ("" if within else " →"),
        showarrow=False,
        font={"color": palette.text, "size": 12},
    )
    if within:
        figure.add_shape(
            type="line",
            x0=place,
            x1=place,
            y0=0,
            y1=1,
            yref="paper",
            line={"color": palette.text, "width": 1.5, "dash": ("solid", "dash", "dot")[level % 3]},
        )


def amounts(rows: Sequence[Amount], palette: Palette, noun: str) -> go.Figure:
    """Draw named amounts as lying bars, with a text at the end of each; `noun` names the unit."""
    names = [
        plain(row.name, 26)
        + (f'<br><span style="font-size:11px">{plain(row.note, 34)}</span>' if row.note else "")
        for row in rows
    ]
    figure = go.Figure(
        go.Bar(
            y=names,
            x=[row.number for row in rows],
            orientation="h",
            marker={"color": palette.shade, "line": {"width": 0}},
            text=[plain(row.text, 60) for row in rows],
            textposition="outside",
            cliponaxis=False,
            customdata=[plain(row.text, 60) for row in rows],
            hovertemplate="%{y}: %{customdata}<extra></extra>",
            name=noun,
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    most = max([*(row.number for row in rows), 1e-9])
    figure.update_xaxes(visible=False, range=[0, most * 1.4])  # room for the texts
    layout(figure, palette, 24 + (42 if any(row.note for row in rows) else 34) * max(len(rows), 1))
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.35)
