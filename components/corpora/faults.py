"""Grades in JSON files, and what is wrong with a file that does not fit its pydantic model."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ValidationError
from pydantic_core import PydanticCustomError

from components.corpora.text import printable
from components.domain import MAX_GRADE
from components.wording import shortened


def _check_grade(grade: int) -> int:
    if not -MAX_GRADE <= grade <= MAX_GRADE:
        raise PydanticCustomError(
            "grade",
            "A grade is a whole number from {least} to {most}, not {grade}",
            {"least": -MAX_GRADE, "most": MAX_GRADE, "grade": shortened(str(grade), 40)},
        )
    return grade


Grade = Annotated[int, AfterValidator(_check_grade)]
"""A grade as a field of a pydantic model."""


def first_fault(exc: ValidationError) -> str:
    """Return place and message of the first error: `queries[0].text: Field required`.

    What stands there is not asked for: pydantic would build the objects of all errors, which may
    be a whole file each.
    """
    fault = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
    where = printable("".join(steps).lstrip("."), 120)
    message = printable(fault["msg"], 200)
    return f"{where}: {message}" if where else message
