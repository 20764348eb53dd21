"""The contract of encoders behind the network, hosted ones through their own SDKs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from components.lab import Lab
from tests.support.contracts.encoder_contract import EncoderContract, EncoderSubject
from tests.support.own_encoders import lab_with, stage_of, table
from tests.support.servers.embeddings import vector
from tests.support.servers.provider_server import Provider, serve

REMOTE = (
    "encoder:openai",
    "encoder:tei",
    "encoder:sparse",
    "encoder:cut",
    "cohere:embed-v4.0",
    "cohere:embed-english-v3.0",
    "voyage:4-large",
    "voyage:4-large:4-lite",
    "voyage:law-2",
)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def lab(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    tables = (
        table("openai", url=f"{provider.url}/v1", model="m"),
        table("tei", url=provider.url, shape="tei", documents=2),
        table("sparse", url=provider.url, shape="tei", kind="sparse", documents=2),
        table("cut", url=provider.url, shape="tei", dimensions=5),
    )
    return lab_with(tmp_path_factory.mktemp("remote"), *tables, provider=provider)


class TestRemote(EncoderContract):
    @pytest.fixture(params=REMOTE)
    def subject(self, request: pytest.FixtureRequest, lab: Lab) -> EncoderSubject:
        stage = stage_of(lab, request.param)
        assert stage.encoder is not None
        return EncoderSubject(lab.encoder(stage.encoder)[0], stage.encoder.sparse)


@pytest.mark.parametrize(
    ("key", "dimension"),
    [
        ("encoder:openai", 64),
        ("encoder:cut", 5),
        ("cohere:embed-v4.0", 1536),
        ("voyage:4-lite", 1024),
    ],
)
def test_dimensions(lab: Lab, key: str, dimension: int) -> None:
    entry = stage_of(lab, key).encoder
    assert entry is not None
    encoder, _ = lab.encoder(entry)
    assert encoder.encode_documents(["a b", "c"]).shape == (2, dimension)


def test_a_longer_vector_is_cut_and_of_unit_length_again(lab: Lab) -> None:
    entry = stage_of(lab, "encoder:cut").encoder
    assert entry is not None
    rows = lab.encoder(entry)[0].encode_documents(["red boats"])
    whole = np.array(vector("red boats")[:5])
    np.testing.assert_allclose(rows[0], whole / np.linalg.norm(whole), atol=1e-6)
