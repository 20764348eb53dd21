"""What a large corpus costs: the start, the memory, a search of each first stage.

    python -m tests.support.scale [--documents 100000] [--searches 10] [--folder FOLDER]
        [--server] [--stage bm25] ...

Passages are made up from a vocabulary with the frequencies of natural language (Zipf), their
vectors from random numbers, so that nothing waits for a model; queries are encoded by bge-small.
One process prepares the folder, and indexes; another starts as the app does, with the index on
disk, searches, and says what it took: seconds to the first candidates, milliseconds of a search
from query to candidates (the median), and resident memory. With `--server` the corpus goes into the
library as it is made, and from there to a stand-in for a server, which is a process of its own: no
process of the lab ever holds the texts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from components.config import QdrantSettings, Settings
from components.corpora import open_corpus
from components.corpora.reading import fingerprint
from components.domain import (
    Corpus,
    Document,
    DocumentSink,
    Matrix,
    Progress,
    Vector,
    no_progress,
)
from components.encoders import BGE_SMALL
from components.lab import Lab
from components.pipeline import NullWatcher, PipelineRun, Pipelines
from components.pipeline.stages import retrieve
from components.retrieval.vectors import dense_vectors

WORDS, LENGTH = 60_000, 55
STAGES = ("bge-small", "bm25", "hybrid")
KEPT = "made passages"
"""The name of the corpus in the library."""


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


def made_documents(documents: int) -> Iterator[Document]:
    """Yield made-up passages, one at a time."""
    numbers = np.random.default_rng(3)
    for i in range(documents):
        ranks = np.minimum(numbers.zipf(1.15, LENGTH), WORDS)
        yield Document(f"d{i}", f"Passage {i}", " ".join(f"w{rank:x}" for rank in ranks))


def write_corpus(folder: Path, documents: int) -> None:
    """Write a corpus of made-up passages."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as file:
        for d in made_documents(documents):
            file.write(json.dumps({"_id": d.id, "title": d.title, "text": d.text}) + "\n")


def lab_of(folder: Path, url: str) -> Lab:
    """Return a lab with all of its folders in one, and a server where there is an address."""
    qdrant = QdrantSettings(url=url, timeout_s=600)
    return Lab(Settings(qdrant, cache_dir=folder / "cache", data_dir=folder / "data"))


def prepare_kept(folder: Path, documents: int, url: str, stages: Sequence[str]) -> dict[str, float]:
    """Keep the corpus in the library as it is made, and index it on a server."""
    lab, spent, peak = lab_of(folder, url), {"own_before_mb": own_mb()}, OwnPeak()

    def read(sink: DocumentSink) -> Corpus:
        def added() -> Iterator[Document]:
            for document in made_documents(documents):
                sink.add(document)
                yield document

        digest = fingerprint(added())
        return Corpus(KEPT, sink.documents(), fingerprint=digest)

    begun = time.perf_counter()
    corpus = lab.library.open(lab.library.read(read))
    spent["keep"], begun = time.perf_counter() - begun, time.perf_counter()
    spent["own_kept_mb"] = own_mb()
    if set(stages) - {"bm25"}:
        dense_vectors(corpus, BGE_SMALL, RandomEncoder(), folder / "cache")
        spent["vectors"], begun = time.perf_counter() - begun, time.perf_counter()
    for stage in stages:
        lab.index(corpus, stage)
    spent["index"] = time.perf_counter() - begun
    return spent | {"peak_mb": peak_mb(), "own_peak_mb": peak.stop()}


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


def start(
    folder: Path, searches: int, url: str = "", stages: Sequence[str] = STAGES
) -> dict[str, float]:
    """Open the corpus and search it; return seconds, milliseconds and megabytes."""
    own_before_mb, peak, begun = own_mb(), OwnPeak(), time.perf_counter()
    lab = lab_of(folder, url)
    corpus = lab.library.opened(KEPT) or open_corpus(str(folder / "corpus"))
    opened_s = time.perf_counter() - begun
    numbers, spent = np.random.default_rng(9), {}
    for stage in stages:
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
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--url", default="")
    parser.add_argument("--stage", action="append")
    given = parser.parse_args()
    folder, stages = given.folder or Path(tempfile.mkdtemp()), given.stage or STAGES
    if given.part == "start":
        said = start(folder, given.searches, given.url, stages)
    elif given.part:
        kept = (folder, given.documents, given.url, stages)
        said = prepare_kept(*kept) if given.url else prepare(*kept[:2])
    if given.part:
        sys.stdout.write(json.dumps(said) + "\n")
        return
    numbers = ["--documents", str(given.documents), "--searches", str(given.searches)]
    for stage in stages:
        numbers += ["--stage", stage]
    with ExitStack() as stack:
        if given.server:
            numbers += ["--url", stack.enter_context(large_server())]
        for part in ("prepare", "start"):
            command = [sys.executable, "-m", "tests.support.scale", "--part", part]
            subprocess.run([*command, *numbers, "--folder", str(folder)], check=True)


@contextmanager
def large_server() -> Iterator[str]:
    """Yield the address of a stand-in for a server, in a process of its own."""
    command = [sys.executable, "-m", "tests.support.servers.qdrant_large"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]
        yield process.stdout.readline().strip()
        process.stdin.close()


if __name__ == "__main__":
    main()
