"""Measures of rankings: which there are, by name, and how they are computed.

A measure is one `Measure` record. The files of this package offer them as `MEASURES`, a tuple, and
are found by being there: Evaluate, Compare, headroom, depth, charts, files and the command line
ask this package.
"""

from components.measures.calculation import Metrics, Run, measure, run_scores
from components.measures.records import Measure
from components.measures.registry import (
    DEFAULT,
    check_measure,
    cutoff_of,
    families,
    is_quality,
    measures_at,
    parse_measure,
    quality_measures,
    usual_measures,
)

__all__ = [
    "DEFAULT",
    "Measure",
    "Metrics",
    "Run",
    "check_measure",
    "cutoff_of",
    "families",
    "is_quality",
    "measure",
    "measures_at",
    "parse_measure",
    "quality_measures",
    "run_scores",
    "usual_measures",
]
