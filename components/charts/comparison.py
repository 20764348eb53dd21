"""Charts of one comparison, with Plotly. Headroom and depth are those of an evaluation too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.analysis.agreement import Agreement
from components.charts.layout import axis_name, layout, plain
from components.charts.palette import Palette, StyledRanking, SystemStyle
from components.wording import milliseconds

Curves = Mapping[SystemStyle, Sequence[tuple[int, float]]]
"""A line a system: depths, rising, with the value at each."""

STAGES = (
    ("embed", "embed_ms", ""),
    ("search", "search_ms", "/"),
    ("rerank", "rerank_ms", ""),
    ("waiting", "wait_ms", "."),
)
"""Each part of a latency bar: its name, its field of `Timing`, the pattern that fills it."""


def latency(columns: Sequence[StyledRanking], palette: Palette) -> go.Figure:
    """Draw one bar a system, its stages one after another, in milliseconds."""
    figure = go.Figure()
    names = [axis_name(c.style) for c in columns]
    for stage, field, pattern in STAGES:
        rerank = stage == "rerank"
        remote = [rerank and c.style.remote for c in columns]
        figure.add_bar(
            y=names,
            x=[float(getattr(c.ranking.timing, field)) for c in columns],
            name=stage,
            orientation="h",
            marker={
                "color": [c.style.colour if rerank else palette.soft for c in columns],
                "pattern": {
                    "shape": ["x" if r else pattern for r in remote],
                    "fgcolor": palette.line,
                },
                "line": {"width": 0},
            },
            customdata=["network and provider" if r else stage for r in remote],
            hovertemplate="%{customdata}: %{x:,.1f} ms<extra></extra>",
        )
    ends = [c.ranking.timing.total_ms + c.ranking.timing.wait_ms for c in columns]
    for name, end, column in zip(names, ends, columns, strict=True):
        figure.add_annotation(
            x=end,
            y=name,
            text=f" {milliseconds(column.ranking.timing.total_ms)}",
            showarrow=False,
            xanchor="left",
            font={"color": palette.text},
        )
    figure.update_layout(barmode="stack", bargap=0.45)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(range=[0, max(ends, default=1.0) * 1.22 or 1], ticksuffix=" ms", nticks=5)
    return layout(figure, palette, 76 + 38 * len(columns))


def scores(columns: Sequence[StyledRanking], k: int, palette: Palette) -> go.Figure:
    """Draw score by rank, each system on an axis of its own: scales cannot be compared.

    Scores beyond rank `k` are drawn in grey.
    """
    rows = max(1, len(columns))
    titles = [f"{axis_name(c.style)} · {c.style.scale}" for c in columns]
    figure = make_subplots(
        rows=rows, cols=1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.3 / rows
    )
    for row, column in enumerate(columns, start=1):
        hits = column.ranking.hits
        colours = [column.style.colour if h.rank <= k else palette.line for h in hits]
        figure.add_bar(
            x=[h.rank for h in hits],
            y=[h.score for h in hits],
            marker={"color": colours, "line": {"width": 0}},
            customdata=[plain(h.document.title or h.document.text) for h in hits],
            hovertemplate="rank %{x}: %{y:.4g}<br>%{customdata}<extra></extra>",
            row=row,
            col=1,
        )
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": palette.text})
    figure.update_xaxes(title_text="rank", row=rows, col=1)
    figure.update_yaxes(nticks=3, gridcolor=palette.line, automargin=True)
    return layout(figure, palette, 70 + 100 * rows)


def headroom(values: Mapping[SystemStyle, float], best: float, palette: Palette) -> go.Figure:
    """Draw each system's quality, 0 to 1, as a bar with what was badly ranked and not retrieved.

    `best` is the quality of the best order of the same candidates, which has a bar of its own.
    """
    figure = go.Figure()
    names = [*map(axis_name, values), "<b>best order</b>"]
    reached = [*values.values(), best]
    colours = [*(style.colour for style in values), palette.text]
    parts = (
        ("reached", reached, colours, ""),
        ("badly ranked", [best - v for v in reached], [palette.line] * len(names), "/"),
        ("not retrieved", [1 - best] * len(names), ["rgba(0,0,0,0)"] * len(names), "."),
    )
    for name, lengths, shades, pattern in parts:
        figure.add_bar(
            y=names,
            x=lengths,
            name=name,
            orientation="h",
            marker={
                "color": shades,
                "pattern": {"shape": pattern, "fgcolor": palette.soft},
                "line": {"width": 0 if name == "reached" else 1, "color": palette.line},
            },
            hovertemplate=f"{name}: %{{x:.3f}}<extra></extra>",
        )
    for name, value in zip(names, reached, strict=True):
        figure.add_annotation(x=1.01, y=name, text=f"{value:.2f}", showarrow=False, xanchor="left")
    figure.update_layout(barmode="stack", bargap=0.4)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(range=[0, 1.12], tickvals=[0, 0.25, 0.5, 0.75, 1], showgrid=False)
    return layout(figure, palette, 76 + 36 * len(names))


def agreement(between: Agreement, styles: Sequence[SystemStyle], palette: Palette) -> go.Figure:
    """Draw one measure between every two systems; every cell says its value.

    `styles` are in the order of the rows of `between`.
    """
    letters = [style.letter for style in styles]
    figure = go.Figure(
        go.Heatmap(
            z=between.values,
            x=letters,
            y=letters,
            text=[[f"{value:.2f}" for value in row] for row in between.values],
            texttemplate="%{text}",
            zmin=-1 if between.measure.startswith("Kendall") else 0,
            zmax=1,
            colorscale=[[0, palette.paper], [1, palette.shade]],
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y} and %{x}: %{z:.3f}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", tickfont={"size": 14})
    figure.update_xaxes(side="top", tickfont={"size": 14})
    return layout(figure, palette, 60 + 46 * len(letters))


def depth(
    quality: Curves, latency_ms: Curves, at: int, measure: str, palette: Palette
) -> go.Figure:
    """Draw quality and measured latency by depth, one line a system; a dotted line marks `at`.

    `measure` names the quality. Without any quality only latency is drawn, and the other way
    round; systems without values have no line.
    """
    parts = [(plain(measure), quality, False)] if any(quality.values()) else []
    if any(latency_ms.values()) or not parts:
        parts.append(("measured milliseconds", latency_ms, True))
    titles = [title for title, _, _ in parts]
    figure = make_subplots(rows=len(parts), cols=1, shared_xaxes=True, subplot_titles=titles)
    for row, (_, curves, from_zero) in enumerate(parts, start=1):
        lines = {style: points for style, points in curves.items() if points}
        values = [y for points in lines.values() for _, y in points]
        low, high = _reach(values, from_zero=from_zero)
        figure.update_yaxes(range=[low, high], row=row, col=1)
        places = _label_places({s: points[-1][1] for s, points in lines.items()}, (high - low) / 9)
        for style, points in lines.items():
            _line(figure, points, style, places[style], row)
    figure.add_vline(x=at, line={"color": palette.soft, "width": 1, "dash": "dot"})
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": palette.text})
    figure.update_xaxes(title_text="candidates", row=len(parts), col=1)
    figure.update_yaxes(nticks=4, gridcolor=palette.line, automargin=True)
    return layout(figure, palette, 90 + 150 * len(parts))


def _reach(values: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    """Return the ends of an axis.

    Around the values for quality, whose differences are small; for times from 0.
    """
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_zero:
        return 0.0, high * 1.12 or 1.0
    room = max(0.03, 0.15 * (high - low))
    return max(0.0, low - room), high + room


def _label_places(ends: Mapping[SystemStyle, float], near: float) -> dict[SystemStyle, str]:
    """Return where each line's letter stands, so that letters of close ends do not overlap."""
    order = sorted(ends, key=lambda style: -ends[style])
    places = {}
    for place, style in enumerate(order):
        above = place > 0 and ends[order[place - 1]] - ends[style] < near
        below = place + 1 < len(order) and ends[style] - ends[order[place + 1]] < near
        side = "middle" if above == below else "bottom" if above else "top"
        places[style] = f"{side} right"
    return places


def _line(
    figure: go.Figure, points: Sequence[tuple[int, float]], style: SystemStyle, place: str, row: int
) -> None:
    """Add a line that carries its system's letter at its end."""
    figure.add_scatter(
        x=[x for x, _ in points],
        y=[y for _, y in points],
        text=[""] * (len(points) - 1) + [style.letter],
        mode="lines+markers+text",
        line={"color": style.colour, "width": 2},
        textposition=place,
        textfont={"color": style.colour, "size": 14},
        cliponaxis=False,
        hovertemplate=f"{style.letter}: %{{y:.4g}} at %{{x}}<extra></extra>",
        row=row,
        col=1,
    )
