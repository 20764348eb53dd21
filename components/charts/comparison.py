"""One comparison drawn with Plotly. Knows nothing of Streamlit; colours come from the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.analysis.agreement import Agreement
from components.analysis.depth import DepthPoint
from components.analysis.headroom import Headroom
from components.charts.layout import Ink, axis_name, layout, plain, strongest_shade
from components.charts.palette import Look
from components.domain import Ranking
from components.wording import milliseconds

STAGES = (
    ("embed", "embed_ms", ""),
    ("search", "search_ms", "/"),
    ("rerank", "rerank_ms", ""),
    ("waiting", "wait_ms", "."),
)


def latency(rankings: Sequence[Ranking], looks: Mapping[int, Look], ink: Ink) -> go.Figure:
    """Draw one bar a system, its stages one after another, in milliseconds."""
    figure = go.Figure()
    names = [axis_name(looks[i]) for i in range(len(rankings))]
    for stage, field, pattern in STAGES:
        values = [float(getattr(r.timing, field)) for r in rankings]
        figure.add_bar(
            y=names,
            x=values,
            name=stage,
            orientation="h",
            marker={
                "color": [
                    looks[i].colour if stage == "rerank" else ink.soft for i in range(len(rankings))
                ],
                "pattern": {
                    "shape": [_pattern(stage, pattern, looks[i]) for i in range(len(rankings))],
                    "fgcolor": ink.line,
                },
                "line": {"width": 0},
            },
            customdata=[_stage_name(stage, looks[i]) for i in range(len(rankings))],
            hovertemplate="%{customdata}: %{x:,.1f} ms<extra></extra>",
        )
    for name, ranking in zip(names, rankings, strict=True):
        end = ranking.timing.total_ms + ranking.timing.wait_ms
        figure.add_annotation(
            x=end,
            y=name,
            text=f" {milliseconds(ranking.timing.total_ms)}",
            showarrow=False,
            xanchor="left",
            font={"color": ink.text},
        )
    longest = max((r.timing.total_ms + r.timing.wait_ms for r in rankings), default=1.0)
    figure.update_layout(barmode="stack", bargap=0.45)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(range=[0, longest * 1.22 or 1], ticksuffix=" ms", nticks=5)
    return layout(figure, ink, 76 + 38 * len(rankings))


def _pattern(stage: str, pattern: str, look: Look) -> str:
    return "x" if stage == "rerank" and look.remote else pattern


def _stage_name(stage: str, look: Look) -> str:
    return "network and provider" if stage == "rerank" and look.remote else stage


def scores(rankings: Sequence[Ranking], looks: Mapping[int, Look], k: int, ink: Ink) -> go.Figure:
    """Draw score by rank, each system on an axis of its own: scales cannot be compared."""
    rows = max(1, len(rankings))
    titles = [f"{axis_name(looks[i])} · {looks[i].scale}" for i in range(len(rankings))]
    figure = make_subplots(
        rows=rows, cols=1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.3 / rows
    )
    for row, ranking in enumerate(rankings, start=1):
        shown = ranking.hits
        colours = [looks[row - 1].colour if h.rank <= k else ink.line for h in shown]
        figure.add_bar(
            x=[h.rank for h in shown],
            y=[h.score for h in shown],
            marker={"color": colours, "line": {"width": 0}},
            customdata=[plain(h.document.title or h.document.text) for h in shown],
            hovertemplate="rank %{x}: %{y:.4g}<br>%{customdata}<extra></extra>",
            row=row,
            col=1,
        )
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": ink.text})
    figure.update_xaxes(title_text="rank", row=rows, col=1)
    figure.update_yaxes(nticks=3, gridcolor=ink.line, automargin=True)
    return layout(figure, ink, 70 + 100 * rows)


def headroom(found: Headroom, looks: Mapping[int, Look], ink: Ink) -> go.Figure:
    """Draw each system's nDCG as a bar, with what was badly ranked and what was not retrieved."""
    figure = go.Figure()
    names = [*(axis_name(looks[i]) for i in range(len(found.values))), "<b>best order</b>"]
    values = [*found.values, found.best]
    colours = [*(looks[i].colour for i in range(len(found.values))), ink.text]
    parts = (
        ("reached", values, colours, ""),
        ("badly ranked", [found.best - v for v in values], [ink.line] * len(values), "/"),
        ("not retrieved", [1 - found.best] * len(values), ["rgba(0,0,0,0)"] * len(values), "."),
    )
    for name, lengths, shades, pattern in parts:
        figure.add_bar(
            y=names,
            x=lengths,
            name=name,
            orientation="h",
            marker={
                "color": shades,
                "pattern": {"shape": pattern, "fgcolor": ink.soft},
                "line": {"width": 0 if name == "reached" else 1, "color": ink.line},
            },
            hovertemplate=f"{name}: %{{x:.3f}}<extra></extra>",
        )
    for name, value in zip(names, values, strict=True):
        figure.add_annotation(x=1.01, y=name, text=f"{value:.2f}", showarrow=False, xanchor="left")
    figure.update_layout(barmode="stack", bargap=0.4)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(range=[0, 1.12], tickvals=[0, 0.25, 0.5, 0.75, 1], showgrid=False)
    return layout(figure, ink, 76 + 36 * len(names))


