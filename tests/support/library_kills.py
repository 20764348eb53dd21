"""Kill a process that adds, indexes, renames, replaces and deletes corpora, and look what is left.

    python -m tests.support.library_kills [--moments 30] [--seed 1] [--only rename]

The process says before and after each change what it does. Killed with -9 at a random moment, all
that it said was done is there, and the change it was at has happened whole or not at all: every
corpus opens and holds all of its documents. After the next sweep no other file is left, neither in
the library nor of the vectors and collections of corpora that are gone.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from components.config import Settings
from components.corpora.reading import fingerprint
from components.domain import Corpus, Document
from components.lab import Lab

ROOT = Path(__file__).parents[2]
DOCUMENTS = 300
Change = list[str]
"""What is done, and the names that it is done to."""
State = dict[str, int]
"""The number that is in every text of a corpus, by the corpus's name."""


def lab_in(folder: Path) -> Lab:
    """Return a lab with all of its folders in one."""
    return Lab(Settings(cache_dir=folder / "cache", data_dir=folder / "data"))


def made(name: str, number: int) -> Corpus:
    """Return a corpus whose documents all have a number in their text."""
    documents = tuple(
        Document(f"d{i}", f"title {i}", f"text {number} " + "word " * (i % 40))
        for i in range(DOCUMENTS)
    )
    return Corpus(name, documents, fingerprint=fingerprint(documents))


def after(state: State, change: Change) -> State:
    """Return what is there after a change."""
    kind, *names = change
    state = dict(state)
    if kind in ("add", "replace"):
        state[names[0]] = int(names[1])
    elif kind == "rename":
        state[names[1]] = state.pop(names[0])
    elif kind == "delete":
        del state[names[0]]
    return state


def work(folder: Path, state: State, seed: int, only: str = "") -> None:
    """Change the library again and again, and say so; with `only` in that way where it can be."""
    lab, numbers = lab_in(folder), random.Random(seed)
    lab.library.sweep()
    for number in itertools.count(seed * 100_000):
        kinds = (
            ["add"] if len(state) < 2 else [*["add", "replace", "rename", "delete"] * 3, "index"]
        )
        kinds = [only] if only and len(state) >= 2 else kinds
        kinds = kinds if len(state) < 6 else ["delete"]
        kind, new = numbers.choice(kinds), f"c{number}"
        name = numbers.choice(sorted(state)) if state else ""
        change = {"add": [new, str(number)], "replace": [name, str(number)]}.get(kind, [name])
        change = [kind, *change, *([new] if kind == "rename" else [])]
        sys.stdout.write(f"{json.dumps(change)}\n")
        sys.stdout.flush()
        if kind in ("add", "replace"):
            lab.library.add(made(change[1], number), replaces=kind == "replace")
        else:
            entry = lab.library.named()[name]
            if kind == "rename":
                lab.library.rename(entry, new)
            elif kind == "delete":
                lab.library.remove(entry)
            else:
                lab.index(lab.library.open(entry), "bm25")
        state = after(state, change)
        sys.stdout.write('"done"\n')
        sys.stdout.flush()


@dataclass
class LibraryKills:
    """One library, what must be in it, and what was being done when the process was killed."""

    folder: Path
    random: random.Random
    state: State = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    only: str = ""

    def moment(self) -> None:
        """Let the process work, kill it after a random time, and check what is there."""
        command = [sys.executable, "-m", "tests.support.library_kills", "--work"]
        given = [str(self.folder), json.dumps(self.state), str(self.random.randrange(10**6))]
        process = subprocess.Popen(
            [*command, *given, self.only],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            text=True,
        )
        assert process.stdout
        lines = [process.stdout.readline()]  # it has begun
        kill = threading.Timer(self.random.uniform(0.0, 0.6), process.send_signal, [signal.SIGKILL])
        kill.start()
        lines += process.stdout.readlines()
        process.wait()
        assert process.returncode == -signal.SIGKILL
        self.check([json.loads(line) for line in lines if line.endswith("\n")])

    def check(self, said: list[Change | str]) -> None:
        """Compare what is there with what was said."""
        changes = [change for change in said if isinstance(change, list)]
        done = changes[: said.count("done")]
        for change in done:
            self.state = after(self.state, change)
        possible = [self.state]
        if len(changes) > len(done):
            possible.append(after(self.state, changes[-1]))
            self.outcomes[changes[-1][0]] += 1
        else:
            self.outcomes["between"] += 1
        lab = lab_in(self.folder)
        there = {name: number_of(lab, name) for name in lab.library.named()}
        assert there in possible, (there, possible)
        self.state = there
        lab.library.sweep()
        entries = lab.library.entries()
        files = {path.name for path in lab.library.folder.iterdir()}
        assert files == {"library.lock", *(entry.id for entry in entries)}
        kept = {entry.fingerprint[:16] for entry in entries}
        left = [p.name for p in (self.folder / "cache" / "vectors").glob("*")]
        assert {name[:16] for name in left} <= kept, left
        assert {alias.split("-")[2] for alias in lab.store.aliases()} <= kept


def number_of(lab: Lab, name: str) -> int:
    """Return the number that is in every text of a corpus, all of which is read."""
    corpus = lab.library.open(lab.library.named()[name])
    [number] = {int(document.text.split()[1]) for document in corpus.documents}
    again = made(name, number)
    assert tuple(corpus.documents) == again.documents
    assert corpus.fingerprint == again.fingerprint
    return number


def main() -> None:
    """Kill, and say what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--work", nargs=4)
    given = parser.parse_args()
    if given.work:
        folder, state, seed, only = given.work
        work(Path(folder), json.loads(state), int(seed), only)
    with tempfile.TemporaryDirectory() as folder:
        kills = LibraryKills(Path(folder), random.Random(given.seed), only=given.only)
        for _ in range(given.moments):
            kills.moment()
            sys.stdout.write(f"{dict(kills.outcomes)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
