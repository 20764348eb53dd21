"""Columns that no name tells: guessed, kept as metadata, read without a header."""

from __future__ import annotations

import json

from components.corpora import (
    preview_columns,
    read_uploads,
)
from tests.support.uploads import up


def test_the_longest_text_is_guessed_shown_and_warned_about() -> None:
    table = up(
        "t.csv",
        "Ticket No,Beschreibung,Status\nT-1,Der Drucker im Flur druckt nicht mehr,offen\n"
        "T-2,Das Licht flackert seit gestern abend,zu\n",
    )
    preview = preview_columns(table)
    assert preview is not None
    assert preview.suggested is not None
    assert (preview.suggested.text, preview.suggested.id) == ("Beschreibung", "Ticket No")
    assert (preview.guessed, preview.reason) == (True, "holds the longest texts: 6 words a row")
    corpus = read_uploads([table])
    assert [(d.id, dict(d.metadata)) for d in corpus.documents] == [
        ("T-1", {"Status": "offen"}),
        ("T-2", {"Status": "zu"}),
    ]
    assert corpus.report.warnings == (
        "t.csv: no column is named like a text; 'Beschreibung' is read as the text, since it holds "
        "the longest texts: 6 words a row.",
    )


def test_every_other_field_is_metadata() -> None:
    row = {"_id": "a", "text": "x", "url": "u", "n": 3, "tags": ["k"], "none": None, "e": ""}
    row["metadata"] = {"own": True}
    corpus = read_uploads([up("c.jsonl", json.dumps(row))])
    assert corpus.documents[0].details == (
        ("own", "true"),
        ("url", "u"),
        ("n", "3"),
        ("tags", '["k"]'),
    )
    roles = {column.name: (column.role, column.filled) for column in corpus.report.columns}
    assert roles == {
        "_id": ("id", 1),
        "text": ("text", 1),
        "url": ("metadata", 1),
        "n": ("metadata", 1),
        "tags": ("metadata", 1),
        "metadata": ("metadata", 1),
    }


def test_a_tsv_without_a_header_is_read_by_its_contents() -> None:
    """As MS MARCO's collection is: a number and a passage."""
    content = "0\tThe presence of communication amid minds.\n1\tIts legacy was an atomic age.\n"
    corpus = read_uploads([up("collection.tsv", content)])
    assert [d.id for d in corpus.documents] == ["0", "1"]
    assert corpus.documents[0].text == "The presence of communication amid minds."
    assert corpus.report.files[0].header == "no"
