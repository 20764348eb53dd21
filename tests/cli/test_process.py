"""The command line as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from components.corpora import SAMPLES
from tests.support.command_line import EXCEPTIONS, Run

ROOT = Path(__file__).resolve().parents[2]


def process(*arguments: bytes | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "components.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


def test_a_process_that_succeeds() -> None:
    ended = process("search", "except*", *EXCEPTIONS, "--reranker", "bm25", "--json")
    assert ended.returncode == 0
    assert ended.stdout.count("\n") == 1
    assert json.loads(ended.stdout)["rankings"][0]["system"] == "bm25"
    assert "{" not in ended.stderr


def test_a_process_that_cannot() -> None:
    ended = process("search", b"caf\xe9", *EXCEPTIONS)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "The query is not valid Unicode text: it came in another encoding than UTF-8. Type it "
        "again, in a terminal whose locale is UTF-8, such as LC_ALL=C.UTF-8.\n"
    )


def test_the_samples_are_where_the_command_line_says(run: Run) -> None:
    ended = run("search", "a", "--corpus", "nowhere")
    for name in sorted(path.parent.name for path in SAMPLES.glob("*/corpus.jsonl")):
        assert name in ended.err
