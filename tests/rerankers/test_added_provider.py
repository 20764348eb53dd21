"""A hosted provider that is one new file, at work everywhere: no other file names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from components.advice.recommendation import Figures, Needs, alternatives, figures, options
from components.domain import InputError
from components.lab import catalog, read_settings
from components.lab.catalog import Entry
from components.rerankers import Context, hosted
from components.ui.shared import state
from tests.support.added import FAKES, added
from tests.support.commands import Command
from tests.support.servers.provider_server import KEY, Provider, score, serve
from tests.support.visits import Visit, said

PRICES = '[prices]\n"probe/probe-rank-1" = {per_1m_tokens = 0.5}\n'
QUERY = "green hat"
TEXTS = ("a ship in the harbour", "a green hat and a fox", "a fox in the snow")


@pytest.fixture(autouse=True)
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Add the file, and answer for its provider; there is no key in the environment."""
    with serve() as server, added(hosted, FAKES / "hosted", catalog.families.cache_clear):
        monkeypatch.setenv("PROBE_API_URL", f"{server.url}/probe/rerank")
        monkeypatch.delenv("PROBE_API_KEY", raising=False)
        state._lab.clear()
        yield server
    state._lab.clear()


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Configure a price: the one on file is of another server than this provider's."""
    config = tmp_path / "lab.toml"
    config.write_text(PRICES)
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))


def entry(environ: dict[str, str]) -> Entry:
    return next(e for e in catalog.entries(read_settings(environ)) if e.spec.key == "probe")


def test_without_its_key_it_is_listed_and_names_its_variable() -> None:
    listed = entry({})
    assert (listed.stage, listed.available) == ("reranker", False)
    assert listed.reason == "There is no API key for Probe."
    assert "PROBE_API_KEY" in listed.remedy
    assert list(catalog.reranker_specs(read_settings({})))[-1] == "biencoder-minilm"


def test_its_key_and_address_come_from_its_variables(provider: Provider) -> None:
    environ = {"PROBE_API_KEY": KEY, "PROBE_API_URL": f"{provider.url}/elsewhere"}
    settings = read_settings(environ)
    assert (settings.keys["probe"], settings.variables["probe"]) == (KEY, "PROBE_API_KEY")
    assert entry(environ).available
    scores = catalog.load_reranker("probe", Context(settings)).score(QUERY, TEXTS)
    assert scores.values.tolist() == [score(QUERY, text) for text in TEXTS]
    (request,) = provider.seen
    assert (request.path, request.headers["authorization"]) == ("/elsewhere", f"Bearer {KEY}")
    assert request.body["model"] == "probe-rank-1"


def test_its_limits_split_a_request_unless_it_compares_candidates(provider: Provider) -> None:
    texts = [f"text {i}" for i in range(100)]
    context = Context(read_settings({"PROBE_API_KEY": KEY, "PROBE_API_URL": provider.url}))
    scores = catalog.load_reranker("probe", context).score(QUERY, texts)
    np.testing.assert_array_equal(scores.values, [score(QUERY, text) for text in texts])
    assert sorted(len(request.texts) for request in provider.seen) == [20, 40, 40]
    assert catalog.reranker_spec("probe:listwise", context.settings).limits.documents == 40
    with pytest.raises(InputError, match="probe:listwise compares all candidates with each other"):
        catalog.load_reranker("probe:listwise", context).score(QUERY, texts)


@pytest.mark.usefixtures("priced")
def test_the_page_shows_key_field_prices_and_limits_and_tests_the_connection(
    visit: Visit, provider: Provider
) -> None:
    at = visit("pages/rerankers.py")
    assert not at.exception
    assert "There is no API key for Probe." in said(at, "provider-probe")
    field = at.text_input(key="_key_probe")
    assert field.placeholder == "PROBE_API_KEY is not set"
    tables = [d.value for d in at.dataframe if "Limits" in d.value.columns]
    rows = {key: row for table in tables for key, row in table.set_index("Key").iterrows()}
    assert rows["probe"]["Price"] == "$0.50 per 1,000,000 tokens"
    assert rows["probe"]["Limits"] == (
        "40 documents a request, 2,048 tokens a document, 6,000 requests a minute"
    )
    assert rows["probe:listwise"]["Price"] == "not on file"
    costs = next(d.value for d in at.dataframe if "Published price" in d.value.columns)
    prices = costs.set_index("Reranker")["Published price"]
    assert prices["probe"] == "$0.50 per 1,000,000 tokens"
    field.input(KEY)
    next(b for b in at.button if b.form_id == "key-probe").click().run()
    at.button(key="test-probe").click().run()
    assert not at.exception
    # four words of the query and four of the text: that is how the server counts
    assert "✓ probe answered in" in said(at, "provider-probe")
    assert "Billed: 8 tokens (as billed), $0.000004." in said(at, "provider-probe")
    assert provider.seen[-1].headers["authorization"] == f"Bearer {KEY}"


def test_the_guide_offers_it_once() -> None:
    settings = read_settings({"PROBE_API_KEY": KEY})
    entries = catalog.entries(settings)
    by_key: dict[str, Figures] = {
        key: figures(spec, [], settings, 10_000)
        for key, spec in catalog.reranker_specs(settings).items()
    }
    assert by_key["probe"].usd == pytest.approx(10_000 * 0.5 / 1e6)
    offered = options(entries, Needs(many_languages=True), by_key)
    probe = next(option for option in offered if option.spec.key == "probe")
    assert (probe.missing, probe.ruled_out) == ("", "")
    assert "about $5.00 for 1,000 queries with 100 candidates each" in probe.reasons
    recommended = next(option for option in offered if not option.ruled_out)
    beside = [option.spec.key for option in (recommended, *alternatives(offered))]
    assert [key for key in beside if key.startswith("probe")] == ["probe"]
    alone = options(entries, Needs(self_hosted=True), by_key)
    ruled_out = {option.spec.key: option.ruled_out for option in alone}
    assert ruled_out["probe"] == "query and texts would leave your machines"


def test_the_command_line_lists_it_and_reranks_with_its_cost(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.setenv("PROBE_API_KEY", KEY)

    def listed() -> tuple[bool, str, str]:
        model = next(m for m in command("models")["models"] if m["key"] == "probe")
        return model["available"], model["price"], model["price_source"]

    assert listed() == (True, "", "")  # the address is not the provider's own
    config = tmp_path / "lab.toml"
    config.write_text(PRICES)
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
    assert listed() == (True, "$0.50 per 1,000,000 tokens", "your configuration")
    address = os.environ["PROBE_API_URL"]
    monkeypatch.delenv("PROBE_API_URL")
    monkeypatch.delenv("RERANK_LAB_CONFIG")
    on_file = "https://probe.example/pricing, 01 November 2026"
    assert listed() == (True, "$0.50 per 1,000,000 tokens", on_file)
    monkeypatch.setenv("PROBE_API_URL", address)
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS))
    answer = command("rerank", QUERY, "--documents", texts, "--reranker", "probe")
    assert [result["original_index"] for result in answer["results"]] == sorted(
        range(3), key=lambda i: -score(QUERY, TEXTS[i])
    )
    # 5 + 6 + 5 words of the texts, and two of the query with each of them
    assert answer["usage"]["usd"] == pytest.approx(22 * 0.5 / 1e6)
