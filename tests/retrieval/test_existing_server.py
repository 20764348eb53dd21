"""A collection that exists already, on a real server; without one these tests are skipped.

    docker run -d -p 6333:6333 qdrant/qdrant:v1.18.0
    RERANK_LAB_TEST_QDRANT=http://127.0.0.1:6333 pytest tests/retrieval/test_existing_server.py

The key of a server that wants one is in RERANK_LAB_TEST_QDRANT_KEY; it must be able to write, since
the test makes a collection first, as another program would, and removes it at its end. With 100,000
points: `python -m tests.support.existing_scale`, see there.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from components.domain import Corpus
from components.lab import Lab, catalog
from components.retrieval import first_stages
from tests.support.added import FAKES, added
from tests.support.asking import asked, retrieve
from tests.support.collections import ENCODER, lab_of, own, payloads_of, sparse_of, uuids
from tests.support.fakes.first_stages.probe_stage import HashingEncoder
from tests.support.visits import ids

REAL = os.environ.get("RERANK_LAB_TEST_QDRANT", "")
KEY = os.environ.get("RERANK_LAB_TEST_QDRANT_KEY", "")
TEXTS = tuple(f"word{i % 40} word{i * 7 % 90} fence" for i in range(600))
IDS = uuids(len(TEXTS))
pytestmark = pytest.mark.skipif(not REAL, reason="no address in RERANK_LAB_TEST_QDRANT")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Corpus, QdrantClient]]:
    """Make the collection under a name of its own, open it, and remove it at the end."""
    name, client = f"made-elsewhere-{uuid.uuid4().hex[:8]}", QdrantClient(REAL, api_key=KEY or None)
    client.create_collection(
        name,
        vectors_config={"vec": models.VectorParams(size=8, distance=models.Distance.COSINE)},
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )
    rows = HashingEncoder().encode_documents(TEXTS)
    points = [
        models.PointStruct(
            id=IDS[i],
            vector={
                "vec": rows[i].tolist(),
                "words": models.SparseVector(
                    indices=sparse_of(TEXTS[i])[0], values=sparse_of(TEXTS[i])[1]
                ),
            },
            payload=payload,
        )
        for i, payload in enumerate(payloads_of(TEXTS))
    ]
    client.upsert(name, points, wait=True)
    given = own(REAL, collection=name, sparse="words", api_key_env="KEY" if KEY else "")
    folder: Path = tmp_path_factory.mktemp("lab")
    with added(first_stages, FAKES / "first_stages", catalog.offered_first_stages.cache_clear):
        lab = lab_of(folder, given, key=KEY)
        yield lab, lab.collections.open("mine"), client
    client.delete_collection(name)


def test_a_real_server_answers_as_the_stand_in(opened: tuple[Lab, Corpus, QdrantClient]) -> None:
    lab, corpus, client = opened
    name = lab.settings.collections[0].collection
    before = client.get_collection(name)
    query = "word3 word21 fence"
    encoder = HashingEncoder()
    exact = encoder.encode_documents(TEXTS).astype(np.float64) @ encoder.encode_query(query).astype(
        np.float64
    )
    for _ in range(3):
        ranking = retrieve(lab, corpus, asked(query, ENCODER, (), 50))
        scores = [hit.score for hit in ranking.hits]
        assert scores == pytest.approx(sorted(exact, reverse=True)[:50], abs=1e-5)
        for tied in set(scores):
            names = [hit.document.id for hit in ranking.hits if hit.score == tied]
            assert names == sorted(names)
    assert len(ids(retrieve(lab, corpus, asked(query, "hybrid", (), 50)))) == 50
    assert ids(retrieve(lab, corpus, asked("nowhere", "bm25", (), 50))) == []
    assert [d.id for d in corpus.documents] == IDS
    assert corpus.documents[300].text == TEXTS[300]
    assert corpus.present([*IDS[:3], "x"]) == set(IDS[:3])
    assert len({d.id for d in corpus.sample(100)}) == 100
    assert client.get_collection(name).payload_schema == before.payload_schema == {}
    assert client.count(name).count == len(TEXTS)
