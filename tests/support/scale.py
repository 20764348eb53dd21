"""What a large corpus costs: the start, the memory, a search of each first stage.

    python -m tests.support.scale [--documents 100000] [--searches 10] [--folder FOLDER]

Passages are made up from a vocabulary with the frequencies of natural language (Zipf), their
vectors from random numbers, so that nothing waits for a model; queries are encoded by bge-small.
One process prepares the folder, and indexes; another starts as the app does, with the index on
disk, searches, and says what it took: seconds to the first candidates, milliseconds of a search
from query to candidates (the median), and resident memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from components.config import Settings
from components.corpora import open_corpus
from components.domain import Matrix, Progress, Vector, no_progress
from components.encoders import BGE_SMALL
from components.lab import Lab
from components.pipeline import NullWatcher, PipelineRun, Pipelines
from components.pipeline.stages import retrieve
from components.retrieval.vectors import dense_vectors

WORDS, LENGTH = 60_000, 55
STAGES = ("bge-small", "bm25", "hybrid")


class RandomEncoder:
    """Unit vectors from random numbers, a function of how many texts there were before."""

    dimension = 384

    def __init__(self) -> None:
        self._numbers = np.random.default_rng(5)

    def encode_query(self, text: str) -> Vector:
        """Return a unit vector."""
        return self.encode_documents([text])[0]

    def encode_documents(self, texts: Sequence[str], progress: Progress = no_progress) -> Matrix:
        """Return one unit row a text."""
        rows = self._numbers.standard_normal((len(texts), self.dimension), np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def write_corpus(folder: Path, documents: int) -> None:
    """Write a corpus of made-up passages, one at a time."""
    numbers = np.random.default_rng(3)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as file:
        for i in range(documents):
            ranks = np.minimum(numbers.zipf(1.15, LENGTH), WORDS)
            text = " ".join(f"w{rank:x}" for rank in ranks)
            file.write(json.dumps({"_id": f"d{i}", "title": f"Passage {i}", "text": text}) + "\n")


def prepare(folder: Path, documents: int) -> dict[str, float]:
    """Write the corpus, its vectors and its indexes; return the seconds of each."""
    spent, peak = {"own_before_mb": own_mb()}, OwnPeak()
    begun = time.perf_counter()
    write_corpus(folder / "corpus", documents)
    spent["write"], begun = time.perf_counter() - begun, time.perf_counter()
    corpus = open_corpus(str(folder / "corpus"))
    spent["read"], begun = time.perf_counter() - begun, time.perf_counter()
    dense_vectors(corpus, BGE_SMALL, RandomEncoder(), folder / "cache")
    spent["vectors"], begun = time.perf_counter() - begun, time.perf_counter()
    lab = Lab(Settings(cache_dir=folder / "cache"))
    for stage in STAGES:
        lab.index(corpus, stage)
    spent["index"] = time.perf_counter() - begun
    return spent | {"peak_mb": peak_mb(), "own_peak_mb": peak.stop()}


def start(folder: Path, searches: int) -> dict[str, float]:
    """Open the corpus and search it; return seconds, milliseconds and megabytes."""
    own_before_mb, peak, begun = own_mb(), OwnPeak(), time.perf_counter()
    corpus = open_corpus(str(folder / "corpus"))
    opened_s = time.perf_counter() - begun
    lab = Lab(Settings(cache_dir=folder / "cache"))
    numbers, spent = np.random.default_rng(9), {}
    for stage in STAGES:
        run = PipelineRun(lab, corpus, Pipelines(stage, (), 100), NullWatcher())
        times = []
        for _ in range(searches + 1):
            ranks = np.minimum(numbers.zipf(1.15, 7), WORDS)
            before = time.perf_counter()
            ranking = retrieve(run, corpus, " ".join(f"w{rank:x}" for rank in ranks))
            times.append((time.perf_counter() - before) * 1000)
            if len(spent) == 0 and len(times) == 1:
                ready_s = time.perf_counter() - begun
            assert ranking.hits
        spent[f"{stage} ms"] = median(times[1:])
    resident_mb = psutil.Process().memory_info().rss / 1e6
    seconds = {"open_s": opened_s, "ready_s": ready_s}
    own = {"own_before_mb": own_before_mb, "own_peak_mb": peak.stop()}
    return {**seconds, **spent, **own, "resident_mb": resident_mb}


def own_mb() -> float:
    """Return the memory that belongs to this process alone: no file that it maps."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1000


class OwnPeak:
    """Looks again and again how much memory belongs to this process alone; tells the most."""

    def __init__(self) -> None:
        self._most, self._ended = own_mb(), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            self._most = max(self._most, own_mb())

    def stop(self) -> float:
        """Return the most, in megabytes."""
        self._ended.set()
        self._thread.join()
        return self._most


def peak_mb() -> float:
    """Return the most memory that this process had, in megabytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> None:
    """Prepare in one process, start in another, print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=10)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--part", choices=("prepare", "start"))
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    if given.part:
        part = prepare(folder, given.documents) if given.part == "prepare" else None
        sys.stdout.write(json.dumps(part or start(folder, given.searches)) + "\n")
        return
    for part in ("prepare", "start"):
        command = [sys.executable, "-m", "tests.support.scale", "--part", part]
        numbers = ["--documents", str(given.documents), "--searches", str(given.searches)]
        subprocess.run([*command, *numbers, "--folder", str(folder)], check=True)


if __name__ == "__main__":
    main()
