"""A file of our own shown in the page as on paper, to be printed alone or saved as PDF."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamlit.components.v2 import component

from components.ui.shared.modules import joined, minified

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

FOLDER: Final = Path(__file__).parent


def sheet(html: str, *, title: str, key: str) -> None:
    """Show one of the lab's HTML files in a frame that runs no script, with a button to print it.

    `html` comes from the templates of the exports, which escape every text; `title` names it for
    screen readers.
    """
    _renderer()(key=key, data={"html": html, "title": title})


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    css = minified((FOLDER / "sheet.css").read_text(encoding="utf-8"))
    script = joined([FOLDER / "script" / "sheet.mjs"])
    return component("rerank_lab_sheet", css=css, js=script)
