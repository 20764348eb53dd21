"""Charts of an evaluation, with Plotly: means, changes by query, tags, trade-offs, costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from components.analysis.quality import Change
from components.charts.layout import axis_name, layout, plain
from components.charts.palette import GREY, Palette, SystemStyle
from components.evaluation.significance import Difference, Mean, verdict
from components.evaluation.summary import Group, TradeOff
from components.measures import is_quality
from components.wording import count, signed


def quality(
    means: Mapping[str, Mean], styles: Mapping[str, SystemStyle], palette: Palette
) -> go.Figure:
    """Draw each system's mean as a dot on its 95% interval, from 0."""
    figure = go.Figure()
    for system, mean in means.items():
        _dot(figure, styles[system], mean.value, (mean.low, mean.high))
        figure.add_annotation(
            x=1.005,
            xref="paper",
            xanchor="left",
            y=axis_name(styles[system]),
            text=f"{mean.value:.3f}",
            showarrow=False,
            font={"color": palette.text},
        )
    figure.update_xaxes(rangemode="tozero", gridcolor=palette.line, nticks=6)
    layout(figure, palette, 70 + 44 * len(means))
    return figure.update_layout(margin={"l": 8, "r": 56, "t": 12, "b": 36})


def differences(
    rows: Sequence[Difference], styles: Mapping[str, SystemStyle], palette: Palette
) -> go.Figure:
    """Draw each system's difference from the baseline as a dot on its interval, beside 0.

    The verdict stands over it in words.
    """
    figure = go.Figure()
    for d in rows:
        _dot(figure, styles[d.system], d.mean, (d.low, d.high))
        figure.add_annotation(
            x=d.mean,
            y=axis_name(styles[d.system]),
            text=f"{signed(d.mean)} {verdict(d)}",
            showarrow=False,
            yshift=17,
            bgcolor=palette.paper,
            font={"color": palette.text},
        )
    reach = max((abs(v) for d in rows for v in (d.mean, d.low, d.high) if v == v), default=0)
    edge = max(reach, 0.01) * 1.25
    figure.update_xaxes(range=[-edge, edge], gridcolor=palette.line, nticks=6)
    layout(figure, palette, 70 + 54 * len(rows))
    figure.update_xaxes(zeroline=True, zerolinecolor=palette.soft, zerolinewidth=2)
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 12, "b": 36})


def _dot(
    figure: go.Figure, style: SystemStyle, value: float, interval: tuple[float, float]
) -> None:
    """Add a system's value with its interval, which may be NaN, in a row of its own."""
    low, high = (value if bound != bound else bound for bound in interval)
    figure.add_scatter(
        x=[value],
        y=[axis_name(style)],
        mode="markers",
        marker={"color": style.colour, "size": 13},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value],
            "arrayminus": [value - low],
            "thickness": 3,
            "width": 7,
            "color": style.colour,
        },
        hovertemplate=f"{value:.4f}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)


def changes(rows: Sequence[Change], measure: str, palette: Palette) -> go.Figure:
    """Draw one bar a query, in the order of `rows`: gains up, losses down, each in its colour.

    A measure that does not judge has neither: its bars are grey.
    """
    quality = is_quality(measure)
    up, down = (palette.gain, palette.loss) if quality else (palette.soft, palette.soft)
    figure = go.Figure(
        go.Bar(
            x=list(range(1, len(rows) + 1)),
            y=[c.change for c in rows],
            marker={"color": [up if c.change >= 0 else down for c in rows], "line": {"width": 0}},
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
    directions = ("▲ gain", "▼ loss") if quality else ("▲ higher", "▼ lower")
    for text, colour, y in zip(directions, (up, down), (1, 0), strict=True):
        figure.add_annotation(
            text=f"<b>{text}</b>",
            font={"color": colour},
            showarrow=False,
            # where no bars are: gains come first, losses last
            **{"x": y, "y": y, "xref": "paper", "yref": "paper"},
            **{"xanchor": "right" if y else "left", "yanchor": "top" if y else "bottom"},
        )
    figure.update_yaxes(gridcolor=palette.line, zeroline=True, zerolinecolor=palette.soft, nticks=5)
    figure.update_xaxes(
        title_text=f"{count(len(rows), 'query')}, the greatest gain in {plain(measure)} first",
        showgrid=False,
        showticklabels=False,
    )
    figure.update_layout(bargap=0.15 if len(rows) < 300 else 0)
    # No dragmode of its own: with one, Streamlit would not take a click as a choice.
    return layout(figure, palette, 300)


def tags(
    groups: Sequence[Group], baseline: str, styles: Mapping[str, SystemStyle], palette: Palette
) -> go.Figure:
    """Draw means by tag and system; what is clearly better or worse than the baseline is shaded.

    Every cell has its difference and its verdict in words, every row its number of queries.
    """
    systems = list(groups[0].means)
    signs = {"better": 1, "worse": -1}
    z = [
        [signs.get(verdict(g.differences[s]), 0) if s in g.differences else 0 for s in systems]
        for g in groups
    ]
    labels = [
        [
            f"{g.means[s]:.2f}<br>" + (g.describe(s).replace(" ", "<br>", 1) or "baseline")
            for s in systems
        ]
        for g in groups
    ]
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=[axis_name(styles[s]) for s in systems],
            y=[f"{plain(g.tag, 28)} (n = {g.n:,})" for g in groups],
            text=labels,
            texttemplate="%{text}",
            textfont={"color": palette.text},
            zmin=-1,
            zmax=1,
            colorscale=[
                [0, mixed(palette.loss, palette.paper)],
                [0.5, palette.paper],
                [1, mixed(palette.gain, palette.paper)],
            ],
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(side="top", showgrid=False)
    layout(figure, palette, 70 + 60 * len(groups))
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 40, "b": 8})


def mixed(colour: str, paper: str) -> str:
    """Return a colour on the way to the paper, on which the page's text can be read."""
    pairs = [(int(c[i : i + 2], 16)) for c in (colour, paper) for i in (1, 3, 5)]
    both = zip(pairs[:3], pairs[3:], strict=True)
    return "#" + "".join(f"{round(0.42 * a + 0.58 * b):02x}" for a, b in both)


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


@dataclass(frozen=True, slots=True)
class Cost:
    """A way to have a second stage and its dollars a month; grey without a system's colour."""

    name: str
    usd: float
    colour: str | None = None
    own: bool = False


def costs(ways: Sequence[Cost], palette: Palette) -> go.Figure:
    """Draw monthly costs, one bar a way to have a second stage; hatched are one's own machines."""
    figure = go.Figure(
        go.Bar(
            y=[plain(way.name, 34) for way in ways],
            x=[way.usd for way in ways],
            orientation="h",
            marker={
                "color": [way.colour or GREY for way in ways],
                "pattern": {
                    "shape": ["/" if way.own else "" for way in ways],
                    "fillmode": "overlay",
                    "fgcolor": palette.paper,
                    "size": 7,
                },
                "line": {"width": 0},
            },
            text=[f"${w.usd:,.0f}" if w.usd >= 10 else f"${w.usd:,.2f}" for w in ways],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: $%{x:,.2f} a month<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    most = max([*(way.usd for way in ways), 1e-9])
    figure.update_xaxes(visible=False, range=[0, most * 1.18])
    layout(figure, palette, 50 + 32 * len(ways))
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.4)
