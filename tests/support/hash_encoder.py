"""An encoder that counts what it encodes, corpora for it, and a process that uses it.

`python -m tests.support.hash_encoder FOLDER DOCUMENTS [--pause S] [--file-limit BYTES] [--nobody]`
encodes a corpus into a folder. It prints a line for each call (`encoded 16`) and each step
(`done 32 320`), and at its end what the rows are (`rows DIGEST`).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from components.domain import Corpus, Document, Matrix, Progress, Spec, Vector, no_progress
from components.retrieval.vectors import dense_vectors

SPEC = Spec("hash", "hash", "bi-encoder", "", "cosine", revision="r1")
NOBODY = 65534


class HashEncoder:
    """An encoder whose vectors are a text's hash; it remembers what it encoded."""

    dimension = 4

    def __init__(self, before: Callable[[Sequence[str]], None] = lambda texts: None) -> None:
        self.encoded: list[list[str]] = []
        self._before = before

    @property
    def texts(self) -> int:
        """Return how many texts were encoded."""
        return sum(map(len, self.encoded))

    def encode_query(self, text: str) -> Vector:
        """Return the unit vector of a text."""
        raw = np.frombuffer(hashlib.sha256(text.encode()).digest()[:4], np.uint8).astype(np.float32)
        unit: Vector = (raw + 1) / np.linalg.norm(raw + 1)
        return unit

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one row a text."""
        self._before(texts)
        self.encoded.append(list(texts))
        return np.array([self.encode_query(text) for text in texts], np.float32)


def corpus_of(*texts: str, fingerprint: str = "f" * 64) -> Corpus:
    """Return a corpus of documents entitled T0, T1, ..."""
    documents = tuple(Document(str(i), f"T{i}", text) for i, text in enumerate(texts))
    return Corpus("test", documents, fingerprint=fingerprint)


def numbered(documents: int) -> Corpus:
    """Return a corpus of so many documents."""
    return corpus_of(*(f"text {i}" for i in range(documents)), fingerprint=f"{documents:064}")


def rows_of(corpus: Corpus) -> Matrix:
    """Return the rows that a corpus's vectors are to be."""
    return HashEncoder().encode_documents([d.passage for d in corpus.documents])


def digest(rows: Matrix) -> str:
    """Return what tells rows apart, bit for bit."""
    return hashlib.sha256(rows.tobytes()).hexdigest()


def process(folder: Path, documents: int, *options: str) -> subprocess.Popen[str]:
    """Start a process that encodes `numbered(documents)` into a folder."""
    command = [sys.executable, "-u", "-m", "tests.support.hash_encoder", str(folder)]
    return subprocess.Popen(
        [*command, str(documents), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )


def encoded(output: str) -> int:
    """Return how many texts a process says that it encoded."""
    return sum(int(line.split()[1]) for line in output.splitlines() if line.startswith("encoded"))


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("documents", type=int)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--file-limit", type=int, default=0)
    parser.add_argument("--nobody", action="store_true")
    given = parser.parse_args()
    if given.file_limit:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (given.file_limit, given.file_limit))
    if given.nobody and os.geteuid() == 0:
        os.seteuid(NOBODY)

    def say(texts: Sequence[str]) -> None:
        time.sleep(given.pause)
        sys.stdout.write(f"encoded {len(texts)}\n")

    def progress(done: int, total: int) -> None:
        sys.stdout.write(f"done {done} {total}\n")

    corpus = numbered(given.documents)
    rows = dense_vectors(corpus, SPEC, HashEncoder(say), given.folder, progress)
    sys.stdout.write(f"rows {digest(rows)}\n")


if __name__ == "__main__":
    _main()
