"""Reading a model's answer strictly: what is not of the form that was asked for is none.

Nothing is searched for in prose: what stands there may be quoted from a passage.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.wording import count, shortened, visible

Token = tuple[str, float]
"""A token and its log probability."""
SPELLINGS = {
    "yes": frozenset({"yes", "Yes", "YES", " yes", " Yes", " YES"}),
    "no": frozenset({"no", "No", "NO", " no", " No", " NO"}),
}
"""The tokens that stand for each answer."""
GRADES = range(4)
_FENCED = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)


class UnreadableError(ValueError):
    """An answer is none; the message completes the sentence "it answered, but ..."."""


def field_of(content: str, name: str) -> object:
    """Return the one field of the JSON object that is the whole answer.

    A code fence around it is left out. Raises UnreadableError for anything else.
    """
    text = content.strip()
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        said = shortened(visible(" ".join(text.split())), 80)
        raise UnreadableError(f"not with JSON alone: “{said}”") from None
    if not isinstance(value, dict) or list(value) != [name]:
        raise UnreadableError(f"its JSON is no object with the field {name} alone")
    return value[name]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def read_order(content: str, n: int) -> tuple[list[int], Counter[str]]:
    """Return all places from 0 to n - 1 in the order of an answer, and what was mended.

    Numbers that are `double` or `unknown` are dropped; passages that are `missing` keep their order
    behind the others. Raises UnreadableError where no passage is named at all.
    """
    numbers = field_of(content, "order")
    if not isinstance(numbers, list) or not all(map(_is_whole, numbers)):
        raise UnreadableError("its order is no list of whole numbers")
    mended: Counter[str] = Counter()
    places: dict[int, None] = {}
    for number in numbers:
        if not 1 <= number <= n:
            mended["unknown"] += 1
        elif number - 1 in places:
            mended["double"] += 1
        else:
            places[number - 1] = None
    if not places:
        raise UnreadableError("its order names none of the passages")
    missing = [place for place in range(n) if place not in places]
    mended["missing"] += len(missing)
    return [*places, *missing], mended


def read_best(content: str, n: int) -> int:
    """Return the place of the passage that an answer names."""
    number = field_of(content, "best")
    if not isinstance(number, int) or not _is_whole(number) or not 1 <= number <= n:
        raise UnreadableError(f"it names none of the {count(n, 'passage')}")
    return number - 1


def read_grade(content: str) -> int:
    """Return the grade that an answer gives."""
    grade = field_of(content, "grade")
    if not isinstance(grade, int) or not _is_whole(grade) or grade not in GRADES:
        raise UnreadableError(f"its grade is no whole number from 0 to {GRADES[-1]}")
    return grade


@dataclass(frozen=True, slots=True)
class LogOdds:
    """log p(yes) - log p(no); a `bound` where only one of both was among the likeliest tokens."""

    value: float
    bound: bool = False


def log_odds(tokens: Sequence[Token]) -> LogOdds:
    """Return the log odds of yes over the likeliest tokens of an answer's first word.

    Each answer has the probability of all its spellings together. Where none of them is listed, it
    has at most that of the least likely token that is, once for each spelling, and at most what the
    listed ones leave over. Raises UnreadableError where neither answer is listed.
    """
    listed = {token.replace("\u2581", " ").replace("\u0120", " "): p for token, p in tokens}
    logs = {
        answer: [listed[spelling] for spelling in sorted(spellings) if spelling in listed]
        for answer, spellings in SPELLINGS.items()
    }
    if not any(logs.values()):
        first = max(tokens, key=lambda pair: pair[1])[0] if tokens else ""
        raise UnreadableError(f"with “{shortened(visible(first), 20)}”, neither yes nor no")
    least = min(listed.values())
    left = 1.0 - math.fsum(math.exp(p) for p in listed.values())
    most = math.log(len(SPELLINGS["yes"])) + least
    if left > 0:
        most = min(most, math.log(left))
    yes, no = (float(np.logaddexp.reduce(logs[a])) if logs[a] else most for a in ("yes", "no"))
    return LogOdds(yes - no, bound=not all(logs.values()))
