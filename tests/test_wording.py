from __future__ import annotations

import pytest

from components.wording import dollars, key_form


@pytest.mark.parametrize(
    ("usd", "places", "text"),
    [(1234.5, 2, "$1,234.50"), (0.0005, 6, "$0.000500"), (0.0, 2, "$0.00"), (0.02, 4, "$0.0200")],
)
def test_dollars_have_the_places_that_are_asked_for(usd: float, places: int, text: str) -> None:
    assert dollars(usd, places) == text


def test_a_text_becomes_part_of_a_key() -> None:
    assert key_form("Which one? By query") == "which-one?-by-query"
    assert key_form("compatible:own") == "compatible-own"
