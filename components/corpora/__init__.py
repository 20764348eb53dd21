"""Corpora from folders and uploads: every line is checked."""

from components.corpora.judgments import (
    Coverage,
    Pair,
    check_judgments,
    coverage,
    read_candidates,
    read_qrels,
)
from components.corpora.reading import (
    SAMPLES,
    fingerprint,
    open_corpus,
    read_folder,
    read_texts,
    read_uploads,
    sample_names,
)
from components.corpora.tables import Columns, CsvPreview, preview_csv
from components.corpora.text import MAX_BYTES, MAX_FILES, Upload, lines, printable, quoted

__all__ = [
    "MAX_BYTES",
    "MAX_FILES",
    "SAMPLES",
    "Columns",
    "Coverage",
    "CsvPreview",
    "Pair",
    "Upload",
    "check_judgments",
    "coverage",
    "fingerprint",
    "lines",
    "open_corpus",
    "preview_csv",
    "printable",
    "quoted",
    "read_candidates",
    "read_folder",
    "read_qrels",
    "read_texts",
    "read_uploads",
    "sample_names",
]
