"""A key planted in ten places is looked for in every sink: what is shown, written, logged, kept.

The sinks are those of one visit and one command: the pages, the address, errors, exports, the
recording, the log, warnings, standard output and error, and every file in the data and cache
folders, which hold the history, the evaluations, the cached scores and what was spent.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from streamlit.testing.v1 import AppTest

from components import cli
from components.advice.monthly import Month
from components.charts.palette import LIGHT
from components.domain import Query
from components.evaluation import Evaluation, Plan
from components.evaluation.saved import saved_evaluation
from components.exports.as_json import comparison_json
from components.exports.evaluation import files as evaluation_files
from components.exports.evaluation_report import EvaluationReport
from components.exports.recordings import bundle
from components.exports.summary import summary_html
from components.pipeline import Pipelines
from components.pipeline.job import ComparisonJob
from components.ui.compare import exports
from components.ui.compare.results import Results
from components.ui.shared import state
from tests.support.servers.provider_server import KEY, Provider, serve
from tests.support.visits import Visit, settle

PLANTED = "pk-Wq7Zr2Lm9Xc4Vb8N"
MODELS = ("cohere", "voyage", "jina", "compatible:own", "bm25")
TOML = """
[[compatible]]
name = "own"
url = "{url}{query}"
shape = "jina"
key_env = "OWN_KEY"
[sharing]
hosts = ["lab.example.org"]
"""
SIGN_IN = """
[sign_in]
client_id = "{key}-id"
client_secret = "{key}-secret"
cookie_secret = "{key}-cookie-secret-of-32-characters"
redirect_uri = "https://lab.example.org/oauth2callback"
server_metadata_url = "https://id.example.org/{key}"
"""


@dataclass
class Place:
    """Where the key is: in variables, in the configuration, typed, or in what a provider says."""

    variables: Mapping[str, str] = field(default_factory=dict)
    toml: str = ""
    query: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    reply: Mapping[str, object] = field(default_factory=dict)


ECHO = json.dumps({"message": f"{PLANTED} is bad", "detail": {"key": PLANTED}}).encode()
EVERY_KEY = dict.fromkeys(("CO_API_KEY", "VOYAGE_API_KEY", "JINA_API_KEY", "OWN_KEY"), PLANTED)
PLACES = {
    "environment": Place(EVERY_KEY),
    "key_env": Place({"OWN_KEY": PLANTED}),
    "Streamlit's secrets": Place(secrets=EVERY_KEY),
    "typed": Place(typed={"cohere": PLANTED, "voyage": PLANTED, "jina": PLANTED}),
    "sign_in": Place(toml=SIGN_IN.format(key=PLANTED)),
    "an address": Place(dict.fromkeys(("CO_API_URL", "VOYAGE_API_URL", "JINA_API_URL"), "QUERY")),
    "a server's address": Place(query=f"?api_key={PLANTED}"),
    "an error's body": Place(EVERY_KEY, reply={"status": 422, "body": ECHO}),
    "a redirect": Place(
        EVERY_KEY,
        reply={"status": 302, "headers": {"location": f"http://{PLANTED}.example/?k={PLANTED}"}},
    ),
    "an error's headers": Place(
        EVERY_KEY,
        reply={
            "status": 429,
            "body": b"{}",
            "headers": {
                "x-key": PLANTED,
                "retry-after": f"{PLANTED}",
                "set-cookie": f"k={PLANTED}",
            },
        },
    ),
    "Qdrant's key": Place({"QDRANT_API_KEY": PLANTED}),
}


def leaks(text: str) -> list[str]:
    """Return the places of a text that hold eight characters of the key, in any case."""
    text, key = text.lower(), PLANTED.lower()
    parts = {key[i : i + 8] for i in range(len(key) - 7)}
    return [text[max(0, at - 60) : at + 30] for part in parts if (at := text.find(part)) >= 0]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


@pytest.fixture
def plant(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[Place], None]]:
    """Return a function that plants the key in a place of a lab of its own."""

    def put(place: Place) -> None:
        config = tmp_path / "lab.toml"
        config.write_text(TOML.format(url=provider.url, query=place.query) + place.toml)
        variables = provider.environment() | {"OWN_KEY": KEY} | dict(place.variables)
        for name, value in variables.items():
            address = provider.environment().get(name, "") + f"/?key={PLANTED}"
            monkeypatch.setenv(name, address if value == "QUERY" else value)
        monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
        monkeypatch.setenv("RERANK_LAB_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("RERANK_LAB_CACHE", str(tmp_path / "cache"))
        if place.reply:
            provider.always(**place.reply)
        state._lab.clear()

    yield put
    state._lab.clear()


def page_of(at: AppTest) -> list[str]:
    """Return all that a page sends to the browser, and its address."""
    assert not at.exception
    shown = [repr(node.proto) for node in at.main if hasattr(node, "proto")]
    return [*shown, json.dumps({name: at.query_params[name] for name in at.query_params})]


def visited(visit: Visit, place: Place) -> list[str]:
    """Compare with every provider, look at the pages, test the keys; return what was shown."""
    at = visit(**{state.RERANKERS: MODELS, state.KEYS: dict(place.typed)})
    if place.toml:  # nobody is signed in, and nothing but the way in is shown
        return [*page_of(at), repr(state.settings())]
    for name, value in place.secrets.items():
        at.secrets[name] = value
    at.button[0].click().run()
    if any(button.key == "send" for button in at.button):
        at.button(key="send").click().run()
    job = settle(at)
    seen = page_of(at)
    comparison = job.comparison
    assert comparison is not None
    seen += [repr(comparison), json.dumps(comparison_json(comparison, job.corpus, 10))]
    saved = [one for _, one in at.session_state[state.HISTORY]]
    seen += [bundle(saved, job.corpus, datetime(2026, 11, 22, tzinfo=UTC)), repr(job.lab.settings)]
    seen += files_of(job, f"http://lab.example/?{urlencode(at.query_params, doseq=True)}")
    at.switch_page("pages/rerankers.py").run()
    for name in MODELS[:-1]:
        if any(button.key == f"test-{name}" for button in at.button):
            at.button(key=f"test-{name}").click().run()
            seen += page_of(at)
    for page in ("evaluate", "corpus"):
        seen += page_of(at.switch_page(f"pages/{page}.py").run())
    return seen


def files_of(job: ComparisonJob, link: str) -> list[str]:
    """Return the files of a comparison, and those of an evaluation of the same rankings."""
    comparison, settings = job.comparison, job.lab.settings
    assert comparison is not None
    results = Results.of(job, comparison, {}, 10, "nDCG@10", LIGHT)
    written = [str(content()) for _, _, _, content in exports.files(results, link)]
    assert len(written) == 4
    query = Query("q", comparison.query)
    judgments = {"q": {comparison.first_stage.hits[0].document.id: 1}}
    pipelines = Pipelines("bm25", tuple(r.system for r in comparison.results))
    plan = Plan(pipelines, (query,), judgments, corpus=job.corpus.name)
    evaluation = Evaluation(plan.systems)
    for result in (comparison.first_stage, *comparison.results):
        evaluation.note("q", result)
    one = saved_evaluation(plan, evaluation, settings)
    report = EvaluationReport(one, evaluation.metrics(judgments), settings, job.corpus)
    summary = summary_html(report, Month(None, "not measured"), one.made)
    return [*written, summary, *(text for _, text in evaluation_files(report))]


def _planted_keys(place: Place) -> list[str]:
    """Return the keys of providers that are planted, which reach them."""
    keys = {name: value for name, value in place.variables.items() if name in EVERY_KEY}
    return [*keys.values(), *place.secrets.values(), *place.typed.values()]


@pytest.mark.parametrize("name", PLACES)
def test_a_planted_key_is_in_no_sink(
    name: str,
    provider: Provider,
    plant: Callable[[Place], None],
    visit: Visit,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    place = PLACES[name]
    plant(place)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        seen = {"pages": visited(visit, place)}
        for command in (["models"], ["search", "fox", "--corpus", "exceptions"]):
            models = [f"--reranker={model}" for model in MODELS] if command[0] == "search" else []
            first = ["--first-stage=bm25"] if models else []
            monkeypatch.setattr(sys, "argv", ["rerank-lab", *command, *first, *models])
            with pytest.raises(SystemExit):
                cli.main()
    sent = {seen.headers.get("authorization") for seen in provider.seen}
    assert (f"Bearer {PLANTED}" in sent) is (PLANTED in _planted_keys(place))
    printed = capfd.readouterr()
    seen["stdout"], seen["stderr"] = [printed.out], [printed.err]
    seen["log"] = [record.getMessage() + str(record.exc_text) for record in caplog.records]
    seen["warnings"] = [str(warning.message) for warning in warned]
    folders = (tmp_path / "data", tmp_path / "cache")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert {"history.sqlite", "spending.sqlite"} <= {path.name for path in files}
    seen["files"] = [f"{path} {path.read_text('latin-1')}" for path in files]
    assert {sink: leaks("\n".join(said)) for sink, said in seen.items()} == {
        sink: [] for sink in seen
    }
