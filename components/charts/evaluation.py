"""An evaluation drawn with Plotly: means, changes, tags, worth. Knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from components.charts.layout import Ink, axis_name, layout, plain
from components.charts.palette import Look
from components.evaluation.significance import Mean
from components.evaluation.summary import Change, Group, Point
from components.wording import signed


def quality(means: Mapping[str, Mean], looks: Mapping[str, Look], ink: Ink) -> go.Figure:
    """Draw each system's mean as a dot on its 95% interval, from 0."""
    figure = go.Figure()
    for system, mean in means.items():
        look = looks[system]
        known = mean.low == mean.low  # an interval of one query is NaN
        figure.add_scatter(
            x=[mean.value],
            y=[axis_name(look)],
            mode="markers",
            marker={"color": look.colour, "size": 13},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [mean.high - mean.value if known else 0],
                "arrayminus": [mean.value - mean.low if known else 0],
                "thickness": 3,
                "width": 7,
                "color": look.colour,
            },
            hovertemplate=f"{mean.value:.4f}<extra></extra>",
        )
        figure.add_annotation(
            x=1.005,
            xref="paper",
            xanchor="left",
            y=axis_name(look),
            text=f"{mean.value:.3f}",
            showarrow=False,
            font={"color": ink.text},
        )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(rangemode="tozero", gridcolor=ink.line, nticks=6)
    layout(figure, ink, 70 + 44 * len(means))
    return figure.update_layout(margin={"l": 8, "r": 56, "t": 12, "b": 36})


def changes(found: Sequence[Change], look: Look, base: Look, measure: str, ink: Ink) -> go.Figure:
    """Draw one bar a query, sorted: gains up in the system's colour, losses down in the other's."""
    figure = go.Figure(
        go.Bar(
            x=list(range(1, len(found) + 1)),
            y=[c.change for c in found],
            marker={
                "color": [look.colour if c.change >= 0 else base.colour for c in found],
                "line": {"width": 0},
            },
            customdata=[
                [plain(c.query.text, 70), f"{c.before:.3f}", f"{c.after:.3f}", signed(c.change)]
                for c in found
            ],
            hovertemplate=(
                "%{customdata[0]}<br>%{customdata[1]} → %{customdata[2]} "
                "(%{customdata[3]})<extra></extra>"
            ),
        )
    )
    figure.update_yaxes(gridcolor=ink.line, zeroline=True, zerolinecolor=ink.soft, nticks=5)
    figure.update_xaxes(
        title_text=f"{len(found):,} queries, the greatest gain in {plain(measure)} first",
        showgrid=False,
        showticklabels=False,
    )
    figure.update_layout(bargap=0.15 if len(found) < 300 else 0)
    # No dragmode of its own: with one, Streamlit would not take a click as a choice.
    return layout(figure, ink, 300)


BLUE, ORANGE = "#0072b2", "#c25100"
"""Better and worse than the baseline, told apart by colour-blind eyes too."""


def tags(groups: Sequence[Group], baseline: str, looks: Mapping[str, Look], ink: Ink) -> go.Figure:
    """Draw means by tag and system; the shade is the difference from the baseline."""
    systems = list(groups[0].means)
    z = [[g.means[s] - g.means[baseline] for s in systems] for g in groups]
    words = [
        [
            f"{g.means[s]:.2f}" + ("" if s == baseline else f"<br>{signed(d, 2)}")
            for s, d in zip(systems, row, strict=True)
        ]
        for g, row in zip(groups, z, strict=True)
    ]
    reach = max([abs(value) for row in z for value in row] + [0.05])
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=[axis_name(looks[s]) for s in systems],
            y=[f"{plain(g.tag, 28)} (n = {g.n:,})" for g in groups],
            text=words,
            texttemplate="%{text}",
            textfont={"color": ink.text},
            zmin=-reach,
            zmax=reach,
            colorscale=[[0, _mixed(ORANGE, ink)], [0.5, ink.paper], [1, _mixed(BLUE, ink)]],
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(side="top", showgrid=False)
    layout(figure, ink, 70 + 48 * len(groups))
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 40, "b": 8})


def _mixed(colour: str, ink: Ink) -> str:
    """Return a colour half way to the paper, on which the page's own ink can be read."""
    pairs = [(int(c[i : i + 2], 16)) for c in (colour, ink.paper) for i in (1, 3, 5)]
    return "#" + "".join(f"{(a + b) // 2:02x}" for a, b in zip(pairs[:3], pairs[3:], strict=True))


def worth(
    found: Sequence[Point], looks: Mapping[str, Look], across: str, up: str, ink: Ink
) -> go.Figure:
    """Draw quality against a price; a system that another one dominates is grey."""
    figure = go.Figure()
    furthest = max([p.price for p in found] + [1e-12])
    for point in found:
        look = looks[point.system]
        near = point.price > furthest * 0.6
        figure.add_scatter(
            x=[point.price],
            y=[point.quality],
            mode="markers+text",
            text=[f"<b>{look.letter}</b> {plain(look.label, 22)}"],
            textposition="middle left" if near else "middle right",
            textfont={"color": ink.soft if point.dominated else ink.text},
            cliponaxis=False,
            marker={
                "color": ink.line if point.dominated else look.colour,
                "size": 14,
                "line": {"color": ink.soft, "width": 1 if point.dominated else 0},
            },
            hovertemplate=f"%{{y:.4f}} at %{{x:,.4g}}<extra>{plain(look.label)}</extra>",
        )
    figure.update_yaxes(title_text=plain(up), gridcolor=ink.line, nticks=5, automargin=True)
    figure.update_xaxes(
        title_text=across, range=[-furthest * 0.06, furthest * 1.12], gridcolor=ink.line, nticks=6
    )
    return layout(figure, ink, 320)


def costs(bills: Mapping[str, float], own: Sequence[str], ink: Ink) -> go.Figure:
    """Draw monthly costs, one bar a way to have a second stage; hatched are one's own machines."""
    names = [plain(name, 34) for name in bills]
    figure = go.Figure(
        go.Bar(
            y=names,
            x=list(bills.values()),
            orientation="h",
            marker={
                "color": BLUE if ink.text.startswith("#1") else "#5fb4ea",
                "pattern": {
                    "shape": ["/" if name in own else "" for name in bills],
                    "fillmode": "overlay",
                    "fgcolor": ink.paper,
                    "size": 7,
                },
                "line": {"width": 0},
            },
            text=[f"${usd:,.0f}" if usd >= 10 else f"${usd:,.2f}" for usd in bills.values()],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: $%{x:,.2f} a month<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    most = max([*bills.values(), 1e-9])
    figure.update_xaxes(visible=False, range=[0, most * 1.18])
    layout(figure, ink, 50 + 32 * len(bills))
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.4)
