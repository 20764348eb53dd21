"""How local models run: one text or pair at a time, on single-threaded sessions, one lane a core.

Dynamic int8 models take their activation scale over the whole input tensor. In a batch that makes
a score depend on its company, padding included. Here every inference sees one unpadded input, so a
score is a function of that input alone; the cores are kept busy by running several inferences at
once, each on one thread.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

from components.domain import Progress, UnavailableError, no_progress

T = TypeVar("T")
R = TypeVar("R")

LANES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""How many inferences run at once: one a core this process may use."""


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LANES, thread_name_prefix="lane")


def run_lanes(
    work: Callable[[T], R], items: Sequence[T], progress: Progress = no_progress
) -> list[R]:
    """Apply `work` to every item on the lanes and return the results in the items' order.

    `progress` is called in the caller's thread after every item; if it raises, items not yet begun
    are dropped and those under way are waited for, so that nothing runs on after the return.
    """
    futures: list[Future[R]] = [_pool().submit(work, item) for item in items]
    try:
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            progress(done, len(items))
    except BaseException:
        for future in futures:
            future.cancel()
        wait(futures)
        raise
    return [future.result() for future in futures]


# ---------------------------------------------------------------- the gate


class Gate:
    """Lets one local model work at a time, so that a latency is of that model alone.

    First come, first served, except that urgent work (a query's embedding, a few milliseconds)
    goes before work that takes seconds, and even beside a model that is only being loaded.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: list[tuple[bool, int]] = []
        self._inside: list[bool] = []  # for each holder: is it only loading?
        self._turn = 0

    @contextmanager
    def hold(
        self,
        *,
        urgent: bool = False,
        loading: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> Iterator[float]:
        """Hold the gate; yield the milliseconds waited. `check` may raise to give up waiting."""
        begun = time.perf_counter()
        self._enter(urgent, loading, check)
        try:
            yield (time.perf_counter() - begun) * 1000
        finally:
            with self._condition:
                self._inside.remove(loading)
                self._condition.notify_all()

    def _enter(self, urgent: bool, loading: bool, check: Callable[[], None]) -> None:
        with self._condition:
            self._turn += 1
            ticket = (not urgent, self._turn)
            self._waiting.append(ticket)
            try:
                while min(self._waiting) != ticket or self._blocked(urgent):
                    check()
                    self._condition.wait(timeout=0.05)
                self._inside.append(loading)
            finally:
                self._waiting.remove(ticket)
                self._condition.notify_all()

    def _blocked(self, urgent: bool) -> bool:
        return not all(self._inside) if urgent else bool(self._inside)


GATE = Gate()
"""The one gate of this process."""


# ---------------------------------------------------------------- model files


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file inside an installed package, with the SHA-256 it must have."""

    package: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Return the path without importing the package; raise UnavailableError if absent."""
        spec = find_spec(self.package)
        folder = Path(next(iter(spec.submodule_search_locations or ()), "")) if spec else None
        if folder is None or not (folder / self.path).is_file():
            raise UnavailableError(
                f"The model file {self.path} of the package {self.package} is not installed.",
                "Install the project again: pip install -e .",
            )
        return folder / self.path

    def verify(self) -> Path:
        """Return the path of the file if its SHA-256 is the pinned one."""
        path = self.locate()
        found = _sha256(path)
        if found != self.sha256:
            raise UnavailableError(
                f"The model file {path.name} of {self.package} is damaged or another version: "
                f"SHA-256 {self.sha256[:12]}… expected, {found[:12]}… found.",
                f"Reinstall the package: pip install --force-reinstall {self.package}",
            )
        return path


@cache
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---------------------------------------------------------------- ONNX models


class OnnxModel:
    """One ONNX transformer with its tokenizer; every call sees one unpadded input.

    The session is shared by all lanes: `run` may be called from several threads at once, and with
    one intra-op thread each call works on the caller's own thread. `strategy` says what is cut
    when an input is too long: ``longest_first`` for single texts, ``only_second`` for pairs.
    """

    def __init__(
        self, model: ModelFile, tokenizer: ModelFile, max_tokens: int, strategy: str
    ) -> None:
        self.max_tokens = max_tokens
        self.tokenizer = load_tokenizer(tokenizer.verify(), max_tokens, strategy)
        self._plain = load_tokenizer(tokenizer.verify())
        self._session = _session(model.verify())

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

    def run_all(
        self, encodings: Sequence[Encoding], progress: Progress = no_progress
    ) -> list[npt.NDArray[np.float32]]:
        """Run every input on the lanes, longest first so that no lane is left with a long tail."""
        order = sorted(range(len(encodings)), key=lambda i: -len(encodings[i].ids))
        outputs = run_lanes(self.run, [encodings[i] for i in order], progress)
        placed = dict(zip(order, outputs, strict=True))
        return [placed[i] for i in range(len(encodings))]


def load_tokenizer(
    path: Path, max_tokens: int | None = None, strategy: str = "longest_first"
) -> Tokenizer:
    """Return a tokenizer that never pads. It is shared between threads, so never reconfigure it."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if max_tokens is not None:
        tokenizer.enable_truncation(max_tokens, strategy=strategy)
    return tokenizer


def kept_and_cut(encoding: Encoding, sequence: int) -> tuple[int, int]:
    """Return how many tokens of one sequence (0 or 1) of an input were kept and cut."""
    kept = encoding.sequence_ids.count(sequence)
    return kept, sum(part.sequence_ids.count(sequence) for part in encoding.overflowing)


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Processors without VNNI multiply int8 with sums that saturate: logits were off by up to 0.4.
    options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime raises many unrelated types here
        raise UnavailableError(
            f"ONNX Runtime cannot load {path.name}: {exc}", "Reinstall onnxruntime and the model."
        ) from exc
