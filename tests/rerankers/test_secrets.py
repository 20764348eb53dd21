"""A planted key is looked for wherever something is written, shown or logged."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components import cli
from components.config import Secrets, Settings
from components.domain import Corpus, LabError
from components.exports.as_json import comparison_json
from components.exports.recordings import Saved, bundle
from components.lab import Lab, catalog, read_settings
from components.rerankers import Context
from tests.support.asking import asked, compare
from tests.support.servers.provider_server import KEY, Provider, serve

ECHO = json.dumps({"message": f"the key {KEY} is bad", "detail": {"key": KEY}}).encode()
FAULTS = (
    {},
    {"status": 401, "body": ECHO},
    {"status": 422, "body": ECHO},
    {"status": 302, "headers": {"location": f"http://{KEY}.example/{KEY}"}, "body": b"{}"},
    {"status": 403, "body": f"<html>{KEY}</html>".encode()},
    {"body": ECHO},
    {"body": KEY.encode()},
)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


def leaks(text: str) -> list[str]:
    """Return the pieces of the key, of eight characters, that a text holds."""
    return [KEY[i : i + 8] for i in range(len(KEY) - 7) if KEY[i : i + 8] in text]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_key_is_nowhere_to_be_read(
    provider: Provider,
    tmp_path: Path,
    exceptions: Corpus,
    caplog: pytest.LogCaptureFixture,
    fault: dict[str, object],
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault:
        provider.always(**fault)
    settings = read_settings(provider.environment() | {"RERANK_LAB_CACHE": str(tmp_path)})
    lab = Lab(settings).with_keys({"cohere": KEY})
    request = asked("handle exceptions", "bm25", ("cohere", "voyage", "jina", "bm25"))
    comparison = asyncio.run(compare(lab, exceptions, request))
    assert len(comparison.failures) == (3 if fault else 0)
    assert len(provider.seen) == 3
    seen = [repr(x) for x in (lab.settings, lab.context(exceptions), request, comparison, lab)]
    seen += [json.dumps(comparison_json(comparison, exceptions, 10))]
    one = Saved(comparison, 100, "", {}, {}, {})
    seen += [bundle([one], exceptions, datetime(2026, 11, 22, tzinfo=UTC))]
    seen += [record.getMessage() for record in caplog.records]
    seen += [path.read_text("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    seen += [str(path) for path in tmp_path.rglob("*")]
    for key in ("cohere", "voyage", "jina") if fault else ():
        reranker = catalog.load_reranker(key, Context(lab.settings))
        seen.append(repr(reranker))
        try:
            reranker.score("q", ["a"])
        except LabError as exc:
            seen += [str(exc), repr(exc), "".join(traceback.format_exception_only(exc))]
    assert leaks("\n".join(seen)) == []
    assert caplog.records or not fault  # something was logged, so something was looked through


def test_a_header_that_cannot_be_parsed_is_not_quoted_in_the_log(
    provider: Provider, exceptions: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3 warns of such a header with its text; httpx refuses the whole answer."""
    caplog.set_level(logging.DEBUG)
    provider.always(headers={"x-first": f"1\r\nno colon here {KEY}"}, status=401, body=b"{}")
    settings = read_settings(provider.environment() | {"RERANK_LAB_CACHE": str(tmp_path)})
    request = asked("handle exceptions", "bm25", ("voyage", "jina"))
    comparison = asyncio.run(compare(Lab(settings), exceptions, request))
    assert len(comparison.failures) == 2
    said = [record.getMessage() for record in caplog.records] + [repr(comparison)]
    assert leaks("\n".join(said)) == []


def test_the_command_line_does_not_show_a_key(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.always(status=401, body=ECHO)
    for name, value in provider.environment().items():
        monkeypatch.setenv(name, value)
    arguments = ["rerank-lab", "search", "handle", "--corpus", "exceptions", "--json"]
    arguments += ["--first-stage", "bm25", "--reranker", "cohere", "--reranker", "voyage"]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)["failures"]) == 2
    assert leaks(printed.out + printed.err) == []


def test_secrets_cannot_be_shown_or_written() -> None:
    secrets = Secrets({"cohere": f" {KEY}\n", "jina": "  "})
    assert dict(secrets) == {"cohere": KEY}
    assert repr(secrets) == str(secrets) == "Secrets(cohere)"
    with pytest.raises(TypeError, match="never written"):
        pickle.dumps(secrets)
    assert KEY not in repr(Settings(keys=secrets))


def test_settings_that_differ_in_keys_alone_are_equal() -> None:
    plain = read_settings({})
    keyed = plain.with_keys({"cohere": KEY})
    assert keyed == plain
    assert hash(keyed) == hash(plain)
    assert (keyed.keys["cohere"], dict(plain.keys)) == (KEY, {})


def test_a_session_with_a_key_leaves_the_shared_lab_without(exceptions: Corpus) -> None:
    lab = Lab(read_settings({}))
    mine = lab.with_keys({"cohere": KEY})
    assert "cohere" not in lab.settings.keys
    assert mine.store is lab.store
    assert mine.measured is lab.measured
