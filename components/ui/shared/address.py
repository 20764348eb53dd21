"""The address and the browser's history: one entry for each query, corpus or evaluation."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamlit.components.v2 import component
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.ui.shared.modules import joined

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

SCRIPT: Final = Path(__file__).with_suffix(".mjs")


def keep_history() -> None:
    """Let the browser make an entry of its history for a new subject alone."""
    _renderer()(key="address")


def navigated() -> bool:
    """Return whether the script runs because the visitor went back or forward."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    return component("rerank_lab_address", js=joined([SCRIPT]))
