"""How local ONNX models run: one text or pair an inference, one thread an inference.

Dynamic int8 models take their activation scale over the whole input tensor, so in a batch a score
depends on the other inputs and on the padding. Here every inference sees one unpadded input, and
its score is a function of that input alone. The cores are used by running several inferences at
once, each on one thread.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding

from components.domain import UnavailableError
from components.models.files import ModelFile
from components.models.tokens import load_tokenizer

T = TypeVar("T")
R = TypeVar("R")
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""How many inferences run at once: one a core this process may use."""


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="inference")


def ignore(done: int, place: int, result: object) -> None:
    """Ignore a result."""


def run_parallel(
    work: Callable[[T], R], items: Sequence[T], take: Callable[[int, int, R], None] = ignore
) -> list[R]:
    """Apply `work` to every item, THREADS at once; return the results in the items' order.

    The items are begun in their order. `take(done, place, result)` is called in the caller's thread
    after every item; if it raises, items not yet begun are dropped and those under way are waited
    for, so that nothing runs on after the return.
    """
    futures: list[Future[R]] = [_pool().submit(work, item) for item in items]
    places = {future: place for place, future in enumerate(futures)}
    try:
        for done, future in enumerate(as_completed(futures), start=1):
            take(done, places[future], future.result())
    except BaseException:
        for future in futures:
            future.cancel()
        wait(futures)
        raise
    return [future.result() for future in futures]


class OnnxModel:
    """One ONNX transformer with its tokenizer; every call sees one unpadded input.

    `run` may be called from several threads at once: with one intra-op thread, the session works
    on the caller's thread. `max_tokens` includes special tokens; `strategy` is what the tokenizer
    cuts of a longer input, ``longest_first`` for single texts and ``only_second`` for pairs.
    Raises UnavailableError where a file is missing, damaged or cannot be loaded.
    """

    def __init__(
        self, model: ModelFile, tokenizer: ModelFile, max_tokens: int, strategy: str
    ) -> None:
        self.max_tokens = max_tokens
        self.tokenizer = load_tokenizer(tokenizer.verify(), max_tokens, strategy)
        self._plain = load_tokenizer(tokenizer.verify())
        self._session = open_session(model.verify())

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of a text, special tokens not counted."""
        return len(self._plain.encode(text, add_special_tokens=False).ids)

    def run(self, encoding: Encoding) -> npt.NDArray[np.float32]:
        """Return the model's first output for one input, without the batch dimension."""
        ids = np.array([encoding.ids], dtype=np.int64)
        feed = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.array([encoding.type_ids], dtype=np.int64),
        }
        output: npt.NDArray[np.float32] = self._session.run(None, feed)[0][0]
        return output


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Return a session with one thread, whose int8 sums never saturate.

    Raises UnavailableError where ONNX Runtime cannot load the file.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Processors without VNNI multiply int8 with sums that saturate: logits were off by up to 0.4.
    options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as exc:  # onnxruntime raises many unrelated types here
        raise UnavailableError(
            f"ONNX Runtime cannot load {path.name}: {exc}", "Reinstall onnxruntime and the model."
        ) from exc
    # What reading the file took is free and, without this, still the process's: 15 MB a model.
    with suppress(AttributeError, OSError, TypeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)
    return session
