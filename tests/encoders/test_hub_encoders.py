"""Encoders from folders, through sentence-transformers: tiny models that the tests build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.domain import Corpus, Encoder, InputError, UnavailableError
from components.encoders import ENCODERS
from components.lab import Lab, catalog
from tests.support.asking import asked, retrieve
from tests.support.commands import Command
from tests.support.contracts.encoder_contract import EncoderContract, EncoderSubject
from tests.support.contracts.reranker_contract import TEXTS, VERY_LONG
from tests.support.own_encoders import lab_with, stage_of, table
from tests.support.tiny_models import (
    DIMENSION,
    LENGTH,
    cross_encoder,
    dense_model,
    sparse_model,
)

pytestmark = pytest.mark.models
WORDS = (*TEXTS, VERY_LONG)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def dense(folder: Path) -> Path:
    return dense_model(folder / "dense", WORDS)


@pytest.fixture(scope="module")
def sparse(folder: Path) -> Path:
    return sparse_model(folder / "sparse", WORDS)


@pytest.fixture
def lab_for(tmp_path: Path) -> Callable[..., Lab]:
    def lab(**fields: object) -> Lab:
        named = {key: str(v) if isinstance(v, Path) else v for key, v in fields.items()}
        return lab_with(tmp_path, table("e", **named))

    return lab


def encoder_of(lab: Lab) -> Any:  # noqa: ANN401
    entry = stage_of(lab, "encoder:e").encoder
    assert entry is not None
    return lab.encoder(entry)[0]


class TestHub(EncoderContract):
    @pytest.fixture(params=["dense", "short", "sparse"])
    def subject(
        self, request: pytest.FixtureRequest, lab_for: Callable[..., Lab], dense: Path, sparse: Path
    ) -> EncoderSubject:
        if request.param == "sparse":
            return EncoderSubject(encoder_of(lab_for(path=sparse, kind="sparse")), sparse=True)
        more = {"dimensions": 4} if request.param == "short" else {}
        return EncoderSubject(encoder_of(lab_for(path=dense, **more)))


class TestBundled(EncoderContract):
    @pytest.fixture(params=list(ENCODERS))
    def subject(self, request: pytest.FixtureRequest) -> EncoderSubject:
        return EncoderSubject(catalog.load_encoder(ENCODERS[request.param])[0])


def test_its_own_prompts_go_before_queries_and_documents(
    lab_for: Callable[..., Lab], dense: Path
) -> None:
    own: Encoder = encoder_of(lab_for(path=dense))
    text = TEXTS[3]
    with_prompts = own.encode_query(text), own.encode_documents([text])[0]
    without: Encoder = encoder_of(lab_for(path=dense, query_prefix="", document_prefix=""))
    expected = (
        without.encode_query(f"query: {text}"),
        without.encode_documents([f"passage: {text}"])[0],
    )
    np.testing.assert_allclose(with_prompts, expected, atol=1e-6)
    assert not np.allclose(own.encode_query(text), without.encode_query(text), atol=1e-3)
    swapped: Encoder = encoder_of(lab_for(path=dense, query_prefix="passage: "))
    np.testing.assert_allclose(swapped.encode_query(text), with_prompts[1], atol=1e-6)


def test_vectors_are_cut_and_brought_to_unit_length_again(
    lab_for: Callable[..., Lab], dense: Path
) -> None:
    whole = encoder_of(lab_for(path=dense)).encode_documents(TEXTS)
    short = encoder_of(lab_for(path=dense, dimensions=4))
    assert (whole.shape[1], short.dimension) == (DIMENSION, 4)
    cut = whole[:, :4] / np.linalg.norm(whole[:, :4], axis=1, keepdims=True)
    np.testing.assert_allclose(short.encode_documents(TEXTS), cut, atol=1e-6)


def test_a_query_is_never_cut_and_a_document_is(lab_for: Callable[..., Lab], dense: Path) -> None:
    encoder: Encoder = encoder_of(lab_for(path=dense, max_tokens=16))
    words = ["reset"] * 20
    fits = " ".join(words[:13])  # [CLS] query: … [SEP]
    assert encoder.encode_query(fits).shape == (DIMENSION,)
    with pytest.raises(InputError, match="The query has 17 tokens; e reads at most 16"):
        encoder.encode_query(" ".join(words[:14]))
    cut, longer = encoder.encode_documents([fits, " ".join(words)])
    np.testing.assert_allclose(cut, longer, atol=1e-6)
    assert LENGTH > 16


def test_it_works_by_configuration_alone(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, exceptions: Corpus,
    folder: Path,
) -> None:  # fmt: skip
    passages = [document.passage for document in exceptions.documents]
    tables = (
        table("own", path=str(dense_model(folder / "by-hand", passages))),
        table(
            "learned", path=str(sparse_model(folder / "by-hand-sparse", passages)), kind="sparse"
        ),
    )
    lab = lab_with(tmp_path, *tables)
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(tmp_path / "encoders.toml"))
    query = " ".join(passages[2].split()[:20])
    for key in ("encoder:own", "encoder:learned", "hybrid:encoder:own+encoder:learned"):
        command("index", "--corpus", "exceptions", "--first-stage", key, "--no-tokens")
        ranking = retrieve(lab, exceptions, asked(query, key, ()))
        found = command("search", query, "--corpus", "exceptions", "--first-stage", key)
        hits = [hit["id"] for hit in found["first_stage"]["hits"]]
        assert hits == [hit.document.id for hit in ranking.hits][: len(hits)]
    entry = stage_of(lab, "encoder:own").encoder
    assert entry is not None
    encoder = lab.encoder(entry)[0]
    cosines = encoder.encode_documents(passages) @ encoder.encode_query(query)
    ranking = retrieve(lab, exceptions, asked(query, "encoder:own", (), 3))
    best = [exceptions.documents[i].id for i in np.argsort(-cosines)[:3]]
    assert [hit.document.id for hit in ranking.hits] == best


# ---------------------------------------------------------------- what is no encoder


def reason(lab: Lab) -> tuple[str, str]:
    with pytest.raises(UnavailableError) as caught:
        stage_of(lab, "encoder:e").check(lab.settings)
    entry = next(e for e in catalog.entries(lab.settings) if e.spec.key == "encoder:e")
    assert not entry.available
    return caught.value.reason, caught.value.remedy


def test_a_cross_encoder_is_refused_by_name(lab_for: Callable[..., Lab], folder: Path) -> None:
    path = cross_encoder(folder / "cross", WORDS)
    said, remedy = reason(lab_for(path=path))
    assert said == (
        f"{path} is a cross-encoder (BertForSequenceClassification): it scores pairs and has no "
        "vectors for texts."
    )
    assert "[[hub]]" in remedy


def test_a_folder_without_a_model_and_a_model_that_is_not_here_are_refused(
    lab_for: Callable[..., Lab], tmp_path: Path
) -> None:
    assert "has no config.json" in reason(lab_for(path=tmp_path))[0]
    assert reason(lab_for(id="nobody/no-model"))[0] == (
        "nobody/no-model is not on this machine and no model hub answers."
    )


def test_prompts_of_other_names_must_be_chosen(lab_for: Callable[..., Lab], folder: Path) -> None:
    path = dense_model(folder / "prompts", WORDS, {"s2p": "ask: "})
    said, remedy = reason(lab_for(path=path))
    assert "has prompts (s2p), and none of them is named query" in said
    assert "query_prefix" in remedy
    lab = lab_for(path=path, query_prefix="ask: ")
    stage_of(lab, "encoder:e").check(lab.settings)


def test_a_model_without_prompts_carries_a_caution(
    lab_for: Callable[..., Lab], folder: Path, dense: Path
) -> None:
    bare = lab_for(path=dense_model(folder / "bare", WORDS, {}))
    assert "names no prompts of its own" in stage_of(bare, "encoder:e").spec.caution
    assert stage_of(lab_for(path=dense), "encoder:e").spec.caution == ""
    told = lab_for(path=folder / "bare" / "model", query_prefix="")
    assert stage_of(told, "encoder:e").spec.caution == ""


def test_more_dimensions_than_there_are_are_refused(
    lab_for: Callable[..., Lab], dense: Path, exceptions: Corpus
) -> None:
    lab = lab_for(path=dense, dimensions=DIMENSION + 1)
    with pytest.raises(UnavailableError, match="gives vectors of 16 numbers, not of 17"):
        lab.index(exceptions, "encoder:e")
    assert not lab.store.status()


def test_a_model_that_returns_nan_is_refused_and_nothing_is_indexed(
    lab_for: Callable[..., Lab], folder: Path, exceptions: Corpus
) -> None:
    from safetensors.torch import load_file, save_file

    path = dense_model(folder / "broken", WORDS)
    [weights] = path.rglob("*.safetensors")
    tensors = load_file(weights)
    save_file({name: tensor * float("nan") for name, tensor in tensors.items()}, weights)
    lab = lab_for(path=path)
    with pytest.raises(UnavailableError, match="returned no finite numbers for each of 1 text"):
        lab.index(exceptions, "encoder:e")
    assert not lab.store.status()


def test_what_shapes_a_vector_is_in_its_revision(
    lab_for: Callable[..., Lab], dense: Path, folder: Path
) -> None:
    changes: tuple[dict[str, object], ...] = (
        {},
        {"dimensions": 8},
        {"max_tokens": 16},
        {"query_prefix": "q"},
        {"document_prefix": "d"},
        {"path": dense_model(folder / "another", WORDS)},
    )
    labs = [lab_for(**({"path": dense} | change)) for change in changes]
    revisions = {stage_of(lab, "encoder:e").spec.revision for lab in labs}
    assert len(revisions) == len(changes)
    assert stage_of(labs[0], "encoder:e").spec.device == "CPU, float32"
