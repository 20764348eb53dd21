"""What is wrong with a JSON file that does not fit its pydantic model, and where."""

from __future__ import annotations

from pydantic import ValidationError

from components.corpora.text import printable
from components.wording import shortened

_OUT_OF_RANGE = frozenset(
    {"less_than", "less_than_equal", "greater_than", "greater_than_equal", "finite_number"}
)


def first_fault(exc: ValidationError) -> str:
    """Return place and message of the first error: `queries[0].text: Field required`.

    A number that is out of its range is quoted; no other value is.
    """
    fault = exc.errors(include_url=False, include_context=False)[0]
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
    where = printable("".join(steps).lstrip("."), 120)
    message = printable(fault["msg"], 200)
    if fault["type"] in _OUT_OF_RANGE:
        message += f", not {shortened(str(fault['input']), 40)}"
    return f"{where}: {message}" if where else message
