"""BEIR folders for tests."""

from __future__ import annotations

from pathlib import Path

TWO = '{"_id": "a", "title": "T", "text": "x"}\n{"_id": "b", "text": "é"}\n'
QUERIES = '{"_id": "q1", "text": "one"}\n{"_id": "q2", "text": "two"}\n'
HEADER = "query-id\tcorpus-id\tscore\n"


def folder_of(path: Path, **files: str | bytes) -> Path:
    """Write a folder; `corpus`, `queries` and `card` name its files, any other key a split."""
    names = {"corpus": "corpus.jsonl", "queries": "queries.jsonl", "card": "card.md"}
    for key, content in files.items():
        target = path / names.get(key, f"qrels/{key}.tsv")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
