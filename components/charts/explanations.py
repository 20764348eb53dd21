"""Why a document has its score, drawn: BM25's terms, the token matches of late interaction."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from components.analysis.explanations import TermWeight, TokenMatches
from components.charts.layout import layout, plain
from components.charts.palette import Palette


def terms(weights: Sequence[TermWeight], palette: Palette, colour: str) -> go.Figure:
    """Draw each query term's contribution to a BM25 score."""
    names = [plain(t.term) for t in weights]
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
    figure.update_xaxes(showgrid=False, visible=False)
    return layout(figure, palette, 60 + 30 * len(weights))


def token_matches(matches: TokenMatches, palette: Palette, most: int = 60) -> go.Figure:
    """Draw cosines of query tokens with the document tokens that any of them matched best.

    Of the others at most `most` columns are drawn in all, in the order of the text.
    """
    best = sorted(set(matches.best.tolist()))
    others = [i for i in range(len(matches.document_tokens)) if i not in set(best)]
    columns = sorted([*best, *others[: max(0, most - len(best))]])
    rows = [f"{i}: {plain(t)}" for i, t in enumerate(matches.query_tokens)]
    z = matches.matrix[:, columns]
    marks = [
        ["●" if columns[j] == matches.best[i] else "" for j in range(len(columns))]
        for i in range(len(rows))
    ]
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=[str(n) for n in range(len(columns))],
            y=rows,
            text=marks,
            texttemplate="%{text}",
            zmin=0,
            zmax=1,
            colorscale=[[0, palette.paper], [1, palette.shade]],
            showscale=False,
            xgap=1,
            ygap=1,
            customdata=[[plain(matches.document_tokens[c]) for c in columns]] * len(rows),
            hovertemplate="%{y} with %{customdata}: %{z:.3f}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(
        tickvals=[str(n) for n in range(len(columns))],
        ticktext=[plain(matches.document_tokens[c], 14) for c in columns],
        tickangle=-60,
    )
    layout(figure, palette, 150 + 24 * len(rows))
    return figure.update_xaxes(tickfont={"size": 10})
