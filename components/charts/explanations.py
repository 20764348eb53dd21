"""Why a document has its score, drawn: BM25's terms."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from components.analysis.explanations import TermWeight
from components.charts.layout import layout, plain
from components.charts.palette import Palette


def terms(weights: Sequence[TermWeight], palette: Palette, colour: str) -> go.Figure:
    """Draw each query term's contribution to a BM25 score, with the words it stands for."""
    names = [plain(", ".join(t.forms) or t.term, 30) for t in weights]
    for at, weight in enumerate(weights):
        if weight.forms not in {(), (weight.term,)}:
            names[at] += f'<br><span style="font-size:11px">stem {plain(weight.term, 30)}</span>'
    figure = go.Figure(
        go.Bar(
            y=names,
            x=[t.contribution for t in weights],
            orientation="h",
            marker={"color": colour},
            text=[f"{t.contribution:.2f}" for t in weights],
            textposition="outside",
            cliponaxis=False,
            customdata=[[t.idf, t.frequency] for t in weights],
            hovertemplate="idf %{customdata[0]:.2f}, %{customdata[1]} times<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    most = max((t.contribution for t in weights), default=0.0) or 1.0
    figure.update_xaxes(showgrid=False, visible=False, range=[0, 1.25 * most])  # room for numbers
    return layout(figure, palette, 60 + 40 * len(weights))
