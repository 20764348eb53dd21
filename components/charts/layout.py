"""What all charts share: margins, axes, and text that Plotly does not read as markup."""

from __future__ import annotations

import plotly.graph_objects as go

from components.charts.palette import Palette, SystemStyle
from components.wording import shortened


def layout(figure: go.Figure, palette: Palette, height: int) -> go.Figure:
    """Set a figure's height, colours and margins; return it, transparent and without zooming."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 36},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.text, "size": 13},
        hoverlabel={"align": "left"},
        showlegend=False,
        dragmode=False,
    )
    axis = {"fixedrange": True, "zeroline": False, "linecolor": palette.line}
    labels = {
        "tickfont": {"color": palette.text, "size": 13},
        "title": {"font": {"color": palette.soft}},
    }
    figure.update_xaxes(axis | labels)
    figure.update_yaxes(axis | labels)
    return figure


def plain(text: str, limit: int = 48) -> str:
    """Return text that Plotly cannot read as markup, cut to `limit` characters."""
    flat = shortened(" ".join(text.split()), limit)
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def axis_name(style: SystemStyle) -> str:
    """Return a system's letter and name as an axis shows them."""
    return f"<b>{style.letter}</b> {plain(style.label, 18)}"
