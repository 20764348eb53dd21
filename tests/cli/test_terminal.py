"""What is printed: no text moves the cursor, changes colours or reverses its line."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from components.cli.shared import SafeConsole
from components.wording import HIDDEN
from tests.support.command_line import HEADER, Run

HOSTILE = "fox \x1b[2J\x1b]0;owned\x07 \x9b31m \u202etxt.exe \u2066\u200f\x08\x7f"
ID = "a\u202eb\u2066"
"""Control characters are refused in an id."""
ESCAPED = "fox \\u001b[2J\\u001b]0;owned"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Return a corpus whose every text is hostile."""
    folder = tmp_path / "corpus"
    (folder / "qrels").mkdir(parents=True)
    document = {"_id": ID, "title": HOSTILE, "text": HOSTILE}
    (folder / "corpus.jsonl").write_text(json.dumps(document) + "\n")
    (folder / "queries.jsonl").write_text(json.dumps({"_id": ID, "text": HOSTILE}) + "\n")
    judged = f"{HEADER}{ID}\t{ID}\t1\n"
    (folder / "qrels" / "test.tsv").write_text(judged, encoding="utf-8", newline="")
    return folder


def clean(*texts: str) -> None:
    for text in texts:
        assert set(HIDDEN.findall(text)) <= {"\n"}


def test_a_search_prints_no_control_characters(run: Run, hostile: Path) -> None:
    arguments = ("search", HOSTILE, "--corpus", hostile, "--first-stage", "bm25")
    shown = run(*arguments)
    assert shown.code == 0
    assert ESCAPED in shown.out
    clean(shown.out, shown.err)
    answer = run(*arguments, "--json")
    clean(answer.out)
    assert answer.json["first_stage"]["hits"][0]["title"] == HOSTILE


def test_reranked_texts_are_printed_without_control_characters(run: Run, tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"text": HOSTILE}) + "\n")
    ended = run("rerank", "fox", "--documents", texts, "--reranker", "bm25")
    assert ESCAPED in ended.out
    clean(ended.out, ended.err)


def test_an_evaluation_prints_no_control_characters(run: Run, hostile: Path) -> None:
    out = hostile.parent / "out"
    ended = run("evaluate", "--corpus", hostile, "--first-stage", "bm25", "--out", out)
    assert ended.code == 0, ended.err
    clean(ended.out, ended.err)
    answer = run("evaluate", "--corpus", hostile, "--first-stage", "bm25", "--out", out, "--json")
    clean(answer.out)


def test_a_mistake_is_told_without_control_characters(run: Run) -> None:
    ended = run("search", "a", "--corpus", HOSTILE)
    assert ended.code == 2
    clean(ended.err)


def test_a_terminal_gets_our_own_styles_alone() -> None:
    file = io.StringIO()
    terminal = SafeConsole(file=file, force_terminal=True, width=200, color_system="standard")
    table = Table(HOSTILE, title=Text(HOSTILE))
    table.add_row(Text(HOSTILE, style="bold"))
    terminal.print(table)
    terminal.print(Text(HOSTILE, style="dim"))
    assert file.getvalue().count(ESCAPED) == 4
    styles = re.sub("\x1b\\[[0-9;]*m", "", file.getvalue())
    assert styles != file.getvalue()
    clean(styles)
