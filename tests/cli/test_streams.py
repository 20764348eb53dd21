"""Standard output that is full, closed, or in an encoding that lacks the text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHINESE = "狐狸在雪里 \N{FOX FACE}"
MODELS = ("models",)
COMMANDS = [MODELS, ("models", "--json"), ("--help",), ("search", "except*", "--json")]
FULL = "Standard output cannot be written: No space left on device.\n"
ENCODINGS = [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1:strict"}]
PLAIN = {"LC_ALL": "C", "PYTHONIOENCODING": ""}
ENCODINGS += [PLAIN, PLAIN | {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}]


def shell(redirect: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in bash, its output redirected; `environ` is added to the environment."""
    quoted = " ".join(f"'{argument}'" for argument in (*arguments, *_BM25[arguments[0]]))
    return subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m components.cli {quoted} {redirect}"],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environ,
    )


_SEARCH = ("--corpus", "exceptions", "--first-stage", "bm25")
_BM25 = {"search": _SEARCH, "models": (), "--help": (), "rerank": ("--reranker", "bm25")}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_disk_is_one_line_and_exit_1(arguments: tuple[str, ...]) -> None:
    ended = shell("> /dev/full", *arguments)
    assert (ended.returncode, ended.stderr.decode()) == (1, FULL)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_pipe_that_nobody_reads_is_quiet(arguments: tuple[str, ...]) -> None:
    ended = shell("| head -0; exit ${PIPESTATUS[0]}", *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr) == (141, b"", b"")


def test_a_closed_output_is_one_line_and_exit_1() -> None:
    ended = shell(">&-", *MODELS)
    assert ended.returncode == 1
    assert ended.stderr.decode() == "Standard output cannot be written: not writable.\n"


@pytest.mark.parametrize("redirect", ["2> /dev/full", "2>&-", "2> >(head -0)"])
def test_messages_that_cannot_be_shown_cost_nothing(redirect: str) -> None:
    ended = shell(redirect, "search", "")
    assert (ended.returncode, ended.stdout) == (2, b"")


@pytest.mark.parametrize("environ", ENCODINGS, ids=str)
def test_text_beyond_the_encoding_is_escaped(tmp_path: Path, environ: dict[str, str]) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"text": CHINESE}) + "\n", encoding="utf-8")
    arguments = ("rerank", "fox", "--documents", str(texts))
    ended = shell("", *arguments, "--json", **environ)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["results"][0]["text"] == CHINESE
    shown = shell("", *arguments, **environ)
    assert (shown.returncode, shown.stderr) == (0, b"")
    escaped = CHINESE.encode("ascii", "backslashreplace")
    assert escaped in shown.stdout or CHINESE.encode() in shown.stdout
    lost = shell("", "rerank", "a", "--documents", CHINESE, **environ)
    assert lost.returncode == 2
    assert b"Traceback" not in lost.stderr
    assert lost.stderr.count(b"\n") == 1