def agreement(found: Agreement, looks: Mapping[int, Look], ink: Ink) -> go.Figure:
    """Draw one measure between every two systems; every cell says its value."""
    letters = [looks[i].letter for i in range(len(found.values))]
    words = [[f"{value:.2f}" for value in row] for row in found.values]
    figure = go.Figure(
        go.Heatmap(
            z=found.values,
            x=letters,
            y=letters,
            text=words,
            texttemplate="%{text}",
            zmin=-1 if found.measure.startswith("Kendall") else 0,
            zmax=1,
            colorscale=[[0, ink.paper], [1, strongest_shade(ink)]],
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y} and %{x}: %{z:.3f}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", tickfont={"size": 14})
    figure.update_xaxes(side="top", tickfont={"size": 14})
    return layout(figure, ink, 60 + 46 * len(letters))


def depth(
    curves: Mapping[int, Sequence[DepthPoint]],
    looks: Mapping[int, Look],
    at: int,
    measure: str,
    ink: Ink,
) -> go.Figure:
    """Draw quality and measured latency by depth, one line a system; a mark where one looks."""
    judged = any(p.ndcg is not None for points in curves.values() for p in points)
    clocked = any(p.ms is not None for points in curves.values() for p in points)
    titles = [plain(measure)] * judged + ["measured milliseconds"] * (clocked or not judged)
    figure = make_subplots(rows=len(titles), cols=1, shared_xaxes=True, subplot_titles=titles)
    rows: dict[int, dict[int, list[tuple[int, float]]]] = {}
    for i, points in curves.items():
        quality = [(p.depth, p.ndcg) for p in points if p.ndcg is not None]
        timed = [(p.depth, p.ms) for p in points if p.ms is not None]
        if judged:
            rows.setdefault(1, {})[i] = quality
        if timed:
            rows.setdefault(len(titles), {})[i] = timed
    for row, lines in rows.items():
        low, high = _reach([y for points in lines.values() for _, y in points], judged and row == 1)
        figure.update_yaxes(range=[low, high], row=row, col=1)
        places = _label_places({i: p[-1][1] for i, p in lines.items() if p}, (high - low) / 9)
        for i, line in lines.items():
            _line(figure, line, looks[i], places.get(i, "middle right"), row)
    figure.add_vline(x=at, line={"color": ink.soft, "width": 1, "dash": "dot"})
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": ink.text})
    figure.update_xaxes(title_text="candidates", row=len(titles), col=1)
    figure.update_yaxes(nticks=4, gridcolor=ink.line, automargin=True)
    return layout(figure, ink, 90 + 150 * len(titles))


def _reach(values: Sequence[float], quality: bool) -> tuple[float, float]:
    """Return an axis: around the values for quality, whose differences are small, else from 0."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if not quality:
        return 0.0, high * 1.12 or 1.0
    room = max(0.03, 0.15 * (high - low))
    return max(0.0, low - room), high + room


def _label_places(ends: Mapping[int, float], near: float) -> dict[int, str]:
    """Return where each line's letter stands, so that letters of close ends do not overlap."""
    order = sorted(ends, key=lambda i: -ends[i])
    places = {}
    for place, i in enumerate(order):
        above = place > 0 and ends[order[place - 1]] - ends[i] < near
        below = place + 1 < len(order) and ends[i] - ends[order[place + 1]] < near
        side = "middle" if above == below else "bottom" if above else "top"
        places[i] = f"{side} right"
    return places


def _line(
    figure: go.Figure, points: Sequence[tuple[int, float]], look: Look, place: str, row: int
) -> None:
    """Add a line that carries its system's letter at its end."""
    figure.add_scatter(
        x=[x for x, _ in points],
        y=[y for _, y in points],
        text=[""] * (len(points) - 1) + [look.letter] * bool(points),
        mode="lines+markers+text",
        line={"color": look.colour, "width": 2},
        textposition=place,
        textfont={"color": look.colour, "size": 14},
        cliponaxis=False,
        hovertemplate=f"{look.letter}: %{{y:.4g}} at %{{x}}<extra></extra>",
        row=row,
        col=1,
    )
