"""The Corpus page in tests: files that are uploaded, and its fields."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from components.lab.work import BackgroundTask
from components.ui.shared import state
from tests.support.visits import PATIENCE


def begin(at: AppTest) -> BackgroundTask:
    """Return the visitor's task once it has ended and is shown."""
    task = at.session_state[state.TASK]
    assert isinstance(task, BackgroundTask)
    task.join(PATIENCE)
    assert task.finished
    at.run()
    assert not at.exception
    return task


def jsonl(*rows: dict[str, str]) -> bytes:
    """Return rows as the bytes of a JSONL file."""
    return "\n".join(map(json.dumps, rows)).encode()


LIGHTHOUSE = jsonl(
    {"_id": "a", "title": "The lighthouse", "text": "A lamp of zorblax on the cliff."},
    {"_id": "b", "title": "The mill", "text": "Two stones grind the corn."},
)


def upload(at: AppTest, name: str, content: bytes) -> AppTest:
    """Give the Corpus page a file in place of those it had."""
    at.file_uploader[0].set_value([(name, content, "application/octet-stream")])
    return at.run()


def name_field(at: AppTest) -> TextInput:
    """Return the field for an upload's name."""
    return next(field for field in at.text_input if field.label == "Name")


def names(at: AppTest) -> list[str]:
    """Return the corpora that the visitor can choose."""
    return list(at.selectbox(key="_corpus_page").options)
