"""One cache, several processes and threads at once: no error, no wrong ranking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.config import Settings
from components.corpora import open_corpus
from components.lab import Lab
from components.pipeline import NullWatcher, PipelineRun, Pipelines
from components.pipeline.stages import rerank_candidates, retrieve

pytestmark = pytest.mark.models
ROOT = Path(__file__).parents[2]
STAGES, THREADS, PROCESSES = ("bm25", "bge-small", "hybrid"), 8, 2
Ranked = dict[str, list[tuple[str, float]]]


def rank_all(folder: Path, first: int = 0) -> Ranked:
    """Return the rankings of all queries by each first stage, and of one late-bge, in threads."""
    corpus, lab = open_corpus("exceptions"), Lab(Settings(cache_dir=folder))
    tasks = [(stage, query) for query in corpus.queries for stage in STAGES]
    tasks = tasks[first:] + tasks[:first]

    def rank(task: tuple[str, object]) -> tuple[str, list[tuple[str, float]]]:
        stage, query = task
        run = PipelineRun(lab, corpus, Pipelines(stage, ("late-bge",), 4), NullWatcher())
        ranking = retrieve(run, corpus, query.text)
        if stage == "hybrid":
            ranking = rerank_candidates(run, query.text, ranking, "late-bge")
        return f"{stage} {query.id}", [(hit.document.id, hit.score) for hit in ranking.hits]

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(pool.map(rank, tasks))


def test_two_processes_of_eight_threads_on_a_cold_cache(tmp_path: Path) -> None:
    alone = rank_all(tmp_path / "alone")
    shared = tmp_path / "shared"
    code = (
        "import json, sys; from pathlib import Path; "
        "from tests.lab.test_processes import rank_all; "
        "print(json.dumps(rank_all(Path(sys.argv[1]), int(sys.argv[2]))))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(shared), str(4 * n)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for n in range(PROCESSES)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert "will be built anew" not in errors
        ranked = {key: [tuple(hit) for hit in hits] for key, hits in json.loads(output).items()}
        assert ranked == alone
    assert len(alone) == 3 * len(open_corpus("exceptions").queries)
