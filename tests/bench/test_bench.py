"""The benchmark's pure parts: lengths, counts, ratios and what is skipped; never a duration."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from components.bench.peers import (
    Peer,
    ScoreTexts,
    Values,
    dequantised,
)
from components.bench.result import (
    Times,
)
from components.bench.rounds import compare_with_lab, spearman, take_turns
from components.bench.timings import (
    Int8Peak,
    Operations,
    Workload,
    largest_difference,
    made_up_passages,
    make_workload,
    operations,
    sample_passages,
    time_first_stage,
)
from components.domain import no_progress
from components.rerankers.cross_encoder import OnnxCrossEncoder
from tests.support.given_pairs import QUERY, TEXTS

# ---------------------------------------------------------------- pairs


@pytest.mark.parametrize("passages", [sample_passages(), made_up_passages(), ("One passage.",)])
def test_skewed_has_a_median_of_90_and_one_in_ten_at_512(passages: tuple[str, ...]) -> None:
    lengths = make_workload("skewed", passages).lengths
    assert (len(lengths), statistics.median(lengths), lengths.count(512)) == (100, 90, 10)
    assert (min(lengths), sorted(lengths)[89], sum(lengths)) == (24, 299, 13_667)


@pytest.mark.models
def test_even_goes_from_80_to_512_in_equal_steps(model: OnnxCrossEncoder) -> None:
    work = make_workload("even", sample_passages())
    assert sorted(work.lengths) == [round(80 + 432 * i / 99) for i in range(100)]
    assert list(work.lengths) != sorted(work.lengths)
    read = model.model.tokenizer.encode_batch([(work.query, text) for text in work.texts])
    assert tuple(len(pair.ids) for pair in read) == work.lengths
    assert not any(pair.overflowing for pair in read)


def test_a_workload_is_the_same_every_time() -> None:
    assert make_workload("skewed", sample_passages()) == make_workload("skewed", sample_passages())
    assert made_up_passages() == made_up_passages()


# ---------------------------------------------------------------- graphs


def tiny_graph() -> Any:  # noqa: ANN401  (onnx is untyped here)
    """Two layers over all tokens, the pooler's Gather, and a classifier over one row."""
    onnx = pytest.importorskip("onnx")
    node, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    weight = np.array([[1, 2, 3], [4, 5, 6]], np.int8)
    values = {
        "w1_quantized": weight,
        "w1_scale": np.float32(0.5),
        "w1_zero_point": np.int8(1),
        "w2_quantized": np.zeros((3, 2), np.int8),
        "w2_scale": np.float32(1),
        "w2_zero_point": np.int8(0),
        "classifier.weight_quantized": np.ones((2, 1), np.int8),
        "classifier.weight_scale": np.float32(2),
        "classifier.weight_zero_point": np.int8(0),
        "classifier.bias": np.array([0.25], np.float32),
        "bert.embeddings.word_embeddings.weight_quantized": np.array([[0, 130]], np.uint8),
        "bert.embeddings.word_embeddings.weight_scale": np.float32(0.1),
        "bert.embeddings.word_embeddings.weight_zero_point": np.uint8(128),
        "first": np.int64(0),
    }
    nodes = [
        node("Gather", ["bert.embeddings.word_embeddings.weight_quantized", "ids"], ["e"], axis=0),
        node("MatMulInteger", ["e", "w1_quantized"], ["a"], name="/bert/layer.0/query/MatMul_q"),
        node("MatMulInteger", ["a", "w2_quantized"], ["b"], name="/bert/layer.0/out/MatMul_q"),
        node("Gather", ["b", "first"], ["c"], axis=1),
        node("DynamicQuantizeLinear", ["c"], ["d", "d_scale", "d_zero"]),
        node(
            "MatMulInteger",
            ["d", "classifier.weight_quantized"],
            ["logit"],
            name="/classifier/Gemm_MatMul_q",
        ),
    ]
    tensors = [array(np.asarray(value), name) for name, value in values.items()]
    return onnx.helper.make_graph(nodes, "tiny", [], [], tensors)


def test_operations_are_counted_by_weight_shape_and_tokens() -> None:
    counted = operations(tiny_graph())
    assert counted == Operations(per_token=2 * 2 * 3 + 2 * 3 * 2, per_pair=2 * 2 * 1)
    assert counted.count([10, 5]) == 24 * 15 + 4 * 2


