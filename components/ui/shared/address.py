"""The address and the browser's history: one entry for each query, corpus or evaluation.

The script, which every page has, also loads ahead what a first chart would wait for.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st
from streamlit.components.v2 import component
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.ui.shared import live
from components.ui.shared.modules import joined

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

SCRIPT: Final = Path(__file__).with_suffix(".mjs")


def keep_history() -> None:
    """Let the browser make an entry of its history for a new subject alone; load Plotly ahead."""
    _renderer()(key="address", data={"ahead": _plotly()})


def navigated() -> bool:
    """Return whether the script runs because the visitor went back or forward."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)


@cache
def _plotly() -> str:
    """Return the address of Streamlit's script for Plotly's charts; empty where there is none."""
    folder = Path(st.__file__).parent / "static" / "static" / "js"
    name = next((file.name for file in folder.glob("PlotlyChart.*.js")), "")
    return "/".join(["", *filter(None, [live.base_path()]), "static", "js", name]) if name else ""


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    return component("rerank_lab_address", js=joined([SCRIPT]))
