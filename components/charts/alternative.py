"""What a chart shows, in words: the alternative text of a figure, with its values."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from components.wording import MINUS, count

MOST = 80
"""Values of a series that are listed one by one; of more their number and the ends are said."""
_TAG = re.compile(r"<[^>]*>")


def values_of(figure: go.Figure) -> str:
    """Return the values of a figure's bars, lines, dots and cells, one series after another.

    Plotly's markup is left out. Empty for a figure without data.
    """
    titles = [plain_text(n.text) for n in figure.layout.annotations if n.yref == "paper"]
    several = any(trace.yaxis not in (None, "y") for trace in figure.data)
    parts = []
    for trace in figure.data:
        place = int((trace.yaxis or "y")[1:] or 1) - 1
        where = f"{titles[place]}, " if several and place < len(titles) else ""
        parts += [f"{where}{text}." for text in _series(trace)]
    layout = figure.layout
    axes = (plain_text(axis.title.text or "") for axis in (layout.xaxis, layout.yaxis))
    return " ".join([*parts, *(f"Axis: {axis}." for axis in axes if axis)])


def _series(trace: Any) -> Iterator[str]:  # noqa: ANN401  (Plotly has a class a kind)
    """Yield a trace in words; a heat map row by row."""
    if trace.type == "heatmap":
        written = trace.text is not None and re.search(r"\d", str(trace.text))
        columns, rows = _texts(trace.x), trace.text if written else trace.z
        for name, row in zip(_texts(trace.y), rows, strict=True):
            cells = [f"{c} {v}" for c, v in zip(columns, _texts(row), strict=True)]
            yield f"{name}: {_listed(cells)}"
        return
    x, y = _texts(trace.x), _texts(trace.y)
    if trace.type == "scatter" and not isinstance(next(iter(trace.y), 0), str):
        carried = (plain_text(str(text)) for text in trace.text or ())
        pairs = [f"{b} at {a}" for a, b in zip(x, y, strict=True)]
        name = next((text for text in carried if text), "")
    else:
        lying = trace.type == "scatter" or trace.orientation == "h"
        names, values = (y, x) if lying else (x, y)
        pairs = [f"{n} {v}" for n, v in zip(names, values, strict=True)]
        error = trace.error_x
        if len(pairs) == 1 and error.array is not None and any(error.array):
            low, high = _texts([trace.x[0] - error.arrayminus[0], trace.x[0] + error.array[0]])
            pairs = [f"{pairs[0]} ({low} to {high})"]
        name = plain_text(trace.name or "")
    if pairs:
        yield f"{name}: {_listed(pairs)}" if name else _listed(pairs)


def _listed(pairs: Sequence[str]) -> str:
    if len(pairs) <= MOST:
        return "; ".join(pairs)
    return f"{count(len(pairs), 'value')}, from {pairs[0]} to {pairs[-1]}"


def _texts(values: Any) -> list[str]:  # noqa: ANN401
    """Return texts without markup, and numbers with a true minus sign and no needless digits."""
    texts = []
    for value in () if values is None else values:
        if isinstance(value, str):
            texts.append(plain_text(value))
            continue
        number = float(value)
        places = 0 if abs(number) >= 100 or number == int(number) else 3
        text = f"{number:,.{places}f}" if abs(number) >= 0.001 or not number else f"{number:.2g}"
        texts.append(text.replace("-", MINUS))
    return texts


def plain_text(text: str) -> str:
    """Return a text that Plotly reads as markup without its tags and entities."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())
