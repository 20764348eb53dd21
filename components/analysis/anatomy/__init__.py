"""What a corpus is made of: lengths, copies, languages, fields, queries and judgments."""

from components.analysis.anatomy.describing import describe
from components.analysis.anatomy.findings import Finding, clear, findings, share
from components.analysis.anatomy.keeping import AnatomyStore
from components.analysis.anatomy.records import Anatomy
from components.analysis.anatomy.rows import REMOTE

__all__ = ["REMOTE", "Anatomy", "AnatomyStore", "Finding", "clear", "describe", "findings", "share"]
