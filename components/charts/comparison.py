"""Charts of one comparison, with Plotly. Headroom and depth are those of an evaluation too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.analysis.agreement import Agreement
from components.charts.layout import axis_name, layout, plain
from components.charts.lying_bars import Axis, Fill, LyingBars, Part, Series, names_of
from components.charts.palette import Palette, StyledRanking, SystemStyle
from components.wording import milliseconds

Curves = Mapping[SystemStyle, Sequence[tuple[int, float]]]
"""A line a system: depths, rising, with the value at each."""

STAGES = (("embed", "embed_ms", ""), ("search", "search_ms", "/"), ("rerank", "rerank_ms", ""))
"""Each part of a latency bar: its name, its field of `Timing`, the pattern that fills it."""
HEADROOM_PARTS = (
    "Solid: reached; hatched: among the candidates, but badly ranked; dotted: not retrieved."
)
STAGE_PATTERNS = (
    "Grey: encoding the query; hatched: searching; coloured: reranking; crossed: network and "
    "provider together."
)
"""What the fills of a bar stand for."""
MANY_TIMES = 20
"""How much longer than the shortest the longest time is where the axis becomes logarithmic."""


def spreads_widely(columns: Sequence[StyledRanking]) -> bool:
    """Return whether the systems' times differ so much that their axis is logarithmic."""
    totals = [c.ranking.timing.total_ms for c in columns if c.ranking.timing.total_ms > 0]
    return bool(totals) and max(totals) > MANY_TIMES * min(totals)


def latency(columns: Sequence[StyledRanking], palette: Palette) -> LyingBars:
    """Draw one bar a system, its stages one after another, in milliseconds; waiting stands apart.

    The number at a bar's end is the time of both stages. Where the times differ widely, the axis is
    logarithmic: a stage ends where it ends in time, but lengths cannot be compared.
    """
    ends = [c.ranking.timing.total_ms for c in columns]
    waited = any(c.ranking.timing.wait_ms >= 1 for c in columns)
    wide, most = spreads_widely(columns), max(ends, default=1.0) or 1.0
    low = 10 ** math.floor(math.log10(min(end for end in ends if end > 0) / 3)) if wide else 0.0
    high = most * (most / low) ** 0.25 if wide else most * 1.25  # beside a bar stands its number
    right = 0.76 if waited else 1.0
    axis = Axis(high, low, right=right, unit=" ms", lines=palette.line)
    begun, series = [0.0] * len(columns), []
    for stage, field, pattern in STAGES:
        lengths = [float(getattr(c.ranking.timing, field)) for c in columns]
        parts = zip(columns, begun, lengths, strict=True)
        series.append(
            Series(stage, tuple(_stage(stage, pattern, *p, palette) for p in parts), axis)
        )
        begun = [at + length for at, length in zip(begun, lengths, strict=True)]
    if waited:
        series.append(_waiting(columns, palette))
    texts = [(end, milliseconds(end) if end else "not measured") for end in ends]
    names = names_of(c.style for c in columns)
    return LyingBars(names, tuple(series), tuple(texts), palette.text)


def _stage(
    stage: str,
    pattern: str,
    column: StyledRanking,
    begin: float,
    length: float,
    palette: Palette,
) -> Part:
    """Return one stage of one system, which took `length`."""
    rerank = stage == "rerank"
    remote = rerank and column.style.remote
    colour = column.style.colour if rerank else palette.soft
    fill = Fill(colour, "x" if remote else pattern, palette.line)
    return Part(begin, length, milliseconds(length), fill, "network and provider" * remote)


def _waiting(columns: Sequence[StyledRanking], palette: Palette) -> Series:
    """Return what each system waited for its turn or for a provider's limit, on its own axis."""
    times = [c.ranking.timing.wait_ms for c in columns]
    axis = Axis(2.5 * max(times), left=0.82, marks=(), title="waited")
    fill = Fill(palette.line, ".", palette.soft)
    lengths = [ms if ms >= 1 else 0.0 for ms in times]
    parts = tuple(Part(0.0, ms, milliseconds(ms), fill) for ms in lengths)
    return Series("waited", parts, axis, numbered=True)


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


def headroom(values: Mapping[SystemStyle, float], best: float, palette: Palette) -> LyingBars:
    """Draw each system's quality, 0 to 1, as a bar with what was badly ranked and not retrieved.

    `best` is the quality of the best order of the same candidates, which has a bar of its own.
    """
    reached = [*values.values(), best]
    colours = [*(style.colour for style in values), palette.text]
    axis = Axis(1.12, marks=(0, 0.25, 0.5, 0.75, 1))
    hatched, dotted = Fill(palette.line, "/", palette.soft), Fill("none", ".", palette.soft)
    solid = [
        Part(0.0, v, f"{v:.3f}", Fill(colour)) for v, colour in zip(reached, colours, strict=True)
    ]
    lost = [Part(v, best - v, f"{best - v:.3f}", hatched) for v in reached]
    unseen = [Part(best, 1 - best, f"{1 - best:.3f}", dotted) for _ in reached]
    series = (
        Series("reached", tuple(solid), axis),
        Series("badly ranked", tuple(lost), axis, palette.line),
        Series("not retrieved", tuple(unseen), axis, palette.line),
    )
    names = (*names_of(values), ("best order", ""))
    return LyingBars(names, series, tuple((1.01, f"{v:.2f}") for v in reached), palette.text)


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
