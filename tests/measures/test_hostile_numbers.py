"""Grades and cut-offs that would become a size: refused before anything is allocated."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import ir_measures
import pytest

from components.domain import InputError
from components.measures import check_measure, measure

RUN = {"q": {"b": 2.0, "a": 1.0}}
STANDARD = ("nDCG@10", "RR@10", "P@10", "R@100", "AP", "Judged@10")


@pytest.mark.parametrize(
    "grade", [101, -101, 10**9, -(10**9), 10**30, 1.5, math.nan, math.inf, "1"]
)
def test_a_grade_that_is_none_is_refused(grade: Any) -> None:  # noqa: ANN401
    with pytest.raises(InputError) as caught:
        measure(RUN, {"q": {"a": 1, "b": grade}}, ("nDCG@10",))
    assert caught.value.reason == (
        "The grade of 'b' for the query 'q' is no whole number from -100 to 100."
    )


@pytest.mark.parametrize("grade", [100, -100, 99, 0])
def test_the_largest_grades_are_measured_as_by_ir_measures(grade: int) -> None:
    judgments = {"q": {"a": 1, "b": grade}}
    expected = ir_measures.calc_aggregate(map(ir_measures.parse_measure, STANDARD), judgments, RUN)
    mine = measure(RUN, judgments, STANDARD).mean
    assert mine == {str(name): pytest.approx(value) for name, value in expected.items()}


@pytest.mark.parametrize("grades", [{"a": -1}, {"a": -100, "b": -2}, {"z": -1}])
def test_a_query_with_negative_grades_alone_is_measured(grades: dict[str, int]) -> None:
    code = (
        "import sys, json\n"
        "from components.measures import measure\n"
        f"run, grades = {RUN!r}, {{'q': {grades!r}}}\n"
        "print(json.dumps(dict(measure(run, grades).mean)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    judged = sum(document in RUN["q"] for document in grades) / 2
    assert json.loads(ended.stdout) == dict.fromkeys(STANDARD, 0.0) | {"Judged@10": judged}


def test_a_grade_of_a_billion_allocates_nothing() -> None:
    code = (
        "from components.domain import InputError\n"
        "from components.measures import measure\n"
        "measure({'q': {'a': 1.0}}, {'q': {'a': 1}})\n"
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({4 * 1024**3},) * 2)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    measure({'q': {'a': 1.0}}, {'q': {'a': 10**9}})\n"
        "except InputError:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ended.stdout) < 50_000  # kilobytes


@pytest.mark.parametrize("cutoff", ["0", "-1", "1000001", "9" * 30, "9" * 5000, "1e9", "1.5", "²"])
def test_a_cut_off_that_is_none_is_refused(cutoff: str) -> None:
    with pytest.raises(InputError, match="There is no measure 'nDCG@") as caught:
        check_measure(f"nDCG@{cutoff}")
    assert len(caught.value.reason) < 120
    assert caught.value.remedy.endswith("with a whole number up to 1,000,000 for k.")
    assert check_measure("nDCG@1000000") == "nDCG@1000000"
