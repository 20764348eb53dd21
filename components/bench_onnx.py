"""What the benchmark reads out of the model's graph, and the machine's int8 peak.

Needs the package `onnx`, which comes with the extra `bench`; it is imported when it is used.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from components.domain import UnavailableError
from components.lanes import LANES, run_lanes

Array = npt.NDArray[Any]
INSTALL = 'Install the extra: pip install -e ".[bench]"'
PEAK_SHAPES = ((64, 1536, 384), (128, 1024, 1024), (512, 384, 1536), (512, 1536, 384))
"""Sizes (m, k, n) tried for the peak; the model's own products are among them."""
_SAMPLE_SECONDS = 0.15
"""How long one lane multiplies at one size before the time is taken."""


def import_onnx() -> Any:  # noqa: ANN401  (onnx is untyped here)
    """Return the package `onnx`; raise UnavailableError where it is not installed."""
    try:
        import onnx
    except ImportError as exc:
        raise UnavailableError(f"onnx cannot be imported: {exc}.", INSTALL) from exc
    return onnx


# ---------------------------------------------------------------- operations


@dataclass(frozen=True, slots=True)
class Operations:
    """Int8 multiplications and additions of a model: for each token, and once for each pair."""

    per_token: int
    per_pair: int

    def count(self, lengths: Sequence[int]) -> int:
        """Return the operations for pairs of these lengths, in tokens."""
        return self.per_token * sum(lengths) + self.per_pair * len(lengths)


def operations(graph: Any) -> Operations:  # noqa: ANN401
    """Return 2 · k · n of every MatMulInteger's weight of shape (k, n).

    Products after the pooler's Gather along the token axis see one row instead of one a token.
    """
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    pooled: set[str] = set()
    per_token = per_pair = 0
    for node in graph.node:
        axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
        pools = node.op_type == "Gather" and axis == 1 and node.input[0] not in shapes
        if pools or not pooled.isdisjoint(node.input):
            pooled.update(node.output)
        if node.op_type == "MatMulInteger":
            cost = 2 * math.prod(shapes[node.input[1]])
            if node.output[0] in pooled:
                per_pair += cost
            else:
                per_token += cost
    return Operations(per_token, per_pair)


# ---------------------------------------------------------------- weights


def dequantised(graph: Any) -> dict[str, Array]:  # noqa: ANN401
    """Return the graph's weights in fp32 under the names of a BertForSequenceClassification.

    A MatMulInteger's node is named after its layer and holds the weight transposed; embeddings,
    biases and LayerNorm parameters are initializers under their own names.
    """
    to_array = import_onnx().numpy_helper.to_array
    held = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    weights = {
        name: value
        for name, value in held.items()
        if name.startswith(("bert.", "classifier.")) and name.endswith((".bias", "Norm.weight"))
    }
    for name in held:
        if name.startswith("bert.embeddings.") and name.endswith("_quantized"):
            weights[name.removesuffix("_quantized")] = _dequantise(held, name)
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            layer = node.name.strip("/").rpartition("/")[0].replace("/", ".")
            weights[f"{layer}.weight"] = _dequantise(held, node.input[1]).T
    return weights


def _dequantise(held: dict[str, Array], name: str) -> Array:
    """Return (q - zero point) · scale of one quantised tensor, in fp32."""
    stem = name.removesuffix("_quantized")
    centred = held[name].astype(np.int32) - held[f"{stem}_zero_point"].astype(np.int32)
    return centred.astype(np.float32) * held[f"{stem}_scale"]


# ---------------------------------------------------------------- the machine's peak


class Int8Peak:
    """The best int8 matrix products per second of this machine, worked as the lanes work.

    One single-threaded session for each size, run on all lanes at once; u8 activations, s8
    weights, as in the model.
    """

    def __init__(self, shapes: Sequence[tuple[int, int, int]] = PEAK_SHAPES) -> None:
        self._sessions = [(shape, *_product(*shape)) for shape in shapes]
        self.gops = 0.0
        self.shape = shapes[0]

    def sample(self) -> None:
        """Measure every size once and keep the best so far."""
        for shape, session, activations in self._sessions:
            gops = _lanes_rate(session, activations) * 2 * math.prod(shape) / 1e9
            if gops > self.gops:
                self.gops, self.shape = gops, shape


def _lanes_rate(session: onnxruntime.InferenceSession, activations: Array) -> float:
    """Return the runs per second of all lanes together."""

    def work(_: int) -> float:
        runs, begun = 0, time.perf_counter()
        while (spent := time.perf_counter() - begun) < _SAMPLE_SECONDS:
            session.run(None, {"a": activations})
            runs += 1
        return runs / spent

    return sum(run_lanes(work, range(LANES)))


def _product(m: int, k: int, n: int) -> tuple[onnxruntime.InferenceSession, Array]:
    """Return a session that multiplies (m, k) by (k, n), and activations for it."""
    onnx = import_onnx()
    random = np.random.default_rng(0)
    weights = random.integers(-127, 128, (k, n), dtype=np.int8)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMulInteger", ["a", "w"], ["y"])],
        "peak",
        [onnx.helper.make_tensor_value_info("a", onnx.TensorProto.UINT8, [m, k])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.INT32, [m, n])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    opset = onnx.helper.make_opsetid("", 14)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session, random.integers(0, 256, (m, k), dtype=np.uint8)
