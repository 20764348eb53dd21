"""Servers of one's own as first stages: wire formats, prefixes, and what they do wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.domain import Corpus, LabError, StoreError, UnavailableError
from components.lab import Lab
from components.network import attempts, capacity
from components.network.errors import ProviderError
from tests.support.asking import asked, retrieve
from tests.support.own_encoders import lab_with, numbered, stage_of, table
from tests.support.servers.embeddings import terms, vector
from tests.support.servers.provider_server import KEY, Provider, Reply, Seen, serve

DOCUMENTS = 10


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setattr(attempts, "BACKOFF_SECONDS", 0.01)
    capacity.forget()
    with serve() as server:
        yield server


@pytest.fixture
def corpus() -> Corpus:
    return numbered(DOCUMENTS)


def search(lab: Lab, corpus: Corpus, key: str, query: str = "w3x0 w3x1", k: int = 3) -> list[str]:
    return [hit.document.id for hit in retrieve(lab, corpus, asked(query, key, (), k)).hits]


def refused(lab: Lab, corpus: Corpus, key: str = "encoder:e") -> LabError:
    """Return the error of a search, after which nothing is indexed."""
    with pytest.raises(LabError) as caught:
        search(lab, corpus, key)
    assert KEY not in str(caught.value)
    assert not lab.store.status()
    return caught.value


def nearest(corpus: Corpus, query: str, k: int, prefixes: tuple[str, str] = ("", "")) -> list[str]:
    """Return what a full comparison of the server's vectors finds."""
    asked_for = np.array(vector(prefixes[0] + query))
    scores = {}
    for document in corpus.documents:
        row = np.array(vector(prefixes[1] + document.passage))
        scores[document.id] = float(row @ asked_for / np.linalg.norm(row))
    return sorted(scores, key=lambda i: -scores[i])[:k]


# ---------------------------------------------------------------- what they are sent


def test_openai_is_sent_the_model_and_the_dimension(provider: Provider, tmp_path: Path) -> None:
    corpus = numbered(3)
    own = table("e", url=f"{provider.url}/v1", model="m", dimensions=8, key_env="SERVER_KEY")
    search(lab_with(tmp_path, own), corpus, "encoder:e")
    texts = [d.passage for d in corpus.documents]
    shared = {"model": "m", "encoding_format": "float", "dimensions": 8}
    assert [seen.body for seen in provider.seen] == [
        {"input": ["length"]} | shared,
        {"input": texts} | shared,
        {"input": ["w3x0 w3x1"]} | shared,
    ]
    assert {seen.path for seen in provider.seen} == {"/v1/embeddings"}
    assert {seen.headers["authorization"] for seen in provider.seen} == {f"Bearer {KEY}"}


