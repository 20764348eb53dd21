"""What is checked of a collection before it is searched: each mistake is named with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.domain import InputError, StoreError
from components.lab import catalog
from components.retrieval import first_stages
from components.retrieval.existing import Check, ExistingDocuments
from tests.support.added import FAKES, added
from tests.support.collections import foreign, lab_of, own, payloads_of, serve
from tests.support.servers.qdrant_foreign import Foreign, Postings
from tests.support.servers.qdrant_server import Fault, QdrantServer

TEXTS = ("the red fox", "a blue fox", "green hats")


@pytest.fixture(autouse=True)
def stage() -> Iterator[None]:
    """Let the catalog find the hashing encoder."""
    with added(first_stages, FAKES / "first_stages", catalog.offered_first_stages.cache_clear):
        yield


def usual(**more: Any) -> Foreign:  # noqa: ANN401
    return foreign(payloads_of(TEXTS), **more)


def checks_of(folder: Path, server: QdrantServer, **given: Any) -> dict[str, Check]:  # noqa: ANN401
    corpus = lab_of(folder, own(server.url, **given)).collections.open("mine")
    assert isinstance(corpus.documents, ExistingDocuments)
    return {check.name: check for check in corpus.documents.opened.checks}


def refusal(folder: Path, server: QdrantServer, **given: Any) -> InputError | StoreError:  # noqa: ANN401
    with pytest.raises((InputError, StoreError)) as caught:
        checks_of(folder, server, **given)
    assert server.writes() == []
    error: InputError | StoreError = caught.value
    return error


def multivectors() -> Foreign:
    collection = usual()
    collection.asked["vectors"]["vec"]["multivector_config"] = {"comparator": "max_sim"}
    return collection


def long_vectors() -> Foreign:
    return usual(rows=np.full((3, 8), 2.0, np.float32), distance="Dot")


def without_text() -> Foreign:
    return foreign([{"other": 1, "title": "x"}, {"other": 2, "title": "y"}])


def of_tenants() -> Foreign:
    tenants = {"data_type": "keyword", "points": 3}
    tenants["params"] = {"type": "keyword", "is_tenant": True}
    return usual(schema={"group": tenants})


FAULTS: list[tuple[str, Callable[[], Foreign], dict[str, Any], str, str]] = [
    (
        "encoder", usual, {"encoder": "word2vec"},
        "encoder: expected a dense first stage of the lab; came 'word2vec'.",
        "Name in [[collection]] mine the one that made the vectors; rerank-lab models has all.",
    ),
    (
        "vector name", usual, {"vector": "text"},
        "vector name: expected vectors named 'text'; came 'vec'.",
        "Name in [[collection]] mine: vector = 'vec'.",
    ),
    (
        "unnamed", usual, {"vector": ""},
        "vector name: expected unnamed vectors; came 'vec'.",
        "Name in [[collection]] mine: vector = 'vec'.",
    ),
    (
        "dimension", usual, {"encoder": "bge-small"},
        "dimension: expected 384, as bge-small makes them; came 8.",
        "Name in [[collection]] mine the encoder that made them, or its own vectors.",
    ),
    (
        "multivectors", multivectors, {},
        "vectors: expected one for each point; came several (multivectors).",
        "Name dense vectors with one row a point; rerankers do late interaction.",
    ),
    (
        "euclid", lambda: usual(distance="Euclid"), {},
        "distance: expected Cosine, or Dot of unit vectors; came Euclid.",
        "The lab's encoders are compared by cosine; make a collection with that distance.",
    ),
    (
        "lengths", long_vectors, {},
        "distance: expected Cosine, or Dot of unit vectors; came Dot, and 3 of 3 vectors that "
        "were looked at have not the length 1.",
        "The lab's encoders are compared by cosine; make a collection with that distance.",
    ),
    (
        "sparse", usual, {"sparse": "words"},
        "sparse vectors: expected 'words'; came no sparse vectors.",
        "Correct sparse in [[collection]] mine, or leave it out: BM25 needs it.",
    ),
    (
        "empty", lambda: foreign([], rows=np.zeros((0, 8))), {},
        "points: expected at least one; came 0 points.",
        "Fill the collection, or correct [[collection]] mine.",
    ),
    (
        "text", without_text, {},
        "text field: expected 'body' in each; came 0 of 2 points that were looked at; the payload "
        "has 'other' and 'title'.",
        "Correct text_field in [[collection]] mine.",
    ),
    (
        "title", usual, {"title_field": "meta.name"},
        "title field: expected 'meta.name' in each; came 0 of 3 points that were looked at; the "
        "payload has 'title', 'body' and 'meta'.",
        "Correct title_field in [[collection]] mine.",
    ),
    (
        "id", usual, {"id_field": "doc"},
        "id field: expected 'doc', another in each; came in none; the payload has 'title', 'body' "
        "and 'meta'.",
        "Correct id_field in [[collection]] mine, or leave it out: points have ids.",
    ),
    (
        "shared id", lambda: foreign([{"body": "a", "title": "t", "id": "x"}] * 2), {
            "id_field": "id"
        },
        "id field: expected 'id', another in each; came 2 of 2 points that were looked at share "
        "theirs with another.",
        "Leave id_field out of [[collection]] mine, or name one that tells points apart.",
    ),
    (
        "tenants", of_tenants, {},
        "tenant: expected the points of one corpus; came points of several tenants, told apart by "
        "'group'.",
        'Name one in [[collection]] mine: tenant = "its value of group".',
    ),
    (
        "no tenants", usual, {"tenant": "acme"},
        "tenant: expected a payload index that is marked as the tenants', for 'acme'; came none.",
        "Leave tenant out of [[collection]] mine.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "given", "reason", "remedy"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_mistake_is_named(
    tmp_path: Path, make: Callable[[], Foreign], given: dict[str, Any], reason: str, remedy: str
) -> None:
    with serve(make()) as server:
        error = refusal(tmp_path, server, **given)
        assert error.reason == f"the collection 'prod' at {server.url}, {reason}"
        assert error.remedy == remedy


def test_a_collection_that_is_not_there(tmp_path: Path) -> None:
    with serve(usual()) as server:
        error = refusal(tmp_path, server, collection="production")
        assert error.reason == f"{server.url} has no collection 'production'."
        assert error.remedy == "Correct collection in [[collection]] mine."


def test_a_wrong_key_and_one_that_is_not_set(tmp_path: Path) -> None:
    with serve(usual()) as server:
        lab = lab_of(tmp_path, own(server.url), key="another")
        with pytest.raises(StoreError) as refused:
            lab.collections.open("mine")
        assert refused.value.reason.startswith(f"Qdrant at {server.url} refuses the key (HTTP 401)")
        assert refused.value.remedy == "Check the key in READER_KEY."
        lab = lab_of(tmp_path, own(server.url), key="")
        with pytest.raises(InputError) as unset:
            lab.collections.open("mine")
        assert unset.value.reason == (
            "The variable READER_KEY, which [[collection]] mine names, is not set."
        )
        lab = lab_of(tmp_path, own(server.url, api_key_env=""), key="")
        with pytest.raises(StoreError) as unnamed:
            lab.collections.open("mine")
        assert unnamed.value.remedy == (
            'Name the variable of its key in [[collection]] mine: api_key_env = "MY_KEY".'
        )


def test_a_server_that_is_gone_or_answers_nonsense(tmp_path: Path) -> None:
    with serve(usual()) as server:
        server.fault = Fault(body=b"<html>")
        assert "answered nonsense" in refusal(tmp_path, server).reason
        server.stop()
        error = refusal(tmp_path, server)
        assert error.reason.startswith(f"Qdrant at {server.url} cannot be reached")
        assert error.remedy == "Start the server, or correct url in [[collection]] mine."


def test_what_is_to_be_known_is_no_mistake(tmp_path: Path) -> None:
    payloads = payloads_of(TEXTS)
    payloads[1]["body"] = payloads[2]["title"] = None
    collection = foreign(payloads, sparse="words", modifier=None, distance="Dot", in_graph=3)
    collection.dense["vec"][0] = np.nan
    with serve(collection) as server:
        server.cluster.aliases["live"] = "prod"
        checks = checks_of(tmp_path, server, collection="live", sparse="words", id_field="meta.key")
        assert {name: (c.came, c.remedy) for name, c in checks.items() if c.remedy} == {
            "collection": (
                "an alias of prod",
                "Searches go to whatever the alias names at that moment.",
            ),
            "vectors": (
                "1 of 3 points that were looked at have none",
                "Dense search cannot find those points.",
            ),
            "IDF": (
                "none: the sparse vectors have no modifier",
                "Each term of a query weighs the same. How many documents have a term is not known "
                "without reading all of them, so the lab sends no IDF of its own.",
            ),
            "terms": (
                "67% of their terms are in the texts",
                "BM25 may find little: queries are cut into terms by that tokenizer.",
            ),
            "text field": ("2 of 3 points that were looked at", "The others are without text."),
            "title field": ("2 of 3 points that were looked at", "The others are without title."),
            "id field": (
                "in 3 of 3 points that were looked at, not indexed",
                "It has no payload index there: looking up judged documents reads all points.",
            ),
        }


def test_one_tenant_of_several_is_a_corpus(tmp_path: Path) -> None:
    payloads = [
        payload | {"group": "acme" if i % 2 else "other"}
        for i, payload in enumerate(payloads_of([f"word{i}" for i in range(9)]))
    ]
    tenants = {"data_type": "keyword", "points": 9, "params": {"type": "keyword"}}
    tenants["params"]["is_tenant"] = True  # type: ignore[index]
    with serve(foreign(payloads, schema={"group": tenants})) as server:
        corpus = lab_of(tmp_path, own(server.url, tenant="acme")).collections.open("mine")
        assert [d.id for d in corpus.documents] == ["1", "3", "5", "7"]
        assert len(corpus.documents) == 4
        assert "3" in corpus.by_id
        assert "2" not in corpus.by_id
        assert {d.id for d in corpus.sample(9)} == {"1", "3", "5", "7"}


def test_terms_and_weights_are_those_of_the_tokenizer(tmp_path: Path) -> None:
    texts = ("red fox red fox fence", "a long line of words that are different", "green hats")
    with serve(foreign(payloads_of(texts), sparse="words")) as server:
        checks = checks_of(tmp_path, server, sparse="words")
        assert checks["terms"].came == "100% of their terms are in the texts"
        assert (checks["mean length"].came, checks["mean length"].remedy) == ("about 256 words", "")
        checks = checks_of(tmp_path, server, sparse="words", mean_length=100)
        assert checks["mean length"].expected == "100"
        assert checks["mean length"].remedy.startswith("It is in the documents' weights already")
    collection = foreign(payloads_of(texts), sparse="words")
    collection.sparse["words"] = Postings([([1, 2], [1.0, 2.0])] * 3)
    with serve(collection) as server:
        terms = checks_of(tmp_path, server, sparse="words")["terms"]
        assert terms.came == "0% of their terms are in the texts"
        assert terms.remedy.startswith("BM25 may find little")
