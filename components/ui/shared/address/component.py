"""Parameters of the address that are put into the visit's history entry at hand.

What a script sets through `st.query_params` makes an entry of the browser's history each time, and
Back would go through every tab and every step of a number. Here the browser replaces the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import streamlit as st
from streamlit.components.v2 import component
from streamlit.runtime.scriptrunner import get_script_run_ctx

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

SCRIPT: Final = Path(__file__).parent / "address.mjs"


def keep(page: str, parameters: Mapping[str, str]) -> None:
    """Show these parameters in the address of a page, named by the end of its path.

    Empty ones are left out. The script does not see them in `st.query_params` until the page is
    loaded anew, or reached by Back or Forward.
    """
    query = urlencode({name: value for name, value in parameters.items() if value})
    with st.container(key="address", height=1, border=False):
        _renderer()(key=f"address_{page}", data={"page": page, "query": query})


def moved() -> bool:
    """Return whether Back or Forward brought the visitor to this address."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


@cache
def _renderer() -> ComponentRenderer:
    """Register the component once a process; Streamlit repeats it in each further runtime."""
    return component("rerank_lab_address", js=SCRIPT.read_text(encoding="utf-8"))
