"""What the benchmark measures: pairs of given lengths, int8 operations, invariance, first stage.

Reading and building graphs needs the package `onnx`, which comes with the extra `bench`; it is
imported when it is used.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from components.corpora import fingerprint, open_corpus, sample_names
from components.domain import Corpus, Document, Progress, UnavailableError
from components.encoders import BgeEncoder
from components.models.runtime import THREADS, run_parallel
from components.models.tokens import load_tokenizer
from components.rerankers.cross_encoder import MINILM_L12, TOKENIZER, OnnxCrossEncoder
from components.retrieval.engine.edge import EdgeEngine
from components.retrieval.lexical import lexicon
from components.retrieval.schema import DENSE, CollectionSchema, CorpusVectors, VectorQuery
from components.retrieval.store import VectorStore

Array = npt.NDArray[Any]
INSTALL = 'Install the extra: pip install -e ".[bench]"'
PAIRS = 100
DOCUMENTS, SEARCHES, CANDIDATES = 10_000, 30, 100
PEAK_SHAPES = ((512, 384, 1536), (128, 1024, 1024), (64, 3072, 384))
"""Sizes (m, k, n) tried for the peak: the best of a dozen; the first is the model's own."""
_PEAK_SECONDS = 0.15
"""How long a thread multiplies at one size before the time is taken."""
_QUERY = "What happens to messages in my workspace?"
_WORDS = (
    "a team keeps its messages in channels and each member of the workspace reads them there "
    "until somebody removes the channel or the plan no longer keeps what is older than a year"
).split()
"""Where the sample corpus is not installed, passages are made of these words."""


# ---------------------------------------------------------------- pairs


@dataclass(frozen=True, slots=True)
class Workload:
    """One query and its texts; `lengths` are the pairs' tokens, special tokens included."""

    name: str
    query: str
    texts: tuple[str, ...]
    lengths: tuple[int, ...]


def skewed_lengths() -> list[int]:
    """Return lengths as of passages: log-normal around a median of 90, one in ten at 512."""
    middle = statistics.NormalDist(math.log(84), 0.5)
    below = PAIRS - PAIRS // 10
    short = [round(math.exp(middle.inv_cdf((i + 0.5) / below))) for i in range(below)]
    return short + [MINILM_L12.max_tokens] * (PAIRS - below)


def even_lengths() -> list[int]:
    """Return lengths from 80 to 512 in equal steps."""
    step = (MINILM_L12.max_tokens - 80) / (PAIRS - 1)
    return [round(80 + step * i) for i in range(PAIRS)]


WORKLOADS: dict[str, Callable[[], list[int]]] = {"skewed": skewed_lengths, "even": even_lengths}
"""What makes the pair lengths of each workload, in tokens."""


