"""What every reranker owes the lab, as tests; each subclass says with `subject` whom to test."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from components.domain import Cancelled, Reranker, Scores, ScoringProgress, Spec

Values = npt.NDArray[np.float64]
Scored = Sequence[tuple[int, float]]

QUERY = "how do I reset my password"
# Texts that every system scores differently, so that no tie has to be broken by their order.
TEXTS = (
    "The cat sat on my mat while I was looking for the old password in a drawer.",
    "How do I reset my password? Open the sign-in page, click 'Forgot password' and reset it.",
    "I reset the clock in the kitchen; how it works is a mystery to my whole family.",
    "How do I reset the router? Hold the button for ten seconds.",
    "Reset.",
)
ODD = (
    "",
    " ",
    "\n\t\r\n",
    "\x00\x01\x1b[31m\x7f",
    "\u202ereversed\u202c \u200b\ufeff",
    "שכחתי את הסיסמה שלי",
    "نسيت كلمة المرور",
    "如何重置我的密码？",
    "😀👩‍👩‍👧‍👦🏳️‍🌈 password 🔑",
    "e\u0301 ñ ß İ ﬁ",
    "<b onclick='x'>password</b> **reset** [a](javascript:x)",
    "x" * 4000,
    "\ud7ff\ue000\uffff\U0010ffff",
)
VERY_LONG = " ".join(f"{word} {i}" for i in range(400) for word in TEXTS[1].split())
LONG_WORDS = 400 * (len(TEXTS[1].split()) + 1)


@dataclass(frozen=True)
class Subject:
    """A reranker under test; `pointwise` where a score is a function of query and text alone.

    A `fusion` works with ranks, so that equal texts get neighbouring scores, not equal ones.
    """

    spec: Spec
    reranker: Reranker
    pointwise: bool = True
    fusion: bool = False

    def __call__(self, texts: Sequence[str], query: str = QUERY) -> Values:
        """Return the scores of texts."""
        return self.reranker.score(query, texts).values


def recorder() -> tuple[list[tuple[int, int]], ScoringProgress]:
    """Return a list and a progress function that fills it."""
    calls: list[tuple[int, int]] = []

    def progress(done: int, total: int, scored: Scored = (), /) -> None:
        calls.append((done, total))

    return calls, progress


def check(scores: Scores, count: int) -> None:
    """Fail unless there is one finite number a text, and counts that fit."""
    assert scores.values.shape == (count,)
    assert scores.values.dtype == np.float64
    assert np.isfinite(scores.values).all()
    assert len(scores.tokens_read) in {0, count}
    assert len(scores.tokens_cut) in {0, count}
    assert all(isinstance(n, int) and n >= 0 for n in (*scores.tokens_read, *scores.tokens_cut))
    assert not scores.cached


class RerankerContract:
    """The contract. Scores are exact to 1e-6 whatever the other texts and their order."""

    def test_scores_are_finite_and_one_a_text(self, subject: Subject) -> None:
        check(subject.reranker.score(QUERY, TEXTS), len(TEXTS))

    def test_scores_stay_with_their_texts_in_any_order(self, subject: Subject) -> None:
        values = dict(zip(TEXTS, subject(TEXTS), strict=True))
        assert len(set(values.values())) == len(TEXTS)  # otherwise the test would prove little
        for seed in (1, 2):
            shuffled = random.Random(seed).sample(TEXTS, len(TEXTS))
            expected = [values[text] for text in shuffled]
            np.testing.assert_allclose(subject(shuffled), expected, atol=1e-6)

    def test_a_pointwise_score_does_not_depend_on_the_other_texts(self, subject: Subject) -> None:
        texts = [*TEXTS, ODD[0], ODD[5], ODD[8], VERY_LONG]
        together = subject(texts)
        alone = [float(subject([text])[0]) for text in texts]
        if subject.pointwise:
            np.testing.assert_allclose(together, alone, atol=1e-6)
        else:
            assert not np.allclose(together, alone, atol=1e-6)  # or it should be called pointwise

    def test_no_texts_give_no_scores_and_no_progress(self, subject: Subject) -> None:
        calls, progress = recorder()
        check(subject.reranker.score(QUERY, [], progress), 0)
        assert calls == []

    def test_one_text_is_scored(self, subject: Subject) -> None:
        check(subject.reranker.score(QUERY, TEXTS[:1]), 1)

    def test_equal_texts_have_equal_scores(self, subject: Subject) -> None:
        values = subject([TEXTS[0], TEXTS[1], TEXTS[0], TEXTS[2], TEXTS[1]])
        if subject.fusion:
            assert values[0] >= values[2]  # the earlier one has the better rank
            assert values[1] >= values[4]
        else:
            assert (values[0], values[1]) == (values[2], values[4])

    def test_a_very_long_text_is_scored_and_its_cut_is_told(self, subject: Subject) -> None:
        scores = subject.reranker.score(QUERY, [TEXTS[0], VERY_LONG])
        check(scores, 2)
        if subject.spec.max_tokens:
            assert scores.tokens_cut[0] == 0
            assert scores.tokens_cut[1] > 0
            assert scores.tokens_cut[1] >= LONG_WORDS - subject.spec.max_tokens
        if scores.tokens_read and subject.spec.max_tokens:
            assert 0 < scores.tokens_read[1] < subject.spec.max_tokens
            assert scores.tokens_read[1] + scores.tokens_cut[1] >= LONG_WORDS

    def test_odd_texts_are_scored(self, subject: Subject) -> None:
        check(subject.reranker.score(QUERY, ODD), len(ODD))

    @pytest.mark.parametrize("query", [ODD[3], ODD[5], ODD[8], "?"])
    def test_odd_queries_are_answered(self, subject: Subject, query: str) -> None:
        check(subject.reranker.score(query, [TEXTS[0], ODD[0], query]), 3)

    def test_the_same_call_gives_the_same_scores(self, subject: Subject) -> None:
        np.testing.assert_array_equal(subject(TEXTS), subject(TEXTS))

    def test_the_input_stays_as_it_was(self, subject: Subject) -> None:
        given = list(TEXTS)
        values = subject(given)
        assert given == list(TEXTS)
        np.testing.assert_array_equal(values, subject(tuple(TEXTS)))

    def test_scores_told_on_the_way_are_those_of_the_end(self, subject: Subject) -> None:
        told: list[tuple[int, float]] = []

        def progress(done: int, total: int, scored: Scored = (), /) -> None:
            told.extend(scored)
            assert not scored or len(told) == done

        values = subject.reranker.score(QUERY, TEXTS, progress).values
        assert len(told) in {0, len(TEXTS)}
        assert dict(told) == {i: values[i] for i, _ in told}

    def test_progress_rises_up_to_the_total(self, subject: Subject) -> None:
        calls, progress = recorder()
        subject.reranker.score(QUERY, TEXTS, progress)
        done, totals = [d for d, _ in calls], {t for _, t in calls}
        assert len(totals) == 1
        total = totals.pop()
        assert total >= len(TEXTS)
        assert done[-1] == total
        if subject.spec.local:
            assert done == sorted(set(done))  # strictly rising
            assert done[0] > 0
        else:  # it is also asked whether to go on while nothing comes
            assert done == sorted(done)

    def test_cancelled_from_progress_stops_and_does_no_harm(self, subject: Subject) -> None:
        before = subject(TEXTS)
        calls: list[int] = []

        def stop(done: int, total: int, scored: Scored = (), /) -> None:
            calls.append(done)
            raise Cancelled("Enough.")

        with pytest.raises(Cancelled, match="Enough"):
            subject.reranker.score(QUERY, TEXTS, stop)
        assert len(calls) == 1
        np.testing.assert_array_equal(subject(TEXTS), before)
