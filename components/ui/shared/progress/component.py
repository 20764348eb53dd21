"""Lines of progress in the browser, moved by the news of the work instead of by script runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streamlit.components.v2 import component

from components.ui.shared.modules import joined, minified

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

FOLDER: Final = Path(__file__).parent
LIVE: Final = FOLDER / "script" / "live.mjs"
"""The part of a component's script that listens."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its `key`, what is being done in words, and the share that is done, 0 to 1."""

    key: str
    text: str
    share: float

    def as_change(self) -> dict[str, Any]:
        """Return the line as a change that the browser hears."""
        return {"lines": [asdict(self)]}


def progress(
    lines: Sequence[Line],
    *,
    key: str,
    live: Mapping[str, Any] | None = None,
    on_ended: Callable[[], None] = lambda: None,
) -> None:
    """Draw lines; with `live` they follow the work.

    The script runs again when the work has ended, and when a part of it has that `live` does not
    name as drawn.
    """
    data = {"lines": [asdict(line) for line in lines], "live": live}
    _renderer()(key=key, data=data, on_ended_change=on_ended, on_news_change=lambda: None)


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    css = minified((FOLDER / "progress.css").read_text(encoding="utf-8"))
    return component(
        "rerank_lab_progress", css=css, js=joined([LIVE, FOLDER / "script" / "progress.mjs"])
    )