def make_workload(name: str, passages: Sequence[str]) -> Workload:
    """Return a workload's pairs, the same ones every time, in an order unlike their lengths."""
    tokenizer = load_tokenizer(TOKENIZER.verify())
    lengths = np.random.default_rng(0).permutation(WORKLOADS[name]())
    around = len(tokenizer.encode(_QUERY, "").ids)  # [CLS] query [SEP] [SEP]
    texts = tuple(
        _cut(tokenizer, passages, i * len(passages) // PAIRS, int(length) - around)
        for i, length in enumerate(lengths)
    )
    pairs = tokenizer.encode_batch([(_QUERY, text) for text in texts])
    return Workload(name, _QUERY, texts, tuple(len(pair.ids) for pair in pairs))


def _cut(tokenizer: Tokenizer, passages: Sequence[str], first: int, tokens: int) -> str:
    """Return running text of exactly so many tokens, from the start of one passage on."""
    parts = []
    for i in count(first):
        passage = passages[i % len(passages)]
        ends = tokenizer.encode(passage, add_special_tokens=False).offsets[:tokens]
        parts.append(passage[: ends[-1][1]])
        tokens -= len(ends)
        if not tokens:
            break
    return " ".join(parts)


def sample_passages() -> tuple[str, ...]:
    """Return the passages of the sample corpus helpdesk, or made-up ones where it is absent."""
    if "helpdesk" in sample_names():
        return tuple(document.passage for document in open_corpus("helpdesk").documents)
    return made_up_passages()


def made_up_passages() -> tuple[str, ...]:
    """Return passages of 80 words drawn from a small vocabulary."""
    random = np.random.default_rng(0)
    return tuple(" ".join(random.choice(_WORDS, 80)) for _ in range(PAIRS))


# ---------------------------------------------------------------- int8 operations


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


def import_onnx() -> Any:  # noqa: ANN401  (onnx is untyped here)
    """Return the package `onnx`; raise UnavailableError where it is not installed."""
    try:
        import onnx
    except ImportError as exc:
        raise UnavailableError(f"onnx cannot be imported: {exc}.", INSTALL) from exc
    return onnx


# ---------------------------------------------------------------- the machine's peak


class Int8Peak:
    """The best int8 matrix products per second of this machine, run as the lab's models are run.

    One single-threaded session for each size, run on THREADS threads at once; u8 activations, s8
    weights, as in the model. `gops` is the best so far in 10⁹ operations per second, `shape` its
    sizes (m, k, n).
    """

    def __init__(self, shapes: Sequence[tuple[int, int, int]] = PEAK_SHAPES) -> None:
        self._sessions = [(shape, *_product(*shape)) for shape in shapes]
        self.gops = 0.0
        self.shape = shapes[0]

    def sample(self) -> None:
        """Measure every size once and keep the best so far."""
        for shape, session, activations in self._sessions:
            gops = _parallel_rate(session, activations) * 2 * math.prod(shape) / 1e9
            if gops > self.gops:
                self.gops, self.shape = gops, shape


def _parallel_rate(session: onnxruntime.InferenceSession, activations: Array) -> float:
    """Return the runs per second of all threads together."""

    def work(_: int) -> float:
        runs, begun = 0, time.perf_counter()
        while (spent := time.perf_counter() - begun) < _PEAK_SECONDS:
            session.run(None, {"a": activations})
            runs += 1
        return runs / spent

    return sum(run_parallel(work, range(THREADS)))


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


# ---------------------------------------------------------------- invariance


def largest_difference(model: OnnxCrossEncoder, work: Workload, progress: Progress) -> float:
    """Return how far a pair's score moves at most: alone, among 100, and among them shuffled."""
    among = model.score(work.query, work.texts).values
    order = np.random.default_rng(1).permutation(len(work.texts))
    shuffled = np.empty_like(among)
    shuffled[order] = model.score(work.query, [work.texts[i] for i in order]).values
    alone = np.empty_like(among)
    for i, text in enumerate(work.texts):
        progress(i, len(work.texts))
        alone[i] = model.score(work.query, [text]).values[0]
    progress(len(work.texts), len(work.texts))
    return float(np.ptp(np.stack([among, shuffled, alone]), axis=0).max())


# ---------------------------------------------------------------- the first stage


def time_first_stage(
    passages: Sequence[str], progress: Progress, documents: int = DOCUMENTS
) -> float:
    """Return the median milliseconds of a search among random vectors, embedding included."""
    encoder = BgeEncoder()
    repeated = tuple(
        Document(str(i), f"Document {i}", passages[i % len(passages)]) for i in range(documents)
    )
    corpus = Corpus("bench", repeated, fingerprint=fingerprint(repeated))
    schema = CollectionSchema("bench", dense=encoder.dimension, sparse=True)
    dense = np.random.default_rng(0).standard_normal((documents, encoder.dimension), np.float32)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    with TemporaryDirectory() as folder:
        vectors = CorpusVectors(dense, lexicon(corpus, Path(folder)).vectors)
        store = VectorStore(EdgeEngine(Path(folder)))
        store.build(corpus, schema, vectors, progress)
        spent = []
        for i in range(SEARCHES + 1):
            query = " ".join(passages[i % len(passages)].split()[:10])
            begun = time.perf_counter()
            vector = VectorQuery(DENSE, encoder.encode_query(query))
            store.search(corpus, schema, (vector,), CANDIDATES, vectors)
            spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent[1:])  # the first search is the warm-up
