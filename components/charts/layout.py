"""What all charts share: the page's colours, quiet axes, text that is never markup."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from components.charts.palette import Look


@dataclass(frozen=True, slots=True)
class Ink:
    """The page's own colours, light or dark."""

    text: str
    soft: str
    line: str
    paper: str


LIGHT_INK = Ink(text="#1d1f23", soft="#5c626b", line="#d6d1c5", paper="#fbfaf7")


DARK_INK = Ink(text="#eceae4", soft="#a9afb9", line="#3d444f", paper="#14161a")


def layout(figure: go.Figure, ink: Ink, height: int) -> go.Figure:
    """Give a figure the page's own look: transparent, quiet, without zooming."""
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
    axis = {"fixedrange": True, "zeroline": False, "linecolor": ink.line}
    words = {"tickfont": {"color": ink.text}, "title": {"font": {"color": ink.soft}}}
    figure.update_xaxes(axis | words)
    figure.update_yaxes(axis | words)
    return figure


def plain(text: str, limit: int = 48) -> str:
    """Return text that Plotly cannot read as markup, cut to `limit` characters."""
    flat = " ".join(text.split())
    short = flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def axis_name(look: Look) -> str:
    """Return a system's letter and name as an axis shows them."""
    return f"<b>{look.letter}</b> {plain(look.label, 18)}"


def strongest_shade(ink: Ink) -> str:
    """Return the strongest shade on which the page's own ink can still be read."""
    return "#8fb8d8" if ink.text.startswith("#1") else "#2f5d80"
