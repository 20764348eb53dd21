"""Corpora that stay: what was uploaded, or added by the command line, in the data folder."""

from components.lab.library.entries import Entry
from components.lab.library.finding import KeptCorpora, library_folder
from components.lab.library.library import Library
from components.lab.library.names import MAX_NAME, check_name, folded, suggested

__all__ = [
    "MAX_NAME",
    "Entry",
    "KeptCorpora",
    "Library",
    "check_name",
    "folded",
    "library_folder",
    "suggested",
]
