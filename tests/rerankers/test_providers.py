"""Network rerankers through their real SDKs, against a server that speaks their wire formats."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components import pipeline
from components.domain import (
    Cancelled,
    Corpus,
    Document,
    Failure,
    InputError,
    LabError,
    Limits,
    Ranking,
    Reranker,
    Scores,
    UnavailableError,
)
from components.lab import Lab, catalog, read_settings
from components.network import attempts as sending
from components.network import capacity
from components.network import http as wire
from components.network.errors import ProviderError, retry_after
from components.network.limits import RateLimiter, split
from components.pipeline import two_stage_search
from components.rerankers import Context
from tests.support.asking import asked, compare
from tests.support.contracts.reranker_contract import RerankerContract, Subject
from tests.support.servers.provider_server import KEY, Provider, Reply, Seen, serve

CONFIG = """
[[compatible]]
name = "c"
url = "{url}"
model = "house"
[[compatible]]
name = "j"
url = "{url}"
shape = "jina"
instruction = true
[[compatible]]
name = "t"
url = "{url}"
shape = "tei"
[remote]
deadline_s = {deadline}
"""
PRICES = """
[prices]  # the addresses are not the providers' own, so that their prices do not hold there
"cohere/rerank-v3.5" = {per_1k_searches = 2.0}
"voyage/rerank-2.5" = {per_1m_tokens = 0.05}
"jina/jina-reranker-v2-base-multilingual" = {per_1m_tokens = 0.05}
"""
FOUR = ("cohere", "voyage", "jina", "compatible:t")
"""One reranker for each piece of code that speaks HTTP."""
TEXTS = ("how to reset", "cats sleep", "reset how", "a dog", "to be")


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with serve() as server:
        yield server


@pytest.fixture
def provider(running: Provider) -> Provider:
    """Return a sound server that has seen nothing; calls left behind by others have ended."""
    running.release()
    for thread in threading.enumerate():
        if thread.name == "remote":
            thread.join(10)
    running.reset()
    capacity.forget()
    return running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries follow at once where no Retry-After says otherwise."""
    monkeypatch.setattr(sending, "BACKOFF_SECONDS", 0.01)


def lab_for(server: Provider, folder: Path, deadline: float = 10.0, **env: str) -> Lab:
    config = folder / "lab.toml"
    config.write_text(CONFIG.format(url=server.url, deadline=deadline) + PRICES)
    variables = server.environment() | {"RERANK_LAB_CONFIG": str(config)} | env
    return Lab(read_settings(variables | {"RERANK_LAB_CACHE": str(folder)}))


@pytest.fixture
def lab(provider: Provider, tmp_path: Path) -> Lab:
    return lab_for(provider, tmp_path)


def load(lab: Lab, key: str, instruction: str = "") -> Reranker:
    return catalog.load_reranker(key, Context(lab.settings, instruction=instruction))


def refused(lab: Lab, key: str) -> ProviderError:
    """Return the error of one scoring pass."""
    with pytest.raises(ProviderError) as caught:
        load(lab, key).score("how to reset", TEXTS)
    assert caught.value.remedy
    assert KEY not in str(caught.value)
    return caught.value


# ---------------------------------------------------------------- the contract


def keys(running_url: str = "http://127.0.0.1:1") -> list[str]:
    """Return every network reranker there is, with three servers configured."""
    local = read_settings({})
    hosted = [s.key for s in catalog.reranker_specs(local).values() if s.provider]
    return [*hosted, "compatible:c", "compatible:j", "compatible:t"]


class TestContract(RerankerContract):
    """Every provider entry keeps the contract."""

    @pytest.fixture(params=keys())
    def subject(
        self, request: pytest.FixtureRequest, provider: Provider, tmp_path: Path
    ) -> Subject:
        lab = lab_for(provider, tmp_path)
        spec = catalog.reranker_spec(request.param, lab.settings)
        return Subject(spec, load(lab, request.param), pointwise=not spec.listwise)


def test_there_are_fifteen_hosted_models_and_all_are_tested() -> None:
    assert len(keys()) == 18


# ---------------------------------------------------------------- what is sent


def sent(provider: Provider) -> Seen:
    (seen,) = provider.seen
    assert seen.headers["content-type"].startswith("application/json")
    return seen


def test_cohere_is_asked_as_documented(lab: Lab, provider: Provider) -> None:
    load(lab, "cohere").score("q", TEXTS)
    seen = sent(provider)
    assert seen.path == "/v2/rerank"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body == {"model": "rerank-v3.5", "query": "q", "documents": list(TEXTS)}


