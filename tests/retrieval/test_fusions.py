"""hybrid:A+B: which pairs there are, and weighted reciprocal rank fusion by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.domain import InputError
from components.lab import Lab, catalog
from tests.support.asking import asked, retrieve
from tests.support.own_encoders import lab_with, numbered, stage_of, table
from tests.support.servers.provider_server import Provider, serve

KEY = "hybrid:encoder:d+encoder:s"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


def lab_of(provider: Provider, folder: Path, *tables: str) -> Lab:
    return lab_with(
        folder,
        *tables,
        table("d", url=provider.url, shape="tei"),
        table("s", url=provider.url, shape="tei", kind="sparse"),
    )


def ranks(lab: Lab, key: str, query: str, k: int) -> dict[str, int]:
    ranking = retrieve(lab, numbered(12), asked(query, key, (), k))
    return {hit.document.id: hit.rank for hit in ranking.hits}


@pytest.mark.parametrize(("dense", "sparse"), [(1.0, 1.0), (3.0, 0.5)])
@pytest.mark.parametrize("other", ["encoder:s", "bm25"])
def test_ranks_are_fused_by_their_weights(
    provider: Provider, tmp_path: Path, dense: float, sparse: float, other: str
) -> None:
    lab = lab_of(provider, tmp_path, f"[hybrid]\ndense = {dense}\nsparse = {sparse}\n")
    query, key = "w3x0 w3x1 w5x2 w7x1", f"hybrid:encoder:d+{other}"
    first, second = (ranks(lab, stage, query, 12) for stage in ("encoder:d", other))
    ranking = retrieve(lab, numbered(12), asked(query, key, (), 12))
    expected = {
        document: dense / (60 + rank)
        + (sparse / (60 + second[document]) if document in second else 0.0)
        for document, rank in first.items()
    }
    assert {hit.document.id: hit.score for hit in ranking.hits} == pytest.approx(expected)
    assert [hit.score for hit in ranking.hits] == sorted(expected.values(), reverse=True)


def test_bm25_is_searched_in_the_collection_of_the_dense_stage(
    provider: Provider, tmp_path: Path
) -> None:
    lab = lab_of(provider, tmp_path)
    retrieve(lab, numbered(12), asked("w3x0", "hybrid:encoder:d+bm25", (), 3))
    assert len(lab.store.status()) == 1
    retrieve(lab, numbered(12), asked("w3x0", KEY, (), 3))
    assert len(lab.store.status()) == 2


def test_those_of_configured_encoders_are_in_the_catalog(
    provider: Provider, tmp_path: Path
) -> None:
    lab = lab_of(provider, tmp_path)
    keys = [key for key in catalog.first_stages(lab.settings) if key.startswith("hybrid")]
    assert keys == ["hybrid", "hybrid:bge-small+encoder:s", "hybrid:encoder:d+bm25"]
    assert stage_of(lab, KEY).spec.summary == "d and s, joined by reciprocal rank fusion."
    assert stage_of(lab, "hybrid:minilm-l6+bm25").key == "hybrid:minilm-l6+bm25"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("hybrid:bm25+bm25", "bm25 is no dense first stage."),
        ("hybrid:bm25+bge-small", "bm25 is no dense first stage."),
        ("hybrid:bge-small+minilm-l6", "minilm-l6 is no sparse first stage."),
        ("hybrid:hybrid+bm25", "hybrid is no dense first stage."),
        ("hybrid:hybrid:encoder:d+bm25", "hybrid:encoder:d does not"),
        ("hybrid:bge-small", "does not name two first stages."),
        ("hybrid:a+b+c", "does not name two first stages."),
        ("hybrid:nobody+bm25", "There is no first stage 'nobody'."),
        ("hybrid:", "does not name two first stages."),
    ],
)
def test_pairs_that_are_none_are_refused(
    provider: Provider, tmp_path: Path, key: str, said: str
) -> None:
    lab = lab_of(provider, tmp_path)
    with pytest.raises(InputError) as caught:
        stage_of(lab, key)
    assert said in caught.value.reason or "There is no first stage" in caught.value.reason
