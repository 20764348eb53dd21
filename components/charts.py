"""Results drawn with Plotly. Knows nothing of Streamlit; colours come from the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.domain import Ranking

STAGES = (
    ("embed", "embed_ms", ""),
    ("search", "search_ms", "/"),
    ("rerank", "rerank_ms", ""),
    ("waiting", "wait_ms", "."),
)


@dataclass(frozen=True, slots=True)
class Look:
    """How a system appears on every page: its letter, its name and its colour."""

    letter: str
    label: str
    colour: str
    scale: str


@dataclass(frozen=True, slots=True)
class Ink:
    """The page's own colours, light or dark."""

    text: str
    soft: str
    line: str
    paper: str


LIGHT_INK = Ink(text="#1d1f23", soft="#5c626b", line="#d6d1c5", paper="#fbfaf7")
DARK_INK = Ink(text="#eceae4", soft="#a9afb9", line="#3d444f", paper="#14161a")


def _layout(figure: go.Figure, ink: Ink, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 36},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": ink.text, "size": 13},
        hoverlabel={"align": "left"},
        showlegend=False,
        dragmode=False,
    )
    figure.update_xaxes(fixedrange=True, zeroline=False, linecolor=ink.line)
    figure.update_yaxes(fixedrange=True, zeroline=False, linecolor=ink.line)
    return figure


def plain(text: str, limit: int = 48) -> str:
    """Return text that Plotly cannot read as markup, cut to `limit` characters."""
    flat = " ".join(text.split())
    short = flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ---------------------------------------------------------------- latency


def latency(rankings: Sequence[Ranking], looks: Mapping[int, Look], ink: Ink) -> go.Figure:
    """Draw one bar a system, its stages one after another, in milliseconds."""
    figure = go.Figure()
    names = [_axis_name(looks[i]) for i in range(len(rankings))]
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
                "pattern": {"shape": pattern, "fgcolor": ink.line},
                "line": {"width": 0},
            },
            hovertemplate=f"{stage}: %{{x:,.1f}} ms<extra></extra>",
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
    return _layout(figure, ink, 76 + 38 * len(rankings))


def milliseconds(value: float) -> str:
    """Return milliseconds in words: 0.8 ms, 12 ms, 1,214 ms."""
    return f"{value:,.1f} ms" if value < 10 else f"{value:,.0f} ms"


def _axis_name(look: Look) -> str:
    return f"<b>{look.letter}</b> {plain(look.label, 18)}"


# ---------------------------------------------------------------- scores


def scores(rankings: Sequence[Ranking], looks: Mapping[int, Look], k: int, ink: Ink) -> go.Figure:
    """Draw score by rank, each system on an axis of its own: scales cannot be compared."""
    rows = len(rankings)
    titles = [f"{_axis_name(looks[i])} · {looks[i].scale}" for i in range(rows)]
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
    return _layout(figure, ink, 70 + 100 * rows)
