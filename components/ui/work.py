"""Work with progress that a page waits for, and that can be stopped."""

from __future__ import annotations

import streamlit as st

from components.jobs import Task
from components.ui import page

POLL_SECONDS = 0.3


def watch(task: Task, name: str) -> None:
    """Show how far a task is until it ends; then run the page once more, to show its result."""
    live = not task.finished
    st.fragment(_watch, run_every=POLL_SECONDS if live else None)(task, name, live)


def _watch(task: Task, name: str, live: bool) -> None:
    finished, stage = task.finished, task.stage  # read before drawing: nothing is missed between
    if task.error:
        page.complain(task.error, key=f"complaint-{name}")
    elif not finished:
        share = stage.done / stage.total if stage.total else 0.0
        st.progress(min(share, 1.0), text=f"{stage.state}: {stage.done:,} of {stage.total:,}")
        if st.button("Stop", key=f"stop_{name}", icon=":material/stop:"):
            task.stop()
    if finished and live:
        st.rerun()
