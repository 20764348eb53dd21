"""Cohere's and Voyage's encoders through their own SDKs: what is sent, kept and paid."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.domain import (
    Billed,
    BudgetError,
    Cancelled,
    Corpus,
    LabError,
    UnavailableError,
)
from components.lab import Lab, catalog
from components.network import attempts
from components.network.errors import ProviderError
from components.retrieval.store import VectorStore
from tests.support.asking import asked, retrieve
from tests.support.own_encoders import lab_with, numbered, stage_of
from tests.support.servers.provider_server import KEY, Provider, Reply, Seen, serve

KEYS = ("cohere:embed-v4.0", "voyage:4-large")
each_provider = pytest.mark.parametrize("key", KEYS)
PRICES = '[prices]\n"cohere/embed-v4.0" = { per_1m_tokens = 100.0 }\n' + "".join(
    f'"voyage/voyage-4{name}" = {{ per_1m_tokens = {usd} }}\n'
    for name, usd in (("-large", 200.0), ("", 100.0), ("-lite", 50.0))
)
QUERY = "w3x0 w3x1"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setattr(attempts, "BACKOFF_SECONDS", 0.01)
    with serve() as server:
        yield server


def lab_of(provider: Provider, folder: Path, *tables: str) -> Lab:
    return lab_with(folder, PRICES, *tables, provider=provider)


def sent(provider: Provider) -> Counter[str]:
    """Return how often each text was sent."""
    return Counter(text for seen in provider.seen for text in seen.texts)


def tokens(corpus: Corpus) -> int:
    """Return what the server bills for a corpus: a token a word."""
    return sum(len(document.passage.split()) for document in corpus.documents)


def spent(lab: Lab) -> float:
    """Return the US dollars in the ledger."""
    return sum(day.amount.usd for day in lab.spending.days())


# ---------------------------------------------------------------- what is sent


def test_cohere_is_told_what_a_text_is(provider: Provider, tmp_path: Path) -> None:
    corpus = numbered(3)
    retrieve(lab_of(provider, tmp_path), corpus, asked(QUERY, "cohere:embed-v4.0", (), 2))
    documents, query = (seen.body for seen in provider.seen)
    shared = {
        "model": "embed-v4.0",
        "embedding_types": ["float"],
        "truncate": "END",
        "output_dimension": 1536,
    }
    texts = [document.passage for document in corpus.documents]
    assert documents == {"texts": texts, "input_type": "search_document"} | shared
    assert query == {"texts": [QUERY], "input_type": "search_query"} | shared
    assert {seen.headers["authorization"] for seen in provider.seen} == {f"Bearer {KEY}"}


def test_an_older_model_of_cohere_is_not_sent_a_dimension(
    provider: Provider, tmp_path: Path
) -> None:
    key = "cohere:embed-english-v3.0"
    retrieve(lab_of(provider, tmp_path), numbered(2), asked(QUERY, key, (), 2))
    assert all("output_dimension" not in seen.body for seen in provider.seen)


def test_voyage_is_told_what_a_text_is(provider: Provider, tmp_path: Path) -> None:
    corpus = numbered(3)
    table = '[hosted."voyage/voyage-4-large"]\ndimensions = 256'
    lab = lab_of(provider, tmp_path, table)
    retrieve(lab, corpus, asked(QUERY, "voyage:4-large", (), 2))
    documents, query = (seen.body for seen in provider.seen)
    assert (documents["input_type"], query["input_type"]) == ("document", "query")
    for body in (documents, query):
        assert body["model"] == "voyage-4-large"
        assert body["output_dimension"] == 256
        assert body["truncation"] is True
    assert query["input"] == [QUERY]


def test_a_dimension_that_a_model_does_not_offer_is_refused(tmp_path: Path) -> None:
    lab = lab_with(tmp_path, '[hosted."cohere/embed-v4.0"]\ndimensions = 100')
    lab = lab.with_keys({"cohere": "a-key"})
    with pytest.raises(UnavailableError) as caught:
        stage_of(lab, "cohere:embed-v4.0").check(lab.settings)
    length = "The length of a vector of embed-v4.0 is 256, 512, 1,024 or 1,536, not 100"
    assert length in caught.value.reason


def test_a_request_holds_what_the_limits_allow(provider: Provider, tmp_path: Path) -> None:
    limits = '[hosted."cohere/embed-v4.0"]\ndocuments = 40\n'
    lab = lab_of(provider, tmp_path, limits)
    lab.index(numbered(100), "cohere:embed-v4.0")
    assert sorted(len(seen.texts) for seen in provider.seen) == [20, 40, 40]


def test_a_request_holds_no_more_tokens_than_the_limits_allow(
    provider: Provider, tmp_path: Path
) -> None:
    lab = lab_of(provider, tmp_path, '[hosted."voyage/voyage-4-large"]\nrequest_tokens = 200\n')
    lab.index(numbered(50), "voyage:4-large")
    assert len(provider.seen) > 5
    assert sent(provider) == Counter(d.passage for d in numbered(50).documents)


# ---------------------------------------------------------------- what is paid


@each_provider
def test_what_is_billed_is_what_is_shown(provider: Provider, tmp_path: Path, key: str) -> None:
    lab, corpus, bills = lab_of(provider, tmp_path), numbered(250), list[Billed]()
    lab.index(corpus, key, told=bills.append)
    [billed] = bills
    assert (billed.tokens, billed.estimated) == (tokens(corpus), False)
    assert billed.requests == len(provider.seen)
    usd = tokens(corpus) * (100.0 if key.startswith("cohere") else 200.0) / 1e6
    assert spent(lab) == pytest.approx(usd)
    ranking = retrieve(lab, corpus, asked(QUERY, key, (), 3))
    assert (ranking.usage.requests, ranking.usage.billed_tokens) == (1, 2)
    assert ranking.usage.usd == pytest.approx(usd / tokens(corpus) * 2)
    assert spent(lab) == pytest.approx(usd / tokens(corpus) * (tokens(corpus) + 2))


@each_provider
def test_a_comparison_that_indexes_says_what_that_cost(
    provider: Provider, tmp_path: Path, key: str
) -> None:
    lab, corpus = lab_of(provider, tmp_path), numbered(20)
    first, again = (retrieve(lab, corpus, asked(QUERY, key, (), 3)) for _ in range(2))
    usd = "0.021" if key.startswith("cohere") else "0.042"
    assert tokens(corpus) == 210
    assert first.notes[-1:] == (f"documents encoded: 1 request, 210 tokens, ${usd}",)
    assert not [note for note in again.notes if "encoded" in note]


@each_provider
@pytest.mark.parametrize("how", ["stop", "failure"])
def test_nothing_is_sent_twice_after_a_third(
    provider: Provider, tmp_path: Path, key: str, how: str
) -> None:
    model = "cohere/embed-v4.0" if key.startswith("cohere") else "voyage/voyage-4-large"
    tables = ("[remote]", "parallel = 3", f'[hosted."{model}"]', "documents = 50")
    lab, corpus = lab_of(provider, tmp_path, *tables), numbered(1000)
    bills = list[Billed]()

    def stop(step: str, done: int, total: int) -> None:
        if how == "stop" and step.startswith("encode") and done >= 333:
            raise Cancelled

    def fail(seen: Seen, sound: Any) -> Reply | None:  # noqa: ANN401
        return Reply(400, b'{"message": "no more"}') if len(provider.seen) > 7 else None

    provider.behave = fail if how == "failure" else lambda seen, sound: Reply(delay=0.05)
    with pytest.raises(Cancelled if how == "stop" else ProviderError):
        lab.index(corpus, key, stop, bills.append)
    assert not lab.store.status()
    answered = sum(billed.tokens for billed in bills)
    assert 0 < answered < tokens(corpus)
    provider.behave = lambda seen, sound: None
    before = len(provider.seen)
    again = lab_of(provider, tmp_path, *tables)  # which knows what lies on disk alone
    again.index(corpus, key, told=bills.append)
    if how == "stop":
        assert set(sent(provider).values()) == {1}
    later = Counter(text for seen in provider.seen[before:] for text in seen.texts)
    assert set(later.values()) == {1}
    assert len(sent(provider)) == 1000
    assert sum(billed.tokens for billed in bills) == tokens(corpus)
    price = 100.0 if key.startswith("cohere") else 200.0
    assert spent(again) == pytest.approx(tokens(corpus) * price / 1e6)
    whole, _ = again.encoder(_entry(again, key))
    rows = np.asarray(again.vectors.kept(corpus, _entry(again, key), lambda: whole))
    np.testing.assert_allclose(
        rows[::101],
        whole.encode_documents([document.passage for document in corpus.documents[::101]]),
        atol=1e-6,
    )


def _entry(lab: Lab, key: str) -> Any:  # noqa: ANN401
    return stage_of(lab, key).encoder


def test_a_budget_that_is_spent_stops_before_anything_is_sent(
    provider: Provider, tmp_path: Path
) -> None:
    lab = lab_of(provider, tmp_path, "[spending]\nday_usd = 0.001\n")
    with pytest.raises(BudgetError, match="Nothing was sent"):
        lab.index(numbered(100), "cohere:embed-v4.0")
    assert not provider.seen
    assert not lab.store.status()


# ---------------------------------------------------------------- one space


def test_one_index_serves_two_query_encoders(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    build = VectorStore.build

    def counted(self: VectorStore, corpus: Corpus, schema: Any, *rest: Any) -> None:  # noqa: ANN401
        built.append(schema.key)
        build(self, corpus, schema, *rest)

    monkeypatch.setattr(VectorStore, "build", counted)
    lab, corpus = lab_of(provider, tmp_path), numbered(30)
    large, lite = (
        retrieve(lab, corpus, asked(QUERY, key, (), 5))
        for key in ("voyage:4-large", "voyage:4-large:4-lite")
    )
    assert len(built) == 1
    assert [hit.document.id for hit in large.hits] == [hit.document.id for hit in lite.hits]
    models = [(seen.body["model"], seen.body["input_type"]) for seen in provider.seen]
    assert models == [
        ("voyage-4-large", "document"),
        ("voyage-4-large", "query"),
        ("voyage-4-lite", "query"),
    ]
    assert lite.usage.usd == pytest.approx(2 * 50.0 / 1e6)
    schemas = {stage_of(lab, key).schema.key for key in ("voyage:4-large", "voyage:4-large:4")}
    assert len(schemas) == 1
    assert stage_of(lab, "voyage:4-lite").schema.key not in schemas


# ---------------------------------------------------------------- failures

FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "401": ({"status": 401, "body": b'{"message": "no"}'}, "does not accept the API key"),
    "402": ({"status": 402, "body": b"{}"}, "asks for a payment"),
    "403": ({"status": 403, "body": b"{}"}, "forbids this key to use"),
    "404": ({"status": 404, "body": b"{}"}, "at this address"),
    "400": ({"status": 400, "body": b'{"detail": "bad"}'}, "did not accept the request"),
    "422": ({"status": 422, "body": b"{}"}, "did not understand the request"),
    "429": ({"status": 429, "body": b"{}"}, "limits the rate of requests"),
    "500": ({"status": 500, "body": b"oops"}, "failed inside"),
    "503": ({"status": 503, "body": b"{}"}, "is overloaded or not ready"),
    "html": ({"body": b"<html>login</html>", "content_type": "text/html"}, "answered, but"),
    "empty": ({"body": b""}, "answered, but"),
    "null": ({"body": b"null"}, "answered, but"),
    "list": ({"body": b"[]"}, "answered, but"),
    "hang up": ({"hang_up": True}, "broke off before an answer was whole"),
    "redirect": (
        {"status": 307, "headers": {"location": "http://127.0.0.1:9/x"}},
        "sends the request on to",
    ),
}


@each_provider
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_said_in_words_without_the_key(
    provider: Provider, tmp_path: Path, key: str, failure: str
) -> None:
    reply, said = FAILURES[failure]
    provider.always(**reply)
    lab = lab_of(provider, tmp_path)
    with pytest.raises(ProviderError) as caught:
        lab.index(numbered(5), key)
    assert said in caught.value.reason
    assert KEY not in str(caught.value)
    assert not lab.store.status()
    provider.behave = lambda seen, sound: None
    lab.index(numbered(5), key)
    assert len(lab.store.status()) == 1


def changed(key: str, change: Any) -> Any:  # noqa: ANN401
    """Return what changes the rows of an answer, wherever the provider puts them."""

    def of_cohere(sound: Any) -> Any:  # noqa: ANN401
        return sound | {"embeddings": {"float": change(sound["embeddings"]["float"])}}

    def of_voyage(sound: Any) -> Any:  # noqa: ANN401
        import base64

        rows = [
            np.frombuffer(base64.b64decode(item["embedding"]), np.float32).tolist()
            for item in sound["data"]
        ]
        data = [{"index": i, "embedding": row} for i, row in enumerate(change(rows))]
        return sound | {"data": data}

    return of_cohere if key.startswith("cohere") else of_voyage


ROWS = {
    "fewer": lambda rows: rows[:-1],
    "more": lambda rows: [*rows, rows[0]],
    "nan": lambda rows: [[float("nan")] * len(rows[0]), *rows[1:]],
    "shorter": lambda rows: [row[:100] for row in rows],
    "ragged": lambda rows: [rows[0][:5], *rows[1:]],
    "text": lambda rows: [["a"] * len(rows[0]), *rows[1:]],
    "zeros": lambda rows: [[0.0] * len(rows[0]), *rows[1:]],
}


@each_provider
@pytest.mark.parametrize("wrong", ROWS)
def test_wrong_vectors_are_refused(
    provider: Provider, tmp_path: Path, key: str, wrong: str
) -> None:
    provider.changed(changed(key, ROWS[wrong]))
    lab = lab_of(provider, tmp_path)
    with pytest.raises(LabError) as caught:
        lab.index(numbered(5), key)
    assert KEY not in str(caught.value)
    assert not lab.store.status()


def test_voyages_vectors_are_put_in_the_order_of_their_index(
    provider: Provider, tmp_path: Path
) -> None:
    corpus, key = numbered(5), "voyage:4-large"
    provider.behave = lambda seen, sound: Reply(
        body=json.dumps(sound | {"data": sound["data"][::-1]}).encode()
    )
    ranking = retrieve(lab_of(provider, tmp_path), corpus, asked(QUERY, key, (), 5))
    assert ranking.hits[0].document.id == "3"


@each_provider
def test_a_busy_moment_is_waited_out_and_costs_nothing_more(
    provider: Provider, tmp_path: Path, key: str
) -> None:
    provider.first(2, status=429, body=b"{}", headers={"retry-after": "0"})
    lab, corpus = lab_of(provider, tmp_path), numbered(5)
    lab.index(corpus, key)
    assert len(provider.seen) == 3
    usd = tokens(corpus) * (100.0 if key.startswith("cohere") else 200.0) / 1e6
    assert spent(lab) == pytest.approx(usd)


@each_provider
def test_a_call_that_hangs_ends_at_its_deadline(
    provider: Provider, tmp_path: Path, key: str
) -> None:
    provider.always(delay=30.0)
    lab = lab_of(provider, tmp_path, "[remote]\ndeadline_s = 0.5\n")
    with pytest.raises(ProviderError, match="did not answer within"):
        lab.index(numbered(3), key)


@each_provider
def test_without_a_key_it_says_where_to_put_one(tmp_path: Path, key: str) -> None:
    lab = lab_with(tmp_path)
    entry = next(e for e in catalog.entries(lab.settings) if e.spec.key == key)
    assert not entry.available
    assert "There is no API key for" in entry.reason
    with pytest.raises(UnavailableError):
        lab.index(numbered(2), key)
