"""Pages visited through Streamlit's AppTest, and what is to be seen on them.

AppTest does not tick a fragment's `run_every`, so `settle` waits for the job and runs once more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from components.domain import Failure, Ranking
from components.evaluation.job import EvaluationJob
from components.evaluation.saved import SavedEvaluation
from components.lab.library import Library
from components.lab.library.traces import erase
from components.pipeline.job import ComparisonJob
from components.ui.shared import state

APP = Path(__file__).resolve().parents[2] / "app.py"
PATIENCE = 120.0
"""Seconds after which a test that waits for a job fails; a cold, busy machine is slow."""

Visit = Callable[..., AppTest]

# AppTest reads the manifests of all installed packages for every visitor, which takes longer than
# most visits; what is installed stays the same.
_scan_once = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture
def visit(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    """Return a function that opens a page as a new visitor; jobs left at work are stopped."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", _scan_once)
    lab = state._lab()
    folder = tmp_path_factory.mktemp("library")  # a local lab shows all of it to everybody
    lab.library = Library(folder, lab.settings.library, partial(erase, lab))
    opened: list[AppTest] = []

    def open_page(page: str = "app.py", **session: object) -> AppTest:
        at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
        plain = {
            state.CORPUS: "exceptions",
            state.FIRST_STAGE: "bm25",
            state.RERANKERS: ("bm25",),
        }
        for key, value in (plain | session).items():
            at.session_state[key] = value
        if page != "app.py":
            at.switch_page(page)
        opened.append(at)
        return at.run()

    yield open_page
    for at in opened:
        for key in (state.JOB, state.TASK, state.READING):
            work = at.session_state.get(key)
            if work:
                work.stop()
                work.join(PATIENCE)


def job_of(at: AppTest) -> ComparisonJob:
    """Return the visitor's comparison."""
    job = at.session_state[state.JOB]
    assert isinstance(job, ComparisonJob)
    return job


def settle(at: AppTest) -> ComparisonJob:
    """Wait until the visitor's comparison has ended, show it, and return it."""
    job = job_of(at)
    job.join(PATIENCE)
    assert job.finished
    at.run()
    assert not at.exception
    return job


def ask(at: AppTest, query: str) -> AppTest:
    """Type a query and press Compare."""
    at.text_input[0].input(query)
    return at.button[0].click().run()


def texts(at: AppTest) -> str:
    """Return all plain text of the page."""
    return "\n".join(text.value for text in at.text)


def htmls(at: AppTest) -> list[str]:
    """Return the markup of the page's own HTML elements, in order."""
    return [node.proto.body for node in at.main if node.type == "html"]


def has(at: AppTest, key: str) -> bool:
    """Return whether an element or a container with this key is on the page."""
    return any(getattr(node, "key", None) == key for node in at.main)


def said(at: AppTest, key: str) -> str:
    """Return the plain text inside a container; empty where there is none."""
    return "\n".join(t.value for t in at.main.get_by_key(key).text) if has(at, key) else ""


def ids(ranking: Ranking | Failure | None) -> list[str]:
    """Return a ranking's documents."""
    assert isinstance(ranking, Ranking)
    return [hit.document.id for hit in ranking.hits]


def lines(at: AppTest, key: str) -> list[tuple[str, float]]:
    """Return what the lines of progress with this key say: each one's text and share."""
    [node] = [node for node in at.main if getattr(node, "key", None) == key]
    data = json.loads(node.proto.json)
    return [(line["text"], line["share"]) for line in data["lines"]]


def evaluated(at: AppTest) -> SavedEvaluation:
    """Press Evaluate, wait for the end and return what was kept."""
    at.button(key="evaluate_now").click().run()
    job = at.session_state[state.EVALUATING]
    assert isinstance(job, EvaluationJob)
    job.join(PATIENCE)
    assert job.saved is not None
    at.session_state[state.EVALUATED] = job.saved  # the fragment does so when it next looks
    at.run()
    assert not at.exception
    return job.saved
