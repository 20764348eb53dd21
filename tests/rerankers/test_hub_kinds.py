"""Trained late interaction and causal rerankers from folders: tiny models that the tests build."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from components.config import HubModel, ModelSettings, Settings
from components.domain import InputError, Reranker, UnavailableError
from components.lab import catalog
from components.models.devices import BATCH, Device
from components.rerankers import Context
from components.rerankers.hub import HubCrossEncoder
from tests.support.contracts.reranker_contract import (
    QUERY,
    TEXTS,
    VERY_LONG,
    RerankerContract,
    Subject,
)
from tests.support.tiny_models import LENGTH, causal_model, cross_encoder, late_model

pytestmark = pytest.mark.models
BUILD = {"late": late_model, "causal": causal_model}
WORDS = (QUERY, *TEXTS, VERY_LONG)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("kinds")
    return {name: build(base / name, WORDS) for name, build in BUILD.items()}


def settings_of(folder: Path, device: str = "auto") -> Settings:
    return Settings(hub=(HubModel("own", "", folder),), models=ModelSettings(device))


def load(folder: Path) -> Reranker:
    settings = settings_of(folder)
    catalog.check_reranker("own", settings)
    return catalog.load_reranker("own", Context(settings))


class TestKinds(RerankerContract):
    @pytest.fixture(params=list(BUILD))
    def subject(self, request: pytest.FixtureRequest, folders: dict[str, Path]) -> Subject:
        spec = catalog.reranker_spec("own", settings_of(folders[request.param]))
        return Subject(spec, load(folders[request.param]))


def test_the_catalog_says_what_each_is_and_runs_on(folders: dict[str, Path]) -> None:
    late, causal = (
        catalog.reranker_spec("own", settings_of(folders[kind])) for kind in ("late", "causal")
    )
    assert (late.family, late.scale) == ("late interaction", "MaxSim")
    assert (causal.family, causal.scale) == ("cross-encoder", "logit")
    assert "the logit of one token is its score" in causal.summary
    assert late.device == causal.device == "CPU, float32"
    assert "never trained" not in late.caution
    assert "not for late interaction" in catalog.reranker_spec("late-bge", Settings()).caution


def test_late_interaction_is_the_sum_of_the_best_similarities(folders: dict[str, Path]) -> None:
    from sentence_transformers import MultiVectorEncoder

    model = MultiVectorEncoder(str(folders["late"]), device="cpu", local_files_only=True)
    query = model.encode_query([QUERY])[0].numpy()
    expected = [
        float((query @ model.encode_document([text])[0].numpy().T).max(axis=1).sum())
        for text in TEXTS
    ]
    np.testing.assert_allclose(
        load(folders["late"]).score(QUERY, TEXTS).values, expected, atol=1e-4
    )


def test_a_causal_score_is_the_logit_of_yes_less_that_of_no(folders: dict[str, Path]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folders["causal"])
    network = AutoModelForCausalLM.from_pretrained(folders["causal"])
    yes, no = tokenizer.convert_tokens_to_ids(["yes", "no"])
    expected = []
    for text in TEXTS:
        ids = tokenizer(
            f"query: {QUERY} passage: {text} relevant:", add_special_tokens=False,
            return_tensors="pt",
        ).input_ids  # fmt: skip
        with torch.inference_mode():
            logits = network(ids).logits[0, -1]
        expected.append(float(logits[yes] - logits[no]))
    values = load(folders["causal"]).score(QUERY, TEXTS).values
    np.testing.assert_allclose(values, expected, atol=1e-4)


@pytest.mark.parametrize("kind", list(BUILD))
def test_a_document_is_cut_and_a_query_never(folders: dict[str, Path], kind: str) -> None:
    reranker = load(folders[kind])
    scores = reranker.score("reset", [VERY_LONG, "reset"])
    assert scores.tokens_cut[0] > 0 == scores.tokens_cut[1]
    assert scores.tokens_read[0] <= LENGTH
    with pytest.raises(InputError, match=r"The query has \d+ tokens; own reads at most"):
        reranker.score("reset " * LENGTH, ["reset"])


@pytest.mark.parametrize("kind", [*BUILD, "cross"])
def test_an_accelerator_takes_several_at_once_and_scores_them_alike(
    folders: dict[str, Path], tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CPU stands in for an accelerator: what is said to it is a batch of like lengths."""
    folder = folders.get(kind) or cross_encoder(tmp_path, WORDS)
    alone = load(folder) if kind != "cross" else HubCrossEncoder(folder, 64, "own", Device())
    texts = [" ".join(text.split()[: 3 + i % 9]) for i in range(12) for text in TEXTS]
    expected = alone.score(QUERY, texts)
    monkeypatch.setattr(Device, "batch", property(lambda self: BATCH))
    steps: list[int] = []
    together = alone.score(QUERY, texts, lambda done, total, scored=(): steps.append(done))
    assert steps == [32, 60]
    np.testing.assert_allclose(together.values, expected.values, atol=1e-4)
    assert together.tokens_read == expected.tokens_read


def test_the_device_is_in_the_key_of_scores(folders: dict[str, Path]) -> None:
    hub = (HubModel("own", "", folders["late"]),)
    keys = {
        catalog.identity("own", Settings(hub=hub, models=ModelSettings("cpu", precision)))
        for precision in ("float32", "bfloat16")
    }
    assert len(keys) == 2


def test_a_device_that_is_not_there_is_said(folders: dict[str, Path]) -> None:
    with pytest.raises(UnavailableError, match=r"\[models\] device is 'mps'"):
        catalog.check_reranker("own", settings_of(folders["late"], "mps"))