def test_voyage_is_asked_as_documented(lab: Lab, provider: Provider) -> None:
    load(lab, "voyage").score("q", TEXTS)
    seen = sent(provider)
    assert seen.path == "/voyage/rerank"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    body = {"model": "rerank-2.5", "query": "q", "documents": list(TEXTS)}
    assert seen.body == body | {"top_k": None, "truncation": True}


def test_jina_is_asked_as_documented(lab: Lab, provider: Provider) -> None:
    load(lab, "jina").score("q", TEXTS)
    seen = sent(provider)
    assert seen.path == "/jina/v1/rerank"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    body = {"model": "jina-reranker-v3", "query": "q", "documents": list(TEXTS)}
    assert seen.body == body | {"top_n": 5, "return_documents": False}


@pytest.mark.parametrize(
    ("key", "path", "body"),
    [
        ("c", "/v2/rerank", {"model": "house", "documents": list(TEXTS), "top_n": 5}),
        ("j", "/v1/rerank", {"documents": list(TEXTS), "top_n": 5, "return_documents": False}),
        ("t", "/rerank", {"texts": list(TEXTS), "raw_scores": False, "truncate": True}),
    ],
)
def test_servers_of_ones_own_are_asked_in_their_shape(
    lab: Lab, provider: Provider, key: str, path: str, body: dict[str, Any]
) -> None:
    load(lab, f"compatible:{key}").score("q", TEXTS)
    seen = sent(provider)
    assert seen.path == path
    assert "authorization" not in seen.headers
    assert seen.body == {"query": "q"} | body


def test_instructions_go_where_they_are_followed(lab: Lab, provider: Provider) -> None:
    load(lab, "voyage", " prefer cats ").score("q", TEXTS)
    assert provider.seen[-1].body["query"] == "Instruction: prefer cats\nQuery: q"
    load(lab, "compatible:j", "prefer cats").score("q", TEXTS)
    assert provider.seen[-1].body["instruction"] == "prefer cats"
    for key in ("cohere", "jina", "compatible:c", "compatible:t"):
        load(lab, key, "prefer cats").score("q", TEXTS)
        assert "prefer cats" not in json.dumps(provider.seen[-1].body)


def test_two_keys_after_each_other_are_each_sent_and_no_cookie_is_kept(
    lab: Lab, provider: Provider
) -> None:
    provider.always(headers={"set-cookie": "who=me; Path=/"}, body=None)
    other = lab.with_keys(dict.fromkeys(("cohere", "voyage", "jina"), "another-key"))
    for key in ("cohere", "voyage", "jina"):
        with pytest.raises(ProviderError, match="does not accept the API key"):
            load(other, key).score("q", TEXTS)
        load(lab, key).score("q", TEXTS)
        wrong, right = provider.seen[-2:]
        assert wrong.headers["authorization"] == "Bearer another-key"
        assert right.headers["authorization"] == f"Bearer {KEY}"
    assert not any("cookie" in seen.headers for seen in provider.seen)


# ---------------------------------------------------------------- refusals


STATUSES = {
    400: "did not accept the request",
    401: "does not accept the API key",
    402: "asks for a payment",
    403: "forbids this key",
    404: "at this address",
    413: "finds the request too large",
    422: "did not understand the request",
    424: "could not run its model",
    429: "limits the rate of requests",
    498: "does not accept the API key",
    418: "did not accept the request",
    500: "failed inside",
    501: "does not rerank",
    502: "failed inside",
    503: "is overloaded or not ready",
    504: "failed inside",
    529: "is overloaded",
}
RETRIED = {429, 500, 502, 503, 504, 529}


def attempts(key: str, status: int) -> range:
    """Return how often five texts may be sent: again, or in parts where five are too many.

    The parts are sent side by side, until a single text was refused, which may be the first part.
    """
    if status == 413 and key != "jina":  # which is listwise
        return range(2, 9)
    if status == 429 and key == "compatible:t":
        return range(5, 6)  # 5, 2, 1, and the single text two times more
    return range(3, 4) if status in RETRIED else range(1, 2)


