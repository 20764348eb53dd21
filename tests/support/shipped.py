"""What comes with the samples, made anew: document vectors and one evaluation for each.

`python -m tests.support.shipped` writes it all into sample_data; it takes a quarter of an hour on
two cores, and the times that it records are worth keeping only where nothing else runs. With
`--vectors` or `--evaluations` the others stay as they are.
"""

import platform
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from components.config import Settings
from components.corpora import SAMPLES, open_corpus, sample_names
from components.domain import Corpus
from components.encoders import ENCODERS, EncoderContext
from components.evaluation import evaluate_corpus
from components.evaluation.samples import FILE, write_sample_evaluation
from components.evaluation.saved import saved_evaluation
from components.lab import Lab, catalog
from components.pipeline import Pipelines
from components.retrieval.vectors import dense_vectors


def machine() -> str:
    """Return the processor in words."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    special = "with VNNI" if any("vnni" in flag for flag in flags) else "without VNNI"
    return f"{len(names)} cores of {names[0] if names else platform.machine()}, {special}"


def write_vectors(name: str) -> None:
    """Encode a sample with each bi-encoder and put the files beside its texts."""
    corpus, home = open_corpus(name), SAMPLES / name / "vectors"
    shutil.rmtree(home, ignore_errors=True)
    for entry in ENCODERS.values():
        with tempfile.TemporaryDirectory() as folder:
            dense_vectors(corpus, entry.spec, entry.load(EncoderContext(Settings())), Path(folder))
            home.mkdir(exist_ok=True)
            for path in (Path(folder) / "vectors").glob("*.f32*"):
                if path.suffix != ".lock":
                    shutil.copyfile(path, home / path.name)


def write_evaluation(lab: Lab, corpus: Corpus) -> None:
    """Evaluate a sample and put the result beside its texts."""
    wanted, evaluation = evaluate_corpus(
        lab, corpus, Pipelines(rerankers=catalog.DEFAULT_RERANKERS)
    )
    if evaluation.failures:
        sys.exit(f"{corpus.name}: {evaluation.failures}")
    saved = saved_evaluation(wanted, evaluation, lab.settings, f"sample-{corpus.name}")
    saved = replace(saved, made=saved.made.replace(microsecond=0))
    path = SAMPLES / corpus.name / FILE
    write_sample_evaluation(saved, evaluation.metrics(wanted.judgments), machine(), path)


if __name__ == "__main__":
    for name in sample_names():
        if "--evaluations" not in sys.argv:
            write_vectors(name)
        if "--vectors" not in sys.argv:
            with tempfile.TemporaryDirectory() as folder:
                settings = Settings(cache_dir=Path(folder), data_dir=Path(folder))
                write_evaluation(Lab(settings), open_corpus(name))
