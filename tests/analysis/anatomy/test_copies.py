"""Which documents repeat an earlier one; brute force is the oracle."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.analysis.anatomy.copies import (
    COMPARED,
    CopyFinder,
    Twins,
    copies_of,
    sequences,
    similarity,
)
from components.analysis.anatomy.records import NEAR, Copies, Pair
from components.analysis.anatomy.rows import Rows
from components.domain import Cancelled, Corpus
from tests.support.made_corpora import corpus_of, words


def twins_of(corpus: Corpus) -> Twins:
    finder, rows = CopyFinder(), Rows(corpus)
    for batch in rows.batches():
        finder.add(batch)
    return finder.twins(rows)


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def triples(text: str) -> set[tuple[str, ...]]:
    """Return the sequences of three words, or the words of a shorter text, by another way."""
    parts = re.findall(r"[a-z0-9]+", text.casefold())
    if len(parts) < 3:
        return {tuple(parts)} if parts else set()
    return {tuple(parts[at : at + 3]) for at in range(len(parts) - 2)}


def test_sequences_of_three_words() -> None:
    assert sequences(["a", "b", "c", "d"]) == {"a b c", "b c d"}
    assert sequences(["a", "b"]) == {"a b"}
    assert sequences([]) == frozenset()


def test_similarity_is_the_share_of_all_sequences() -> None:
    # of 10 words in a row, 8 sequences; the other text ends one word later: 8 of 9 are in both
    one, other = sequences(words(0, 10).split()), sequences(words(0, 11).split())
    assert similarity(one, other) == 8 / 9
    assert similarity(one, sequences(words(50, 10).split())) == 0
    assert similarity(frozenset(), frozenset()) == 0


def test_copies_differ_in_white_space_and_case_alone() -> None:
    corpus = corpus_of("A fox.", "a hat", " a\n FOX. ", "a fox", "A  fox.")
    assert twins_of(corpus) == Twins({2: 0, 4: 0}, {3: (0, 1.0)})  # without its full stop


def test_a_title_belongs_to_the_passage() -> None:
    from components.domain import Document

    corpus = corpus_of(Document("a", "A fox", "in snow"), Document("b", "", "a fox in snow"))
    assert twins_of(corpus).exact == {1: 0}


def test_empty_documents_repeat_none_and_punctuation_does() -> None:
    assert twins_of(corpus_of("", " ", "!!!", "!!!", "?")) == Twins({3: 2}, {})


def test_near_copies_are_measured_word_by_word() -> None:
    # 50 words are 48 sequences; another word at the end changes one of them: 47 of 49 are in both
    corpus = corpus_of(words(0, 50), words(500, 50), words(0, 49) + " other")
    assert twins_of(corpus) == Twins({}, {2: (0, 47 / 49)})


@pytest.mark.parametrize(("number", "is_near"), [(10, False), (11, True)])
def test_near_begins_at_eighty_percent(number: int, is_near: bool) -> None:
    # another last word: of n - 2 sequences n - 3 are in both, of n - 1: 7 of 9, and 8 of 10
    corpus = corpus_of(words(0, number), words(0, number - 1) + " other")
    share = (number - 3) / (number - 1)
    assert (share >= NEAR) == is_near
    assert twins_of(corpus).near == ({1: (0, share)} if is_near else {})


def test_the_closest_of_several_is_named() -> None:
    corpus = corpus_of(words(0, 60), words(0, 59) + " x y", words(0, 59) + " x z")
    assert twins_of(corpus).near[2][0] == 1


def test_letters_without_spaces_between_words_are_compared_one_by_one() -> None:
    text = "東京都は日本の首都であり人口が最も多い都市として知られている場所です"
    corpus = corpus_of(text, text[:-1] + "た")
    assert twins_of(corpus).near[1][0] == 0


def test_copies_have_their_first_pairs() -> None:
    corpus = corpus_of("a fox", "A FOX", words(0, 50), words(0, 49) + " other")
    exact, near = copies_of(twins_of(corpus), Rows(corpus))
    assert exact == Copies(1, (Pair("d0", "d1"),))
    assert near == Copies(1, (Pair("d2", "d3", round(47 / 49, 3)),))


def test_many_of_one_kind_are_all_told() -> None:
    n = 6 * COMPARED
    corpus = corpus_of(*(f"{words(0, 80)} {n}" for n in range(n)))
    assert sorted(twins_of(corpus).near) == list(range(1, n))


def test_comparing_stops_when_told() -> None:
    finder, rows = CopyFinder(), Rows(corpus_of(words(0, 50), words(0, 51)))
    for batch in rows.batches():
        finder.add(batch)

    def stop(done: int, total: int, scored: object = ()) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        finder.twins(rows, stop)


VOCABULARY = st.sampled_from("red green blue fox hat ship snow mill road lamp sea wind".split())
TEXTS = st.lists(VOCABULARY, max_size=30).map(" ".join)


CHANGES = ("same", "upper", "space", "end")


@settings(deadline=None, max_examples=60)
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=12),
    planted=st.lists(
        st.tuples(st.integers(0, 11), st.sampled_from("same upper space end".split()))
    ),
)
def test_every_planted_copy_is_told_and_nothing_else(
    texts: list[str], planted: list[tuple[int, str]]
) -> None:
    for place, how in planted:
        text = texts[place % len(texts)]
        change = {"upper": text.upper(), "space": f"\n {text} ", "end": f"{text} away"}
        texts = [*texts, change.get(how, text)]
    twins = twins_of(corpus_of(*texts))
    first: dict[str, int] = {}
    exact = {row: first[folded(t)] for row, t in enumerate(texts)
             if first.setdefault(folded(t), row) != row and folded(t)}  # fmt: skip
    assert twins.exact == exact
    near = {}
    for row, text in enumerate(texts):
        earlier = [r for r in range(row) if r not in exact and row not in exact]
        shares = {
            r: len(own & triples(text)) / (len(own | triples(text)) or 1)
            for r in earlier
            for own in [triples(texts[r])]
        }
        if shares and max(shares.values()) >= NEAR:
            near[row] = max(shares.values())
    assert {row: share for row, (_, share) in twins.near.items()} == near
