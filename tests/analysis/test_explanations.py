from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.analysis.explanations import (
    MOST,
    TokenMatches,
    Unit,
    bm25_terms,
    occlusion,
    pieces_of,
    shares,
    token_matches,
    variants,
    what_was_read,
    word_around,
)
from components.domain import Corpus
from components.lab import catalog, read_settings
from components.models.bm25 import statistics
from components.rerankers import Context

QUERY = "how do I reset my password"
TEXT = "Open the sign-in page. Click 'Forgot password' and reset it! The cat sleeps.\nReset it?"
SETTINGS = read_settings({})


def letters(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Score texts by their letters a."""
    return np.array([text.count("a") for text in texts], np.float64)


@given(st.text(max_size=300), st.sampled_from(["sentence", "word"]))
def test_pieces_together_are_the_text(text: str, unit: Unit) -> None:
    spans = pieces_of(text, unit)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(start < end for start, end in spans)


def test_sentences_and_words_by_hand() -> None:
    sentences = [TEXT[a:b] for a, b in pieces_of(TEXT, "sentence")]
    assert sentences == [
        "Open the sign-in page. ",
        "Click 'Forgot password' and reset it! ",
        "The cat sleeps.\n",
        "Reset it?",
    ]
    assert ["a  b\nc"[a:b] for a, b in pieces_of("a  b\nc", "word")] == ["a  ", "b\n", "c"]


def test_a_point_inside_a_number_ends_no_sentence() -> None:
    text = "Version 4.6 is out. Read it."
    assert [text[a:b] for a, b in pieces_of(text, "sentence")] == [
        "Version 4.6 is out. ",
        "Read it.",
    ]


@pytest.mark.parametrize("unit", ["sentence", "word"])
def test_long_texts_have_few_pieces_and_nothing_is_left_out(unit: Unit) -> None:
    text = "word. " * 1000
    spans = pieces_of(text, unit)
    assert len(spans) == MOST[unit]
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)


def test_an_effect_is_the_difference_of_two_scores() -> None:
    found = occlusion(letters, "a b aa. c", "word")
    assert found.full == 3.0
    assert [(p.without, p.effect) for p in found.pieces] == [(2, 1), (3, 0), (1, 2), (3, 0)]


@pytest.mark.models
def test_effects_of_the_real_cross_encoder_are_differences_of_its_scores() -> None:
    reranker = catalog.load_reranker("minilm-l12", Context(SETTINGS))
    found = occlusion(lambda t: reranker.score(QUERY, t).values, TEXT, "sentence")
    texts = variants(TEXT, "sentence")
    alone = [float(reranker.score(QUERY, [text]).values[0]) for text in texts]
    assert found.full == pytest.approx(alone[0], abs=1e-6)
    for piece, score in zip(found.pieces, alone[1:], strict=True):
        assert piece.effect == pytest.approx(alone[0] - score, abs=1e-6)
    effects = {TEXT[p.start : p.end].strip(): p.effect for p in found.pieces}
    assert max(effects, key=lambda s: effects[s]).startswith("Click 'Forgot password'")


def matches() -> TokenMatches:
    """Return how three query tokens match a document of three; rows: [CLS], a word, [SEP]."""
    cosines = np.array([[0.5, 0.1, 0.2], [0.1, 0.9, 0.3], [0.2, 0.25, 0.1]], np.float32)
    return TokenMatches(("[CLS]", "pin", "[SEP]"), ("[CLS]", "pin", "##ned"), cosines)


def test_a_score_is_the_sum_of_the_best_cosines_and_some_belong_to_no_word() -> None:
    assert matches().best.tolist() == [0, 1, 1]
    assert matches().cosines.tolist() == pytest.approx([0.5, 0.9, 0.25])
    assert matches().score == pytest.approx(1.65)
    assert matches().special == pytest.approx(0.75)


def test_pieces_are_joined_to_their_word() -> None:
    tokens = ("[CLS]", "pin", "##ne", "##d", "it")
    assert [word_around(tokens, at) for at in range(5)] == [
        *("[CLS]", "pinned", "pinned", "pinned", "it"),
    ]
    assert word_around(("##x",), 0) == "x"


@pytest.mark.models
def test_token_matches_add_up_to_the_late_interaction_score() -> None:
    reranker = catalog.load_reranker("late-bge", Context(SETTINGS))
    for text in (TEXT, "reset " * 700, ""):
        found = token_matches(QUERY, text)
        expected = float(reranker.score(QUERY, [text]).values[0])
        assert found.score == pytest.approx(expected, abs=1e-4)
        assert found.matrix.shape == (len(found.query_tokens), len(found.document_tokens))
    found = token_matches(QUERY, TEXT)
    best = dict(zip(found.query_tokens, found.best, strict=True))
    assert found.document_tokens[best["password"]] == "password"
    assert found.document_tokens[best["reset"]] == "reset"


def test_bm25_contributions_add_up_to_the_score(exceptions: Corpus) -> None:
    query = "how do I handle exceptions and log them, with unobtainium"
    reranker = catalog.load_reranker("bm25", Context(SETTINGS, exceptions))
    for document in exceptions.documents:
        found = bm25_terms(statistics(exceptions), query, document.passage)
        expected = float(reranker.score(query, [document.passage]).values[0])
        assert sum(t.contribution for t in found) == pytest.approx(expected, abs=1e-6)
        assert [t.contribution for t in found] == sorted(
            (t.contribution for t in found), reverse=True
        )
        forms = {t.term: t.forms for t in found}
        assert forms["except"][0] == "exceptions"
        lost = next(t for t in found if t.term.startswith("unobtain"))
        assert (lost.idf, lost.frequency, lost.contribution) == (0.0, 0, 0.0)


@pytest.mark.models
@pytest.mark.parametrize("system", ["minilm-l12", "late-bge"])
def test_what_was_read_ends_where_the_model_stopped(system: str) -> None:
    text = " ".join(f"word{n} and" for n in range(600))
    reranker = catalog.load_reranker(system, Context(SETTINGS))
    scores = reranker.score(QUERY, [text, TEXT])
    found = what_was_read(system, QUERY, text, scores.tokens_read[0], scores.tokens_cut[0])
    assert found.read + found.unread == text
    assert found.exact
    again = reranker.score(QUERY, [found.read])
    assert again.tokens_cut == (0,)
    assert again.tokens_read == (scores.tokens_read[0],)
    assert float(again.values[0]) == pytest.approx(float(scores.values[0]), abs=1e-5)
    assert what_was_read(system, QUERY, TEXT, scores.tokens_read[1], 0).unread == ""


def test_a_providers_cut_is_an_estimate() -> None:
    found = what_was_read("cohere", QUERY, "x" * 1000, 75, 25)
    assert (found.end, found.exact) == (750, False)


def test_shares_keep_their_signs() -> None:
    assert shares([2.0, -4.0, 0.0]) == [0.5, -1.0, 0.0]
    assert shares([0.0]) == [0.0]
    assert shares([]) == []
