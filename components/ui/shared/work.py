"""Work with progress that a page waits for, and that can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from components.lab import StepReport
from components.lab.work import BackgroundTask
from components.ui.shared import page

POLL_SECONDS = 0.3
FOUND = "found"
WORKING = "working"


def watch(task: BackgroundTask, name: str) -> None:
    """Show how far a task is until it ends; then run the page once more, to show its result."""
    live = not task.finished
    st.fragment(_watch, run_every=POLL_SECONDS if live else None)(task, name, live)


def _watch(task: BackgroundTask, name: str, live: bool) -> None:
    finished, stage = task.finished, task.step  # read before drawing: nothing is missed between
    if task.error:
        page.complain(task.error, key=f"complaint-{name}")
    elif not finished:
        share = stage.done / stage.total if stage.total else 0.0
        st.progress(min(share, 1.0), text=f"{stage.state}: {stage.done:,} of {stage.total:,}")
        if st.button("Stop", key=f"stop_{name}", icon=":material/stop:"):
            task.stop()
    if finished and live:
        st.rerun()


def on_demand(
    key: object, label: str, name: str, work: Callable[[StepReport, dict[str, Any]], None]
) -> Any:  # noqa: ANN401
    """Offer work with progress and stop; return what it found, once it has."""
    found = st.session_state.setdefault(FOUND, {})
    held = st.session_state.setdefault(WORKING, {})
    task: BackgroundTask | None = held.get(key)
    if st.button(label, key=f"{name}_now", disabled=bool(task and not task.finished)):
        result: dict[str, Any] = {}
        task = held[key] = BackgroundTask(lambda report: work(report, result)).start()
        found[key] = result
    if task:
        watch(task, name)
    return found.get(key) if task and task.finished else None
