from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.analysis.agreement import agreement, describe_agreement, kendall_tau, overlap, rbo
from components.domain import Document, Hit, Ranking

LISTS = st.lists(st.sampled_from("abcdefgh"), unique=True)


def ranking(name: str, order: str) -> Ranking:
    return Ranking(
        name, tuple(Hit(Document(c, c, ""), i, -i, i, 0) for i, c in enumerate(order, 1))
    )


def test_kendalls_tau_by_hand() -> None:
    assert kendall_tau("abcd", "abcd") == 1.0
    assert kendall_tau("abcd", "dcba") == -1.0
    assert kendall_tau("abcd", "bacd") == pytest.approx((5 - 1) / 6)
    assert kendall_tau("abxcy", "zbac") == pytest.approx((2 - 1) / 3)  # over a, b, c alone
    assert math.isnan(kendall_tau("ab", "cd"))
    assert math.isnan(kendall_tau("a", "a"))


def test_rbo_by_hand() -> None:
    assert rbo("abc", "abc") == pytest.approx(1.0)
    assert rbo("abc", "xyz") == 0.0
    # two lists of two, the first ranks differ: X = 0, 2
    p = 0.9
    expected = (1 - p) / p * (0 * p + 2 / 2 * p**2) + 2 / 2 * p**2
    assert rbo("ab", "ba", p) == pytest.approx(expected)
    # a against abc: s = 1, l = 3, X = 1, 1, 1
    sums = 1 / 1 * p + 1 / 2 * p**2 + 1 / 3 * p**3 + 1 * (1 / 2) * p**2 + 1 * (2 / 3) * p**3
    assert rbo("a", "abc", p) == pytest.approx((1 - p) / p * sums + 1.0 * p**3)
    assert rbo("", "") == 1.0
    assert rbo("", "a") == 0.0


@given(LISTS, LISTS)
def test_rbo_is_symmetric_and_between_0_and_1(a: list[str], b: list[str]) -> None:
    assert -1e-12 <= rbo(a, b) <= 1 + 1e-12
    assert rbo(a, b) == pytest.approx(rbo(b, a))
    assert rbo(a, a) == pytest.approx(1.0)


@given(LISTS, LISTS)
def test_tau_is_symmetric_and_turns_with_the_list(a: list[str], b: list[str]) -> None:
    tau = kendall_tau(a, b)
    if not math.isnan(tau):
        assert -1 <= tau <= 1
        assert tau == pytest.approx(kendall_tau(b, a))
        assert tau == pytest.approx(-kendall_tau(a[::-1], b))


def test_overlap_by_hand() -> None:
    assert overlap("abcd", "badc", 2) == 1.0
    assert overlap("abcd", "cdab", 2) == 0.0
    assert overlap("abcd", "acbd", 2) == 0.5
    assert overlap("ab", "a", 10) == 0.5
    assert overlap("", "", 3) == 1.0


def test_agreement_is_a_square_and_says_who_is_most_alike() -> None:
    rankings = [ranking("A", "abcd"), ranking("B", "abdc"), ranking("C", "dcba")]
    found = agreement(rankings, "Kendall's tau", 10)
    assert found.values[0][1] == found.values[1][0] == pytest.approx(4 / 6)
    assert [found.values[i][i] for i in range(3)] == [1.0] * 3
    assert describe_agreement(found, ["A", "B", "C"]) == (
        "Most alike are A and B (Kendall's tau 0.67), least A and C (-1.00)."
    )
    two = agreement(rankings[:2], "overlap@2", 2)
    assert describe_agreement(two, ["A", "B"]) == "A and B: overlap@2 1.00."
    assert "not two rankings" in describe_agreement(agreement(rankings[:1], "RBO", 2), ["A"])
