from __future__ import annotations

import pytest

from components.wording import dollars, key_form, visible


@pytest.mark.parametrize(
    ("usd", "places", "text"),
    [(1234.5, 2, "$1,234.50"), (0.0005, 6, "$0.000500"), (0.0, 2, "$0.00"), (0.02, 4, "$0.0200")],
)
def test_dollars_have_the_places_that_are_asked_for(usd: float, places: int, text: str) -> None:
    assert dollars(usd, places) == text


def test_a_text_becomes_part_of_a_key() -> None:
    assert key_form("Which one? By query") == "which-one?-by-query"
    assert key_form("compatible:own") == "compatible-own"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, é 狐狸 👩‍🚀", "plain, é 狐狸 👩‍🚀"),
        ("a\x1b[31m\x7f\x9b", "a\\u001b[31m\\u007f\\u009b"),
        ("\u202eb\u2066\u200f", "\\u202eb\\u2066\\u200f"),
        ("a\nb\tc\rd", "a\nb\\u0009c\\u000dd"),
    ],
)
def test_what_is_hidden_becomes_visible(text: str, escaped: str) -> None:
    assert visible(text, keep="\n") == escaped
