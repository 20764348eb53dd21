"""Kill the lab at random moments of encoding, building and searching, and look what is lost.

    python -m tests.support.kills [--moments 20] [--documents 600] [--seed 1]

Each moment starts `rerank-lab search` on one cache and kills it with -9. Whatever it reached, the
rows that were on disk before are there, and an index is either absent or whole: it answers as one
does that nobody disturbed. When the command comes to its end, the index goes, or all of the cache,
so that the next moments meet building and encoding again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from components.config import Settings
from components.corpora import open_corpus
from components.domain import Corpus
from components.encoders import BGE_SMALL
from components.lab import Lab, catalog
from components.retrieval.schema import Candidates
from components.retrieval.vectors import CALL, CALLS_A_SLICE, documents_encoded

STAGE = "hybrid"
QUERY = "a storm in the harbour"
WORDS = "storm harbour pilot lantern rope tide keeper bell winter ferry salt anchor".split()
SLICE = CALL * CALLS_A_SLICE


@dataclass
class Kills:
    """One cache, what it must answer, and what became of the moments so far."""

    corpus_folder: Path
    cache: Path
    random: random.Random
    expected: Candidates
    corpus: Corpus
    outcomes: Counter[str] = field(default_factory=Counter)
    longest_s: float = 4.0

    def moment(self) -> None:
        """Start the command, kill it after a random time, and check what is there."""
        before = documents_encoded(self.cache, self.corpus, BGE_SMALL)
        environment = os.environ | {"RERANK_LAB_CACHE": str(self.cache)}
        command = ["search", QUERY, "--corpus", str(self.corpus_folder), "--first-stage", STAGE]
        process = subprocess.Popen(
            [sys.executable, "-m", "components.cli", *command, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        try:
            output, _ = process.communicate(timeout=self.random.uniform(0.2, self.longest_s))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            output = b""
        after = documents_encoded(self.cache, self.corpus, BGE_SMALL)
        assert after >= before, f"{before - after} rows on disk were lost"
        indexed = self.check()
        encoded = after == len(self.corpus.documents)
        state = "searching" if indexed else "building" if encoded else "encoding"
        if output:
            hits = json.loads(output)["first_stage"]["hits"]
            names = [self.corpus.documents[c.position].id for c in self.expected.best]
            assert [hit["id"] for hit in hits] == names[: len(hits)]
            self.outcomes["ended"] += 1
            shutil.rmtree(self.cache / self.random.choice(("collections", "")))
        else:
            self.outcomes[f"killed {state}"] += 1

    def check(self) -> bool:
        """Return whether there is an index; it must answer as an undisturbed one."""
        lab, stage = Lab(Settings(cache_dir=self.cache)), catalog.first_stage(STAGE, Settings())
        if not lab.store.has(self.corpus, stage.schema):
            return False
        assert candidates(lab, self.corpus) == self.expected
        return True


def candidates(lab: Lab, corpus: Corpus) -> Candidates:
    """Return what a lab finds."""
    stage = catalog.first_stage(STAGE, Settings())
    vectors = {e.spec.key: lab.encoder(e)[0].encode_query(QUERY) for e in stage.encoders}
    return lab.candidates(corpus, stage, QUERY, vectors, 100)


def kills(folder: Path, documents: int, seed: int) -> Kills:
    """Return what is needed to begin."""
    numbers = random.Random(seed)
    (folder / "corpus").mkdir(parents=True)
    rows = (
        {"_id": f"d{i}", "text": " ".join(numbers.choices(WORDS, k=12)) + f" {i}"}
        for i in range(documents)
    )
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "corpus" / "corpus.jsonl").write_text(lines, encoding="utf-8")
    corpus = open_corpus(str(folder / "corpus"))
    undisturbed = Lab(Settings(cache_dir=folder / "undisturbed"))
    undisturbed.index(corpus, STAGE)
    expected = candidates(undisturbed, corpus)
    return Kills(folder / "corpus", folder / "cache", numbers, expected, corpus)


def main() -> None:
    """Kill, and say what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--documents", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        all_of_them = kills(Path(folder), given.documents, given.seed)
        for _ in range(given.moments):
            all_of_them.moment()
            sys.stdout.write(f"{dict(all_of_them.outcomes)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