@pytest.mark.parametrize("body", [b'{"detail": "said so"}', b"<html>said so</html>", b"[1"])
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("key", FOUR)
def test_every_status_is_a_reason_and_a_remedy(
    lab: Lab, provider: Provider, key: str, status: int, body: bytes
) -> None:
    provider.always(status=status, body=body)
    exc = refused(lab, key)
    assert STATUSES[status] in exc.reason
    assert f"(HTTP {status})" in exc.reason
    assert ("said so" in exc.reason) == body.startswith(b"{")
    assert ("a web page instead of JSON" in exc.reason) == body.startswith(b"<")
    assert len(provider.seen) in attempts(key, status)


@pytest.mark.parametrize("key", FOUR)
def test_a_message_that_echoes_the_key_is_shown_without_it(
    lab: Lab, provider: Provider, key: str
) -> None:
    lab = lab.with_keys({"compatible:t": KEY})
    provider.always(status=422, body=json.dumps({"message": f"bad {KEY[:12]} in {KEY}"}).encode())
    exc = refused(lab, key)
    assert "bad •" in exc.reason
    assert not any(KEY[i : i + 8] in exc.reason for i in range(len(KEY) - 7))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("key", FOUR)
def test_no_redirect_is_followed(lab: Lab, provider: Provider, key: str, status: int) -> None:
    with serve() as elsewhere:
        provider.always(status=status, headers={"location": f"{elsewhere.url}/v2/rerank"})
        exc = refused(lab, key)
        assert "sends the request on to 127.0.0.1" in exc.reason
        assert elsewhere.seen == []
    assert len(provider.seen) == 1


@pytest.mark.parametrize("key", FOUR)
def test_a_refused_connection(tmp_path: Path, provider: Provider, key: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = Provider(f"http://127.0.0.1:{closed.getsockname()[1]}")
        begun = time.monotonic()
        exc = refused(lab_for(nobody, tmp_path), key)
    assert "the connection was refused" in exc.reason
    assert time.monotonic() - begun < 3


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Serve over TLS with a certificate that nobody vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serve(context) as server:
        yield server


@pytest.mark.parametrize("key", FOUR)
def test_a_certificate_that_nobody_vouches_for(
    stranger: Provider, tmp_path: Path, key: str
) -> None:
    exc = refused(lab_for(stranger, tmp_path), key)
    assert "its certificate was refused" in exc.reason
    assert stranger.seen == []


@pytest.mark.parametrize("key", FOUR)
def test_a_connection_that_breaks_off_is_tried_again(
    lab: Lab, provider: Provider, key: str
) -> None:
    provider.always(hang_up=True)
    assert "broke off before an answer was whole" in refused(lab, key).reason
    assert len(provider.seen) == 3
    provider.first(1, hang_up=True)
    assert load(lab, key).score("q", TEXTS).notes == ("1 retried",)


@pytest.mark.parametrize("key", FOUR)
def test_a_server_that_does_not_answer(provider: Provider, tmp_path: Path, key: str) -> None:
    provider.always(delay=2.0)
    exc = refused(lab_for(provider, tmp_path, deadline=0.4), key)
    assert "did not answer within 0.4 seconds" in exc.reason
    assert len(provider.seen) == 1  # it may have been billed: it is not sent again


@pytest.mark.parametrize("key", FOUR)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"3", b"{}", b"<html></html>", b"\xff"]
)
def test_answers_that_are_none(lab: Lab, provider: Provider, key: str, body: bytes) -> None:
    provider.always(body=body)
    exc = refused(lab, key)
    assert " answered, but " in exc.reason
    assert len(provider.seen) == 1


