"""A command's run in this process, and what it runs on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from components import cli
from tests.support.command_line import HEADER, Ended, Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, as the console script does."""

    def ended(*args: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["rerank-lab", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        code = caught.value.code
        assert isinstance(code, int)
        return Ended(code, *capsys.readouterr())

    return ended


@pytest.fixture
def ghost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Configure a reranker that cannot run here; return its key."""
    config = tmp_path / "lab.toml"
    config.write_text('[[hub]]\nkey = "ghost"\npath = "/nowhere/at/all"\n')
    monkeypatch.setenv("RERANK_LAB_CONFIG", str(config))
    return "ghost"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a small BEIR folder with a hostile title."""
    made = tmp_path / "[red]corpus"
    (made / "qrels").mkdir(parents=True)
    rows = [
        {"_id": "a", "title": "[bold]fox[/nothing]", "text": "a fox in the snow"},
        {"_id": "b b", "title": "<b>hat</b>", "text": "a green hat, no fox"},
        {"_id": "c", "text": "a ship in the harbour"},
    ]
    (made / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    queries = [{"_id": "q1", "text": "fox"}, {"_id": "q2", "text": "green hat"}]
    (made / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (made / "qrels" / "test.tsv").write_text(f"{HEADER}q1\ta\t2\nq2\tb b\t1\n")
    return made
