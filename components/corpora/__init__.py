"""Corpora from folders, files and uploads: every line is checked."""

from components.corpora.archives import MAX_RATIO as ZIP_RATIO
from components.corpora.beside import read_beside
from components.corpora.cutting import USUAL, Cutting
from components.corpora.faults import first_fault
from components.corpora.formats import Columns, TablePreview, is_prose
from components.corpora.judgments import coverage, read_candidates, read_qrels, within
from components.corpora.layout import check_split
from components.corpora.limits import MAX_BYTES, MAX_ROWS, MAX_SIZE
from components.corpora.opening import SAMPLES, open_corpus, sample_names
from components.corpora.reading import (
    describe_formats,
    fingerprint,
    member_endings,
    preview_columns,
    read_uploads,
    upload_endings,
)
from components.corpora.records import MAX_QUERY
from components.corpora.text import Upload, lines, printable, quoted
from components.corpora.texts import read_texts

__all__ = [
    "MAX_BYTES",
    "MAX_QUERY",
    "MAX_ROWS",
    "MAX_SIZE",
    "SAMPLES",
    "USUAL",
    "ZIP_RATIO",
    "Columns",
    "Cutting",
    "TablePreview",
    "Upload",
    "check_split",
    "coverage",
    "describe_formats",
    "fingerprint",
    "first_fault",
    "is_prose",
    "lines",
    "member_endings",
    "open_corpus",
    "preview_columns",
    "printable",
    "quoted",
    "read_beside",
    "read_candidates",
    "read_qrels",
    "read_texts",
    "read_uploads",
    "sample_names",
    "upload_endings",
    "within",
]
