"""The fields of a kept corpus lie beside it: who opens it need not go through its documents."""

from __future__ import annotations

from pathlib import Path

from components.config import LibrarySettings
from components.lab.library import Library
from tests.support.given_fields import FIELDS


def test_a_kept_corpus_knows_its_fields_without_reading_its_documents(tmp_path: Path) -> None:
    def library() -> Library:
        return Library(tmp_path, LibrarySettings(100, 10), lambda library, entry, folder: None)

    entry = library().add(FIELDS)
    opened = library().open(entry)
    assert opened.scanned == FIELDS.fields
    assert opened.identity == FIELDS.identity
    assert [field.name for field in opened.fields.indexed] == ["product", "year", "when", "note"]
