from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.analysis.matching import matching_words, spellings
from components.models.terms import terms, terms_at


def marked(query: str, text: str) -> list[str]:
    """Return the words of a text that match a query."""
    return [text[start:end] for start, end in matching_words(query, text)]


def test_words_match_by_their_stems() -> None:
    text = "Pinning a message: the pinned Messages, a pin, MESSAGING."
    assert marked("pinned messages", text) == [
        *("Pinning", "message", "pinned", "Messages", "pin", "MESSAGING"),
    ]
    assert marked("retention", "Retained for a year.") == [], "the stemmer tells them apart"


def test_stop_words_and_parts_of_words_do_not_match() -> None:
    assert marked("the cat in the hat", "The concatenation of the hats") == ["hats"]
    assert marked("", "anything") == []
    assert marked("anything", "") == []


def test_matches_are_in_order_and_keep_their_places() -> None:
    text = "Straße, İstanbul, STRASSE"
    assert matching_words("strasse", text) == [(0, 6), (18, 25)]
    assert matching_words("İstanbul", text)[0][0] == 8


@given(st.text(max_size=200))
def test_words_at_their_places_have_the_terms_of_the_text(text: str) -> None:
    spans = [(start, end) for start, end, _ in terms_at(text)]
    assert spans == sorted(spans)
    assert all(start < end <= len(text) for start, end in spans)
    assert [term for _, _, own in terms_at(text) for term in own] == [
        term for start, end in spans for term in terms(text[start:end])
    ]


def test_a_stem_stands_for_the_words_of_the_texts() -> None:
    forms = spellings(terms("pinned messages"), "Pinned messages", "a message is pinned, messages")
    assert forms == {"pin": ("pinned",), "messag": ("messages", "message")}
    assert spellings(["x"], "no such word") == {"x": ()}
