"""Where long prose is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.corpora.cutting import Cutting, cut
from components.corpora.judgments import Pair
from components.corpora.passages import Place, place_of, relocated


def pieces(text: str, length: int = 20, overlap: int = 0) -> list[str]:
    return [text[a:b] for a, b in cut(text, 0, len(text), Cutting(length, overlap))]


def numbered(first: int, end: int) -> str:
    return " ".join(map(str, range(first, end)))


def test_a_third_more_stays_whole() -> None:
    assert pieces(numbered(0, 26)) == [numbered(0, 26)]
    assert pieces(numbered(0, 27)) == [numbered(0, 20), numbered(20, 27)]
    assert pieces(" \n ") == []


def test_paragraphs_go_before_sentences_and_sentences_before_words() -> None:
    text = f"{numbered(0, 15)}\n\n{numbered(15, 25)}\n\n{numbered(25, 30)}"
    assert pieces(text) == [numbered(0, 15), f"{numbered(15, 25)}\n\n{numbered(25, 30)}"]
    text = f"{numbered(0, 12)}. {numbered(12, 24)}! {numbered(24, 30)}"
    assert pieces(text) == [f"{numbered(0, 12)}.", f"{numbered(12, 24)}! {numbered(24, 30)}"]


def test_a_passage_repeats_the_end_of_the_one_before() -> None:
    assert pieces(numbered(0, 60), overlap=5) == [
        *(numbered(0, 15), numbered(10, 30), numbered(25, 45), numbered(40, 60)),
    ]


def test_scripts_without_spaces_are_cut_too() -> None:
    assert pieces("\u4e00" * 50) == ["\u4e00" * 20, "\u4e00" * 20, "\u4e00" * 10]
    assert [len(piece) for piece in pieces("x" * 1_700)] == [800, 800, 100]


@pytest.mark.parametrize(("length", "overlap"), [(19, 0), (5_001, 0), (20, 11), (20, -1)])
def test_lengths_that_make_no_passages_are_refused(length: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="passages have 20 to 5,000 words"):
        Cutting(length, overlap)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab. \n\r\t!\u4e00\u3002\u2028"), max_size=400), st.integers(0, 10))
def test_no_word_is_lost_and_none_is_added(text: str, overlap: int) -> None:
    """Passages are slices in order, between which is white space alone."""
    spans = list(cut(text, 0, len(text), Cutting(20, overlap)))
    at = 0
    for start, end in spans:
        assert start < end
        assert start <= at or not text[at:start].strip()
        assert text[start:end].strip()
        at = max(at, end)
    assert not text[at:].strip()
    assert [a for a, _ in spans] == sorted({a for a, _ in spans})


@given(st.text(min_size=1), *[st.integers(0, 10**8)] * 3)
def test_ids_are_read_back(document: str, start: int, end: int, page: int) -> None:
    place = Place(document, start, end, page)
    assert place_of(place.id) == place
    assert place_of("notes.md#3") is None


def test_judgments_move_to_the_passage_that_shares_most() -> None:
    """The highest grade of several counts; another page is another place."""
    ids = ["a#p1-0-100", "a#p1-102-300", "b#0-10"]
    judged = ["a#p1-50-120", "a#p1-0-60", "a#p2-0-60", "b#0-10", "c"]
    pairs = [Pair("q", name, n, str(n)) for n, name in enumerate(judged, 1)]
    moved, number = relocated(pairs, ids)
    assert number == 2
    assert {pair.document: pair.value for pair in moved} == {
        **{"a#p2-0-60": 3, "b#0-10": 4, "c": 5},
        "a#p1-0-100": 2,
    }
