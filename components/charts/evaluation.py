"""Charts of an evaluation, with Plotly: means, changes by query, tags, trade-offs, costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from components.analysis.quality import Change
from components.charts.layout import axis_name, layout, plain
from components.charts.palette import LIGHT, Palette, SystemStyle
from components.evaluation.significance import Mean
from components.evaluation.summary import Group, TradeOff
from components.wording import signed


def quality(
    means: Mapping[str, Mean], styles: Mapping[str, SystemStyle], palette: Palette
) -> go.Figure:
    """Draw each system's mean as a dot on its 95% interval, from 0."""
    figure = go.Figure()
    for system, mean in means.items():
        style = styles[system]
        bounded = mean.low == mean.low  # the interval of one query is NaN
        figure.add_scatter(
            x=[mean.value],
            y=[axis_name(style)],
            mode="markers",
            marker={"color": style.colour, "size": 13},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [mean.high - mean.value if bounded else 0],
                "arrayminus": [mean.value - mean.low if bounded else 0],
                "thickness": 3,
                "width": 7,
                "color": style.colour,
            },
            hovertemplate=f"{mean.value:.4f}<extra></extra>",
        )
        figure.add_annotation(
            x=1.005,
            xref="paper",
            xanchor="left",
            y=axis_name(style),
            text=f"{mean.value:.3f}",
            showarrow=False,
            font={"color": palette.text},
        )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(rangemode="tozero", gridcolor=palette.line, nticks=6)
    layout(figure, palette, 70 + 44 * len(means))
    return figure.update_layout(margin={"l": 8, "r": 56, "t": 12, "b": 36})


def changes(
    rows: Sequence[Change],
    style: SystemStyle,
    base: SystemStyle,
    measure: str,
    palette: Palette,
) -> go.Figure:
    """Draw one bar a query, in the order of `rows`.

    Gains have the system's colour and point up, losses have that of `base`.
    """
    figure = go.Figure(
        go.Bar(
            x=list(range(1, len(rows) + 1)),
            y=[c.change for c in rows],
            marker={
                "color": [style.colour if c.change >= 0 else base.colour for c in rows],
                "line": {"width": 0},
            },
            customdata=[
                [plain(c.query.text, 70), f"{c.before:.3f}", f"{c.after:.3f}", signed(c.change)]
                for c in rows
            ],
            hovertemplate=(
                "%{customdata[0]}<br>%{customdata[1]} → %{customdata[2]} "
                "(%{customdata[3]})<extra></extra>"
            ),
        )
    )
    figure.update_yaxes(gridcolor=palette.line, zeroline=True, zerolinecolor=palette.soft, nticks=5)
    figure.update_xaxes(
        title_text=f"{len(rows):,} queries, the greatest gain in {plain(measure)} first",
        showgrid=False,
        showticklabels=False,
    )
    figure.update_layout(bargap=0.15 if len(rows) < 300 else 0)
    # No dragmode of its own: with one, Streamlit would not take a click as a choice.
    return layout(figure, palette, 300)


# Blue and orange: colour-blind readers tell them apart.
BETTER, WORSE = LIGHT.systems[:2]
"""The hues of values over and under the baseline's."""


def tags(
    groups: Sequence[Group], baseline: str, styles: Mapping[str, SystemStyle], palette: Palette
) -> go.Figure:
    """Draw means by tag and system; the shade is the difference from the baseline."""
    systems = list(groups[0].means)
    z = [[g.means[s] - g.means[baseline] for s in systems] for g in groups]
    labels = [
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
            x=[axis_name(styles[s]) for s in systems],
            y=[f"{plain(g.tag, 28)} (n = {g.n:,})" for g in groups],
            text=labels,
            texttemplate="%{text}",
            textfont={"color": palette.text},
            zmin=-reach,
            zmax=reach,
            colorscale=[
                [0, _mixed(WORSE, palette.paper)],
                [0.5, palette.paper],
                [1, _mixed(BETTER, palette.paper)],
            ],
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(side="top", showgrid=False)
    layout(figure, palette, 70 + 48 * len(groups))
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 40, "b": 8})


def _mixed(colour: str, paper: str) -> str:
    """Return a colour half way to the paper, on which the page's text can be read."""
    pairs = [(int(c[i : i + 2], 16)) for c in (colour, paper) for i in (1, 3, 5)]
    return "#" + "".join(f"{(a + b) // 2:02x}" for a, b in zip(pairs[:3], pairs[3:], strict=True))


def trade_offs(
    systems: Sequence[TradeOff],
    styles: Mapping[str, SystemStyle],
    across: str,
    up: str,
    palette: Palette,
) -> go.Figure:
    """Draw quality against time or money; a system that another one dominates is grey."""
    figure = go.Figure()
    furthest = max([p.price for p in systems] + [1e-12])
    for point in systems:
        style = styles[point.system]
        near = point.price > furthest * 0.6
        figure.add_scatter(
            x=[point.price],
            y=[point.quality],
            mode="markers+text",
            text=[f"<b>{style.letter}</b> {plain(style.label, 22)}"],
            textposition="middle left" if near else "middle right",
            textfont={"color": palette.soft if point.dominated else palette.text},
            cliponaxis=False,
            marker={
                "color": palette.line if point.dominated else style.colour,
                "size": 14,
                "line": {"color": palette.soft, "width": 1 if point.dominated else 0},
            },
            hovertemplate=f"%{{y:.4f}} at %{{x:,.4g}}<extra>{plain(style.label)}</extra>",
        )
    figure.update_yaxes(title_text=plain(up), gridcolor=palette.line, nticks=5, automargin=True)
    figure.update_xaxes(
        title_text=across,
        range=[-furthest * 0.06, furthest * 1.12],
        gridcolor=palette.line,
        nticks=6,
    )
    return layout(figure, palette, 320)


def costs(bills: Mapping[str, float], own: Sequence[str], palette: Palette) -> go.Figure:
    """Draw monthly costs, one bar a way to have a second stage; hatched are one's own machines."""
    names = [plain(name, 34) for name in bills]
    figure = go.Figure(
        go.Bar(
            y=names,
            x=list(bills.values()),
            orientation="h",
            marker={
                "color": palette.systems[0],
                "pattern": {
                    "shape": ["/" if name in own else "" for name in bills],
                    "fillmode": "overlay",
                    "fgcolor": palette.paper,
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
    layout(figure, palette, 50 + 32 * len(bills))
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.4)
