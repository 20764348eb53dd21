"""A corpus format for tests: one document a line, its id and its text parted by a bar."""

from __future__ import annotations

from collections.abc import Iterator

from components.corpora import Columns, Upload, lines, quoted
from components.corpora.formats import Format
from components.corpora.text import Row
from components.domain import CorpusError


def _rows(file: Upload, columns: Columns | None) -> Iterator[Row]:
    for number, line in lines(file):
        where = f"{file.name}:{number}"
        identity, bar, text = line.partition("|")
        if not bar:
            raise CorpusError(f"{where}: expected id|text; found {quoted(line)}.", "Add a bar.")
        yield Row(where, {"_id": identity, "text": text})


FORMATS = Format("Probe", (".probe",), _rows)