def test_tei_is_sent_prefixes_and_no_more_texts_than_it_takes(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    own = table(
        "e",
        url=provider.url,
        shape="tei",
        documents=4,
        query_prefix="ask: ",
        document_prefix="text: ",
    )
    prefixes = ("ask: ", "text: ")
    lab = lab_with(tmp_path, own)
    assert search(lab, corpus, "encoder:e") == nearest(corpus, "w3x0 w3x1", 3, prefixes)
    sizes = sorted(len(seen.texts) for seen in provider.seen)
    assert sizes == [1, 1, 2, 4, 4]  # its dimension, the query, ten documents
    sent = [text for seen in provider.seen for text in seen.texts]
    assert sent.count("ask: w3x0 w3x1") == 1
    assert sum(text.startswith("text: ") for text in sent) == DOCUMENTS + 1
    assert all(seen.body["truncate"] is True for seen in provider.seen)


@pytest.mark.parametrize("address", ["", "/v1", "/v1/embeddings", "/lite"])
def test_an_address_is_the_servers_or_a_version_or_whole(
    provider: Provider, tmp_path: Path, corpus: Corpus, address: str
) -> None:
    provider.only = {"/lite": "/lite/embeddings"}.get(address, "/v1/embeddings")
    lab = lab_with(tmp_path, table("e", url=provider.url + address, model="m"))
    assert search(lab, corpus, "encoder:e") == nearest(corpus, "w3x0 w3x1", 3)


def test_a_sparse_server_finds_by_shared_terms(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    lab = lab_with(tmp_path, table("e", url=provider.url, shape="tei", kind="sparse"))
    ranking = retrieve(lab, corpus, asked("w3x0 w3x1 w5x0", "encoder:e", (), 5))
    assert [hit.document.id for hit in ranking.hits] == ["3", "5"]
    weights = terms("w3x0 w3x1")
    assert ranking.hits[0].score == pytest.approx(sum(w * w for w in weights.values()))
    assert {seen.path for seen in provider.seen} == {"/embed_sparse"}


def test_a_sparse_query_without_a_known_term_finds_nothing(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    lab = lab_with(tmp_path, table("e", url=provider.url, shape="tei", kind="sparse"))
    assert search(lab, corpus, "encoder:e", "zebra") == []


def test_a_second_search_sends_the_query_alone_also_after_a_restart(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    own = table("e", url=provider.url, shape="tei")
    first = search(lab_with(tmp_path, own), corpus, "encoder:e")
    provider.seen.clear()
    assert search(lab_with(tmp_path, own), corpus, "encoder:e") == first
    assert [seen.texts for seen in provider.seen] == [["w3x0 w3x1"]]


def test_blank_documents_are_not_sent(provider: Provider, tmp_path: Path) -> None:
    provider.behave = lambda seen, sound: (
        Reply(400, b'{"error": "empty"}') if "" in seen.texts or " " in seen.texts else None
    )
    corpus = numbered(4)
    documents = tuple(type(d)(d.id, "", " " if d.id == "2" else d.text) for d in corpus.documents)
    blank = Corpus("blank", documents, fingerprint="b" * 64)
    lab = lab_with(tmp_path, table("e", url=provider.url, shape="tei"))
    assert search(lab, blank, "encoder:e", "w3x0 w3x1 w3x2 w3x3", 4)[0] == "3"


# ---------------------------------------------------------------- what they do wrong


def only_documents(change: Any) -> Any:  # noqa: ANN401
    """Return a behaviour that changes the answers to several texts."""

    def behave(seen: Seen, sound: Any) -> Reply | None:  # noqa: ANN401
        if len(seen.texts) < 2:
            return None
        return Reply(body=json.dumps(change(sound)).encode())

    return behave


def in_data(change: Any) -> Any:  # noqa: ANN401
    return only_documents(lambda sound: sound | {"data": change(sound["data"])})


def test_an_answer_in_another_order_is_put_in_order(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    provider.behave = in_data(lambda data: data[::-1])
    lab = lab_with(tmp_path, table("e", url=provider.url, model="m"))
    assert search(lab, corpus, "encoder:e") == nearest(corpus, "w3x0 w3x1", 3)


WRONG = {
    "nan": (lambda data: [data[0] | {"embedding": [float("nan")] * 64}, *data[1:]], "not finite"),
    "infinite": (
        lambda data: [data[0] | {"embedding": [1e999] * 64}, *data[1:]],
        "a number that is not finite",
    ),
    "fewer": (lambda data: data[:-1], "it gave 9 vectors where 10 texts were sent"),
    "more": (lambda data: [*data, data[0] | {"index": 10}], "none of 10 texts counted from 0"),
    "twice": (lambda data: [*data[:-1], data[0]], "it gave two vectors for the text with index 0"),
    "shorter": (
        lambda data: [data[0] | {"embedding": [1.0]}, *data[1:]],
        "its vectors are of different lengths",
    ),
    "text": (
        lambda data: [item | {"embedding": ["1"] * 64} for item in data],
        "a vector is no list of numbers",
    ),
    "missing": (
        lambda data: [{"index": item["index"]} for item in data],
        "a vector is no list of numbers",
    ),
    "zeros": (
        lambda data: [data[0] | {"embedding": [0.0] * 64}, *data[1:]],
        "a vector is all zeros",
    ),
    "scores": (lambda data: [0.5 for _ in data], "without the list of vectors"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_is_refused_and_nothing_is_indexed(
    provider: Provider, tmp_path: Path, corpus: Corpus, wrong: str
) -> None:
    change, said = WRONG[wrong]
    provider.behave = in_data(change)
    lab = lab_with(tmp_path, table("e", url=provider.url, model="m"))
    exc = refused(lab, corpus)
    assert isinstance(exc, ProviderError)
    assert said in exc.reason
    assert exc.reason.startswith("e answered, but ")
    provider.behave = lambda seen, sound: None
    assert search(lab, corpus, "encoder:e") == nearest(corpus, "w3x0 w3x1", 3)


SPARSE_WRONG = {
    "negative": ([{"index": 1, "value": -1.0}], "not one finite number for each term"),
    "term": ([{"index": -1, "value": 1.0}], "names a term that is none"),
    "huge": ([{"index": 2**31, "value": 1.0}], "names a term that is none"),
    "twice": ([{"index": 1, "value": 1.0}] * 2, "not one finite number for each term"),
    "dense": ([0.1, 0.2], "no list of terms with weights"),
}


@pytest.mark.parametrize("wrong", SPARSE_WRONG)
def test_a_wrong_sparse_answer_is_refused(
    provider: Provider, tmp_path: Path, corpus: Corpus, wrong: str
) -> None:
    row, said = SPARSE_WRONG[wrong]
    provider.behave = only_documents(lambda sound: [row, *sound[1:]])
    lab = lab_with(tmp_path, table("e", url=provider.url, shape="tei", kind="sparse"))
    assert said in refused(lab, corpus).reason


def test_a_server_that_is_down_is_named_and_asked_again_later(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    with serve() as gone:
        address = gone.url
    lab = lab_with(tmp_path, table("e", url=address, model="m"))
    exc = refused(lab, corpus)
    assert exc.reason.startswith("e cannot be reached: the connection was refused.")
    assert exc.remedy == "Is the server running at the configured address?"


def test_a_server_that_goes_down_before_the_first_query_leaves_its_index(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    lab = lab_with(tmp_path, table("e", url=provider.url, model="m"))
    lab.index(corpus, "encoder:e")
    provider.always(status=503, body=b'{"error": "loading"}')
    with pytest.raises(ProviderError, match="is overloaded or not ready yet"):
        search(lab, corpus, "encoder:e")
    provider.behave = lambda seen, sound: None
    provider.seen.clear()
    assert search(lab, corpus, "encoder:e") == nearest(corpus, "w3x0 w3x1", 3)
    assert len(provider.seen) == 1


def test_fewer_texts_are_sent_where_a_server_takes_fewer(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    body = b'{"error": "batch size 10 > maximum allowed batch size 4", "error_type": "Validation"}'
    provider.behave = lambda seen, sound: Reply(422, body) if len(seen.texts) > 4 else None
    lab = lab_with(tmp_path, table("e", url=provider.url, shape="tei"))
    assert search(lab, corpus, "encoder:e") == nearest(corpus, "w3x0 w3x1", 3)
    assert sorted(len(seen.texts) for seen in provider.seen) == [1, 1, 2, 4, 4, 10]


def test_a_reranking_server_says_that_it_is_none(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    provider.always(status=404, body=b'{"detail": "Not Found"}')
    exc = refused(lab_with(tmp_path, table("e", url=provider.url, model="m")), corpus)
    assert "e knows no m at this address (HTTP 404)" in exc.reason
    assert "/v1/embeddings" in exc.reason
    assert "give that whole address as url in its table" in exc.remedy


def test_a_missing_key_is_named_by_its_variable(tmp_path: Path, corpus: Corpus) -> None:
    own = table("e", url="http://127.0.0.1:9", model="m", key_env="NO_SUCH_KEY")
    lab = lab_with(tmp_path, own)
    with pytest.raises(UnavailableError, match="There is no API key for e") as caught:
        stage_of(lab, "encoder:e").check(lab.settings)
    assert "NO_SUCH_KEY" in caught.value.remedy


# ---------------------------------------------------------------- dimensions


def test_a_dimension_that_the_server_does_not_reach_is_refused(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    exc = refused(
        lab_with(tmp_path, table("e", url=provider.url, shape="tei", dimensions=99)), corpus
    )
    assert exc.reason == "e gives vectors of 64 numbers, not of 99."
    assert exc.remedy == "Correct dimensions in its [[encoder]] table."


def test_another_model_behind_the_same_address_does_not_fit_the_index(
    provider: Provider, tmp_path: Path, corpus: Corpus
) -> None:
    lab = lab_with(tmp_path, table("e", url=provider.url, shape="tei"))
    lab.index(corpus, "encoder:e")
    provider.changed(lambda sound: [[*row, 1.0] for row in sound])
    with pytest.raises(StoreError) as caught:
        search(lab, corpus, "encoder:e")
    assert caught.value.reason == (
        "encoder:e encodes the query as 65 numbers; the index of numbered-10 has 64."
    )
    again = lab_with(tmp_path, table("e", url=provider.url, shape="tei"))
    again.store.drop(corpus, stage_of(again, "encoder:e").schema)
    with pytest.raises(UnavailableError, match="those of this corpus on disk have 64"):
        again.index(corpus, "encoder:e")


def test_what_shapes_a_vector_is_in_the_key_of_its_collection(tmp_path: Path) -> None:
    base = {"url": "http://127.0.0.1:9", "shape": "openai", "model": "m"}
    changes = ({}, {"model": "n"}, {"dimensions": 8}, {"query_prefix": "q"}, {"shape": "tei"})
    keys = set()
    for change in (*changes, {"document_prefix": "d"}, {"url": "http://127.0.0.1:8"}):
        lab = lab_with(tmp_path, table("e", **(base | change)))
        keys.add(stage_of(lab, "encoder:e").schema.key)
    assert len(keys) == len(changes) + 2
    assert all(":" not in key for key in keys)
