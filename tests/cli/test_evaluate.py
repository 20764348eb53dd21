"""`rerank-lab evaluate` in processes of its own: killed, repeated, two at once."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAIRS = 6
SOME = ("--sample", "12", "--seed", "3")
"""Queries enough to be killed among: three have ended by then, and nine are left."""


def command(home: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """Start an evaluation of helpdesk with a cache and a data folder of its own."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "components.cli", "evaluate", "--corpus", "helpdesk"),
            *("--first-stage", "bm25", "--reranker", "minilm-l12", "--initial-k", str(PAIRS)),
            *("--out", str(out), "--json", *more),
        ],
        cwd=ROOT,
        env=os.environ | {"RERANK_LAB_CACHE": str(home), "RERANK_LAB_DATA": str(home / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a command printed; NaN is no JSON."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err

    def refuse(word: str) -> None:
        raise AssertionError(word)

    found: dict[str, Any] = json.loads(out, parse_constant=refuse)
    return found


def kept(home: Path) -> int:
    """Return how many pairs lie in the cache."""
    file = home / "scores.sqlite"
    if not file.is_file():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
        try:
            return int(connection.execute("select count(*) from pairs").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def runs(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "runs").iterdir()}


@dataclass(frozen=True)
class Undisturbed:
    """An evaluation that nobody disturbs: what it printed, its cache and its files."""

    printed: dict[str, Any]
    home: Path
    out: Path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("out")
    return Undisturbed(ended(command(home, out, *SOME)), home, out)


@pytest.mark.models
def test_a_killed_evaluation_loses_at_most_the_query_in_flight(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    killed = command(home, out, *SOME)
    until = time.monotonic() + 120
    while kept(home) < 3 * PAIRS and time.monotonic() < until and killed.poll() is None:
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    saved = kept(home)
    assert saved >= 3 * PAIRS, "it was killed while it ran"
    again = ended(command(home, out, *SOME))
    assert again["reused"] == saved
    assert undisturbed.printed["reused"] == 0
    assert runs(out) == runs(undisturbed.out)
    lines = runs(out)["minilm-l12.trec"].splitlines()
    sizes = Counter(line.split()[0] for line in lines).values()
    assert saved in accumulate(sizes), "a query's scores are kept together or not at all"
    assert again["metrics"] == undisturbed.printed["metrics"]
    third = ended(command(home, tmp_path / "third", "--depth", "5", *SOME))
    assert third["reused"] == kept(undisturbed.home) > saved
    assert list(third["depths"]["minilm-l12"]) == ["5"]
    assert runs(tmp_path / "third") == runs(out)


@pytest.mark.models
def test_two_at_once_finish_with_the_figures_of_one_alone(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    both = [command(tmp_path / "shared", tmp_path / name, *SOME) for name in "ab"]
    found = [ended(process) for process in both]
    alone = undisturbed.printed
    assert found[0]["metrics"] == found[1]["metrics"] == alone["metrics"]
    assert runs(tmp_path / "a") == runs(tmp_path / "b") == runs(undisturbed.out)
    assert alone["queries"] == 12


MISTAKES = {
    ("--tag", "nonsense"): "is tagged 'nonsense'",
    ("--measure", "ERR@5"): "There is no measure 'ERR@5'",
    ("--baseline", "voyage"): "--baseline names voyage",
    ("--depth", "99"): "depth (99) is larger than initial_k (6)",
    ("--split", "dev"): "dev",
    ("--sample", "0"): "sample is 0",
    ("--sample", "few"): "Invalid value for '--sample': Input should be a valid integer",
    ("--meassure", "AP"): "No such option: --meassure",
}


@pytest.fixture(scope="module")
def mistaken(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[str, str], tuple[Path, subprocess.Popen[str]]]:
    """Return a command for each mistake, with its folder; all start at once."""
    folders = {options: tmp_path_factory.mktemp("mistake") for options in MISTAKES}
    return {
        options: (folder, command(folder / "home", folder / "out", *options))
        for options, folder in folders.items()
    }


@pytest.mark.parametrize("options", MISTAKES)
def test_a_mistake_is_one_line(
    mistaken: dict[tuple[str, str], tuple[Path, subprocess.Popen[str]]], options: tuple[str, str]
) -> None:
    folder, process = mistaken[options]
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert MISTAKES[options] in err
    assert len(err.strip().splitlines()) == 1
    assert not (folder / "out").exists()


@pytest.mark.models
def test_one_query_has_words_and_no_nan(tmp_path: Path) -> None:
    found = ended(command(tmp_path / "home", tmp_path / "out", "--max-queries", "1"))
    (line,) = found["verdicts"]
    assert line.startswith("minilm-l12: nDCG@10 ")
    assert "better" not in line
    assert any("anecdote" in line for line in found["cautions"])
    assert found["intervals"] == {}
    (only,) = found["differences"]
    assert (only["system"], only["n"], only["p"], only["detectable"]) == (
        "minilm-l12",
        1,
        None,
        None,
    )


@pytest.mark.models
def test_baseline_measure_and_tag(tmp_path: Path) -> None:
    options = ("--baseline", "minilm-l12", "--measure", "RR@3", "--tag", "typo", "--no-save")
    found = ended(command(tmp_path / "home", tmp_path / "out", *options, "--no-reuse"))
    (line,) = found["verdicts"]
    assert line.startswith("bm25 ")
    assert "minilm-l12" in line
    assert "RR@3" in line
    assert found["queries"] == 7
    assert found["snapshot"] == ""
    assert kept(tmp_path / "home") == 0
    assert not list((tmp_path / "home").rglob("evaluations.sqlite"))
