"""With the operator's keys in the environment, no address, file or way back sends anything.

A loopback server stands in for every provider and counts.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components import evaluation
from components.corpora import open_corpus
from components.evaluation.job import EvaluationJob
from components.lab import catalog, read_settings
from components.pipeline import Pipelines
from components.ui.shared import state
from tests.support.hostile_kinds import sound_recording
from tests.support.servers.provider_server import KEY, Provider, serve
from tests.support.visits import APP, PATIENCE, Visit, settle, texts

OWN = """
[[compatible]]
name = "own"
url = "{url}"
shape = "jina"
key_env = "OWN_KEY"
instruction = true
"""
VALUES = {
    "q": ("", "zip & strict", "x" * 3000, "\x00\u202e"),
    "candidates": ("", "3", "100", "10000", "-1", "1e9"),
    "shown": ("", "1", "50"),
    "depth": ("", "10", "99"),
    "instruction": ("", "prefer short answers"),
    "document": ("", "catch", "nothing"),
    "view": ("", "differences", "presenter", "nothing"),
    "measure": ("", "RR@3", "nothing"),
    "fingerprint": ("", "0"),
    "upload": ("", "TOKEN", "nothing"),
    "evaluation": ("", "ID"),
    "corpus": ("", "exceptions", "brought", "nothing"),
    "first": ("bm25", "bm25", "cohere:embed-v4.0", "voyage:4-large:4-lite", "hybrid:voyage:4+bm25"),
    "without": ("", "true"),
    "confirmed": ("", "1"),
    "send": ("", "1"),
    "run": ("", "1"),
}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    """Send every provider to a loopback server, with a key for each."""
    with serve() as server:
        (tmp_path / "lab.toml").write_text(OWN.format(url=server.url))
        own = {"RERANK_LAB_CONFIG": tmp_path / "lab.toml", "RERANK_LAB_DATA": tmp_path / "data"}
        for name, value in (server.environment() | own | {"OWN_KEY": KEY}).items():
            monkeypatch.setenv(name, str(value))
        state._lab.clear()
        yield server
    state._lab.clear()


@pytest.fixture
def paid(provider: Provider) -> tuple[str, ...]:
    """Return every reranker that is called with a key."""
    settings = read_settings()
    specs = catalog.reranker_specs(settings)
    keys = tuple(key for key, spec in specs.items() if spec.provider in settings.keys)
    assert len(keys) == 16
    return keys


def opened(page: str = "app.py", **params: str | list[str]) -> AppTest:
    """Open a page by an address, look once more, and let what was begun end."""
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    if page != "app.py":
        at.switch_page(page)
    for name, value in params.items():
        at.query_params[name] = value
    at.run()
    return ended(at)


def ended(at: AppTest) -> AppTest:
    """Wait for what a page has begun; look once more."""
    assert not at.exception
    if (job := at.session_state.get(state.JOB)) is not None:
        job.join(PATIENCE)
    at.run()
    assert not at.exception
    return at


def test_no_address_sends_anything(provider: Provider, paid: tuple[str, ...], visit: Visit) -> None:
    """120 addresses, drawn with a seed from all values of all parameters."""
    brought = replace(open_corpus("exceptions"), name="mine")
    token = state._lab().library.add(brought).token
    draw = random.Random(20)
    for number in range(120):
        chosen = {name: draw.choice(values) for name, values in VALUES.items()}
        params = {n: v.replace("TOKEN", token) for n, v in chosen.items() if v}
        rerankers = draw.sample(paid, draw.randint(1, 5))
        at = opened(**params, reranker=[*rerankers, *draw.choice(([], ["bm25"], ["rrf"]))])
        assert provider.seen == [], (number, params, rerankers)
        if number % 10 == 0:
            for page in ("evaluate", "corpus", "rerankers"):
                at.switch_page(f"pages/{page}.py").run()
                ended(at.switch_page("app.py").run())
                assert provider.seen == [], (number, params, page)


@pytest.mark.parametrize("page", ["evaluate", "corpus", "rerankers"])
def test_no_other_page_sends_anything_by_its_address(
    provider: Provider, paid: tuple[str, ...], page: str
) -> None:
    for view, evaluated in product(("", "presenter"), ("", "0" * 32)):
        params = {"q": "zip", "first": "bm25", "view": view, "evaluation": evaluated}
        at = opened(f"pages/{page}.py", reranker=list(paid[:3]), **params)
        if (
            page == "evaluate"
        ):  # its own address takes the place: Compare begins anew, without models
            at.session_state[state.FIRST_STAGE] = "bm25"
            at.session_state[state.RERANKERS] = ("bm25",)
        ended(at.switch_page("app.py").run())
    assert provider.seen == []


def test_settings_of_an_address_send_nothing_either(provider: Provider) -> None:
    """What is chosen on a page that an address has opened still waits for a click."""
    at = opened(reranker=["voyage", "bm25"], corpus="exceptions", first="bm25", instruction="short")
    ended(at.checkbox(key=f"_{state.WITHOUT}").check().run())
    ended(at.number_input(key=f"_{state.INITIAL_K}").set_value(5).run())
    ended(at.multiselect(key="_rerankers").set_value(["voyage", "cohere", "jina"]).run())
    ended(at.selectbox(key="_corpus").set_value("helpdesk").run())
    ended(at.selectbox(key=f"_{state.VIEW}").set_value("presenter").run())
    ended(at.button(key="leave_presenter").click().run())
    assert "Nothing has been sent yet." in texts(at)
    assert provider.seen == []


@pytest.mark.models
def test_recordings_and_runs_send_nothing(provider: Provider, visit: Visit) -> None:
    for rerankers in ((), ("bm25",)):
        at = visit(**{state.RERANKERS: rerankers})
        corpus = settle(at).corpus
        recording = json.dumps(sound_recording()).encode()
        at.file_uploader(key="_recording").set_value(("r.json", recording, "text/plain")).run()
        settle(at)
        assert "recorded:cohere" in {
            one.key for one in at.session_state[state.JOB].request.query.recorded
        }
        ended(at.button(key="leave_recording").click().run())
        at.selectbox(key="_corpus").set_value("exceptions").run()
        at.session_state[state.RERANKERS] = ()
        run = f"{corpus.queries[0].id} Q0 {corpus.documents[0].id} 1 1.0 cohere\n".encode()
        at.file_uploader(key="_recording").set_value(("cohere.run", run, "text/plain")).run()
        ended(at)
    assert provider.seen == []


def test_a_recording_on_a_page_that_an_address_opened_sends_nothing(provider: Provider) -> None:
    at = opened(reranker=["cohere"], corpus="exceptions", first="bm25")
    recording = json.dumps(sound_recording()).encode()
    at.file_uploader(key="_recording").set_value(("r.json", recording, "text/plain")).run()
    ended(at)
    at.session_state[state.RERANKERS] = ("cohere",)
    ended(at.run())
    assert provider.seen == []


def test_the_link_of_an_evaluation_of_paid_models_sends_nothing(provider: Provider) -> None:
    lab, corpus = state._lab(), open_corpus("exceptions")
    subset = evaluation.Subset(first=2)
    plan = evaluation.plan(corpus, Pipelines("bm25", ("cohere", "voyage"), 5), subset=subset)
    job = EvaluationJob(lab, corpus, plan).start()
    job.join(PATIENCE)
    assert job.saved is not None
    provider.seen.clear()
    views = ("quality", "queries", "headroom", "latency", "money", "kept", "past")
    for view in views:
        at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
        at.switch_page("pages/evaluate.py")
        at.query_params["evaluation"] = job.saved.id
        at.session_state[state.EVIDENCE] = view
        at.session_state[state.CORPUS] = "exceptions"
        at.session_state[state.FIRST_STAGE] = "bm25"
        at.session_state[state.RERANKERS] = ("bm25",)
        ended(at.run())
        ended(at.switch_page("app.py").run())
    assert provider.seen == []
