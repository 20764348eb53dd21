"""Numbers in words: milliseconds, dollars, differences, counts; texts made safe to write."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

MINUS = "\N{MINUS SIGN}"
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that change the direction of the text around them."""
HIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{DIRECTIONS}]")
"""Control characters, line separators and DIRECTIONS: a reader or a terminal obeys them unseen."""


def count(n: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 judged query, 1,250 judged queries, 2 searches.

    Without a `plural` the noun's last word is inflected by its ending.
    """
    if not plural:
        to_ies = noun.endswith("y") and noun[-2:-1] not in "aeiou"
        hisses = noun.endswith(("s", "x", "z", "ch", "sh"))
        plural = f"{noun[:-1]}ies" if to_ies else f"{noun}es" if hisses else f"{noun}s"
    return f"{n:,} {agree(n, noun, plural)}"


def agree(n: float, one: str, many: str) -> str:
    """Return the word that goes with a number: 1 is, 2 are."""
    return one if n == 1 else many


def milliseconds(value: float) -> str:
    """Return milliseconds in words: 0.8 ms, 12 ms, 1,214 ms."""
    return f"{value:,.1f} ms" if value < 10 else f"{value:,.0f} ms"


def duration(seconds: float) -> str:
    """Return a span of time in words: 45 s, 12 min."""
    return f"{seconds:,.0f} s" if seconds < 90 else f"{seconds / 60:,.0f} min"


def dollars(usd: float, places: int | None = None) -> str:
    """Return an amount in words, with as many digits as a small sum needs, or with `places`."""
    if places is not None:
        return f"${usd:,.{places}f}"
    if usd == 0:
        return "$0"
    if round(usd, 6) >= 1:
        return f"${usd:,.2f}"
    return f"${usd:.6f}".rstrip("0") if usd >= 1e-6 else "<$0.000001"


def signed(value: float, places: int = 3) -> str:
    """Return a difference in words, with a true minus sign."""
    if not round(value, places):  # neither a gain nor a loss, and no negative zero
        return f"{0:.{places}f}"
    return f"{value:+.{places}f}".replace("-", MINUS)


def score(value: float) -> str:
    """Return a score as it is written on a card, with a true minus sign; NaN is no score."""
    if math.isnan(value):
        return "no score"
    digits = 4 if abs(value) < 0.1 else 3 if abs(value) < 1 else 2
    return f"{value:,.{digits}f}".replace("-", MINUS)


def movement(ranks: int) -> str:
    """Return a movement as an arrow and a number; positive is up."""
    return f"▲ {ranks}" if ranks > 0 else f"▼ {-ranks}" if ranks < 0 else "="


def shortened(text: str, limit: int) -> str:
    """Return a text, or its first characters and an ellipsis, `limit` characters in all."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def visible(text: str, keep: str = "") -> str:
    r"""Return a text with HIDDEN characters written as escapes such as \u202e, but those to keep.

    Inside the strings of JSON such an escape means the character itself.
    """
    return HIDDEN.sub(lambda c: c[0] if c[0] in keep else f"\\u{ord(c[0]):04x}", text)


def key_form(text: str) -> str:
    """Return a text as part of an element's key or class: lower case, no spaces, no colons."""
    return text.lower().replace(" ", "-").replace(":", "-")


def listed(items: Sequence[str], last: str = "and") -> str:
    """Return items in words: a; a and b; a, b and c."""
    *others, end = items or [""]
    return f"{', '.join(others)} {last} {end}" if others else end


def named(system: str) -> str:
    """Return a system's key as people read it: minilm-l12 (recorded), bm25 (from a run file)."""
    kind, _, name = system.partition(":")
    how = {"recorded": "recorded", "run": "from a run file"}.get(kind)
    return f"{name} ({how})" if how and name else system


def describe_grade(grade: int | None) -> str:
    """Return a judgment in words: grade 2, unjudged."""
    return "unjudged" if grade is None else f"grade {grade}".replace("-", MINUS)