def rows(sound: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return the list of results, whatever the provider calls it."""
    if isinstance(sound, list):
        return sound
    return sound["data"] if "data" in sound else sound["results"]


def spoilt(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[Any], Any]:
    def spoil(sound: Any) -> Any:  # noqa: ANN401
        change(rows(sound))
        return sound

    return spoil


def scored(value: object) -> Callable[[Any], Any]:
    def change(results: list[dict[str, Any]]) -> None:
        name = "score" if "score" in results[0] else "relevance_score"
        results[2][name] = value

    return spoilt(change)


SPOILT = {
    "too few": spoilt(lambda r: r.pop()),
    "too many": spoilt(lambda r: r.append(r[0])),
    "twice": spoilt(lambda r: r[0].update(index=r[1]["index"])),
    "beyond": spoilt(lambda r: r[0].update(index=5)),
    "negative": spoilt(lambda r: r[0].update(index=-1)),
    "text index": spoilt(lambda r: r[0].update(index="0x")),
    "no index": spoilt(lambda r: r[0].pop("index")),
    "no score": spoilt(lambda r: [r[0].pop(n, None) for n in ("score", "relevance_score")]),
    "NaN": scored(float("nan")),
    "infinite": scored(float("-inf")),
    "null": scored(None),
    "text": scored("high"),
    "list": scored([0.5]),
    "huge": scored(10**400),
}


@pytest.mark.parametrize("fault", SPOILT)
@pytest.mark.parametrize("key", FOUR)
def test_results_that_cannot_be_trusted_are_not_used(
    lab: Lab, provider: Provider, key: str, fault: str
) -> None:
    provider.changed(SPOILT[fault])
    exc = refused(lab, key)
    assert " answered, but " in exc.reason
    assert "Nothing of it was used." in exc.remedy


def test_an_answer_without_end_is_not_read_on(
    lab: Lab, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_BYTES", 1000)
    provider.always(body=b"[" + b" " * 5000 + b"]")
    assert "with more than 1,000 bytes" in refused(lab, "compatible:t").reason


@pytest.mark.parametrize("key", FOUR)
def test_a_failure_stays_in_its_column(
    lab: Lab, provider: Provider, key: str, exceptions: Corpus
) -> None:
    provider.always(status=403, body=b"{}")
    request = asked("handle exceptions", "bm25", (key, "bm25"))
    failed, ranked = asyncio.run(compare(lab, exceptions, request)).results
    assert isinstance(failed, Failure)
    assert failed.system == key
    assert isinstance(ranked, Ranking)


# ---------------------------------------------------------------- retries, limits, batches


SLOW_DOWN = (b'{"detail": "slow down"}', b"{}")


@pytest.fixture(scope="module")
def retried(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[str, bytes], tuple[list[Seen], Scores]]:
    """Score with each reranker after each refusal, all at once: each waits for a second."""

    def score(key: str, body: bytes) -> tuple[list[Seen], Scores]:
        with serve() as server:
            server.first(1, status=429, headers={"retry-after": "1"}, body=body)
            reranker = load(lab_for(server, tmp_path_factory.mktemp("retried")), key)
            return server.seen, reranker.score("q", TEXTS)

    with serve() as server:
        lab = lab_for(server, tmp_path_factory.mktemp("imported"))
        for key in FOUR:
            load(lab, key)  # the SDKs' imports are not what is timed
    cases = list(product(FOUR, SLOW_DOWN))
    with ThreadPoolExecutor(len(cases)) as pool:
        return dict(zip(cases, pool.map(lambda case: score(*case), cases), strict=True))


@pytest.mark.parametrize("key", FOUR)
@pytest.mark.parametrize("body", SLOW_DOWN)
def test_retry_after_is_honoured(
    retried: dict[tuple[str, bytes], tuple[list[Seen], Scores]], key: str, body: bytes
) -> None:
    (first, second), scores = retried[key, body]
    assert 1.0 <= second.at - first.at < 2.5
    assert scores.wait_ms == pytest.approx(1000, abs=1)
    assert scores.measured_ms is not None
    assert scores.measured_ms < 900
    assert scores.notes == ("1 retried",)


def test_retry_after_may_be_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=9)
    assert retry_after(format_datetime(soon, usegmt=True)) == pytest.approx(9, abs=1.5)
    assert retry_after("2.5") == 2.5
    assert retry_after(format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True)) == 0
    for nonsense in ("", "soon", "-3", "nan", "1e9", "9" * 400):
        assert retry_after(nonsense) is None


@pytest.mark.parametrize("key", FOUR)
def test_a_long_wait_is_told_instead_of_waited_for(lab: Lab, provider: Provider, key: str) -> None:
    provider.always(status=429, headers={"retry-after": "90"}, body=b"{}")
    assert "It asks to wait 90 seconds." in refused(lab, key).reason
    assert len(provider.seen) == 1


def test_a_pointwise_model_is_asked_in_batches_side_by_side(lab: Lab, provider: Provider) -> None:
    texts = [f"text {n} to reset" for n in range(130)]
    whole = load(lab, "compatible:c").score("how to reset", texts)
    provider.reset()
    provider.behave = lambda seen, sound: Reply(delay=0.1)
    scores = load(lab, "compatible:t").score("how to reset", texts)
    np.testing.assert_array_equal(scores.values, whole.values)
    assert sorted(len(seen.texts) for seen in provider.seen) == [2, 32, 32, 32, 32]
    assert 2 <= provider.most_open <= 4
    assert scores.notes == ("5 requests",)
    assert scores.billed is not None
    assert scores.billed.requests == 5


def test_one_failing_batch_costs_all_and_leaves_nothing_half_done(
    lab: Lab, provider: Provider
) -> None:
    def behave(seen: Seen, sound: object) -> Reply | None:
        return Reply(status=422, body=b"{}") if "text 40" in seen.texts else None

    provider.behave = behave
    with pytest.raises(ProviderError, match="did not understand"):
        load(lab, "compatible:t").score("q", [f"text {n}" for n in range(100)])


def test_a_listwise_model_is_never_split(lab: Lab, provider: Provider) -> None:
    long = "word " * 2000
    with pytest.raises(InputError, match="compares all candidates with each other"):
        load(lab, "jina").score("q", [long] * 100)
    assert provider.seen == []
    load(lab, "jina").score("q", ["short"] * 900)
    assert len(provider.seen) == 1


def cut(tokens: list[int], limits: Limits, query: int = 0) -> list[tuple[int, int]]:
    texts = ["x" * 10] * len(tokens)
    batches = split(texts, tokens, query, limits, listwise=False, label="x")
    return [(batch.start, batch.stop) for batch in batches]


def test_requests_are_cut_by_documents_tokens_and_bytes() -> None:
    assert cut([1] * 5, Limits()) == [(0, 5)]
    assert cut([1] * 5, Limits(documents=2)) == [(0, 2), (2, 4), (4, 5)]
    assert cut([5, 5, 5, 30, 1], Limits(request_tokens=12)) == [(0, 2), (2, 3), (3, 4), (4, 5)]
    assert cut([5, 5, 5], Limits(request_tokens=12), query=2) == [(0, 1), (1, 2), (2, 3)]
    assert cut([1] * 5, Limits(request_bytes=25)) == [(0, 2), (2, 4), (4, 5)]


def test_what_a_provider_does_not_read_is_counted_and_called_an_estimate(
    lab: Lab, provider: Provider
) -> None:
    scores = load(lab, "jina:v2").score("q " * 9, ["word " * 2000, "short"])
    assert scores.estimated
    assert scores.tokens_cut == (2000 - 1024, 0)
    assert scores.tokens_read == (1024, 1)
    long = load(lab, "cohere").score("word " * 3000, ["short"])
    assert long.notes == ("query of about 3,000 tokens cut at 2,048",)


def test_the_rate_is_kept_and_waiting_for_it_can_be_stopped() -> None:
    limiter = RateLimiter(3)
    stop = threading.Event()
    assert [limiter.wait(stop) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert 55 < limiter._take() <= 60
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Cancelled):
        limiter.wait(stop)


# ---------------------------------------------------------------- money


def ranked(lab: Lab, key: str, count: int = 5) -> Ranking:
    texts = [f"three words {n}" for n in range(count)]
    return pipeline.rerank_texts("two words", texts, reranker=key, lab=lab)


def test_what_a_provider_bills_is_shown_with_its_cost(lab: Lab, provider: Provider) -> None:
    cohere = ranked(lab, "cohere", 150).usage
    assert (cohere.searches, cohere.usd, cohere.estimated) == (2.0, pytest.approx(0.004), False)
    voyage = ranked(lab, "voyage", 10).usage
    assert voyage.billed_tokens == 10 * (3 + 2)
    assert voyage.usd == pytest.approx(50 * 0.05 / 1e6)
    jina = ranked(lab, "jina", 10).usage
    assert (jina.billed_tokens, jina.usd) == (50, None)  # its price is not on file
    own = ranked(lab, "compatible:c").usage
    assert (own.requests, own.searches, own.usd, own.estimated) == (1, 0.0, None, False)


@pytest.mark.parametrize("key", ["cohere", "jina:v2"])
def test_what_is_not_reported_is_estimated_and_says_so(
    lab: Lab, provider: Provider, key: str
) -> None:
    provider.changed(lambda sound: {"results": sound["results"]})
    usage = ranked(lab, key).usage
    assert usage.estimated
    assert usage.searches == 1.0
    assert usage.billed_tokens == 5 * (3 + 2)
    assert usage.usd == pytest.approx(0.002 if key == "cohere" else 25 * 0.05 / 1e6)


@pytest.mark.parametrize("units", [-1, None, 1e13, float("nan"), "many", []])
def test_billed_units_that_are_none_are_estimated(
    lab: Lab, provider: Provider, units: object
) -> None:
    def change(sound: dict[str, Any]) -> dict[str, Any]:
        return sound | {"meta": {"billed_units": {"search_units": units}}}

    provider.changed(change)
    assert ranked(lab, "cohere").usage.estimated


def test_every_price_on_file_is_dated_and_names_its_source() -> None:
    specs = catalog.reranker_specs(read_settings({})).values()
    prices = {s.model: s.price for s in specs if s.price}
    assert {model: (price.usd, price.unit) for model, price in prices.items()} == {
        "rerank-v3.5": (2.00, "searches"),
        "rerank-v4.0-fast": (2.00, "searches"),
        "rerank-v4.0-pro": (2.50, "searches"),
        "rerank-v5.0-fast": (0.02, "tokens"),
        "rerank-v5.0-pro": (0.05, "tokens"),
        "rerank-2.5": (0.05, "tokens"),
        "rerank-2.5-lite": (0.02, "tokens"),
        "rerank-3": (0.05, "tokens"),
        "rerank-3-lite": (0.02, "tokens"),
        "jina-reranker-v2-base-multilingual": (0.05, "tokens"),
    }
    assert all(p.noted and p.source.startswith("https://") for p in prices.values())


# ---------------------------------------------------------------- stopping, deadlines, many at once


class Stops:
    """Watches until the call is under way, then stops it."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def step(self, system: str, state: str, done: int, total: int) -> None:
        if self.provider.seen:
            raise Cancelled

    def ranked(self, result: object, comparison: object) -> None:
        """Ignore a result."""


@pytest.mark.parametrize("key", FOUR)
def test_a_call_that_hangs_can_be_stopped(
    lab: Lab, provider: Provider, key: str, exceptions: Corpus
) -> None:
    provider.always(delay=5.0)
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        request = asked("handle exceptions", "bm25", (key,))
        asyncio.run(compare(lab, exceptions, request, Stops(provider)))
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("reply", [{"delay": 5.0}, {"drip": True}])
@pytest.mark.parametrize("key", FOUR)
def test_a_deadline_ends_a_call_that_hangs_or_drips(
    lab: Lab, provider: Provider, key: str, reply: dict[str, Any], exceptions: Corpus
) -> None:
    provider.always(**reply)
    request = asked("handle exceptions", "bm25", (key, "bm25"), deadline_s=0.3)
    begun = time.monotonic()
    failed, other = asyncio.run(compare(lab, exceptions, request)).results
    assert time.monotonic() - begun < 3
    assert isinstance(failed, Failure)
    assert "had not finished after 0.3 seconds, its deadline" in failed.reason
    assert isinstance(other, Ranking)


def test_twenty_searches_at_once_take_as_long_as_the_slowest(lab: Lab, provider: Provider) -> None:
    documents = tuple(Document(str(n), "", f"reset number {n}") for n in range(10))
    corpus = Corpus("small", documents, fingerprint="d" * 64)
    lab.index(corpus, "bm25")
    provider.behave = lambda seen, sound: Reply(delay=2.0)
    rerankers = ["cohere", "voyage", "jina", "compatible:c"] * 5

    async def search() -> list[Any]:
        return await asyncio.gather(
            *(
                two_stage_search("reset", corpus, first_stage="bm25", reranker=key, lab=lab)
                for key in rerankers
            )
        )

    load(lab, "cohere"), load(lab, "voyage")  # the SDKs' imports are not what is timed
    begun = time.monotonic()
    rankings = asyncio.run(search())
    spent = time.monotonic() - begun
    assert all(len(hits) == 10 for hits in rankings)
    assert len(provider.seen) == 20
    assert provider.most_open >= 15
    assert spent < 20 * 2.0 / 2  # one after another they would take forty seconds


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize("key", ["cohere", "voyage", "jina"])
def test_without_a_key_nothing_is_sent(provider: Provider, tmp_path: Path, key: str) -> None:
    lab = lab_for(provider, tmp_path, **dict.fromkeys(("CO_API_KEY", "VOYAGE_API_KEY"), ""))
    lab.settings = read_settings({})
    with pytest.raises(UnavailableError, match="There is no API key for") as caught:
        pipeline.rerank_texts("q", ["a"], reranker=key, lab=lab)
    assert "_API_KEY" in caught.value.remedy
    assert provider.seen == []


@pytest.mark.parametrize("key", ["two words", "new\nline", "schlüssel", "\x00"])
def test_a_key_that_cannot_be_one_is_refused_unseen(lab: Lab, key: str) -> None:
    lab = lab.with_keys({"cohere": key})
    with pytest.raises(LabError) as caught:
        load(lab, "cohere")
    assert key not in str(caught.value)