@pytest.mark.models
def test_the_models_operations_are_those_of_twelve_layers(model: OnnxCrossEncoder) -> None:
    onnx = pytest.importorskip("onnx")
    from components.rerankers.cross_encoder import MODEL

    layer = 2 * (4 * 384 * 384 + 2 * 384 * 1536)
    counted = operations(onnx.load(str(MODEL.locate())).graph)
    assert counted == Operations(12 * layer, 2 * (384 * 384 + 384))


def test_weights_are_dequantised_under_their_layers_names() -> None:
    weights = dequantised(tiny_graph())
    assert set(weights) == {
        "bert.layer.0.query.weight",
        "bert.layer.0.out.weight",
        "classifier.weight",
        "classifier.bias",
        "bert.embeddings.word_embeddings.weight",
    }
    assert weights["bert.layer.0.query.weight"].tolist() == [[0.0, 1.5], [0.5, 2.0], [1.0, 2.5]]
    assert weights["classifier.weight"].tolist() == [[2.0, 2.0]]
    assert weights["bert.embeddings.word_embeddings.weight"] == pytest.approx(
        np.array([[-12.8, 0.2]])
    )


def test_the_peak_keeps_the_best_sample() -> None:
    pytest.importorskip("onnx")
    peak = Int8Peak([(8, 16, 8), (16, 32, 16)])
    peak.sample()
    first = peak.gops
    peak.sample()
    assert peak.gops >= first > 0


# ---------------------------------------------------------------- turns and ratios


def work_of(*texts: str) -> Workload:
    return Workload("skewed", QUERY, texts, tuple(len(text.split()) for text in texts))


def test_systems_take_turns_after_one_warm_up_and_each_begins_a_round() -> None:
    turns: list[str] = []
    steps: list[tuple[int, int]] = []

    def system(name: str, value: float) -> ScoreTexts:
        def score(query: str, texts: Sequence[str]) -> Values:
            turns.append(name)
            return np.full(len(texts), value)

        return score

    times, scores = take_turns(
        work_of("a", "b"),
        {"lanes": system("lanes", 1.0), "peer": system("peer", 2.0)},
        repeats=2,
        progress=lambda done, total: steps.append((done, total)),
        between=lambda: turns.append("-"),
    )
    assert turns == ["lanes", "-", "peer", "peer", "-", "lanes", "lanes", "-", "peer"]
    assert {name: len(spent.seconds) for name, spent in times.items()} == {"lanes": 2, "peer": 2}
    assert scores["peer"].tolist() == [2.0, 2.0]
    assert steps == [(i, 6) for i in range(7)]


def test_ratio_is_median_over_median_and_scores_are_compared_by_rank() -> None:
    peer = Peer("fastembed", "fastembed", "1.0", lambda query, texts: np.zeros(len(texts)))
    times = {"lanes": Times((2.0, 1.0, 9.0)), "fastembed": Times((5.0, 30.0, 4.0))}
    scores = {"lanes": np.array([1.0, 2.0, 3.0]), "fastembed": np.array([0.3, 0.2, 0.9])}
    result = compare_with_lab(peer, "skewed", times, scores)
    assert (result.ratio, result.target, result.times.best) == (2.5, 2.5, 4.0)
    assert result.spearman == pytest.approx(0.5)
    assert result.same_best


def test_spearman_gives_ties_their_mean_rank() -> None:
    first, second = np.array([1.0, 2.0, 2.0, 9.0]), np.array([10.0, 20.0, 30.0, 40.0])
    assert spearman(first, first * -1) == pytest.approx(-1.0)
    assert spearman(first, second) == pytest.approx(4.5 / math.sqrt(4.5 * 5))


# ---------------------------------------------------------------- invariance and first stage


@pytest.mark.models
def test_a_score_does_not_depend_on_the_other_pairs(model: OnnxCrossEncoder) -> None:
    assert largest_difference(model, work_of(*TEXTS), no_progress) == 0.0


@pytest.mark.models
def test_the_first_stage_runs_on_few_documents_too() -> None:
    assert time_first_stage(["one two three", "four five"], no_progress, documents=20) > 0
