"""Filters in the engine: the candidates of the whole corpus's lists without what does not match."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.corpora import fingerprint
from components.domain import Corpus, Document, Filter, InputError, Matrix, no_progress
from components.retrieval.filtering import payload_keys, payload_of
from components.retrieval.schema import Candidates, VectorQuery
from components.retrieval.store import VectorStore
from tests.support.engines import (
    SCHEMA,
    by_vector,
    by_words,
    embedded,
    points_of,
    positions,
    remote,
    spread,
    unit,
)
from tests.support.servers.qdrant_cluster import Cluster
from tests.support.servers.qdrant_server import QdrantServer

STRICT = {"enabled": True, "unindexed_filtering_retrieve": False}
VALUES = {
    "product": ("desktop", "mobile", "a|b", "n/a", '["desktop", "web"]', " desktop ", "", "Ünï"),
    "year": ("2019", "2020", "2020.0", "2e3", "n/a", "NaN", "", "-1", "9007199254740993", "[1, 5]"),
    "when": (
        *("2024", "2024-05", "2024-05-01", "2024-05-01T01:00:00+05:30", "2024-04-30T19:30:00Z"),
        *("2024-05-31T23:59:59.999999Z", "9999-12-31", "0001-01-01", "n/a", "2024-13"),
    ),
    'odd "name".[0]': ("x", "y", "7", "2024-05-01"),
}
CONDITIONS = (
    *("product=desktop", "product=desktop|mobile", 'product="a|b"', "product=n/a", "product=none"),
    *("product=Ünï|web", "year=2020", "year=2020|n/a", "year>=2019", "year<2020", "year>2019"),
    *("year<=5", "year=9007199254740993", "when=2024-05", "when>=2024-05", "when<2024-05-01"),
    *("when>2024-05", "when<=2024-05", "when>=2024", "when=2024", "when<=9999-12-31"),
    *("when>9999-12-31", "when=2024-04-30T19:30", '"odd \\"name\\".[0]"=x|7'),
)
WORDS = ("red", "blue", "fox", "hat")


@pytest.fixture(scope="module")
def server() -> Iterator[QdrantServer]:
    with QdrantServer(Cluster(peers=3, strict=STRICT)) as server:
        yield server


def corpus_with(rows: Sequence[Mapping[str, str]], texts: Sequence[str]) -> Corpus:
    documents = tuple(
        Document(f"d{i}", "", text, row)
        for i, (row, text) in enumerate(zip(rows, texts, strict=True))
    )
    return Corpus("made", documents, fingerprint=fingerprint(documents))


def ranked(corpus: Corpus, filter: Filter, scores: Sequence[float]) -> list[int]:
    """Return the matching documents above 0 by score, ties by a hash of the id."""
    hashes = [hashlib.sha256(d.id.encode()).hexdigest() for d in corpus.documents]
    order = sorted(range(len(scores)), key=lambda i: (-round(scores[i], 9), hashes[i]))
    return [i for i in order if filter.matches(corpus.documents[i])]


def expected(
    corpus: Corpus, filter: Filter, queries: Sequence[VectorQuery], rows: Matrix, limit: int
) -> list[int]:
    """Rank the whole corpus in each leg, leave out what does not match, cut, then fuse."""
    vectors = points_of(corpus, rows)
    legs = []
    for query in queries:
        if query.using == "dense":
            exact = [
                float(row @ np.asarray(query.vector, np.float64)) for row in rows.astype(float)
            ]
            legs.append(ranked(corpus, filter, exact)[:limit])
        else:
            assert vectors.sparse is not None
            weights = np.zeros(vectors.sparse.shape[1])
            weights[list(query.vector.indices)] = query.vector.values  # type: ignore[union-attr]
            sums = vectors.sparse.astype(np.float64) @ weights
            legs.append([i for i in ranked(corpus, filter, sums) if sums[i] > 0][:limit])
    if len(legs) == 1:
        return legs[0]
    fused: dict[int, float] = {}
    for leg in legs:
        for rank, i in enumerate(leg, start=1):
            fused[i] = fused.get(i, 0.0) + 1 / (60 + rank)
    hashes = {i: hashlib.sha256(corpus.documents[i].id.encode()).hexdigest() for i in fused}
    return sorted(fused, key=lambda i: (-fused[i], hashes[i]))[:limit]


def searched(
    store: VectorStore, corpus: Corpus, queries: Sequence[VectorQuery], rows: Matrix, limit: int,
    filter: Filter,
) -> Candidates:  # fmt: skip
    vectors = points_of(corpus, rows)
    return store.search(
        corpus, SCHEMA, queries, limit, vectors, fused=len(queries) > 1, filter=filter
    )


def test_every_condition_finds_what_it_means(server: QdrantServer, tmp_path: Path) -> None:
    n = max(map(len, VALUES.values()))
    meta = [
        {f: v[i % len(v)] for f, v in VALUES.items() if (i * 7 + len(f)) % 9} for i in range(4 * n)
    ]
    corpus = corpus_with(meta, [f"{WORDS[i % 4]} {WORDS[i % 3]}" for i in range(4 * n)])
    rows, asked = spread(4 * n, 5), (*by_vector(unit(1, 2, 3)), *by_words(corpus, "red fox"))
    for store in (embedded(tmp_path), remote(server.url, shards=3)):
        store.build(corpus, SCHEMA, points_of(corpus, rows), no_progress)
        for condition in CONDITIONS:
            filter = Filter.parse([condition])
            matching = sum(filter.matches(document) for document in corpus.documents)
            assert (condition, store.count(corpus, SCHEMA, filter)) == (condition, matching)
            answer = searched(store, corpus, asked, rows, 9, filter)
            assert positions(answer) == expected(corpus, filter, asked, rows, 9)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_candidates_are_those_of_the_whole_corpus_that_match(
    data: st.DataObject, server: QdrantServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    row = st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
    )
    meta = data.draw(st.lists(row, min_size=2, max_size=25))
    texts = data.draw(
        st.lists(
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
            min_size=len(meta), max_size=len(meta),
        )
    )  # fmt: skip
    corpus = corpus_with(meta, texts)
    rows = spread(5, 7)[np.arange(len(meta)) % 5]  # duplicates: ties at every cut
    names = {field.name for field in corpus.fields.indexed}
    queries = {
        "dense": by_vector(unit(1, 2, 3)),
        "sparse": by_words(corpus, "red fox"),
    }
    queries["hybrid"] = (*queries["dense"], *queries["sparse"])
    folder = tmp_path_factory.mktemp("edge")
    stores = [embedded(folder), remote(server.url, shards=3)]
    for store in stores:
        store.build(corpus, SCHEMA, points_of(corpus, rows), no_progress)
    for _ in range(6):
        texts = data.draw(st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=2))
        filter, limit = Filter.parse(texts), data.draw(st.integers(1, 12))
        if not {c.field for c in filter.conditions} <= names:
            continue
        try:
            corpus.fields.check(filter)
        except InputError:
            continue
        n = sum(filter.matches(document) for document in corpus.documents)
        for store in stores:
            assert store.count(corpus, SCHEMA, filter) == n
            for asked in queries.values():
                answer = searched(store, corpus, asked, rows, limit, filter)
                wanted = expected(corpus, filter, asked, rows, limit) if asked else []
                assert positions(answer) == wanted


def test_each_kind_of_value_is_indexed_under_a_key_of_its_own(server: QdrantServer) -> None:
    corpus = corpus_with(
        [
            {"product": "desktop", "year": "2020", 'odd "name"': "x", "url": "u" * 201},
            {"product": '["mobile", 3]', "year": "n/a", "when": "2024-05"},
        ],
        ("red fox", "blue hat"),
    )
    keys = {
        **{"text_product": "text", "number_product": "number", "text_year": "text"},
        **{"number_year": "number", "text2": "text", "date_when": "date"},
    }
    assert payload_keys(corpus.fields) == keys
    assert [payload_of(document, corpus.fields) for document in corpus.documents] == [
        {"text_product": ["desktop"], "number_year": [2020.0], "text2": ["x"]},
        {
            **{"text_product": ["mobile"], "number_product": [3.0], "text_year": ["n/a"]},
            "date_when": ["2024-05-01T00:00:00.000000Z"],
        },
    ]
    store = remote(server.url)
    store.build(corpus, SCHEMA, points_of(corpus, spread(2, 1)), no_progress)
    collection = server.cluster.find(store.alias(corpus, SCHEMA))
    names = {"text": "keyword", "number": "float", "date": "datetime"}
    assert collection.indexed == {"doc_id": "keyword"} | {k: names[v] for k, v in keys.items()}


def test_corpora_that_differ_in_metadata_are_two_collections(tmp_path: Path) -> None:
    texts, rows = ("red fox", "blue hat"), spread(2, 1)
    one, other, plain = (
        corpus_with([{"a": value} if value else {}, {}], texts) for value in ("1", "2", "")
    )
    assert one.fingerprint == other.fingerprint == plain.fingerprint
    store = embedded(tmp_path)
    names = {store.alias(corpus, SCHEMA) for corpus in (one, other, plain)}
    assert len(names) == 3
    store.build(one, SCHEMA, points_of(one, rows), no_progress)
    assert [store.has(corpus, SCHEMA) for corpus in (one, other, plain)] == [True, False, False]
    prose = corpus_with([{"a": "x" * 300}, {}], texts)
    assert store.alias(prose, SCHEMA) == store.alias(plain, SCHEMA)  # nothing of it is indexed


def test_a_filter_that_nothing_meets_finds_nothing(server: QdrantServer, tmp_path: Path) -> None:
    corpus = corpus_with([{"a": "x"}, {"a": "y"}], ("red fox", "blue hat"))
    rows, filter = spread(2, 1), Filter.parse(["a=z"])
    for store in (embedded(tmp_path), remote(server.url)):
        store.build(corpus, SCHEMA, points_of(corpus, rows), no_progress)
        for asked in (by_vector(unit(1, 0, 0)), by_words(corpus, "fox")):
            assert searched(store, corpus, asked, rows, 5, filter) == Candidates()
        assert store.count(corpus, SCHEMA, Filter.parse(["a=7"])) == 0  # no number is indexed


def test_an_index_of_fields_survives_the_building_of_a_graph(tmp_path: Path) -> None:
    from components.retrieval.engine.edge import EdgeEngine

    n = 300
    corpus = corpus_with([{"a": str(i % 10)} for i in range(n)], [f"word{i}" for i in range(n)])
    rows = spread(n, 3)
    store = VectorStore(EdgeEngine(tmp_path, exact_limit=100))
    store.build(corpus, SCHEMA, points_of(corpus, rows), no_progress)
    asked, filter = by_vector(unit(1, 2, 3)), Filter.parse(["a>=3", "a<5"])
    before = searched(store, corpus, asked, rows, 20, filter)
    store.build_graph(corpus, SCHEMA, spread(5, 9), lambda: None)
    assert not store.wants_graph(corpus, SCHEMA)
    assert searched(store, corpus, asked, rows, 20, filter) == before
    assert positions(before) == expected(corpus, filter, asked, rows, 20)
