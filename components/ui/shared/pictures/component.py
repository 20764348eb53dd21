"""Buttons that save a chart of the page as PNG and as SVG, as the browser has drawn it.

A chart that is SVG already is shown above its buttons.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamlit.components.v2 import component

from components.charts.palette import Palette
from components.ui.shared.modules import joined, minified

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

FOLDER: Final = Path(__file__).parent
SCRIPT_PARTS: Final = ("copying", "charts", "files", "pictures")
"""The modules of `script/` that run in the browser, each after those that it imports."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A system's letter, name and colour, for charts that show letters alone."""

    letter: str
    label: str
    colour: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as a file: `of` is the key of its element, `name` the file's without its ending.

    `alt` says what it shows, values included. `svg` is the chart itself, whose texts are escaped;
    without it the chart is drawn by another element of the page. The fields are those of `Data` in
    `script/types.mjs`, but for the colours.
    """

    of: str
    name: str
    title: str
    alt: str = ""
    note: str = ""
    legend: tuple[Entry, ...] = ()
    svg: str = ""


def pictures(picture: Picture, palette: Palette) -> None:
    """Draw the buttons, below the chart where it is SVG; the files have the palette's paper."""
    colours = {"paper": palette.paper, "text": palette.text, "soft": palette.soft}
    _renderer()(key=f"picture-{picture.of}", data=asdict(picture) | {"colours": colours})


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    css = minified((FOLDER / "pictures.css").read_text(encoding="utf-8"))
    script = joined(FOLDER / "script" / f"{part}.mjs" for part in SCRIPT_PARTS)
    return component("rerank_lab_pictures", css=css, js=script)
